/** What came of a turn, in words of the frontier (a settlement) and of observers (events); made here, committed by walk.ts. */
import type { Answer } from './errands.ts'
import type { CrawlEvent, DeferReason, EndState, SkipReason } from './events.ts'
import type { Again, Deferred, Ended, Settlement, Turn } from './frontier/frontier.ts'
import type { Places } from './output/item-stream.ts'
import { giveUpOn } from './politeness/robots.ts'
import type { CrawlRequest, PageRequest, SitemapRequest } from './request.ts'

/** A turn's settlement, with what observers hear once it is committed. */
export interface Spent {
  readonly settlement: Settlement
  readonly events: readonly CrawlEvent[]
  /** Places of the items in the settlement. */
  readonly places?: Places
  /** To be called once it is settled. */
  readonly release?: () => void
  /** To be called once it is committed, if it is. */
  readonly committed?: () => Promise<void>
}

export interface EndDetails {
  /** What happened on the way to the end. */
  readonly events?: readonly CrawlEvent[]
  readonly follows?: readonly CrawlRequest[]
  readonly items?: readonly unknown[]
  readonly itemsWithheld?: number
  readonly skippedLinks?: number
  readonly nofollowLinks?: number
  readonly fileBytes?: number | undefined
  readonly content?: number | undefined
  readonly directives?: readonly string[] | undefined
  readonly message?: string
  readonly error?: unknown
}

/** The page has come to its end. */
export function end(request: PageRequest, state: EndState, details: EndDetails): Spent {
  const { events = [], follows = [], items = [], content, directives, fileBytes, message, error } = details
  const { itemsWithheld = 0, skippedLinks = 0, nofollowLinks = 0 } = details
  const settlement: Ended = { kind: 'ended', end: state, follows, items, content, directives }
  const ended: CrawlEvent = {
    kind: 'ended',
    request,
    end: state,
    isCached: false,
    items: items.length,
    itemsWithheld,
    follows: follows.length,
    skippedLinks,
    nofollowLinks,
    fileBytes,
    message,
    error,
  }
  return { settlement, events: [...events, ended] }
}

export const skip = (request: PageRequest, reason: SkipReason, message: string) =>
  end(request, { state: 'skipped', reason }, { message })

/** A request that is no page has come to its end. */
export function endOther(events: readonly CrawlEvent[], follows: readonly CrawlRequest[] = []): Spent {
  return { settlement: { kind: 'ended', end: undefined, items: [], follows }, events }
}

/** The request is made again, at its place in the line. @param notBefore lets others of the line go first until then. */
export function again(request: CrawlRequest, events: readonly CrawlEvent[] = [], notBefore = 0): Spent {
  const settlement: Again = { kind: 'again', request, notBefore, follows: [] }
  return { settlement, events }
}

/** The request is put off until the crawl is resumed. A robots.txt is not: its origin gets no rules, and its pages are put off. */
export function defer({ request }: Turn, reason: DeferReason, message: string, now: number): Spent {
  if (request.kind === 'robots') return giveUp(request.origin, `${message}: GET ${request.url}`, now)
  const settlement: Deferred = { kind: 'deferred', reason, follows: [] }
  return { settlement, events: [{ kind: 'deferred', request, reason, message }] }
}

/** Nobody may ask: pages are skipped, and an origin whose robots.txt is there gets no rules. */
export function refuse({ request }: Turn, message: string, now: number): Spent {
  if (request.kind === 'page') return skip(request, 'no_contact', message)
  if (request.kind === 'robots') return giveUp(request.origin, `${message}: GET ${request.url}`, now)
  return endOther([sitemapFault(request, message)])
}

/** The address guard lets nobody open a connection there. */
export function block({ request }: Turn, refusal: string, now: number): Spent {
  const method = request.kind === 'page' ? (request.sending?.method ?? 'GET') : 'GET'
  const message = `${refusal}: ${method} ${request.url} (allowPrivate opens it)`
  if (request.kind === 'page') return end(request, { state: 'failed', reason: 'address_blocked' }, { message })
  // RFC 9309 section 2.3.1.4: rules that cannot be had, for whatever reason, disallow everything.
  if (request.kind === 'robots') return giveUp(request.origin, message, now)
  return endOther([sitemapFault(request, message)])
}

function giveUp(origin: string, note: string, now: number): Spent {
  const record = giveUpOn(origin, note, now)
  const settlement: Ended = { kind: 'ended', end: undefined, follows: [], items: [], robots: record }
  return { settlement, events: [{ kind: 'robots', origin, record }] }
}

export const sitemapFault = ({ url }: SitemapRequest, fault: string): CrawlEvent => {
  return { kind: 'sitemap', url, pages: 0, taken: 0, sitemaps: 0, fault }
}

/** With what is to be told of the request that the answer came of, if there was one. */
export function withAnswer(spent: Spent, { events, sent, isCached }: Answer): Spent {
  const own = spent.events.map((event) => (event.kind === 'ended' ? { ...event, isCached } : event))
  return { ...spent, settlement: { ...spent.settlement, sent }, events: [...events, ...own] }
}
