/**
 * THE WALK. A host whose time has come gets a turn. Is there a rule against it? Without fresh rules, the turn is spent on robots.txt and
 * the request keeps its place. Else it is fetched through the host's throttle, and what came back is an outcome: a page goes to the
 * spider's parser, a redirect and a retry go back to the frontier. What was found, what became of the request and when the host may be
 * visited next are settled as one.
 *
 * This file takes turns and settles them; what a turn is spent on is in visit.ts.
 */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import { addCounts, type Counts, countsOf } from './counts.ts'
import { droppedRedirect } from './dropped-redirect.ts'
import type { CrawlEvent, OfferResult, StopReason } from './events.ts'
import type { CookieJar } from './fetcher/credentials/cookies.ts'
import type { Frontier, Settlement, Turn } from './frontier/frontier.ts'
import type { Options } from './options.ts'
import { Slots } from './slots.ts'
import type { Spent } from './spent.ts'
import type { Visitor } from './visit.ts'

export interface WalkParts {
  readonly frontier: Frontier
  readonly visitor: Visitor
  readonly jar: CookieJar
  readonly options: Pick<Options, 'concurrency' | 'maxPages' | 'maxBytes' | 'maxTimeMs' | 'include' | 'exclude'>
  readonly clock: Clock
  readonly notify: (event: CrawlEvent) => void
}

const turnsBetweenPauses = 64

/** Visits that wait: to be committed (a store commits what a tick brings at once, so they are many), or for their host's neighbours. */
const maxWaiting = 1_000

/** How long a stop waits for what was cut off; a parser may never return. */
const graceMs = 250

/** Why a walk has ended; what was put off is left out of the account. */
export type WalkEnd = Exclude<StopReason, 'failed'>

export class Walk {
  readonly #parts: WalkParts
  /** Visits whose settlement is not committed yet. */
  readonly #visits = new Set<Promise<void>>()
  /** For those of them that are being spent: fetched, or parsed. */
  readonly #slots: Slots
  /** Aborts when no turn is taken any more, and no visit that waits begins. */
  readonly #halt = new AbortController()
  #atWork = 0
  #visitEnded: () => void = () => undefined
  #fetched = 0
  #bytes = 0
  #failure: { readonly error: unknown } | undefined

