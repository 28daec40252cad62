/** Requests and paces as rows of the tables `request` and `host`, there and back. */
import type { SQLInputValue } from 'node:sqlite'
import { type HostPace, unvisited } from '../host.ts'
import type { JsonValue } from '../json.ts'
import type { CrawlRequest, FileSpec, Sending } from '../request.ts'

export type Row = Readonly<Record<string, unknown>>

export const requestColumns = [
  'url',
  'parser',
  'depth',
  'attempt',
  'referrer',
  'data',
  'redirects',
  'robots_origin',
  'sitemap',
  'sending',
  'redirected_posts',
  'file',
]

/** In the column `sitemap`, for a sitemap that nobody has named; else it holds the level. */
const discovery = -1

/** The values of `requestColumns`. */
export function rowOf(request: CrawlRequest): SQLInputValue[] {
  const { url, attempt, redirects } = request
  const ways = redirects.length === 0 ? null : JSON.stringify(redirects)
  if (request.kind !== 'page') {
    const sitemap = request.kind === 'robots' ? null : request.isDiscovery ? discovery : request.level
    return [url, null, 0, attempt, null, null, ways, request.origin, sitemap, null, null, null]
  }
  const { parser, depth, referrer, data, sending, redirectedPosts = null, file } = request
  const asked = [jsonOf(sending), redirectedPosts, jsonOf(file)]
  return [url, parser, depth, attempt, referrer ?? null, jsonOf(data), ways, null, null, ...asked]
}

const jsonOf = (value: unknown) => (value === undefined ? null : JSON.stringify(value))

export function requestOf(row: Row): CrawlRequest {
  const base = {
    url: String(row.url),
    priority: Number(row.priority),
    attempt: Number(row.attempt),
    redirects: row.redirects === null ? [] : (JSON.parse(String(row.redirects)) as string[]),
  }
  if (row.robots_origin !== null) {
    const origin = String(row.robots_origin)
    if (row.sitemap === null) return { kind: 'robots', ...base, origin }
    const level = Number(row.sitemap)
    return { kind: 'sitemap', ...base, origin, level: Math.max(level, 0), isDiscovery: level === discovery }
  }
  return {
    kind: 'page',
    ...base,
    depth: Number(row.depth),
    parser: String(row.parser),
    referrer: row.referrer === null ? undefined : String(row.referrer),
    data: row.data === null ? undefined : (JSON.parse(String(row.data)) as JsonValue),
    ...(row.sending === null ? undefined : { sending: JSON.parse(String(row.sending)) as Sending }),
    ...(row.redirected_posts === null ? undefined : { redirectedPosts: Number(row.redirected_posts) }),
    ...(row.file === null ? undefined : { file: JSON.parse(String(row.file)) as FileSpec }),
  }
}

/** Of the table `host`, by field of a pace. */
const columnOf: Readonly<Record<keyof HostPace, string>> = {
  nextVisitAt: 'next_visit_at',
  delayMs: 'delay_ms',
  crawlDelayMs: 'crawl_delay_ms',
  restMs: 'rest_ms',
  backOffMs: 'back_off_ms',
  backOffStepMs: 'back_off_step_ms',
  failedGapMs: 'failed_gap_ms',
  strainedGapMs: 'strained_gap_ms',
  strainedUntil: 'strained_until',
  failures: 'failures',
  pauses: 'pauses',
  refusals: 'refusals',
  asideUntil: 'aside_until',
  asideReason: 'put_aside',
  sentAt: 'sent_at',
  pages: 'pages',
  bytes: 'bytes',
  visitedMs: 'visited_ms',
  waitsFor: 'waits_for',
}

const paceFields = Object.keys(columnOf) as (keyof HostPace)[]

export const paceColumns = Object.values(columnOf)

/** The values of `paceColumns`. */
export const paceRowOf = (pace: HostPace): SQLInputValue[] => paceFields.map((field) => pace[field] ?? null)

export function paceOf(row: Row): HostPace | undefined {
  if (row.next_visit_at === null) return undefined
  // A column that an older doff did not have is null.
  const known = paceFields.map((field) => [field, row[columnOf[field]] ?? unvisited[field]])
  return Object.fromEntries(known) as unknown as HostPace
}
