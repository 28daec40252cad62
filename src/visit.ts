/**
 * What a turn is spent on, and what came of it: the rules of an origin, or a page, in words of the frontier (a settlement) and of
 * observers (events). Nothing here is committed; walk.ts does that.
 *
 * Here the stages meet, which know nothing of one another. Every request goes through host-visits.ts.
 */
import { originOf } from './canonical-url.ts'
import type { Clock } from './clock.ts'
import { messageOf } from './errors.ts'
import type { CrawlEvent, EndState, SkipReason } from './events.ts'
import { decodeText } from './fetcher/charset.ts'
import type { Fetcher, FetchLimits } from './fetcher/fetcher.ts'
import type { Again, Ended, Settlement, Turn } from './frontier/frontier.ts'
import type { HostPace } from './host.ts'
import { HostVisits } from './host-visits.ts'
import type { Options } from './options.ts'
import type { PageOutcome, RedirectOutcome } from './outcome.ts'
import type { ItemStream, Places } from './output/item-stream.ts'
import type { Identity } from './politeness/identity.ts'
import { giveUpOn, judge, type RobotsOptions, recordOf, robotsUrlOf } from './politeness/robots.ts'
import { maxRobotsBytes } from './politeness/robots-file.ts'
import type { Throttle } from './politeness/throttle.ts'
import type { CrawlRequest, PageRequest } from './request.ts'
import { collectFinds, type Finds } from './spider/finds.ts'
import { Page } from './spider/page.ts'
import type { Spider } from './spider/spider.ts'

/** The stages that a turn goes through. */
export interface Stages {
  readonly spider: Spider
  readonly args: unknown
  readonly options: Options
  readonly identity: Identity
  readonly fetcher: Fetcher
  readonly throttle: Throttle
  readonly items: ItemStream
  readonly clock: Clock
  readonly random: () => number
}

/** A turn's settlement, with what observers hear once it is committed. */
export interface Spent {
  readonly settlement: Settlement
  readonly events: readonly CrawlEvent[]
  /** Places of the items in the settlement. */
  readonly places?: Places
  /** To be called once it is settled. */
  readonly release?: () => void
}

/** A robots.txt that waits for another host's turn is looked for again after this, or the host's delay if that is longer. */
const robotsPollMs = 100

/** Before any page of the host. */
const robotsPriority = Number.MAX_SAFE_INTEGER

/** RFC 9309 section 2.3.1.2: at least five. */
const maxRobotsRedirects = 5

export class Visitor {
  readonly #parts: Stages
  readonly #robotsOptions: RobotsOptions
  readonly #pageLimits: FetchLimits
  readonly #robotsLimits: FetchLimits
  /** Origins whose robots.txt is being fetched: one at a time is enough. */
  readonly #robotsInFlight = new Set<string>()
  readonly #hosts: HostVisits

  constructor(parts: Stages) {
    this.#parts = parts
    this.#hosts = new HostVisits(parts)
    const { options, identity } = parts
    this.#robotsOptions = { ...options, productToken: identity.productToken, maxRobotsRedirects }
    this.#pageLimits = options
    this.#robotsLimits = { maxBodyBytes: maxRobotsBytes + 1, totalTimeoutMs: options.robotsTimeoutMs, truncate: true }
  }

  /** Spends a turn, and hands what came of it to `settle`. */
  visit(turn: Turn, settle: (spent: Spent) => Promise<void>): Promise<void> {
    return this.#hosts.during(turn, async () => {
      const spent = await this.#spend(turn)
      try {
        await settle(withPace(spent, this.#hosts.latestPace(turn)))
      } finally {
        spent.release?.()
      }
    })
  }

  async #spend(turn: Turn): Promise<Spent> {
    const { identity, clock, options } = this.#parts
    const { request, robots } = turn
    if (!identity.mayVisit(turn.host)) return refuse(turn, 'no_contact', 'no `contact` is set', clock.now())
    const pace = this.#hosts.latestPace(turn)
    if (pace?.putAside !== undefined) {
      return refuse(turn, pace.putAside, `${turn.host} asks for a longer rest`, clock.now())
    }
    // Another turn of the host, which was out with this one, has learnt that it is to be left alone.
    if (pace !== undefined && pace.nextVisitAt > clock.now()) return this.#wait(turn, 0, {})
    if (request.kind === 'robots') return this.#learnRules(turn, request.origin, request.url)