  constructor(parts: WalkParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.options.concurrency)
  }

  /**
   * Walks until nothing is left, `draining` aborts (turns that are out are brought to their end) or `stopped` does (they are left as they
   * are, to be made again).
   */
  async run(draining: AbortSignal, stopped: AbortSignal): Promise<WalkEnd> {
    const { frontier, options, clock } = this.#parts
    const halt = this.#halt
    if (draining.aborted) halt.abort()
    draining.addEventListener('abort', () => halt.abort(), { once: true })
    // A stop does not wait for a parser that may never return.
    const stop = new Promise<void>((resolve) => {
      if (stopped.aborted) resolve()
      stopped.addEventListener('abort', () => resolve(), { once: true })
    })
    stop.then(() => this.#visitEnded()).catch(() => undefined)
    const { fetched = 0, 'failed.parser': failedInParser = 0, bytes = 0, elapsed_ms: elapsedMs = 0 } = frontier.counts
    this.#fetched = fetched + failedInParser
    this.#bytes = bytes
    const endsAt = clock.now() + options.maxTimeMs - elapsedMs
    const limitCrossed = (): WalkEnd | undefined => {
      if (this.#fetched >= options.maxPages) return 'max_pages'
      if (this.#bytes >= options.maxBytes) return 'max_bytes'
      return clock.now() >= endsAt ? 'max_time' : undefined
    }
    const crossed = limitCrossed()
    if (crossed !== undefined && !frontier.isEmpty) return crossed
    if (endsAt < Number.POSITIVE_INFINITY) haltAt(endsAt, clock, halt)
    let turns = 0

    for await (const turn of frontier.turns(halt.signal)) {
      const visit = this.#visit(turn, stopped)
        .catch((error: unknown) => {
          this.#failure ??= { error }
          halt.abort()
        })
        .finally(() => {
          this.#visits.delete(visit)
          this.#visitEnded()
        })
      this.#visits.add(visit)
      // Turns that need no request (disallowed pages, say) come without a pause; timers and sockets want theirs.
      if (++turns % turnsBetweenPauses === 0) await setImmediate()
      while (!stopped.aborted && (this.#isBusy || this.#mayReachMaxPages)) {
        await new Promise<void>((resolve) => {
          this.#visitEnded = resolve
        })
      }
      if (limitCrossed() !== undefined) break
    }
    halt.abort()
    await Promise.race([Promise.all(this.#visits), stop])
    if (stopped.aborted) return 'stopped'
    if (this.#failure !== undefined) throw this.#failure.error
    if (frontier.isEmpty) return hasDeferred(frontier.counts) ? 'deferred' : 'finished'
    return limitCrossed() ?? 'drained'
  }

  /** Resolves when nothing is at work any more, or soon: after a stop, for requests that were cut off to be written down. */
  async ended(): Promise<void> {
    const end = new AbortController()
    const soon = this.#parts.clock.sleep(graceMs, end.signal)
    await Promise.race([Promise.all(this.#visits), soon]).catch(() => undefined)
    end.abort()
  }

  get #isBusy(): boolean {
    return this.#slots.areTaken || this.#visits.size - this.#atWork >= maxWaiting
  }

  /** The pages that are out could be the last ones: wait and see. */
  get #mayReachMaxPages(): boolean {
    return this.#visits.size > 0 && this.#fetched + this.#visits.size >= this.#parts.options.maxPages
  }

  async #visit(turn: Turn, stopped: AbortSignal): Promise<void> {
    let isAtWork = false
    const goToWork = async () => {
      await this.#slots.take()
      isAtWork = true
      this.#atWork += 1
    }
    const leaveWork = () => {
      if (!isAtWork) return
      isAtWork = false
      this.#atWork -= 1
      this.#slots.give()
      this.#visitEnded()
    }
    const aside = async (wait: Promise<void>) => {
      leaveWork()
      await wait
      await goToWork()
    }
    const place = { begin: goToWork, aside, isOver: () => this.#halt.signal.aborted }
    try {
      await this.#parts.visitor.visit(turn, place, (spent) => {
        leaveWork()
        return this.#settle(turn, spent, stopped)
      })
    } finally {
      leaveWork()
    }
  }

  /** A crawl was stopped: the request is made again when it is resumed, and that it was sent is written down. */
  async #settleCutOff(turn: Turn, { settlement, events }: Spent): Promise<void> {
    const { notify } = this.#parts
    // A request that was still waiting for its connection has not been made.
    if (settlement.sent === undefined || settlement.sent.neverLeft === true) return
    const requested = events.filter(({ kind }) => kind === 'requested')
    const counts: Record<string, number> = {}
    for (const event of requested) addCounts(counts, countsOf(event))
    const fault = settlement.sent.status === undefined ? 'stopped' : settlement.sent.fault
    const sent = { ...settlement.sent, fault }
    await this.#commit(turn, { kind: 'again', request: turn.request, notBefore: 0, follows: [], sent, counts })
    for (const event of requested) notify(event)
  }

  async #settle(turn: Turn, spent: Spent, stopped: AbortSignal): Promise<void> {
    const { notify } = this.#parts
    const { settlement, events, places, committed } = spent
    if (stopped.aborted) return this.#settleCutOff(turn, spent)
    const counts: Record<string, number> = {}
    for (const event of events) addCounts(counts, countsOf(event))
    const offered = await this.#commit(turn, { ...settlement, counts })
    places?.commit()
    await committed?.()
    this.#bytes += counts.bytes ?? 0
    // A page that its parser failed on was fetched all the same.
    const reason = settlement.kind === 'ended' ? settlement.end?.reason : undefined
    if (reason === 'fetched' || reason === 'parser') this.#fetched += 1
    for (const event of events) notify(event)
    // A hop of a robots.txt is no URL of the crawl's.
    if (settlement.kind !== 'ended' || turn.request.kind !== 'page') return
    notify({ kind: 'offered', result: offered })
    const dropped = droppedRedirect(turn.request, settlement, offered, this.#parts.options)
    if (dropped !== undefined) notify(dropped)
  }

  /** With the cookies that its answer has set, or others whose turns are not settled yet, so that a state never holds an older one. */
  #commit(turn: Turn, settlement: Settlement): Promise<OfferResult> {
    const { frontier, jar } = this.#parts
    return jar.handOver((cookies) => frontier.settle(turn, { ...settlement, cookies }))
  }
}

const hasDeferred = (counts: Counts) =>
  Object.entries(counts).some(([name, count]) => /^(?:deferred\.|sitemaps_deferred$)/.test(name) && count > 0)

/** No further turn is taken from then on. */
function haltAt(endsAt: number, clock: Clock, halt: AbortController): void {
  const wait = async () => {
    while (!halt.signal.aborted && clock.now() < endsAt) await clock.sleep(endsAt - clock.now(), halt.signal)
    halt.abort()
  }
  wait().catch(() => undefined)
}
