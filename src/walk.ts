/**
 * THE WALK. A host whose time has come gets a turn. Is there a rule against it? Without fresh rules, the turn is spent on robots.txt and
 * the request keeps its place. Else it is fetched through the host's throttle, and what came back is an outcome: a page goes to the
 * spider's parser, a redirect and a retry go back to the frontier. What was found, what became of the request and when the host may be
 * visited next are settled as one.
 *
 * This file takes turns and settles them; what a turn is spent on is in visit.ts.
 */
import { setImmediate } from 'node:timers/promises'
import { addCounts, countsOf } from './counts.ts'
import type { CrawlEvent } from './events.ts'
import type { Frontier, Turn } from './frontier/frontier.ts'
import type { Options } from './options.ts'
import type { Spent, Visitor } from './visit.ts'

export interface WalkParts {
  readonly frontier: Frontier
  readonly visitor: Visitor
  readonly options: Pick<Options, 'concurrency' | 'maxPages'>
  readonly notify: (event: CrawlEvent) => void
}

const turnsBetweenPauses = 64

/** Visits that are over and wait to be committed. A store commits what a tick brings at once, so they are many. */
const maxSettling = 1_000

export class Walk {
  readonly #parts: WalkParts
  /** Visits whose settlement is not committed yet. */
  readonly #visits = new Set<Promise<void>>()
  /** Those of them that are being spent: fetched, or parsed. */
  #atWork = 0
  #visitEnded: () => void = () => undefined
  #fetched = 0
  #failure: { readonly error: unknown } | undefined

  constructor(parts: WalkParts) {
    this.#parts = parts
  }

  /**
   * Walks until nothing is left, `draining` aborts (turns that are out are brought to their end) or `stopped` does (they are left as they
   * are, to be made again).
   */
  async run(draining: AbortSignal, stopped: AbortSignal): Promise<'finished' | 'max_pages' | 'drained' | 'stopped'> {
    const { frontier, options } = this.#parts
    const halt = new AbortController()
    if (draining.aborted) halt.abort()
    draining.addEventListener('abort', () => halt.abort(), { once: true })
    // A stop does not wait for a parser that may never return.
    const stop = new Promise<void>((resolve) => {
      if (stopped.aborted) resolve()
      stopped.addEventListener('abort', () => resolve(), { once: true })
    })
    stop.then(() => this.#visitEnded()).catch(() => undefined)
    const { fetched = 0, 'failed.parser': failedInParser = 0 } = frontier.counts
    this.#fetched = fetched + failedInParser
    if (this.#fetched >= options.maxPages && frontier.waiting > 0) return 'max_pages'
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
      if (this.#fetched >= options.maxPages) break
    }
    await Promise.race([Promise.all(this.#visits), stop])
    if (stopped.aborted) return 'stopped'
    if (this.#failure !== undefined) throw this.#failure.error
    if (frontier.waiting === 0) return 'finished'
    return draining.aborted ? 'drained' : 'max_pages'
  }

  get #isBusy(): boolean {
    return this.#atWork >= this.#parts.options.concurrency || this.#visits.size - this.#atWork >= maxSettling
  }

  /** The pages that are out could be the last ones: wait and see. */
  get #mayReachMaxPages(): boolean {
    return this.#visits.size > 0 && this.#fetched + this.#visits.size >= this.#parts.options.maxPages
  }

  async #visit(turn: Turn, stopped: AbortSignal): Promise<void> {
    let isAtWork = true
    this.#atWork += 1
    const leaveWork = () => {
      if (isAtWork) this.#atWork -= 1
      isAtWork = false
      this.#visitEnded()
    }
    try {
      await this.#parts.visitor.visit(turn, (spent) => {
        leaveWork()
        return this.#settle(turn, spent, stopped)
      })
    } finally {
      leaveWork()
    }
  }

  async #settle(turn: Turn, { settlement, events, places }: Spent, stopped: AbortSignal): Promise<void> {
    const { frontier, notify } = this.#parts
    // An unsettled turn is still the frontier's: the request is made again when the crawl is resumed.
    if (stopped.aborted) return
    const counts = {}
    for (const event of events) addCounts(counts, countsOf(event))
    const offered = await frontier.settle(turn, { ...settlement, counts })
    places?.commit()
    // A page that its parser failed on was fetched all the same.
    const reason = settlement.kind === 'ended' ? settlement.end?.reason : undefined
    if (reason === 'fetched' || reason === 'parser') this.#fetched += 1
    for (const event of events) notify(event)
    // A hop of a robots.txt is no URL of the crawl's.
    if (settlement.kind === 'ended' && turn.request.kind === 'page') notify({ kind: 'offered', result: offered })
  }
}
