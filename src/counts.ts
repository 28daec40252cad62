/**
 * The crawl's counters as plain data. A frontier adds them up with the settlements they belong to, so that they outlive the process and
 * agree with what was committed.
 *
 * Names are those of the events: `added`, `seen`, `fetched`, `failed.http_404`, `skipped.disallowed`, ...
 */
import type { CrawlEvent } from './events.ts'

export type Counts = Readonly<Record<string, number>>

/** What an event adds to the counters. */
export function countsOf(event: CrawlEvent): Counts {
  switch (event.kind) {
    case 'offered':
      return event.result
    case 'requested':
      return {
        requests: 1,
        robots_requests: event.purpose === 'robots' ? 1 : 0,
        sitemap_requests: event.purpose === 'sitemap' ? 1 : 0,
        revalidated: event.isUnchanged ? 1 : 0,
        bytes: event.bytes,
        hosts: event.isFirst ? 1 : 0,
      }
    case 'retry':
      return { retries: 1 }
    case 'ended': {
      const { state, reason } = event.end
      const name = state === 'done' ? reason : `${state}.${reason}`
      return {
        [name]: 1,
        cached: event.isCached ? 1 : 0,
        items: event.items,
        items_withheld: event.itemsWithheld,
        skipped_links: event.skippedLinks,
        nofollow_links: event.nofollowLinks,
        ...(event.fileBytes === undefined ? undefined : { files: 1, file_bytes: event.fileBytes }),
      }
    }
    case 'deferred':
      return { [event.request.kind === 'page' ? `deferred.${event.reason}` : 'sitemaps_deferred']: 1 }
    case 'sitemap':
      return {
        sitemaps: 1,
        sitemaps_failed: event.fault === undefined ? 0 : 1,
        sitemap_pages: event.pages,
        sitemap_pages_taken: event.taken,
      }
    case 'item_refused':
      return { items_refused: 1 }
    // Its target is counted as offered.
    case 'redirect_dropped':
    case 'started':
    case 'robots':
    case 'stopped':
      return {}
    default:
      return event satisfies never
  }
}

/** Adds `counts` to `totals`, in place. */
export function addCounts(totals: Record<string, number>, counts: Counts): void {
  for (const name in counts) totals[name] = (totals[name] ?? 0) + (counts[name] ?? 0)
}
