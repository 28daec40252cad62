/**
 * The tables of a store, and how a store of an older doff becomes one of this. The README documents them for people who look with a tool
 * of their own.
 */
import { StoreFailedError, StoreVersionError } from '../errors.ts'
import type { Database } from './database.ts'

/** In the file's header, so that `file` and we can tell what it is: "doff". */
const applicationId = 0x646f6666

/**
 * The due time of a host all of whose turns are out. After a kill, these are the hosts that were being visited.
 */
export const outUntilSettled = Number.MAX_SAFE_INTEGER

/** The steps from an empty file to this version; a step that was released is never changed. */
export const migrations: readonly string[] = [
  `
  -- What the crawl is: spider, options, args, when it was begun and finished. Values are JSON.
  create table crawl (name text primary key, value text not null) strict, without rowid;

  -- What was counted since the crawl's first start.
  create table count (name text primary key, value real not null) strict, without rowid;

  -- Hosts, and their pace. Times are milliseconds since 1970.
  create table host (
    id integer primary key,
    name text not null unique,
    due_at real,              -- when it gets its next turn; null: nothing waits
    next_visit_at real,       -- no request leaves before; null: not visited yet
    delay_ms real,
    crawl_delay_ms real,
    back_off_ms real,
    put_aside text,
    waits_for text
  ) strict;
  create index host_due on host (due_at) where due_at is not null;

  -- What the robots.txt of an origin said, as JSON.
  create table robots (origin text primary key, record text not null) strict, without rowid;

  -- The lines: requests that wait, or are out. Deleted when they come to their end.
  create table request (
    host integer not null,
    priority real not null,
    place integer not null,   -- order of discovery
    not_before real not null,
    url text not null,
    parser text,              -- null: no page, but a hop of the robots.txt of robots_origin
    depth integer not null,
    attempt integer not null,
    referrer text,
    data text,                -- JSON
    redirects text,           -- JSON list
    robots_origin text,
    primary key (host, priority desc, place)
  ) strict, without rowid;

  -- Fingerprints of the URLs that were ever added.
  create table seen (host integer not null, fingerprint integer not null, primary key (host, fingerprint)) strict, without rowid;

  -- Pages that came to their end: done, failed or skipped, with the reason.
  create table page (
    id integer primary key,
    host integer not null,
    url text not null,
    state text not null,
    reason text not null,
    ended_at integer not null
  ) strict;

  -- The item log. Items are JSON; types says where a date or a bigint was.
  create table item (id integer primary key, page integer not null, value text not null, types text) strict;

  -- Cursors of exporters: how far they are, in items and in bytes that were synced.
  create table output (
    path text primary key,    -- relative to the store's folder
    item integer not null,
    bytes integer,            -- null: not a file
    foreign_bytes integer not null,
    columns text,             -- of a CSV file, as JSON
    is_closed integer not null
  ) strict, without rowid;
  `,
  `
  -- More of a host's pace (host.ts says what each is); null: not visited, or not since this version.
  alter table host add column rest_ms real;
  alter table host add column back_off_step_ms real;
  alter table host add column failed_gap_ms real;
  alter table host add column strained_gap_ms real;
  alter table host add column strained_until real;
  alter table host add column failures integer;
  alter table host add column pauses integer;
  alter table host add column refusals integer;
  alter table host add column aside_until real;
  alter table host add column sent_at real;
  alter table host add column pages integer;
  alter table host add column bytes integer;
  alter table host add column visited_ms real;
  update host set sent_at = next_visit_at - delay_ms where next_visit_at is not null;

  -- A request for a sitemap: how many indexes are above it; -1: nobody has named it. Its origin is in robots_origin.
  alter table request add column sitemap integer;

  -- Requests that were put off, out of the way of those that wait; they go back to their lines when the crawl is resumed.
  create table deferred (
    host integer not null,
    priority real not null,
    place integer not null,
    reason text not null,
    url text not null,
    parser text,
    depth integer not null,
    attempt integer not null,
    referrer text,
    data text,
    redirects text,
    robots_origin text,
    sitemap integer,
    primary key (host, priority desc, place)
  ) strict, without rowid;

  -- How many URLs there are of one path that differ in their query (kind 1), and pages of one content (kind 2).
  create table tally (
    host integer not null,
    kind integer not null,
    fingerprint integer not null,
    count integer not null,
    primary key (host, kind, fingerprint)
  ) strict, without rowid;

  -- What the page asked of robots; JSON list.
  alter table page add column directives text;

  -- The ledger: every request that was sent. Rows are added, never changed; chain is a digest of the row and of the chain before it.
  create table ledger (
    id integer primary key,
    host integer not null,
    address text,
    purpose text not null,    -- page, robots, sitemap
    url text not null,
    sent_at real not null,
    ended_at real not null,
    not_before real not null, -- the host's next time when it was sent
    gap_ms real,              -- since the last request to the host; null: there was none
    delay_ms real not null,   -- the gap that was promised
    delay_from text not null,
    rule text not null,       -- what of robots.txt let it pass
    rules_version text,       -- of the table rules
    status integer,
    fault text,
    bytes integer not null,
    retry_after_ms real,
    chain text not null
  ) strict;

  -- Requests of a crawl that began with a doff that kept no ledger.
  insert into count (name, value) select 'requests_before_ledger', value from count where name = 'requests';

  -- Rules are read again, to have a version.
  delete from robots;

  -- Every version of an origin's rules that a request was judged by; JSON.
  create table rules (
    origin text not null,
    version text not null,
    read_at real not null,
    record text not null,
    primary key (origin, version)
  ) strict, without rowid;
  `,
  `
  -- What is asked of the URL, where that is more than a plain GET: method, headers, body; JSON.
  alter table request add column sending text;
  alter table deferred add column sending text;

  -- How many of the redirects, the first ones, were answers to a POST.
  alter table request add column redirected_posts integer;
  alter table deferred add column redirected_posts integer;

  -- The cookies of the crawl. Their values are as good as passwords.
  create table cookie (
    domain text not null,
    is_host_only integer not null,
    path text not null,
    name text not null,
    value text not null,
    is_secure integer not null,
    created_at real not null,
    expires_at real,          -- null: with the crawl
    primary key (domain, is_host_only, path, name)
  ) strict, without rowid;

  -- That the answer is to be kept as a file, and what it may be; JSON.
  alter table request add column file text;
  alter table deferred add column file text;

  -- Of a request that is no GET.
  alter table ledger add column method text;
  alter table page add column method text;
  `,
]

