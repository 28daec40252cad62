/**
 * Every option: its meaning, unit and default, in one table (its kinds are in option-kinds.ts), so that the command line, the environment and
 * the README cannot drift from it. Options are checked and resolved once, at the edge; inside, they are a frozen value without gaps.
 */
import { OptionError } from './errors.ts'
import { readRange } from './fetcher/connection/address-guard.ts'
import { parseProxy } from './fetcher/connection/proxy-url.ts'
import { authOriginOf, faultIn, isPair } from './fetcher/credentials/basic-auth.ts'
import {
  byteLimit,
  bytes,
  choice,
  count,
  duration,
  flag,
  folder,
  folderOrNone,
  hosts,
  list,
  type OptionSpec,
  optionalText,
  patterns,
  secrets,
  statuses,
  text,
  timeLimit,
} from './option-kinds.ts'
import { parseContact } from './politeness/identity.ts'
import { hasUserinfo } from './redact.ts'

export const optionTable = {
  delayMs: duration(
    'Least gap between two requests to one host. A longer Crawl-delay wins. 0 is for servers of your own.',
    1_000,
  ),
  perHostConcurrency: count('Requests to one host at once.', 1, 1),
  concurrency: count('Requests at once in all.', 16, 1),
  perAddressConcurrency: count('Requests at once to one address, whatever the names of its hosts.', 8, 1),
  perDomainConcurrency: count('Requests at once to the hosts of one registrable domain.', Number.POSITIVE_INFINITY, 1),
  maxPages: count('Pages to fetch before the crawl ends.', Number.POSITIVE_INFINITY, 1),
  maxBytes: byteLimit('Bytes to fetch, on the wire, before the crawl ends.'),
  maxTimeMs: timeLimit('Time at work before the crawl ends.'),
  maxPagesPerHost: count(
    'Requests for pages to one host, retries and redirects included; the rest of its line is put off.',
    Number.POSITIVE_INFINITY,
    1,
  ),
  maxBytesPerHost: byteLimit('Bytes from one host, on the wire; then the rest of its line is put off.'),
  maxTimePerHostMs: timeLimit('Time for which one host is visited; then the rest of its line is put off.'),
  maxDepth: count('Hops from a seed.', 20, 0),
  maxUrlLength: count('Characters of a URL; longer ones are not visited.', 2_083, 1),
  within: choice(
    "Which hosts belong to the crawl: `host` (those of the seeds), `domain` (all of the seeds' registrable domains) or `anywhere`.",
    ['host', 'domain', 'anywhere'],
  ),
  hosts: hosts('Further hosts that belong to the crawl.'),
  include: patterns('A URL must match one of these to be visited, if there are any; seeds always are.'),
  exclude: patterns('A URL that matches one of these is not visited.'),
  detectTraps: flag('URLs that look like a trap are not visited: see "Traps".', true),
  maxQueriesPerPath: count(
    'URLs of one path that differ in their query only; further ones are not visited.',
    10_000,
    1,
  ),
  maxSameContent: count('Pages of one host with the same content; the links of further ones are not followed.', 10, 1),
  followNofollow: flag('Links that say nofollow, and those of pages that do, are followed.', false),
  keepNoindex: flag('Items of pages that say noindex are kept.', false),
  ignoreRobotsOf: hosts('Hosts whose owners let you ignore their robots.txt; said aloud in log, summary and audit.'),
  ignoreCertificateOf: hosts('Hosts whose certificates are not verified; said aloud in log, summary and audit.'),
  proxy: {
    ...optionalText(
      'A proxy that all requests go through: see "Connections".',
      'the URL of a proxy (`http://user:password@host:port`, `https://...` or `socks5://...`), or `none`',
      (url) => url === 'none' || parseProxy(url) !== undefined,
    ),
    isSecret: (value: unknown) => typeof value === 'string' && hasUserinfo(value),
  },
  http2: flag('HTTP/2 is spoken with servers that offer it, one stream at a time on a connection.', true),
  allowPrivate: list(
    'Addresses that are not on the public net, and may be visited all the same: see "What doff guards against".',
    'a list of IP addresses and ranges like `10.0.0.0/8` or `fd00::/8`',
    (range) => readRange(range) !== undefined,
  ),
  maxSitemaps: count('Sitemap files to read in all.', 1_000, 1),
  contact: optionalText(
    'How site owners reach you; part of the User-Agent. Needed for every host but loopback.',
    'an e-mail address or an http(s) URL at which you can be reached',
    (contact) => parseContact(contact) !== undefined,
  ),
  productToken: text(
    'The name that robots.txt files know the crawler by; the User-Agent starts with it.',
    'doff',
    'letters, "-" and "_" only (RFC 9309 section 2.2.1)',
    (token) => /^[A-Za-z_-]+$/.test(token),
  ),
  cookies: flag('Cookies that servers set are sent back to them, and kept with the crawl: see "Cookies".', false),
  basicAuth: secrets(
    'User name and password for an origin, sent with every request to it and to no other: see "Secrets".',
    'user names and passwords by origin or host name, like `{ "https://intranet.test": "user:password" }` (on the command line `https://intranet.test=user:password`, with commas between several, and %2C for a comma in a password; or `none`)',
    { name: (place) => authOriginOf(place) !== undefined, secret: isPair },
    faultIn,
  ),
  maxRetries: count('Further tries of a request that failed in passing (429, 5xx, time-outs, resets).', 2, 0),
  maxRedirects: count('Redirects of one page in a row.', 5, 0),
  acceptStatuses: statuses('Statuses besides 2xx whose pages go to the parser; redirects stay redirects.', 300, 599),
  connectTimeoutMs: duration('To open a connection.', 10_000),
  headersTimeoutMs: duration('From the request to the head of the answer.', 30_000),
  bodyTimeoutMs: duration('Between two pieces of a body.', 30_000),
  totalTimeoutMs: duration('For one request in all.', 120_000),
  minBytesPerSecond: count(
    'Slowest body, on the wire, averaged over twice `bodyTimeoutMs`; a slower one is given up. 0 is no limit.',
    100,
    0,
  ),
  maxHeaderBytes: bytes('Size of the headers of an answer.', 64 * 1024),
  maxBodyBytes: bytes('Size of a body, decoded. A longer one is an error, never cut.', 10 * 1024 * 1024),
  files: folder('The folder that downloads are kept in. Left out, it is `files` in the store.'),
  maxFileBytes: bytes('Size of a download, decoded; each may name its own.', 1024 ** 3),
  cache: folderOrNone(
    'Folder of an HTTP cache (RFC 9111): pages and sitemaps that are fresh are not asked for, others by their version.',
  ),
  maxCacheBytes: byteLimit('Size of the cache on disk; what was used least recently goes.', 1024 ** 3, 1024 ** 2),
  replay: folderOrNone('Folder of a recording: each exchange is kept once, and the site is not asked for it again.'),
  maxCrawlDelayMs: duration(
    'An origin whose Crawl-delay is longer is put off; it is never visited sooner than it asks.',
    60_000,
  ),
  maxRetryAfterMs: duration('A host whose Retry-After is longer is put off.', 3_600_000),
  robotsTimeoutMs: duration('For a robots.txt in all.', 10_000),
  robotsRetryMs: duration('Wait after a robots.txt could not be read; doubles each time, up to an hour.', 60_000),
  maxRobotsAttempts: count('Tries to read a robots.txt before its origin is put off.', 3, 1),
  strictRobots: flag('A robots.txt that answers 401 or 403 disallows everything, instead of allowing it.', false),
  maxBufferedItems: count('Items that wait for the reader before the crawl waits too.', 1_000, 1),
  maxFindsPerPage: count('Items and follows of one page together; a parser that yields more fails.', 100_000, 1),
} as const

