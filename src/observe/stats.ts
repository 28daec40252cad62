/** Counters of a crawl: an observer whose numbers add up (I5). */
import type { CrawlEvent, DropReason, SkipReason, StopReason } from '../events.ts'
import type { FailReason } from '../outcome.ts'

/**
 * What became of everything. `offered = added + seen + out_of_scope + too_deep + url_too_long`, and `added = fetched + redirected + failed
 * + skipped + waiting`.
 */
export interface CrawlStats {
  readonly spider: string
  /** Why the crawl ended; `undefined` while it runs. */
  readonly stopReason: StopReason | undefined
  readonly elapsedMs: number
  /** HTTP requests made, robots.txt included: the lines in the servers' logs. */
  readonly requests: number
  readonly robotsRequests: number
  /** Of bodies, on the wire. */
  readonly bytes: number
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
  readonly #hosts = new Set<string>()
  #endedAt: number | undefined
  #spider = ''
  #stopReason: StopReason | undefined
  #requests = 0
  #robotsRequests = 0
  #bytes = 0
  #added = 0
  readonly #dropped = { seen: 0, out_of_scope: 0, too_deep: 0, url_too_long: 0 }
  readonly #done = { fetched: 0, redirected: 0 }
  readonly #failedBy: Partial<Record<FailReason, number>> = {}
  readonly #skippedBy: Partial<Record<SkipReason, number>> = {}
  #retries = 0
  #items = 0
  #itemsRefused = 0
  #skippedLinks = 0

  observe(event: CrawlEvent): void {
    switch (event.kind) {
      case 'started':
        this.#spider = event.spider
        break
      case 'offered':
        this.#added += event.result.added
        for (const reason of reasonsOf(this.#dropped)) this.#dropped[reason] += event.result[reason]
        break
      case 'requested':
        this.#requests += 1
        this.#robotsRequests += event.purpose === 'robots' ? 1 : 0
        this.#bytes += event.bytes
        this.#hosts.add(event.host)
        break
      case 'robots':
        break
      case 'retry':
        this.#retries += 1
        break
      case 'ended':
        this.#items += event.items
        this.#skippedLinks += event.skippedLinks
        if (event.end.state === 'done') this.#done[event.end.reason] += 1
        else if (event.end.state === 'failed') countUp(this.#failedBy, event.end.reason)
        else countUp(this.#skippedBy, event.end.reason)
        break
      case 'item_refused':
        this.#itemsRefused += 1
        break
      case 'stopped':
        this.#stopReason = event.reason
        this.#endedAt = performance.now()
        break
      default:
        event satisfies never
    }
  }

  /** The numbers as they are now. */
  get stats(): CrawlStats {
    const failed = sum(this.#failedBy)
    const skipped = sum(this.#skippedBy)
    const { fetched, redirected } = this.#done
    return {
      spider: this.#spider,
      stopReason: this.#stopReason,
      elapsedMs: Math.round((this.#endedAt ?? performance.now()) - this.#startedAt),
      requests: this.#requests,
      robotsRequests: this.#robotsRequests,
      bytes: this.#bytes,
      hosts: this.#hosts.size,
      offered: this.#added + sum(this.#dropped),
      added: this.#added,
      dropped: { ...this.#dropped },
      fetched,
      redirected,
      failed,
      failedBy: { ...this.#failedBy },
      skipped,
      skippedBy: { ...this.#skippedBy },
      waiting: this.#added - fetched - redirected - failed - skipped,
      retries: this.#retries,
      items: this.#items,
      itemsRefused: this.#itemsRefused,
      skippedLinks: this.#skippedLinks,
    }
  }
}

function countUp<Reason extends string>(counts: Partial<Record<Reason, number>>, reason: Reason): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}

const reasonsOf = <Reason extends string>(counts: Record<Reason, number>) => Object.keys(counts) as Reason[]

const sum = (counts: Readonly<Partial<Record<string, number>>>) =>
  Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0)
