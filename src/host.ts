/**
 * What a crawl remembers of a host, as plain data: when it may be visited next, and what the robots.txt of its origins said. The frontier
 * keeps it with the host's line and commits it with each settlement, so politeness outlives the process. What it means is told in
 * `politeness/`.
 */

export interface HostPace {
  /** No request leaves before this (I3); milliseconds of the crawl's clock. */
  readonly nextVisitAt: number
  /** The gap between two requests in force, in milliseconds. */
  readonly delayMs: number
  /** The longest Crawl-delay that an origin of the host asked for; 0 if none did. */
  readonly crawlDelayMs: number
  /** The part of the gap that failures put on; 0 while all is well. */
  readonly backOffMs: number
  /** Set when the host asked for more patience than the crawl has: nothing more is asked of it. */
  readonly putAside: 'retry_after_too_long' | undefined
  /** What the host is waiting for until `nextVisitAt`, for the progress line and the log. */
  readonly waitsFor: 'delay' | 'Crawl-delay' | 'back-off' | 'Retry-After' | 'rest after a slow answer' | 'robots.txt'
}

export interface RobotsRule {
  readonly allow: boolean
  /** The path pattern in canonical octets. */
  readonly pattern: string
  /** 1-based line in the robots.txt. */
  readonly line: number
}

/** The part of a robots.txt that speaks to us. */
export interface RobotsRules {
  readonly rules: readonly RobotsRule[]
  readonly crawlDelayMs: number | undefined
  /** Absolute http(s) URLs, without duplicates. */
  readonly sitemaps: readonly string[]
}

export type RobotsRecord =
  /** Rules were read, or there are none (`note` says why, for example "404"). */
  | {
      readonly kind: 'rules'
      readonly origin: string
      readonly rules: RobotsRules
      readonly note: string
      readonly expiresAt: number
    }
  /** A redirect leads to another URL, whose turn is awaited. */
  | { readonly kind: 'redirected'; readonly origin: string; readonly attempts: number; readonly expiresAt: number }
  /** Could not be read: nothing may be fetched (RFC 9309 section 2.3.1.4). Asked again at `retryAt`, unless given up. */
  | {
      readonly kind: 'unreachable'
      readonly origin: string
      readonly note: string
      readonly attempts: number
      readonly retryAt: number | undefined
      readonly expiresAt: number
    }
