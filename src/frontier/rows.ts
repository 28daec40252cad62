/** Requests and paces as rows of the tables `request` and `host`, there and back. */
import type { SQLInputValue } from 'node:sqlite'
import type { HostPace } from '../host.ts'
import type { JsonValue } from '../json.ts'
import type { CrawlRequest } from '../request.ts'

export type Row = Readonly<Record<string, unknown>>

export const requestColumns = ['url', 'parser', 'depth', 'attempt', 'referrer', 'data', 'redirects', 'robots_origin']

/** The values of `requestColumns`. */
export function rowOf(request: CrawlRequest): SQLInputValue[] {
  const { url, attempt, redirects } = request
  const ways = redirects.length === 0 ? null : JSON.stringify(redirects)
  if (request.kind === 'robots') return [url, null, 0, attempt, null, null, ways, request.origin]
  const { parser, depth, referrer, data } = request
  return [url, parser, depth, attempt, referrer ?? null, data === undefined ? null : JSON.stringify(data), ways, null]
}

export function requestOf(row: Row): CrawlRequest {
  const base = {
    url: String(row.url),
    priority: Number(row.priority),
    attempt: Number(row.attempt),
    redirects: row.redirects === null ? [] : (JSON.parse(String(row.redirects)) as string[]),
  }
  if (row.robots_origin !== null) return { kind: 'robots', ...base, origin: String(row.robots_origin) }
  return {
    kind: 'page',
    ...base,
    depth: Number(row.depth),
    parser: String(row.parser),
    referrer: row.referrer === null ? undefined : String(row.referrer),
    data: row.data === null ? undefined : (JSON.parse(String(row.data)) as JsonValue),
  }
}

export const paceColumns = ['next_visit_at', 'delay_ms', 'crawl_delay_ms', 'back_off_ms', 'put_aside', 'waits_for']

/** The values of `paceColumns`. */
export function paceRowOf(pace: HostPace): SQLInputValue[] {
  const { nextVisitAt, delayMs, crawlDelayMs, backOffMs, putAside, waitsFor } = pace
  return [nextVisitAt, delayMs, crawlDelayMs, backOffMs, putAside ?? null, waitsFor]
}

export function paceOf(row: Row): HostPace | undefined {
  if (row.next_visit_at === null) return undefined
  return {
    nextVisitAt: Number(row.next_visit_at),
    delayMs: Number(row.delay_ms),
    crawlDelayMs: Number(row.crawl_delay_ms),
    backOffMs: Number(row.back_off_ms),
    putAside: (row.put_aside ?? undefined) as HostPace['putAside'],
    waitsFor: row.waits_for as HostPace['waitsFor'],
  }
}
