/** Counters of a crawl: an observer whose numbers add up (I5). */
import { addCounts, type Counts, countsOf } from '../counts.ts'
import type { CrawlEvent, DropReason, SkipReason, StopReason } from '../events.ts'
import type { FailReason } from '../outcome.ts'

/**
 * What became of everything, since the crawl's first start if it was resumed. `offered = added + seen + out_of_scope + too_deep +
 * url_too_long`, and `added = fetched + redirected + failed + skipped + waiting`.
 */
export interface CrawlStats {
  readonly spider: string
  /** Why the crawl ended; `undefined` while it runs. */
  readonly stopReason: StopReason | undefined
  /** Time at work. */
  readonly elapsedMs: number
  /** HTTP requests made, robots.txt included: the lines in the servers' logs. */
  readonly requests: number
  readonly robotsRequests: number
  /** Of bodies, on the wire. */
  readonly bytes: number
  /** Hosts that were sent a request. */
  readonly hosts: number
  /** URLs offered: seeds, follows and targets of redirects. */
  readonly offered: number
  readonly added: number
  /** Offered and not added, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
  readonly fetched: number
  readonly redirected: number
  readonly failed: number
  readonly failedBy: Readonly<Partial<Record<FailReason, number>>>
  readonly skipped: number
  readonly skippedBy: Readonly<Partial<Record<SkipReason, number>>>
  /** Added, and not at an end: waiting in the frontier, or being fetched. */
  readonly waiting: number
  readonly retries: number
  readonly items: number
  /** Items that no output could carry (a NaN, a function). */
  readonly itemsRefused: number
  /** Links that are not crawlable (`mailto:`, unparsable ones); not among the offered. */
  readonly skippedLinks: number
}

export class StatsCounter {
  readonly #startedAt = performance.now()
  readonly #counts: Record<string, number> = {}
  #endedAt: number | undefined
  #spider = ''
  #stopReason: StopReason | undefined

  /** Goes on from the counters of a crawl that is resumed. */
  resume(counts: Counts): void {
    addCounts(this.#counts, counts)
  }

  observe(event: CrawlEvent): void {
    if (event.kind === 'started') this.#spider = event.spider
    if (event.kind === 'stopped') {
      this.#stopReason = event.reason
      this.#endedAt = performance.now()
    }
    addCounts(this.#counts, countsOf(event))
  }

  /** The numbers as they are now. */
  get stats(): CrawlStats {
    const count = (name: string) => this.#counts[name] ?? 0
    const dropped = {
      seen: count('seen'),
      out_of_scope: count('out_of_scope'),
      too_deep: count('too_deep'),
      url_too_long: count('url_too_long'),
    }
    const added = count('added')
    const fetched = count('fetched')
    const redirected = count('redirected')
    const failedBy = this.#countsBy('failed.')
    const skippedBy = this.#countsBy('skipped.')
    const failed = sum(failedBy)
    const skipped = sum(skippedBy)
    return {
      spider: this.#spider,
      stopReason: this.#stopReason,
      elapsedMs: Math.round(count('elapsed_ms') + (this.#endedAt ?? performance.now()) - this.#startedAt),
      requests: count('requests'),
      robotsRequests: count('robots_requests'),
      bytes: count('bytes'),
      hosts: count('hosts'),
      offered: added + sum(dropped),
      added,
      dropped,
      fetched,
      redirected,
      failed,
      failedBy,
      skipped,
      skippedBy,
      waiting: added - fetched - redirected - failed - skipped,
      retries: count('retries'),
      items: count('items'),
      itemsRefused: count('items_refused'),
      skippedLinks: count('skipped_links'),
    }
  }

  #countsBy(prefix: string): Record<string, number> {
    const named = Object.entries(this.#counts).filter(([name]) => name.startsWith(prefix))
    return Object.fromEntries(named.map(([name, count]) => [name.slice(prefix.length), count]))
  }
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)