    const verdict = judge(robots, request.url, clock.now(), this.#robotsOptions)
    switch (verdict.kind) {
      case 'allowed': {
        const crawlDelayMs = this.#hosts.crawlDelayOf(robots) ?? 0
        // Rules that were read at another host, where a redirect led, set the pace from here on.
        if (crawlDelayMs > Math.max(pace?.delayMs ?? 0, options.delayMs))
          return this.#wait(turn, crawlDelayMs, { crawlDelayMs, delayMs: crawlDelayMs, waitsFor: 'Crawl-delay' })
        return this.#fetchPage(turn, request)
      }
      case 'disallowed':
        return skip(request, 'disallowed', `line ${verdict.line} of robots.txt: ${verdict.rule}`)
      case 'unknown':
        return this.#learnRules(turn, originOf(request.url), robotsUrlOf(originOf(request.url)))
      case 'pending':
        return this.#waitForRules(turn)
      case 'crawl_delay_too_long':
        return skip(
          request,
          'crawl_delay_too_long',
          `Crawl-delay of ${verdict.crawlDelayMs} ms (maxCrawlDelayMs is ${options.maxCrawlDelayMs})`,
        )
      case 'unreachable':
        if (verdict.retryAt === undefined) return skip(request, 'robots_unreachable', verdict.note)
        return this.#wait(turn, verdict.retryAt - clock.now(), { waitsFor: 'robots.txt' })
      default:
        return verdict satisfies never
    }
  }

  /** Spends a turn on a robots.txt, or on a hop of its redirects. */
  async #learnRules(turn: Turn, origin: string, url: string): Promise<Spent> {
    const { request } = turn
    const { clock } = this.#parts
    if (this.#robotsInFlight.has(origin)) return this.#waitForRules(turn)
    this.#robotsInFlight.add(origin)
    const release = () => void this.#robotsInFlight.delete(origin)
    const outcome = await this.#hosts.request(turn, url, this.#robotsLimits)
    const hops = request.kind === 'robots' ? request.redirects.length : 0
    const robots = recordOf(origin, url, outcome, hops, turn.robots, this.#robotsOptions)
    // At another host, where a redirect led, this origin's Crawl-delay says nothing.
    const event = this.#hosts.paceAfter(turn, url, outcome, 'robots', request.kind === 'page' ? robots : undefined)
    const events: CrawlEvent[] = [event, { kind: 'robots', origin, record: robots }]

    if (request.kind === 'page' && robots.kind === 'unreachable') {
      const { retryAt, note } = robots
      const spent =
        retryAt === undefined
          ? skip(request, 'robots_unreachable', note)
          : this.#wait(turn, retryAt - clock.now(), { waitsFor: 'robots.txt' })
      return { settlement: { ...spent.settlement, robots }, events: [...events, ...spent.events], release }
    }
    const redirects = request.kind === 'robots' ? [...request.redirects, url] : [url]
    const hop = robots.kind === 'redirected' && outcome.kind === 'redirect' ? outcome.target : undefined
    const follows: CrawlRequest[] =
      hop === undefined ? [] : [{ kind: 'robots', origin, url: hop, priority: robotsPriority, attempt: 0, redirects }]
    if (request.kind === 'robots') {
      return { settlement: { kind: 'ended', end: undefined, items: [], robots, follows }, events, release }
    }
    return { settlement: { kind: 'again', request, notBefore: 0, robots, follows }, events, release }
  }

  /** Rules are on their way: the host, and not each request of its line, is looked at again after a while. */
  #waitForRules(turn: Turn): Spent {
    const delayMs = turn.pace?.delayMs ?? this.#parts.options.delayMs
    return this.#wait(turn, Math.max(robotsPollMs, delayMs), { waitsFor: 'robots.txt' })
  }

