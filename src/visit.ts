/**
 * What a turn is spent on, and what came of it: the rules of an origin, a page, or a sitemap. Nothing here is committed; walk.ts does that.
 *
 * Here the stages meet, which know nothing of one another. Every request goes through host-visits.ts.
 */
import { hostOf, originOf } from './canonical-url.ts'
import type { Clock } from './clock.ts'
import type { PageDirectives } from './directives.ts'
import { messageOf } from './errors.ts'
import { type CrawlEvent, emptyResult } from './events.ts'
import { decodeText } from './fetcher/charset.ts'
import type { Fetcher, FetchLimits } from './fetcher/fetcher.ts'
import { fingerprint } from './frontier/fingerprint.ts'
import type { Turn } from './frontier/frontier.ts'
import type { HostPace } from './host.ts'
import { type Errand, HostVisits, type Place } from './host-visits.ts'
import type { Options } from './options.ts'
import type { PageOutcome, RedirectOutcome } from './outcome.ts'
import type { ItemStream } from './output/item-stream.ts'
import type { Crowds } from './politeness/crowds.ts'
import type { Identity } from './politeness/identity.ts'
import { combine, readMetaRobots, readRobotsTag } from './politeness/page-directives.ts'
import {
  conditionalHeaders,
  judge,
  longestRetryMs,
  type RobotsOptions,
  type RobotsVerdict,
  recordOf,
  robotsUrlOf,
} from './politeness/robots.ts'
import { maxRobotsBytes } from './politeness/robots-file.ts'
import type { Throttle } from './politeness/throttle.ts'
import type { CrawlRequest, PageRequest, SitemapRequest } from './request.ts'
import type { SentRequest } from './sent-request.ts'
import type { SitemapVisits } from './sitemap-visit.ts'
import { again, defer, end, refuse, type Spent, skip } from './spent.ts'
import { collectFinds, type Finds } from './spider/finds.ts'
import { Page } from './spider/page.ts'
import type { Spider } from './spider/spider.ts'

/** The stages that a turn goes through. */
export interface Stages {
  readonly spider: Spider
  readonly args: unknown
  readonly options: Options
  /** Pages are judged, and not fetched. */
  readonly isPlan: boolean
  readonly identity: Identity
  readonly fetcher: Fetcher
  readonly throttle: Throttle
  readonly crowds: Crowds
  readonly items: ItemStream
  /** `undefined` for a spider that asks for none. */
  readonly sitemaps: SitemapVisits | undefined
  readonly clock: Clock
  readonly random: () => number
}

/** A robots.txt that waits for another host's turn is looked for again after this, or the host's delay if that is longer. */
const robotsPollMs = 100

/** Before anything else of the host. */
const robotsPriority = Number.MAX_SAFE_INTEGER

/** RFC 9309 section 2.3.1.2: at least five. */
const maxRobotsRedirects = 5

export class Visitor {
  readonly #parts: Stages
  readonly #robotsOptions: RobotsOptions
  readonly #robotsLimits: FetchLimits
  readonly #lawless: ReadonlySet<string>
  /** Origins whose robots.txt is being fetched: one at a time is enough. */
  readonly #robotsInFlight = new Set<string>()
  readonly #hosts: HostVisits

  constructor(parts: Stages) {
    this.#parts = parts
    const { options, identity, clock } = parts
    this.#hosts = new HostVisits({ ...parts, startedAt: clock.now() })
    this.#robotsOptions = { ...options, productToken: identity.productToken, maxRobotsRedirects }
    this.#robotsLimits = { maxBodyBytes: maxRobotsBytes + 1, totalTimeoutMs: options.robotsTimeoutMs, truncate: true }
    this.#lawless = new Set(options.ignoreRobotsOf.map((host) => hostOf(`http://${host}/`)))
  }

  /**
   * Spends a turn, and hands what came of it to `settle`: that its request is to be made again, if no visit begins any more.
   */
  visit(turn: Turn, place: Place, settle: (spent: Spent) => Promise<void>): Promise<void> {
    return this.#hosts.during(turn, place, async () => {
      const spent = place.isOver() ? again(turn.request) : await this.#spend(turn)
      try {
        await settle(withPace(spent, this.#hosts.latestPace(turn)))
      } finally {
        spent.release?.()
      }
    })
  }

