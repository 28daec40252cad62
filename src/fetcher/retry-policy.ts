/**
 * Which failures are worth another try, how often and after how long, as one table. A retry goes back through the frontier: it waits for its
 * own time, which is told here, and for its host's next turn, which the failure has put off as well (politeness/host-pace.ts).
 */
import type { Fault, PassingFault, RetryReason } from '../outcome.ts'

export interface Retry {
  /** Further tries at most; `maxRetries` bounds all. */
  readonly tries: number
  /** The least wait before the first of them; it doubles with each, up to `longestWaitMs`. */
  readonly afterMs: number
  /** Whether the host may have done what was asked: then only what is idempotent is asked again (RFC 9110 section 9.2.2). */
  readonly mayBeDone: boolean
}

const longestWaitMs = 10 * 60_000

const afterFaults: Readonly<Record<PassingFault, Retry>> = {
  // Nothing has left for the host. What is amiss with names and routes takes longer to mend than a server does to start anew.
  dns: { tries: 3, afterMs: 10_000, mayBeDone: false },
  connection_refused: { tries: 4, afterMs: 5_000, mayBeDone: false },
  connect_timeout: { tries: 3, afterMs: 5_000, mayBeDone: false },
  proxy: { tries: 4, afterMs: 5_000, mayBeDone: false },
  // Also what nobody has a name for.
  network: { tries: 3, afterMs: 10_000, mayBeDone: true },
  // Often a connection that was idle, and was closed as the request came.
  connection_reset: { tries: 5, afterMs: 1_000, mayBeDone: true },
  body_cut_off: { tries: 4, afterMs: 1_000, mayBeDone: true },
  headers_timeout: { tries: 3, afterMs: 5_000, mayBeDone: true },
  body_timeout: { tries: 3, afterMs: 5_000, mayBeDone: true },
  // Each such try has cost the host, and us, the most that a request may.
  total_timeout: { tries: 3, afterMs: 10_000, mayBeDone: true },
  body_too_slow: { tries: 2, afterMs: 10_000, mayBeDone: true },
}

/**
 * RFC 9110 section 15: the statuses that speak of a passing state. Those that speak of our pace have no wait of their own: if the same request
 * comes through when the host's back-off is over, the host's pace has learnt what it can bear.
 */
const afterStatuses: Readonly<Record<number, Retry>> = {
  408: { tries: 5, afterMs: 0, mayBeDone: true },
  // RFC 8470 section 5.2, RFC 6585 section 4: refused before it was looked at.
  425: { tries: 5, afterMs: 1_000, mayBeDone: false },
  429: { tries: 10, afterMs: 0, mayBeDone: false },
  // A program that has failed on a request will likely fail on it again.
  500: { tries: 2, afterMs: 1_000, mayBeDone: true },
  502: { tries: 5, afterMs: 1_000, mayBeDone: true },
  503: { tries: 10, afterMs: 0, mayBeDone: true },
  504: { tries: 3, afterMs: 1_000, mayBeDone: true },
}

export const isPassingStatus = (status: number) => Object.hasOwn(afterStatuses, status)

/** Of failures without a status; those with one are told by `isPassingStatus`. */
export const isPassing = (fault: Fault): fault is PassingFault => Object.hasOwn(afterFaults, fault)

/** A request that has failed in passing. */
export interface Failed {
  /** How often it was made before. */
  readonly attempt: number
  readonly isIdempotent: boolean
}

/** How long to wait before a request is made again, in milliseconds; `undefined` if it is not. */
export function waitBeforeRetry(reason: RetryReason, failed: Failed, maxRetries: number): number | undefined {
  const retry = policyFor(reason)
  const { attempt, isIdempotent } = failed
  if (retry === undefined || attempt >= Math.min(retry.tries, maxRetries)) return undefined
  if (retry.mayBeDone && !isIdempotent) return undefined
  return Math.min(retry.afterMs * 2 ** attempt, longestWaitMs)
}

/** The row of the table; `undefined` for a failure that does not pass. */
export function policyFor(reason: string): Retry | undefined {
  if (Object.hasOwn(afterFaults, reason)) return afterFaults[reason as PassingFault]
  return reason.startsWith('http_') ? afterStatuses[Number(reason.slice('http_'.length))] : undefined
}
