/**
 * What a crawl remembers of a host, as plain data: when it may be visited next, and what the robots.txt of its origins said. The frontier
 * keeps it with the host's line and commits it with each settlement, so politeness outlives the process. What it means is told in
 * `politeness/`.
 */

/** Why a host is left alone for longer than the crawl has patience for. */
export type AsideReason = 'retry_after_too_long' | 'keeps_failing' | 'keeps_refusing'

/** Times are milliseconds of the crawl's clock. What the parts mean together is told in politeness/host-pace.ts. */
export interface HostPace {
  /** No request leaves before this (I3). */
  readonly nextVisitAt: number
  /** The gap between two requests in force. */
  readonly delayMs: number
  /** The longest Crawl-delay that an origin of the host asked for; 0 if none did. */
  readonly crawlDelayMs: number
  /** How long the host's answers take, smoothed: its rest after each. */
  readonly restMs: number
  /** The part of the gap that failures put on; 0 while all is well. */
  readonly backOffMs: number
  /** What a good answer takes off the back-off. */
  readonly backOffStepMs: number
  /** The gap in force when the failures in a row, the last ones or those going on, began. */
  readonly failedGapMs: number
  /** A gap that proved too short: until `strainedUntil`, none comes near it. */
  readonly strainedGapMs: number
  readonly strainedUntil: number
  /** In a row. */
  readonly failures: number
  /** Long pauses in a row, each after a failure. */
  readonly pauses: number
  /** Answers in a row that refuse us: 401, 403, a challenge. */
  readonly refusals: number
  /** Nothing is asked of the host before this, and nobody waits for it: its requests are put off. */
  readonly asideUntil: number
  readonly asideReason: AsideReason | undefined
  /** When the last request was sent; 0 before the first. */
  readonly sentAt: number
  /** Page requests that were sent, retries and redirects included. */
  readonly pages: number
  /** Of all answers, on the wire. */
  readonly bytes: number
  /** For how long the host was visited: the time between its requests, as far as the crawl was at work. */
  readonly visitedMs: number
  /** What the host is waiting for until `nextVisitAt`, for the progress line and the log. */
  readonly waitsFor:
    | 'delay'
    | 'Crawl-delay'
    | 'back-off'
    | 'Retry-After'
    | 'rest after a slow answer'
    | 'pause after failures'
    | 'robots.txt'
}

/** The pace of a host that nobody has visited. */
export const unvisited: HostPace = {
  nextVisitAt: 0,
  delayMs: 0,
  crawlDelayMs: 0,
  restMs: 0,
  backOffMs: 0,
  backOffStepMs: 0,
  failedGapMs: 0,
  strainedGapMs: 0,
  strainedUntil: 0,
  failures: 0,
  pauses: 0,
  refusals: 0,
  asideUntil: 0,
  asideReason: undefined,
  sentAt: 0,
  pages: 0,
  bytes: 0,
  visitedMs: 0,
  waitsFor: 'delay',
}

export interface RobotsRule {
  readonly allow: boolean
  /** The path pattern in canonical octets. */
  readonly pattern: string
  /** 1-based line in the robots.txt. */
  readonly line: number
  /** The pattern as it is written in the file, where that is another text. */
  readonly written?: string
}

/** The part of a robots.txt that speaks to us. */
export interface RobotsRules {
  readonly rules: readonly RobotsRule[]
  readonly crawlDelayMs: number | undefined
  /** Absolute http(s) URLs, without duplicates. */
  readonly sitemaps: readonly string[]
  /** Whether there is a group for our product token; else that for everybody holds. */
  readonly areWeNamed?: true
  /** There was more of the file, which was not read. */
  readonly isCut?: true
  /** Lines that speak of more than visits (Content-Signal, License, ...): reported, not obeyed. */
  readonly signals?: readonly RobotsSignal[]
}

export interface RobotsSignal {
  /** In lower case. */
  readonly name: string
  readonly value: string
  readonly line: number
}

/** What a robots.txt is known by at its server, for a re-check of the same URL (RFC 9110 section 13.1). */
export interface RobotsValidators {
  readonly url: string
  readonly etag?: string
  readonly lastModified?: string
}

/**
 * Rules were read, or there are none (`note` says why, for example "404").
 *
 * A store of an earlier version has records without the fields from `fetchedAt` on: whoever reads them, reads them as missing.
 */
export interface RobotsCopy {
  readonly kind: 'rules'
  readonly origin: string
  readonly rules: RobotsRules
  /** The status that was answered, or why there was none. */
  readonly note: string
  readonly expiresAt: number
  /** When the server last said that this is what it has. */
  readonly fetchedAt: number
  readonly validators: RobotsValidators | undefined
  /** Names what the copy says: equal for equal rules. */
  readonly version: string
  /** Re-checks that failed in a row since `fetchedAt`; meanwhile the copy holds on. */
  readonly failures: number
  /** Of a recording: nobody was asked. It serves what is recorded, and before a request is sent it is asked for. */
  readonly isReplayed?: true
}

export type RobotsRecord =
  | RobotsCopy
  /** A redirect leads to another URL, whose turn is awaited. `last` is what was known before. */
  | {
      readonly kind: 'redirected'
      readonly origin: string
      readonly attempts: number
      readonly expiresAt: number
      readonly last?: RobotsCopy
      readonly isReplayed?: true
    }
  /** Could not be read: nothing may be fetched (RFC 9309 section 2.3.1.4). Asked again at `retryAt`, unless given up. */
  | {
      readonly kind: 'unreachable'
      readonly origin: string
      readonly note: string
      readonly attempts: number
      readonly retryAt: number | undefined
      readonly expiresAt: number
    }
