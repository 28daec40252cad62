/**
 * The pace of a host: one formula from what came back to when the host may be visited next.
 *
 *     delay  = max(own delay, Crawl-delay, back-off)
 *     next   = max(sent + delay + max(jitter, time to first byte),
 *                  end + time the answer took,
 *                  end + Retry-After)
 *
 * - The delay counts from start to start, and on the server's clock: a request arrives there some time between our sending it and the
 *   first byte of its answer. We cannot know when, so we count from that byte. Then no server ever sees a gap shorter than the delay,
 *   however long one request was on its way and however short the next; it costs one latency a request.
 * - The host rests for as long as its answer took: a slow host is never more than half busy with us (after Heritrix and Mercator, which
 *   wait a multiple of the last fetch).
 * - Jitter only adds, up to a tenth of the delay; small ones are likelier, so that it costs 3 % on average.
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
  const crawlDelayMs = Math.max(before?.crawlDelayMs ?? 0, visit.crawlDelayMs ?? 0)
  const statedDelayMs = Math.max(options.delayMs, crawlDelayMs)
  const backOffMs = backOffAfter(before?.backOffMs ?? 0, statedDelayMs, visit.isTrouble)
  const delayMs = Math.max(statedDelayMs, backOffMs)
  const retryAfterMs = visit.retryAfterMs ?? 0
  if (retryAfterMs > options.maxRetryAfterMs) {
    return {
      nextVisitAt: endedAt,
      delayMs,
      crawlDelayMs,
      backOffMs,
      putAside: 'retry_after_too_long',
      waitsFor: 'Retry-After',
    }
  }
  const jitterMs = options.random() ** 2 * (delayMs / 10)
  const latencyMs = (firstByteAt ?? endedAt) - sentAt
  const gapEndsAt = delayMs === 0 ? endedAt : sentAt + delayMs + Math.max(jitterMs, latencyMs)
  const restEndsAt = delayMs === 0 ? endedAt : endedAt + (endedAt - sentAt)
  const retryEndsAt = endedAt + retryAfterMs
  const nextVisitAt = Math.max(gapEndsAt, restEndsAt, retryEndsAt)
  let waitsFor: HostPace['waitsFor'] = 'delay'
  if (nextVisitAt === gapEndsAt && delayMs > options.delayMs)
    waitsFor = delayMs === backOffMs ? 'back-off' : 'Crawl-delay'
  else if (nextVisitAt > gapEndsAt) waitsFor = nextVisitAt === retryEndsAt ? 'Retry-After' : 'rest after a slow answer'
  return { nextVisitAt, delayMs, crawlDelayMs, backOffMs, putAside: before?.putAside, waitsFor }
}

function backOffAfter(backOffMs: number, statedDelayMs: number, isTrouble: boolean): number {
  if (isTrouble) return Math.min(Math.max(2 * Math.max(backOffMs, statedDelayMs), backOffFloorMs), backOffCapMs)
  const eased = backOffMs - recoveryStepMs
  return eased > statedDelayMs ? eased : 0
}
