/**
 * The pace of a host: one formula from what came back to when the host may be visited next.
 *
 *     delay  = max(own delay, Crawl-delay, back-off)
 *     next   = max(sent + delay + max(jitter, time to first byte),
 *                  end + rest,
 *                  end + Retry-After,
 *                  end + pause)
 *
 * - The delay counts from start to start, and on the server's clock: a request arrives there some time between our sending it and the
 *   first byte of its answer. We cannot know when, so we count from that byte. Then no server ever sees a gap shorter than the delay,
 *   however long one request was on its way and however short the next; it costs one latency a request.
 * - The host rests for as long as its answers take: a slow host is never more than half busy with us (after Heritrix and Mercator, which
 *   wait a multiple of the last fetch). The rest follows a slower answer at once and a quicker one half of the way, so it comes down slowly
 *   (after Scrapy's AutoThrottle). After a download the host rests for as long as well, once: the next answers are not measured by it.
 * - Jitter only adds, up to a tenth of the delay; small ones are likelier, so that it costs 2.5 % on average.
 * - A failure (429, 5xx, time-out, reset) doubles the gap, from 1 s up to 60 s. Each good answer takes a tenth of the height of the back-off
 *   off again. If the failed request then comes through, it was our pace that the host could not bear: for ten minutes the gap stays half
 *   as long again as the one that failed, so that the pace settles below what the host can bear, and does not swing about it. (A page that
 *   fails whatever the pace says nothing of the pace. Nor does a proxy that fails: then requests wait as long, and no gap is learnt.)
 * - After five failures in a row the host gets a pause of five minutes, and then one request; after three pauses it is put aside. So it is
 *   after ten answers in a row that refuse us (401, 403, a challenge): we do not look for a way round.
 * - A delay of 0 is for servers of one's own: no gap and no rest, though failures and Retry-After still count.
 */
import { type AsideReason, type HostPace, unvisited } from '../host.ts'
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
  /** How the host took it; `unreached` where the request came no further than to a proxy. */
  readonly answer: 'good' | 'trouble' | 'refusal' | 'unreached'
  /** Whether the request had failed before. */
  readonly isRetry: boolean
  /** A file was downloaded: how long that took tells of its size. */
  readonly isFile?: boolean
  readonly retryAfterMs: number | undefined
  readonly crawlDelayMs: number | undefined
}

const backOffFloorMs = 1_000
const backOffCapMs = 60_000
/** Good answers that undo a back-off. */
const recoverySteps = 10
const strainMargin = 1.5
const strainMemoryMs = 10 * 60_000

const failuresBeforePause = 5
const pauseMs = 5 * 60_000
const maxPauses = 3
const maxRefusals = 10
/** A host that refuses us, or does not recover, is not asked again before this, also when the crawl is resumed. */
const asideMs = 60 * 60_000

export function paceAfter(before: HostPace = unvisited, visit: Visit, options: PaceOptions): HostPace {
  const { sentAt, firstByteAt, endedAt } = visit.timing
  const crawlDelayMs = Math.max(before.crawlDelayMs, visit.crawlDelayMs ?? 0)
  const statedDelayMs = Math.max(options.delayMs, crawlDelayMs)
  const health = healthAfter(before, visit, statedDelayMs)
  const delayMs = Math.max(statedDelayMs, health.backOffMs)
  const tookMs = endedAt - sentAt
  const restMs = Math.max(tookMs, (before.restMs + tookMs) / 2)

  const jitterMs = options.random() ** 3 * (delayMs / 10)
  const latencyMs = (firstByteAt ?? endedAt) - sentAt
  const isFree = delayMs === 0
  const gapEndsAt = isFree ? endedAt : sentAt + delayMs + Math.max(jitterMs, latencyMs)
  const restEndsAt = isFree ? endedAt : endedAt + restMs
  const retryAfterMs = visit.retryAfterMs ?? 0
  const isTooLong = retryAfterMs > options.maxRetryAfterMs
  const retryEndsAt = endedAt + (isTooLong ? 0 : retryAfterMs)
  const isPaused = health.pauses > before.pauses
  const pauseEndsAt = isPaused ? endedAt + pauseMs : endedAt
  const nextVisitAt = Math.max(gapEndsAt, restEndsAt, retryEndsAt, pauseEndsAt)

  let waitsFor: HostPace['waitsFor'] = 'delay'
  if (isPaused && nextVisitAt === pauseEndsAt) waitsFor = 'pause after failures'
  else if (nextVisitAt === gapEndsAt && delayMs > options.delayMs)
    waitsFor = delayMs === crawlDelayMs ? 'Crawl-delay' : 'back-off'
  else if (nextVisitAt > gapEndsAt) waitsFor = nextVisitAt === retryEndsAt ? 'Retry-After' : 'rest after a slow answer'

  const aside: Aside = isTooLong
    ? { asideUntil: endedAt + Math.min(retryAfterMs, longestMs), asideReason: 'retry_after_too_long' }
    : asideOf(health, endedAt)
  return {
    ...before,
    ...health,
    ...(aside.asideUntil > before.asideUntil ? aside : undefined),
    // Nobody waits for a host that is aside: its turns are put off one after the other.
    nextVisitAt: aside.asideUntil > endedAt ? endedAt : nextVisitAt,
    delayMs,
    crawlDelayMs,
    restMs: visit.isFile === true ? before.restMs : restMs,
    waitsFor,
  }
}

