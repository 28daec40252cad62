/**
 * Everything that can happen in a crawl, said once. Log, counters and progress are observers of these events; an observer cannot change the
 * crawl, and one that throws does not end it.
 */
import type { HostPace, RobotsRecord } from './host.ts'
import type { FailReason, RetryReason } from './outcome.ts'
import type { CrawlRequest, PageRequest } from './request.ts'

/** Why an offered URL was not added to the frontier. */
export type DropReason = 'seen' | 'out_of_scope' | 'too_deep' | 'url_too_long'

/** How many of the offered URLs were added, and why the others were not: the counts add up (I5). */
export type OfferResult = Readonly<Record<'added' | DropReason, number>>

/** Why a request was taken out of the frontier without a page. */
export type SkipReason =
  | 'disallowed'
  | 'robots_unreachable'
  | 'no_contact'
  | 'crawl_delay_too_long'
  | 'retry_after_too_long'

/** The end states of a page request, each with its reason (I5). */
export type EndState =
  | { readonly state: 'done'; readonly reason: 'fetched' | 'redirected' }
  | { readonly state: 'failed'; readonly reason: FailReason }
  | { readonly state: 'skipped'; readonly reason: SkipReason }

export type StopReason = 'finished' | 'max_pages' | 'drained' | 'stopped' | 'failed'

export type CrawlEvent =
  | Started
  | { readonly kind: 'offered'; readonly result: OfferResult }
  | Requested
  | RobotsLearnt
  | { readonly kind: 'retry'; readonly request: PageRequest; readonly reason: RetryReason; readonly message: string }
  | Ended
  | { readonly kind: 'item_refused'; readonly request: PageRequest; readonly message: string }
  | { readonly kind: 'stopped'; readonly reason: StopReason; readonly error: unknown }

export interface Started {
  readonly kind: 'started'
  readonly spider: string
  readonly seeds: number
  readonly userAgent: string
  /** For a crawl that goes on: what has changed since it was begun. */
  readonly changes: readonly string[] | undefined
}

/** One HTTP request was made, whatever came of it: the server's log has a line for it. */
export interface Requested {
  readonly kind: 'requested'
  readonly request: CrawlRequest
  readonly purpose: 'page' | 'robots'
  readonly host: string
  /** Whether it was the crawl's first request to the host. */
  readonly isFirst: boolean
  readonly url: string
  readonly status: number | undefined
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
  readonly items: number
  readonly follows: number
  /** Links that are not crawlable: `mailto:` and the like. */
  readonly skippedLinks: number
  /** One sentence, unless all went well. */
  readonly message: string | undefined
  /** What a parser threw. */
  readonly error: unknown
}

/** Watches a crawl. */
export type Observer = (event: CrawlEvent) => void
