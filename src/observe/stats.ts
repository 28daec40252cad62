/** Counters of a crawl: an observer whose numbers add up (I5). */
import { addCounts, type Counts, countsOf } from '../counts.ts'
import {
  type CrawlEvent,
  type DeferReason,
  type DropReason,
  dropReasons,
  type SkipReason,
  type StopReason,
} from '../events.ts'
import type { FailReason } from '../outcome.ts'

/**
 * What became of everything, since the crawl's first start if it was resumed. `offered = added + dropped` (the sum of its reasons), and
 * `added = fetched + redirected + failed + skipped + deferred + waiting`.
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
  readonly sitemapRequests: number
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
  /** Of those that came to their end: answered from a cache or a recording, without a request. */
  readonly cached: number
  /** Requests that were answered 304: what the cache had was still what the server has. */
  readonly revalidated: number
  readonly failed: number
  readonly failedBy: Readonly<Partial<Record<FailReason, number>>>
  readonly skipped: number
  readonly skippedBy: Readonly<Partial<Record<SkipReason, number>>>
  /** Put off until the crawl is resumed: their host asks for more patience than the crawl has, or has had its share. */
  readonly deferred: number
  readonly deferredBy: Readonly<Partial<Record<DeferReason, number>>>
  /** Added, and not at an end: waiting in the frontier, or being fetched. */
  readonly waiting: number
  readonly retries: number
  /** Downloads, and their size on disk before equal ones were made one. */
  readonly files: number
  readonly fileBytes: number
  readonly items: number
  /** Items that no output could carry (a NaN, a function). */
  readonly itemsRefused: number
  /** Items of pages that say noindex, which were dropped. */
  readonly itemsWithheld: number
  /** Links that are not crawlable (`mailto:`, unparsable ones); not among the offered. */
  readonly skippedLinks: number
  /** Links that say `rel=nofollow`, and were passed over; not among the offered. */
  readonly nofollowLinks: number
  /** Sitemaps that came to their end, and those of them that could not be read, or not whole. */
  readonly sitemaps: number
  readonly sitemapsFailed: number
  /** Pages that sitemaps list, and how many of them the spider's filters and the sitemap's own host let pass: those were offered. */
  readonly sitemapPages: number
  readonly sitemapPagesTaken: number
  /** Hosts whose robots.txt was not obeyed (`ignoreRobotsOf`). */
  readonly ignoredRobots: readonly string[]
  /** Hosts whose certificates were not verified (`ignoreCertificateOf`). */
  readonly ignoredCertificates: readonly string[]
}

export class StatsCounter {
  readonly #startedAt = performance.now()
  readonly #counts: Record<string, number> = {}
  #endedAt: number | undefined
  #spider = ''
  #ignoredRobots: readonly string[] = []
  #ignoredCertificates: readonly string[] = []
  #stopReason: StopReason | undefined

  /** Goes on from the counters of a crawl that is resumed. */
  resume(counts: Counts): void {
    addCounts(this.#counts, counts)
  }

  observe(event: CrawlEvent): void {
    if (event.kind === 'started') {
      this.#spider = event.spider
      this.#ignoredRobots = event.ignoredRobots
      this.#ignoredCertificates = event.ignoredCertificates
    }
    if (event.kind === 'stopped') {
      this.#stopReason = event.reason
      this.#endedAt = performance.now()
    }
    addCounts(this.#counts, countsOf(event))
  }

  /** The numbers as they are now. */
  get stats(): CrawlStats {
    const count = (name: string) => this.#counts[name] ?? 0
    const dropped = Object.fromEntries(
      Object.keys(dropReasons).map((reason) => [reason, count(reason)]),
    ) as CrawlStats['dropped']
    const added = count('added')
    const fetched = count('fetched')
    const redirected = count('redirected')
    const failedBy = this.#countsBy('failed.')
    const skippedBy = this.#countsBy('skipped.')
    const failed = sum(failedBy)
    const skipped = sum(skippedBy)
    const deferredBy = this.#countsBy('deferred.')
    const deferred = sum(deferredBy)
    return {
      spider: this.#spider,
      stopReason: this.#stopReason,
      elapsedMs: Math.round(count('elapsed_ms') + (this.#endedAt ?? performance.now()) - this.#startedAt),
      requests: count('requests'),
      robotsRequests: count('robots_requests'),
      sitemapRequests: count('sitemap_requests'),
      bytes: count('bytes'),
      hosts: count('hosts'),
      offered: added + sum(dropped),
      added,
      dropped,
      fetched,
      redirected,
      cached: count('cached'),
      revalidated: count('revalidated'),
      failed,
      failedBy,
      skipped,
      skippedBy,
      deferred,
      deferredBy,
      waiting: added - fetched - redirected - failed - skipped - deferred,
      retries: count('retries'),
      files: count('files'),
      fileBytes: count('file_bytes'),
      items: count('items'),
      itemsRefused: count('items_refused'),
      itemsWithheld: count('items_withheld'),
      skippedLinks: count('skipped_links'),
      nofollowLinks: count('nofollow_links'),
      sitemaps: count('sitemaps'),
      sitemapsFailed: count('sitemaps_failed'),
      sitemapPages: count('sitemap_pages'),
      sitemapPagesTaken: count('sitemap_pages_taken'),
      ignoredRobots: this.#ignoredRobots,
      ignoredCertificates: this.#ignoredCertificates,
    }
  }

  #countsBy(prefix: string): Record<string, number> {
    const named = Object.entries(this.#counts).filter(([name, count]) => name.startsWith(prefix) && count > 0)
    return Object.fromEntries(named.map(([name, count]) => [name.slice(prefix.length), count]))
  }
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)