  async #spend(turn: Turn): Promise<Spent> {
    const { identity, clock, isPlan } = this.#parts
    const now = clock.now()
    const { request } = turn
    if (!identity.mayVisit(turn.host)) return refuse(turn, 'no `contact` is set', now)
    const pace = this.#hosts.latestPace(turn)
    if (pace !== undefined && pace.asideUntil > now && pace.asideReason !== undefined)
      return defer(
        turn,
        pace.asideReason,
        `${turn.host} ${asideWords[pace.asideReason]} ${dateOf(pace.asideUntil)}`,
        now,
      )
    const overBudget = pace === undefined || request.kind === 'robots' ? undefined : this.#budgetCrossed(pace)
    if (overBudget !== undefined)
      return defer(turn, 'over_budget', `${turn.host} has had its share (${overBudget})`, now)
    // Another turn of the host, which was out with this one, has learnt that it is to be left alone.
    if (pace !== undefined && pace.nextVisitAt > now) return this.#wait(turn, 0, {})
    if (request.kind === 'robots') return this.#learnRules(turn, request.origin, request.url)

    const verdict = this.#judge(turn, request.url)
    switch (verdict.kind) {
      case 'allowed': {
        const crawlDelayMs = this.#hosts.crawlDelayOf(this.#hosts.latestRobots(turn)) ?? 0
        // Rules that were read at another host, where a redirect led, set the pace from here on.
        if (crawlDelayMs > (pace?.crawlDelayMs ?? 0) && crawlDelayMs > this.#parts.options.delayMs)
          return this.#wait(turn, crawlDelayMs, {
            crawlDelayMs,
            delayMs: Math.max(crawlDelayMs, pace?.delayMs ?? 0),
            waitsFor: 'Crawl-delay',
          })
        if (request.kind === 'sitemap') return this.#fetchSitemap(turn, request, verdict.rule)
        if (isPlan) return skip(request, 'planned', 'the crawl only plans')
        return this.#fetchPage(turn, request, verdict.rule)
      }
      case 'disallowed': {
        const where = verdict.line === 0 ? '' : `line ${verdict.line} of robots.txt: `
        const message = where + verdict.rule
        if (request.kind === 'page') return skip(request, 'disallowed', message)
        return refuse(turn, message, now)
      }
      case 'unknown':
        return this.#learnRules(turn, originOf(request.url), robotsUrlOf(originOf(request.url)))
      case 'pending':
        return this.#waitForRules(turn)
      case 'crawl_delay_too_long': {
        const { maxCrawlDelayMs } = this.#parts.options
        const message = `Crawl-delay of ${verdict.crawlDelayMs} ms (maxCrawlDelayMs is ${maxCrawlDelayMs})`
        return defer(turn, 'crawl_delay_too_long', message, now)
      }
      case 'unreachable':
        return this.#waitToAskAgain(turn, verdict.retryAt, verdict.note)
      default:
        return verdict satisfies never
    }
  }

  /** Asked right before a request is sent: the rules may have been renewed since its URL was found. */
  #judge(turn: Turn, url: string): RobotsVerdict {
    const verdict = judge(this.#hosts.latestRobots(turn), url, this.#parts.clock.now(), this.#robotsOptions)
    const isNo =
      verdict.kind === 'disallowed' || verdict.kind === 'unreachable' || verdict.kind === 'crawl_delay_too_long'
    return isNo && this.#lawless.has(turn.host) ? { kind: 'allowed', rule: 'ignored: ignoreRobotsOf' } : verdict
  }

  /** The budget that the host has used up. */
  #budgetCrossed({ pages, bytes, visitedMs }: HostPace): string | undefined {
    const { maxPagesPerHost, maxBytesPerHost, maxTimePerHostMs } = this.#parts.options
    if (pages >= maxPagesPerHost) return `maxPagesPerHost is ${maxPagesPerHost}`
    if (bytes >= maxBytesPerHost) return `maxBytesPerHost is ${maxBytesPerHost}`
    return visitedMs >= maxTimePerHostMs ? `maxTimePerHostMs is ${maxTimePerHostMs}` : undefined
  }

  /** Spends a turn on a robots.txt, or on a hop of its redirects. */
  async #learnRules(turn: Turn, origin: string, url: string): Promise<Spent> {
    const { request } = turn
    if (this.#robotsInFlight.has(origin)) return this.#waitForRules(turn)
    this.#robotsInFlight.add(origin)
    const release = () => void this.#robotsInFlight.delete(origin)
    const before = this.#hosts.latestRobots(turn)
    const headers = conditionalHeaders(before, url)
    const limits = { ...this.#robotsLimits, headers }
    const made = await this.#hosts.request(turn, {
      purpose: 'robots',
      url,
      limits,
      rule: 'RFC 9309 section 2.2.2: /robots.txt is allowed',
      rulesVersion: undefined,
    })
    const { outcome } = made
    const hops = request.kind === 'robots' ? request.redirects.length : 0
    const robots = recordOf(origin, url, outcome, hops, before, this.#robotsOptions)
    this.#hosts.learn(robots)
    // At another host, where a redirect led, this origin's Crawl-delay says nothing.
    const { event, sent } = this.#hosts.paceAfter(turn, made, request.kind === 'robots' ? undefined : robots)
    const events: CrawlEvent[] = [event, { kind: 'robots', origin, record: robots }]

    if (request.kind !== 'robots' && robots.kind === 'unreachable' && !this.#lawless.has(turn.host)) {
      const spent = this.#waitToAskAgain(turn, robots.retryAt, robots.note)
      return { settlement: { ...spent.settlement, robots, sent }, events: [...events, ...spent.events], release }
    }
    const redirects = request.kind === 'robots' ? [...request.redirects, url] : [url]
    const hop = robots.kind === 'redirected' && outcome.kind === 'redirect' ? outcome.target : undefined
    const follows: CrawlRequest[] =
      hop === undefined ? [] : [{ kind: 'robots', origin, url: hop, priority: robotsPriority, attempt: 0, redirects }]
    if (request.kind === 'robots') {
      return { settlement: { kind: 'ended', end: undefined, items: [], robots, follows, sent }, events, release }
    }
    return { settlement: { kind: 'again', request, notBefore: 0, robots, follows, sent }, events, release }
  }

  /** The rules could not be read. */
  #waitToAskAgain(turn: Turn, retryAt: number | undefined, note: string): Spent {
    const { clock, options } = this.#parts
    const now = clock.now()
    // As with every Retry-After: nobody waits for longer than the crawl has patience for.
    const patienceMs = Math.max(options.maxRetryAfterMs, longestRetryMs)
    if (retryAt !== undefined && retryAt - now <= patienceMs)
      return this.#wait(turn, retryAt - now, { waitsFor: 'robots.txt' })
    // A host that is aside says so itself, on its next turn.
    const isAside = (this.#hosts.latestPace(turn)?.asideUntil ?? 0) > now
    return isAside ? again(turn.request) : defer(turn, 'robots_unreachable', note, now)
  }

  /** Rules are on their way: the host, and not each request of its line, is looked at again after a while. */
  #waitForRules(turn: Turn): Spent {
    const delayMs = turn.pace?.delayMs ?? this.#parts.options.delayMs
    return this.#wait(turn, Math.max(robotsPollMs, delayMs), { waitsFor: 'robots.txt' })
  }

  /** Spends no request: the host waits, and the request keeps its place. */
  #wait(turn: Turn, forMs: number, change: Partial<HostPace>): Spent {
    this.#hosts.hold(turn, this.#parts.clock.now() + forMs, change)
    return again(turn.request)
  }

  async #fetchSitemap(turn: Turn, request: SitemapRequest, rule: string | undefined): Promise<Spent> {
    const { sitemaps } = this.#parts
    if (sitemaps === undefined) throw new Error(`A sitemap is asked for, and the spider has none: ${request.url}`)
    const known = sitemaps.before(request, this.#hosts.latestRobots(turn))
    if (known !== undefined) return known
    const made = await this.#hosts.request(turn, this.#errand(turn, 'sitemap', sitemaps.limits, rule))
    const { event, sent } = this.#hosts.paceAfter(turn, made, this.#hosts.latestRobots(turn))
    return withSent(await sitemaps.after(request, made.outcome, event), sent)
  }

  async #fetchPage(turn: Turn, request: PageRequest, rule: string | undefined): Promise<Spent> {
    const { options } = this.#parts
    const made = await this.#hosts.request(turn, this.#errand(turn, 'page', options, rule))
    const { event, sent } = this.#hosts.paceAfter(turn, made, this.#hosts.latestRobots(turn))
    const { outcome } = made
    switch (outcome.kind) {
      case 'page':
        return withSent(await this.#parse(request, outcome, event), sent)
      case 'redirect':
        return withSent(this.#redirect(request, outcome, event), sent)
      case 'retry': {
        const { reason, message } = outcome
        if (request.attempt >= options.maxRetries)
          return withSent(end(request, { state: 'failed', reason }, { events: [event], message }), sent)
        const next = { ...request, attempt: request.attempt + 1 }
        return withSent(again(next, [event, { kind: 'retry', request, reason, message }]), sent)
      }
      case 'failed': {
        const { reason, message } = outcome
        return withSent(end(request, { state: 'failed', reason }, { events: [event], message }), sent)
      }
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
      return end(request, { state: 'failed', reason: 'redirect_loop' }, { events: [event], message })
    }
    if (redirects.length > maxRedirects) {
      const message = `More than ${maxRedirects} redirects, the last to ${target}: GET ${request.url} (raise maxRedirects)`
      return end(request, { state: 'failed', reason: 'too_many_redirects' }, { events: [event], message })
    }
    const follow: PageRequest = { ...request, url: target, attempt: 0, redirects }
    return end(request, { state: 'done', reason: 'redirected' }, { events: [event], follows: [follow] })
  }

  async #parse(request: PageRequest, outcome: PageOutcome, event: CrawlEvent): Promise<Spent> {
    const { spider, args, items, options } = this.#parts
    const page = new Page({ ...request, ...outcome, decode: decodeText, args, ...this.#signals })
    const places = items.openPlaces()
    let finds: Finds
    let asked: PageDirectives
    try {
      // Before the parser, which may take parts of the page away.
      asked = page.directives
      finds = await collectFinds(spider, request, page, places, options.maxFindsPerPage)
    } catch (error) {
      places.giveBack()
      const message = `Parser \`${request.parser}\` failed: ${messageOf(error)}: ${request.url}`
      return end(request, { state: 'failed', reason: 'parser' }, { events: [event], message, error })
    }
    const { noindex, nofollow, all } = asked
    const isWithheld = noindex && !options.keepNoindex
    if (isWithheld) places.giveBack()
    const isDeadEnd = nofollow && !options.followNofollow
    const { follows, refusals } = finds
    const events = [
      event,
      ...(isDeadEnd && follows.length > 0 ? [dropped(follows.length)] : []),
      ...refusals.map((message): CrawlEvent => ({ kind: 'item_refused', request, message })),
    ]
    const spent = end(
      request,
      { state: 'done', reason: 'fetched' },
      {
        events,
        skippedLinks: page.skippedLinks,
        nofollowLinks: page.nofollowLinks,
        follows: isDeadEnd ? [] : follows,
        items: isWithheld ? [] : finds.items,
        itemsWithheld: isWithheld ? finds.items.length : 0,
        content: follows.length === 0 ? undefined : fingerprint(outcome.body),
        directives: all.length === 0 ? undefined : all,
      },
    )
    return isWithheld ? spent : { ...spent, places }
  }

  #errand(turn: Turn, purpose: Errand['purpose'], limits: FetchLimits, rule: string | undefined): Errand {
    const robots = this.#hosts.latestRobots(turn)
    const rulesVersion = robots?.kind === 'rules' ? robots.version : undefined
    return { purpose, url: turn.request.url, limits, rule: rule ?? 'no rule', rulesVersion }
  }

  /** How a page tells what it asks of robots. */
  get #signals(): Pick<ConstructorParameters<typeof Page>[0], 'directivesOf' | 'followNofollow'> {
    const { identity, options, clock } = this.#parts
    const { productToken } = identity
    return {
      followNofollow: options.followNofollow,
      directivesOf: (headers, metas) =>
        combine(
          readRobotsTag(headers['x-robots-tag'], productToken, clock.now()),
          readMetaRobots(metas, productToken, clock.now()),
        ),
    }
  }
}

/** Ends with a date. */
const asideWords = {
  retry_after_too_long: 'asks to be left alone until',
  keeps_failing: 'does not recover; it is left alone until',
  keeps_refusing: 'refuses us, page after page; it is left alone until',
} as const

const dateOf = (at: number) => new Date(at).toISOString()

function withSent(spent: Spent, sent: SentRequest): Spent {
  return { ...spent, settlement: { ...spent.settlement, sent } }
}

/** The pace is the host's, as it is known when the turn is settled: other turns may have learnt more. */
function withPace(spent: Spent, pace: HostPace | undefined): Spent {
  return pace === undefined ? spent : { ...spent, settlement: { ...spent.settlement, pace } }
}

/** Follows of a page that says nofollow. */
const dropped = (nofollow: number): CrawlEvent => ({ kind: 'offered', result: { ...emptyResult(), nofollow } })
