/**
 * The pace of a host: one formula from what came back to when the host may be visited next.
 *
 *     delay  = max(own delay, Crawl-delay, back-off)
 *     next   = max(sent + delay + max(jitter, min(time to first byte, delay / 10)),
 *                  end + time the answer took,
 *                  end + Retry-After)
 *
 * - The delay counts from start to start. What counts is the server's clock, and a request arrives there some time between our sending it
 *   and the first byte of its answer; so we count from that byte, as far as it came within a tenth of the delay. No server then sees a gap
 *   shorter than the delay because one request was slow on its way and the next was not.
 * - The host rests for as long as its answer took: a slow host is never more than half busy with us (after Heritrix and Mercator, which
 *   wait a multiple of the last fetch).
 * - Jitter only adds, up to a tenth of the delay.
 * - A failure (429, 5xx, time-out, reset) doubles the gap, from 1 s up to 60 s; each good answer takes 1 s off again.
 * - A delay of 0 is for servers of one's own: no gap and no rest, though failures and Retry-After still count.
 */
import type { HostPace } from '../host.ts'
import type { Timing } from '../outcome.ts'

export interface PaceOptions {
  /** The least gap between two requests to one host. */
  readonly delayMs: number
  /** A longer Retry-After puts the host aside. */
  readonly maxRetryAfterMs: number
  /** 0 (none) up to 1 (the whole tenth), drawn anew for each visit. */
  readonly random: () => number
}

/** What a visit tells about the host. */
export interface Visit {
  readonly timing: Timing
  readonly isTrouble: boolean
  readonly retryAfterMs: number | undefined
  readonly crawlDelayMs: number | undefined
}

const backOffFloorMs = 1_000
const backOffCapMs = 60_000
const recoveryStepMs = 1_000

export function paceAfter(before: HostPace | undefined, visit: Visit, options: PaceOptions): HostPace {
  const { sentAt, firstByteAt, endedAt } = visit.timing
  const statedDelayMs = Math.max(options.delayMs, visit.crawlDelayMs ?? 0)
  const backOffMs = backOffAfter(before?.backOffMs ?? 0, statedDelayMs, visit.isTrouble)
  const delayMs = Math.max(statedDelayMs, backOffMs)
  const retryAfterMs = visit.retryAfterMs ?? 0
  if (retryAfterMs > options.maxRetryAfterMs) {
    return { nextVisitAt: endedAt, delayMs, backOffMs, putAside: 'retry_after_too_long', waitsFor: 'Retry-After' }
  }
  const slackMs = delayMs / 10
  const onItsWayMs = Math.min((firstByteAt ?? endedAt) - sentAt, slackMs)
  const gapEndsAt = delayMs === 0 ? endedAt : sentAt + delayMs + Math.max(options.random() * slackMs, onItsWayMs)
  const restEndsAt = delayMs === 0 ? endedAt : endedAt + (endedAt - sentAt)
  const retryEndsAt = endedAt + retryAfterMs
  const nextVisitAt = Math.max(gapEndsAt, restEndsAt, retryEndsAt)
  return {
    nextVisitAt,
    delayMs,
    backOffMs,
    putAside: before?.putAside,
    waitsFor:
      nextVisitAt === gapEndsAt
        ? delayMs === options.delayMs
          ? 'delay'
          : delayMs === backOffMs
            ? 'back-off'
            : 'Crawl-delay'
        : nextVisitAt === retryEndsAt
          ? 'Retry-After'
          : 'rest after a slow answer',
  }
}

function backOffAfter(backOffMs: number, statedDelayMs: number, isTrouble: boolean): number {
  if (isTrouble) return Math.min(Math.max(2 * Math.max(backOffMs, statedDelayMs), backOffFloorMs), backOffCapMs)
  const eased = backOffMs - recoveryStepMs
  return eased > statedDelayMs ? eased : 0
}