/** The gap in force, and whose wish it is. A crawl that is resumed with a longer delay of its own keeps that one from its start on. */
export function delayOf(
  pace: Pick<HostPace, 'delayMs' | 'crawlDelayMs' | 'backOffMs'>,
  ownDelayMs: number,
): { readonly delayMs: number; readonly delayFrom: 'delayMs' | 'Crawl-delay' | 'back-off' } {
  const { delayMs, crawlDelayMs, backOffMs } = pace
  if (delayMs <= ownDelayMs) return { delayMs: ownDelayMs, delayFrom: 'delayMs' }
  if (delayMs === crawlDelayMs) return { delayMs, delayFrom: 'Crawl-delay' }
  // What is left is the own delay of an earlier run.
  return { delayMs, delayFrom: delayMs === backOffMs ? 'back-off' : 'delayMs' }
}

type Aside = Pick<HostPace, 'asideUntil' | 'asideReason'>

/** A thousand years: later than any crawl, and still a date. */
const longestMs = 1_000 * 365 * 24 * 60 * 60_000

function asideOf({ pauses, refusals }: Health, endedAt: number): Aside {
  let reason: AsideReason | undefined
  if (pauses > maxPauses) reason = 'keeps_failing'
  else if (refusals >= maxRefusals) reason = 'keeps_refusing'
  return { asideUntil: reason === undefined ? 0 : endedAt + asideMs, asideReason: reason }
}

type Health = Pick<
  HostPace,
  'backOffMs' | 'backOffStepMs' | 'failedGapMs' | 'strainedGapMs' | 'strainedUntil' | 'failures' | 'pauses' | 'refusals'
>

/** What the host can bear, as far as its answers tell. */
function healthAfter(before: HostPace, visit: Visit, statedDelayMs: number): Health {
  const gapMs = Math.max(before.backOffMs, statedDelayMs)
  if (visit.answer === 'trouble' || visit.answer === 'unreached') {
    const failures = before.failures + 1
    // What was out already when the pause began, and fails too, is no round of its own.
    const isRound =
      failures >= failuresBeforePause && (before.pauses === 0 || visit.timing.sentAt >= before.nextVisitAt)
    const backOffMs = Math.min(Math.max(2 * gapMs, backOffFloorMs), backOffCapMs)
    return {
      backOffMs,
      backOffStepMs: backOffMs / recoverySteps,
      failedGapMs: before.failures > 0 ? before.failedGapMs : visit.answer === 'trouble' ? gapMs : before.strainedGapMs,
      strainedGapMs: before.strainedGapMs,
      strainedUntil: before.strainedUntil,
      failures,
      pauses: isRound ? before.pauses + 1 : before.pauses,
      refusals: 0,
    }
  }
  const now = visit.timing.endedAt
  const cameThrough = visit.isRetry && before.failures > 0
  const strainedUntil = cameThrough ? now + strainMemoryMs : before.strainedUntil
  const strainedGapMs = cameThrough ? before.failedGapMs : before.strainedGapMs
  const leastMs = now < strainedUntil ? Math.min(strainMargin * strainedGapMs, backOffCapMs) : 0
  const easedMs = Math.max(before.backOffMs - before.backOffStepMs, leastMs)
  return {
    backOffMs: easedMs > statedDelayMs ? easedMs : 0,
    backOffStepMs: before.backOffStepMs,
    failedGapMs: before.failedGapMs,
    strainedGapMs,
    strainedUntil,
    failures: 0,
    pauses: 0,
    refusals: visit.answer === 'refusal' ? before.refusals + 1 : 0,
  }
}