  /** Spends no request: the host waits, and the request keeps its place. */
  #wait(turn: Turn, forMs: number, change: Partial<HostPace>): Spent {
    this.#hosts.hold(turn, this.#parts.clock.now() + forMs, change)
    return { settlement: { kind: 'again', request: turn.request, notBefore: 0, follows: [] }, events: [] }
  }

  async #fetchPage(turn: Turn, request: PageRequest): Promise<Spent> {
    const { options } = this.#parts
    const outcome = await this.#hosts.request(turn, request.url, this.#pageLimits)
    const event = this.#hosts.paceAfter(turn, request.url, outcome, 'page', turn.robots)
    switch (outcome.kind) {
      case 'page':
        return this.#parse(request, outcome, event)
      case 'redirect':
        return this.#redirect(request, outcome, event)
      case 'retry': {
        const { reason, message } = outcome
        if (request.attempt >= options.maxRetries) return end(request, { state: 'failed', reason }, { event, message })
        const again: Again = {
          kind: 'again',
          request: { ...request, attempt: request.attempt + 1 },
          notBefore: 0,
          follows: [],
        }
        return { settlement: again, events: [event, { kind: 'retry', request, reason, message }] }
      }
      case 'failed':
        return end(request, { state: 'failed', reason: outcome.reason }, { event, message: outcome.message })
      default:
        return outcome satisfies never
    }
  }

  /** A redirect is a follow of the same depth: scope, seen, robots and throttle of its target are asked as for any other. */
  #redirect(request: PageRequest, { target, status }: RedirectOutcome, event: CrawlEvent): Spent {
    const redirects = [...request.redirects, request.url]
    const { maxRedirects } = this.#parts.options
    if (redirects.includes(target)) {
      const message = `Status ${status} leads back to ${target}: GET ${request.url}`
      return end(request, { state: 'failed', reason: 'redirect_loop' }, { event, message })
    }
    if (redirects.length > maxRedirects) {
      const message = `More than ${maxRedirects} redirects, the last to ${target}: GET ${request.url} (raise maxRedirects)`
      return end(request, { state: 'failed', reason: 'too_many_redirects' }, { event, message })
    }
    const follow: PageRequest = { ...request, url: target, attempt: 0, redirects }
    return end(request, { state: 'done', reason: 'redirected' }, { event, follows: [follow] })
  }

  async #parse(request: PageRequest, outcome: PageOutcome, event: CrawlEvent): Promise<Spent> {
    const { spider, args, items, options } = this.#parts
    const page = new Page({ ...request, ...outcome, decode: decodeText, args })
    const places = items.openPlaces()
    let finds: Finds
    try {
      finds = await collectFinds(spider, request, page, places, options.maxFindsPerPage)
    } catch (error) {
      places.giveBack()
      const message = `Parser \`${request.parser}\` failed: ${messageOf(error)}: ${request.url}`
      return end(request, { state: 'failed', reason: 'parser' }, { event, message, error })
    }
    const refusals = finds.refusals.map((message): CrawlEvent => ({ kind: 'item_refused', request, message }))
    const details = { event, skippedLinks: page.skippedLinks, follows: finds.follows, items: finds.items }
    const spent = end(request, { state: 'done', reason: 'fetched' }, details)
    return { ...spent, events: [...spent.events, ...refusals], places }
  }
}

/** The pace is the host's, as it is known when the turn is settled: other turns may have learnt more. */
function withPace(spent: Spent, pace: HostPace | undefined): Spent {
  return pace === undefined ? spent : { ...spent, settlement: { ...spent.settlement, pace } }
}

interface EndDetails {
  /** What happened on the way to the end. */
  readonly event?: CrawlEvent
  readonly follows?: readonly CrawlRequest[]
  readonly items?: readonly unknown[]
  readonly skippedLinks?: number
  readonly message?: string
  readonly error?: unknown
}

function end(request: PageRequest, state: EndState, details: EndDetails): Spent {
  const { event, follows = [], items = [], skippedLinks = 0, message, error } = details
  const settlement: Ended = {
    kind: 'ended',
    end: state,
    follows,
    items,
  }
  const ended: CrawlEvent = {
    kind: 'ended',
    request,
    end: state,
    items: items.length,
    follows: follows.length,
    skippedLinks,
    message,
    error,
  }
  return { settlement, events: event === undefined ? [ended] : [event, ended] }
}

/** A host that must not be asked: its pages are skipped, and an origin whose robots.txt is there gets no rules. */
function refuse({ request }: Turn, reason: SkipReason, message: string, now: number): Spent {
  if (request.kind === 'page') return skip(request, reason, message)
  const record = giveUpOn(request.origin, `${message}: GET ${request.url}`, now)
  const settlement: Ended = { kind: 'ended', end: undefined, follows: [], items: [], robots: record }
  return { settlement, events: [{ kind: 'robots', origin: request.origin, record }] }
}

const skip = (request: PageRequest, reason: SkipReason, message: string) =>
  end(request, { state: 'skipped', reason }, { message })
