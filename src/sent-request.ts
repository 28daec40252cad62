/**
 * One request that was sent, as the ledger keeps it: what was promised to the host, what was done, and what came back. Times are
 * milliseconds of the crawl's clock.
 */
import type { Method } from './request.ts'

export interface SentRequest {
  readonly host: string
  /** That the connection was open to; `undefined` when there was none. */
  readonly address: string | undefined
  readonly purpose: 'page' | 'robots' | 'sitemap'
  /** Left out for GET. */
  readonly method?: Exclude<Method, 'GET'> | undefined
  readonly url: string
  readonly sentAt: number
  readonly endedAt: number
  /** The host's next time, as it stood when the request was sent: promised not to send before. */
  readonly notBefore: number
  /** The time between this sending and the last one to the host; `undefined` for the first. */
  readonly gapMs: number | undefined
  /** The gap that was promised, and who asked for it. */
  readonly delayMs: number
  readonly delayFrom: 'delayMs' | 'Crawl-delay' | 'back-off'
  /** What of robots.txt let it pass. */
  readonly rule: string
  /** The version of the rules that it was judged by; `undefined` for a robots.txt itself. */
  readonly rulesVersion: string | undefined
  readonly status: number | undefined
  /** Why it came to nothing, if it did. */
  readonly fault: string | undefined
  /** Of the body, on the wire. */
  readonly bytes: number
  /** What the answer asked for. */
  readonly retryAfterMs: number | undefined
  /** It was given up before there was a connection to hand it to; not kept by the ledger. */
  readonly neverLeft?: true | undefined
}
