/**
 * The frontier: the crawl queue, in words.
 *
 * Hosts are queued, not URLs. Each host has a *line* of requests (priority first, then order of discovery) and a time before which it may
 * not be visited. When that time has come, the host gets a *turn*: one request of its line, to be spent on one HTTP request (I1). While
 * `perHostConcurrency` turns of a host are out, it gets no other; so politeness needs no check that someone may forget.
 *
 * `settle` takes everything that came of a turn - the end of its request, what it found, when the host may be visited next - as one: all
 * of it is committed, or nothing (I2). A turn that is never settled loses nothing: its request is still the frontier's. A request whose
 * host asks for more patience than the crawl has is neither ended nor waited for: it is put off, and comes again with the next opening.
 *
 * Memory, SQLite and Redis pass one contract suite: `test/frontier/contract.ts`.
 */
import type { Cookie, CookieChange } from '../cookie.ts'
import type { Counts } from '../counts.ts'
import type { DeferReason, DropReason, EndState, OfferResult } from '../events.ts'
import type { HostPace, RobotsRecord } from '../host.ts'
import type { CrawlRequest, PageRequest } from '../request.ts'
import type { SentRequest } from '../sent-request.ts'

/** A host whose time has come, and the request to make. */
export interface Turn {
  readonly id: number
  readonly host: string
  readonly request: CrawlRequest
  /** What is known of the host's pace; `undefined` on its first turn. */
  readonly pace: HostPace | undefined
  /** What is known of the rules of the request's origin; may be out of date: look at `expiresAt`. */
  readonly robots: RobotsRecord | undefined
}

interface SettlementBase {
  /**
   * The host's pace after this turn; left out, it stays (the turn made no request). A host's next time never moves back, and
   * one that was put aside stays so: of several turns out, one may have been told to stay away for longer.
   */
  readonly pace?: HostPace
  /** What was learnt of an origin's rules. */
  readonly robots?: RobotsRecord
  /** The request that the turn was spent on, for the ledger of a frontier that keeps one. */
  readonly sent?: SentRequest | undefined
  /** What has become of the crawl's cookies, by this turn's answer or by others that were not settled yet; later changes win. */
  readonly cookies?: readonly CookieChange[]
  /** Requests to add, as `offer` would. */
  readonly follows: readonly CrawlRequest[]
  /** To be added to the crawl's counters. */
  readonly counts?: Counts
}

/** The request stays in the frontier: a retry, or a turn that was spent on robots.txt. It keeps its place in the line. */
export interface Again extends SettlementBase {
  readonly kind: 'again'
  /** Replaces the turn's request; same URL. */
  readonly request: CrawlRequest
  /** Not before this time (milliseconds of the crawl's clock), whatever the host's. */
  readonly notBefore: number
}

/** The request has come to its end, with what was found. */
export interface Ended extends SettlementBase {
  readonly kind: 'ended'
  /** `undefined` for what is no page, which is not counted among them. */
  readonly end: EndState | undefined
  readonly items: readonly unknown[]
  /** A fingerprint of the page's content. Where it was met too often on the host, the follows are dropped: they lead round in circles. */
  readonly content?: number | undefined
  /** What the page asked of robots, if anything. */
  readonly directives?: readonly string[] | undefined
}

/** The request is put off: it takes no further turn, until the frontier is opened again. */
export interface Deferred extends SettlementBase {
  readonly kind: 'deferred'
  readonly reason: DeferReason
}

export type Settlement = Again | Ended | Deferred

/** An item in the item log: committed, numbered from 1 in order of commit. */
export interface LoggedItem {
  readonly id: number
  readonly item: unknown
}

export interface Frontier extends AsyncDisposable {
  /** Adds what is in scope and was not seen before. */
  offer(requests: Iterable<CrawlRequest>): Promise<OfferResult>

  /** The turns whose time has come, one by one, for one consumer. Ends when nothing waits and nothing is out, or when `signal` aborts. */
  turns(signal: AbortSignal): AsyncIterable<Turn>

  /**
   * Commits what came of a turn; resolves to what became of its follows once all of it is committed.
   * @throws StaleTurnError if the turn is not out.
   */
  settle(turn: Turn, settlement: Settlement): Promise<OfferResult>

  /** Up to `limit` items of the log after item `after`, which says too that the reader is done with the items up to there. */
  readItems(after: number, limit: number): Promise<readonly LoggedItem[]>

  /** How many page requests wait or are out; those that were put off are not among them. */
  readonly waiting: number

  /** Whether nothing waits and nothing is out, pages or not; what was put off does not count. */
  readonly isEmpty: boolean

  /** The crawl's cookies, as far as they are settled: what a crawl that goes on begins with. */
  readonly cookies: readonly Cookie[]

  /** What was counted: pages offered, by what became of them, and the counts of all settlements; since the crawl's first start. */
  readonly counts: Counts
}

/** What every frontier is told when it is opened. */
export interface FrontierOptions {
  /** Turns of one host that may be out at once. */
  readonly perHostConcurrency: number
  /** The gap between the turns of a host that is not known yet, in milliseconds. */
  readonly delayMs: number
  /** Asked for each page that is offered. */
  readonly admits: (request: PageRequest) => 'in' | DropReason
  /** URLs of one path that differ in their query only; further ones are dropped. Default: no limit. */
  readonly maxQueriesPerPath?: number
  /** Pages of one content whose follows are taken. Default: no limit. */
  readonly maxSameContent?: number
}
