/**
 * Visits to hosts: the one place where requests leave, and where what came back sets the host's pace (I1, I3).
 */
import type { CrawlEvent } from './events.ts'
import type { Fetcher, FetchLimits } from './fetcher/fetcher.ts'
import type { Turn } from './frontier/frontier.ts'
import type { HostPace, RobotsRecord } from './host.ts'
import type { Options } from './options.ts'
import type { Outcome } from './outcome.ts'
import { paceAfter } from './politeness/host-pace.ts'
import { parseRetryAfter } from './politeness/retry-after.ts'
import type { Throttle } from './politeness/throttle.ts'

interface HostVisitsParts {
  readonly options: Pick<Options, 'delayMs' | 'maxRetryAfterMs' | 'maxCrawlDelayMs'>
  readonly fetcher: Fetcher
  readonly throttle: Throttle
  readonly random: () => number
}

export class HostVisits {
  readonly #parts: HostVisitsParts
  /** The latest pace of hosts that have turns out: with several of them, the last one taken knows the least. */
  readonly #paces = new Map<string, { turns: number; pace: HostPace | undefined; isNew: boolean }>()

  constructor(parts: HostVisitsParts) {
    this.#parts = parts
  }

  /** Keeps the host's latest pace while `visit` spends the turn and settles it. */
  async during(turn: Turn, visit: () => Promise<void>): Promise<void> {
    const latest = this.#paces.get(turn.host) ?? { turns: 0, pace: turn.pace, isNew: turn.pace === undefined }
    this.#paces.set(turn.host, latest)
    latest.turns += 1
    try {
      await visit()
    } finally {
      latest.turns -= 1
      if (latest.turns === 0) this.#paces.delete(turn.host)
    }
  }

  /** What is known of the host's pace by now, from this turn and others. */
  latestPace(turn: Turn): HostPace | undefined {
    return this.#paces.get(turn.host)?.pace ?? turn.pace
  }

  /** Leaves the host alone until a time, whatever it would be visited for. */
  hold(turn: Turn, until: number, change: Partial<HostPace>): void {
    const { delayMs } = this.#parts.options
    const fresh: HostPace = {
      nextVisitAt: 0,
      delayMs,
      crawlDelayMs: 0,
      backOffMs: 0,
      putAside: undefined,
      waitsFor: 'delay',
    }
    const pace = this.latestPace(turn) ?? fresh
    this.#keep(turn, { ...pace, ...change, nextVisitAt: Math.max(until, pace.nextVisitAt) })
  }

  /** Makes a request on a turn, when the throttle lets it. */
  request(turn: Turn, url: string, limits: FetchLimits): Promise<Outcome> {
    const { throttle, fetcher, options } = this.#parts
    return throttle.run(turn.host, turn.pace?.delayMs ?? options.delayMs, () => fetcher.fetch(url, limits))
  }

  /** Sets the host's pace by what came back; gives what observers hear of the request. */
  paceAfter(
    turn: Turn,
    url: string,
    outcome: Outcome,
    purpose: 'page' | 'robots',
    robots: RobotsRecord | undefined,
  ): CrawlEvent {
    const { options, random } = this.#parts
    const { timing, bytes } = outcome
    const status = 'status' in outcome ? outcome.status : undefined
    const headers = 'headers' in outcome ? outcome.headers : {}
    const retryAfter = oneLine(headers['retry-after'])
    const visit = {
      timing,
      isTrouble: outcome.kind === 'retry' || (status !== undefined && status >= 500),
      retryAfterMs: parseRetryAfter(retryAfter, oneLine(headers.date), timing.endedAt),
      crawlDelayMs: this.crawlDelayOf(robots),
    }
    const before = this.latestPace(turn)
    const next = paceAfter(before, visit, { ...options, random })
    const pace = { ...next, nextVisitAt: Math.max(next.nextVisitAt, before?.nextVisitAt ?? 0) }
    this.#keep(turn, pace)
    const isFirst = this.#isFirstRequest(turn)
    const durationMs = timing.endedAt - timing.sentAt
    const { host, request } = turn
    return { kind: 'requested', request, purpose, host, isFirst, url, status, bytes, durationMs, pace }
  }

  /** A Crawl-delay beyond the crawl's patience sets no pace: its origin gets no visit at all. */
  crawlDelayOf(robots: RobotsRecord | undefined): number | undefined {
    const crawlDelayMs = robots?.kind === 'rules' ? robots.rules.crawlDelayMs : undefined
    return crawlDelayMs !== undefined && crawlDelayMs > this.#parts.options.maxCrawlDelayMs ? undefined : crawlDelayMs
  }

  /** A host whose first turn made no request has a pace, too; so it is asked of the turns that are out together. */
  #isFirstRequest(turn: Turn): boolean {
    const latest = this.#paces.get(turn.host)
    const isFirst = latest?.isNew ?? false
    if (latest !== undefined) latest.isNew = false
    return isFirst
  }

  #keep(turn: Turn, pace: HostPace): void {
    const latest = this.#paces.get(turn.host)
    if (latest !== undefined) latest.pace = pace
  }
}

const oneLine = (value: string | readonly string[] | undefined) => (typeof value === 'string' ? value : value?.[0])
