/**
 * Everything that can happen in a crawl, said once. Log, counters and progress are observers of these events; an observer cannot change the
 * crawl, and one that throws does not end it.
 */
import type { AsideReason, HostPace, RobotsRecord } from './host.ts'
import type { FailReason, RetryReason } from './outcome.ts'
import type { CrawlRequest, PageRequest } from './request.ts'

/** Why an offered URL was not added to the frontier, with what that means in words. */
export const dropReasons = {
  seen: 'seen before',
  out_of_scope: 'out of scope',
  too_deep: 'deeper than maxDepth',
  url_too_long: 'longer than maxUrlLength',
  /** The page says nofollow. */
  nofollow: 'on a page that says nofollow',
  /** What looks like a trap (frontier/traps.ts). */
  repeated_segments: 'with segments that repeat themselves',
  too_many_query_keys: 'with too many query keys',
  far_date: 'of a far date',
  too_many_queries: 'beyond maxQueriesPerPath',
  same_content: 'of pages with the content of others',
} as const

export type DropReason = keyof typeof dropReasons

/** How many of the offered URLs were added, and why the others were not: the counts add up (I5). */
export type OfferResult = Readonly<Record<'added' | DropReason, number>>

const nothing = Object.fromEntries(['added', ...Object.keys(dropReasons)].map((name) => [name, 0])) as OfferResult

/** To be counted up. */
export const emptyResult = (): Record<keyof OfferResult, number> => ({ ...nothing })

/** Why a request was taken out of the frontier without a page. */
export type SkipReason =
  | 'disallowed'
  | 'no_contact'
  /** The crawl only plans: it would be fetched. */
  | 'planned'

/** Why a request is put off until the crawl is resumed. */
export type DeferReason =
  | 'robots_unreachable'
  | 'crawl_delay_too_long'
  | AsideReason
  /** The host has had its share: `maxPagesPerHost`, `maxBytesPerHost`, `maxTimePerHostMs`. */
  | 'over_budget'

/** The end states of a page request, each with its reason (I5). */
export type EndState =
  | { readonly state: 'done'; readonly reason: 'fetched' | 'redirected' }
  | { readonly state: 'failed'; readonly reason: FailReason }
  | { readonly state: 'skipped'; readonly reason: SkipReason }

export type StopReason =
  | 'finished'
  /** Nothing waits, but there are requests that were put off. */
  | 'deferred'
  | 'max_pages'
  | 'max_bytes'
  | 'max_time'
  | 'drained'
  | 'stopped'
  | 'failed'

export type CrawlEvent =
  | Started
  | Offered
  | Requested
  | RobotsLearnt
  | { readonly kind: 'retry'; readonly request: PageRequest; readonly reason: RetryReason; readonly message: string }
  | Ended
  | RedirectDropped
  | Deferred
  | SitemapRead
  | { readonly kind: 'item_refused'; readonly request: PageRequest; readonly message: string }
  | { readonly kind: 'stopped'; readonly reason: StopReason; readonly error: unknown }

export interface Started {
  readonly kind: 'started'
  readonly spider: string
  readonly seeds: number
  readonly userAgent: string
  /** Hosts whose robots.txt is not obeyed. */
  readonly ignoredRobots: readonly string[]
  /** Hosts whose certificates are not verified. */
  readonly ignoredCertificates: readonly string[]
  /** For a crawl that goes on: what has changed since it was begun. */
  readonly changes: readonly string[] | undefined
}

export interface Offered {
  readonly kind: 'offered'
  readonly result: OfferResult
}

/** One HTTP request was made, whatever came of it: the server's log has a line for it. */
export interface Requested {
  readonly kind: 'requested'
  readonly request: CrawlRequest
  readonly purpose: 'page' | 'robots' | 'sitemap'
  readonly host: string
  /** Whether it was the crawl's first request to the host. */
  readonly isFirst: boolean
  readonly url: string
  readonly status: number | undefined
  /** The answer was 304, and what the cache has of the page or sitemap was used. */
  readonly isUnchanged: boolean
  readonly bytes: number
  readonly durationMs: number
  /** The host's pace after it. */
  readonly pace: HostPace
}

export interface RobotsLearnt {
  readonly kind: 'robots'
  readonly origin: string
  readonly record: RobotsRecord
}

/** A page request came to its end state, and what it found is committed. */
export interface Ended {
  readonly kind: 'ended'
  readonly request: PageRequest
  readonly end: EndState
  /** It was answered from a cache or a recording, without a request. */
  readonly isCached: boolean
  readonly items: number
  readonly follows: number
  /** Links that are not crawlable: `mailto:` and the like. */
  readonly skippedLinks: number
  /** Links that say `rel=nofollow`, and were passed over. */
  readonly nofollowLinks: number
  /** Items that were dropped because the page says noindex. */
  readonly itemsWithheld: number
  /** The size of the file that was downloaded. */
  readonly fileBytes: number | undefined
  /** One sentence, unless all went well. */
  readonly message: string | undefined
  /** What a parser threw. */
  readonly error: unknown
}

/** A page redirected to what is not visited; it has ended as `redirected`. */
export interface RedirectDropped {
  readonly kind: 'redirect_dropped'
  readonly request: PageRequest
  readonly target: string
  readonly reason: DropReason
  /** One sentence. */
  readonly message: string
}

/** A request was put off: it comes again when the crawl is resumed. */
export interface Deferred {
  readonly kind: 'deferred'
  readonly request: CrawlRequest
  readonly reason: DeferReason
  /** One sentence. */
  readonly message: string
}

/** A sitemap was read, or could not be. */
export interface SitemapRead {
  readonly kind: 'sitemap'
  readonly url: string
  /** URLs of pages that it lists, and how many of them the spider's filters and the sitemap's own host let pass. */
  readonly pages: number
  readonly taken: number
  /** Further sitemaps that it names. */
  readonly sitemaps: number
  /** What is wrong with it; `undefined` if nothing is. */
  readonly fault: string | undefined
}

/** Watches a crawl. */
export type Observer = (event: CrawlEvent) => void
