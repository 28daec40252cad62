/** The SQL of the frontier on disk, each statement prepared once. */
import type { StatementSync } from 'node:sqlite'
import type { Database } from '../store/database.ts'
import { paceColumns, requestColumns } from './rows.ts'

export type Statements = Readonly<Record<keyof typeof statements, StatementSync>>

const statements = {
  dueAgain: 'update host set due_at = coalesce(next_visit_at, 0) where due_at = ?',
  nextHost: `select id, name, due_at, ${paceColumns.join(', ')} from host where due_at is not null order by due_at limit 1`,
  hostByName: 'select id from host where name = ?',
  addHost: 'insert into host (name) values (?)',
  setDue: 'update host set due_at = ? where id = ?',
  setDueSooner: `update host set due_at = coalesce(next_visit_at, 0)
    where id = ? and (due_at is null or due_at > coalesce(next_visit_at, 0))`,
  setPace: `update host set due_at = ?, ${paceColumns.map((column) => `${column} = ?`).join(', ')} where id = ?`,
  head: `select priority, place, not_before, ${requestColumns.join(', ')} from request
    where host = ? and not_before <= ? order by priority desc, place limit 1`,
  headBut: `select priority, place, not_before, ${requestColumns.join(', ')} from request
    where host = ? and not_before <= ? and place not in (select value from json_each(?))
    order by priority desc, place limit 1`,
  anyRequest: 'select 1 from request limit 1',
  beyond: 'select 1 from request where host = ? and not_before <= ? limit 1 offset ?',
  soonest: 'select min(not_before) as not_before from request where host = ? and not_before > ?',
  addRequest: `insert into request (host, priority, place, not_before, ${requestColumns.join(', ')})
    values (?, ?, ?, ?, ${requestColumns.map(() => '?').join(', ')})`,
  endRequest: 'delete from request where host = ? and priority = ? and place = ?',
  seen: 'select 1 from seen where host = ? and fingerprint = ?',
  addSeen: 'insert into seen (host, fingerprint) values (?, ?) on conflict do nothing',
  robots: 'select record from robots where origin = ?',
  setRobots: 'insert or replace into robots (origin, record) values (?, ?)',
  addRules: 'insert into rules (origin, version, read_at, record) values (?, ?, ?, ?) on conflict do nothing',
  addPage: 'insert into page (host, url, state, reason, ended_at, directives, method) values (?, ?, ?, ?, ?, ?, ?)',
  tally: 'select count from tally where host = ? and kind = ? and fingerprint = ?',
  addTally: `insert into tally (host, kind, fingerprint, count) values (?, ?, ?, 1)
    on conflict do update set count = count + 1 returning count`,
  defer: `insert into deferred (host, priority, place, reason, ${requestColumns.join(', ')})
    values (?, ?, ?, ?, ${requestColumns.map(() => '?').join(', ')})`,
  deferredPages: 'select reason, sum(parser is not null) as pages from deferred group by reason',
  deferredDue: 'update host set due_at = coalesce(next_visit_at, 0) where id in (select host from deferred)',
  takeUpDeferred: `insert into request (host, priority, place, not_before, ${requestColumns.join(', ')})
    select host, priority, place, 0, ${requestColumns.join(', ')} from deferred`,
  forgetDeferred: 'delete from deferred',
  askGivenUpAgain: `delete from robots where record ->> 'kind' = 'unreachable' and record ->> 'retryAt' is null`,
}

export function prepare(database: Database): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)] as const)
  return Object.fromEntries(prepared) as Statements
}