type Table = typeof optionTable
export type OptionName = keyof Table

/** All options, resolved. */
export type Options = { readonly [Name in OptionName]: Table[Name] extends OptionSpec<infer T> ? T : never }

/** Options as a user gives them: any of them. */
export type OptionInput = { readonly [Name in OptionName]?: Options[Name] | undefined }

export const optionNames = Object.keys(optionTable) as readonly OptionName[]

/**
 * Checks options of one place.
 * @param place where they were given, for the message; for example `config/default.ts`.
 * @throws OptionError naming the option, what it may be and what it is.
 */
export function checkOptions(values: object, place?: string): OptionInput {
  const at = place === undefined ? '' : ` (in ${place})`
  for (const [name, value] of Object.entries(values)) {
    if (!isOptionName(name)) throw new OptionError(name, `No option is called \`${name}\`${at}${suggestion(name)}`)
    const { schema, expects }: OptionSpec<unknown> = optionTable[name]
    if (value !== undefined && !schema.safeParse(value).success)
      throw new OptionError(name, `Expected \`${name}\`${at} to be ${expects}, ${foundIn(name, value)}`)
  }
  return values
}

/** Whether the value of an option is a secret: shown in no message, stored nowhere. */
export function isSecret(name: OptionName, value: unknown): boolean {
  const spec: Pick<OptionSpec<unknown>, 'isSecret'> = optionTable[name]
  return spec.isSecret?.(value) ?? false
}