/**
 * Brings a database to this version.
 * @throws StoreVersionError when a newer doff wrote it; StoreFailedError when it is not doff's.
 */
export function migrate(database: Database, name: string, steps: readonly string[] = migrations): void {
  const version = numberOf(database, 'pragma user_version')
  const isEmpty = version === 0 && numberOf(database, 'select count(*) from sqlite_schema') === 0
  if (!isEmpty) checkApplication(database, name)
  if (version > steps.length) {
    throw new StoreVersionError(
      `The store ${name} was written by a newer doff (its version is ${version}, this doff knows ${steps.length}): update doff, or start anew with --fresh`,
    )
  }
  if (version === steps.length) return
  database.execute('begin immediate')
  for (const step of steps.slice(version)) database.execute(step)
  database.execute(`pragma user_version = ${steps.length}; pragma application_id = ${applicationId}; commit`)
}

/** For a reader, who changes nothing. */
export function checkVersion(database: Database, name: string): void {
  checkApplication(database, name)
  const version = numberOf(database, 'pragma user_version')
  if (version === migrations.length) return
  throw new StoreVersionError(
    `The store ${name} has version ${version}, this doff knows ${migrations.length}: ` +
      (version > migrations.length ? 'update doff' : 'resume its crawl once with this doff'),
  )
}

function checkApplication(database: Database, name: string): void {
  if (numberOf(database, 'pragma application_id') === applicationId) return
  throw new StoreFailedError(`${name} is not a store of doff's: its database is another program's`, {
    cause: undefined,
  })
}

function numberOf(database: Database, sql: string): number {
  return Number(Object.values(database.read(() => database.prepare(sql).get()) ?? {})[0])
}