function foundIn(name: OptionName, value: unknown): string {
  const spec: Pick<OptionSpec<unknown>, 'faultIn'> = optionTable[name]
  const fault = spec.faultIn?.(value)
  if (fault !== undefined) return `but ${fault}`
  return isSecret(name, value) ? 'got something else (which is a secret, and not shown)' : `got ${shown(value)}`
}

/** Reads one option from text; the value is checked by `checkOptions`. */
export function readOption(name: string, text: string): unknown {
  return isOptionName(name) ? optionTable[name].read(text) : text
}

/** What an option is called in the environment: `maxDepth` is `DOFF_MAX_DEPTH`. */
export function variableOf(name: string): string {
  return `DOFF_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** Later layers win; an `undefined` says nothing. */
export function mergeOptions(...layers: readonly OptionInput[]): OptionInput {
  const given = layers.map((layer) => Object.entries(layer).filter(([, value]) => value !== undefined))
  return Object.fromEntries(given.flat())
}

export function resolveOptions(...layers: readonly OptionInput[]): Options {
  const defaults = Object.fromEntries(optionNames.map((name) => [name, optionTable[name].default]))
  const given = { ...defaults, ...checkOptions(mergeOptions(...layers)) } as Options
  const merged = { ...given, cache: unlessNone(given.cache), replay: unlessNone(given.replay) }
  if (merged.cache !== undefined && merged.replay !== undefined)
    throw new OptionError(
      'replay',
      'A crawl has a `cache` or a recording (`replay`), not both: what is recorded would never be asked for again',
    )
  const contact = merged.contact === undefined ? undefined : parseContact(merged.contact)
  return Object.freeze({ ...merged, contact })
}

/** A layer cannot take back what another has said by saying nothing. */
const unlessNone = (folder: string | undefined) => (folder === 'none' ? undefined : folder)

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionTable, name)
}

function suggestion(name: string): string {
  const likeness = (known: string) => commonStart(known.toLowerCase(), name.toLowerCase())
  const near = optionNames.reduce((best, known) => (likeness(known) > likeness(best) ? known : best))
  return likeness(near) < 5 ? ` (known: ${optionNames.join(', ')})` : ` (did you mean \`${near}\`?)`
}

function commonStart(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value}" (string)`
  if (Array.isArray(value)) return `[${value.map(String).join(', ')}]`
  if (typeof value === 'object' && value !== null) return 'an object'
  return `\`${String(value)}\` (${typeof value})`
}
