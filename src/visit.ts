/**
 * What a turn is spent on: a robots.txt (robots-visit.ts), a page (page-visit.ts), a sitemap (sitemap-visit.ts), or on no request at all. Nothing
 * here is committed; walk.ts does that.
 *
 * Here the stages meet, which know nothing of one another. Every request goes through host-visits.ts.
 */
import { originOf } from './canonical-url.ts'
import type { CookieJar } from './fetcher/cookies.ts'
import type { Fetcher } from './fetcher/fetcher.ts'
import type { Turn } from './frontier/frontier.ts'
import type { HostPace } from './host.ts'
import { HostVisits, type Place } from './host-visits.ts'
import { PageVisits, type PageVisitsParts } from './page-visit.ts'
import type { Crowds } from './politeness/crowds.ts'
import type { Identity } from './politeness/identity.ts'
import { robotsUrlOf } from './politeness/robots.ts'
import type { Throttle } from './politeness/throttle.ts'
import type { SitemapRequest } from './request.ts'
import { RobotsVisits } from './robots-visit.ts'
import type { SitemapVisits } from './sitemap-visit.ts'
import { again, block, defer, endOther, refuse, type Spent, sitemapFault, skip, withSent } from './spent.ts'

/** The stages that a turn goes through. */
export interface Stages extends PageVisitsParts {
  /** Pages are judged, and not fetched. */
  readonly isPlan: boolean
  readonly identity: Identity
  readonly fetcher: Fetcher
  readonly jar: CookieJar
  readonly throttle: Throttle
  readonly crowds: Crowds
  /** `undefined` for a spider that asks for none. */
  readonly sitemaps: SitemapVisits | undefined
  readonly random: () => number
}

/** A host whose neighbours leave it no room is looked at again after this. */
const crowdedMs = 1_000

export class Visitor {
  readonly #parts: Stages
  readonly #hosts: HostVisits
  readonly #robots: RobotsVisits
  readonly #pages: PageVisits

  constructor(parts: Stages) {
    this.#parts = parts
    const { options, clock } = parts
    this.#hosts = new HostVisits({ ...parts, startedAt: clock.now() })
    this.#robots = new RobotsVisits(this.#hosts, options, clock)
    this.#pages = new PageVisits(this.#hosts, parts)
  }

  /**
   * Spends a turn, and hands what came of it to `settle`: that its request is to be made again, if no visit begins any more.
   */
  visit(turn: Turn, place: Place, settle: (spent: Spent) => Promise<void>): Promise<void> {
    return this.#hosts.during(turn, place, async (hasRoom) => {
      const spent = place.isOver()
        ? again(turn.request)
        : hasRoom
          ? await this.#spend(turn)
          : this.#hosts.wait(turn, crowdedMs, {})
      try {
        await settle(withCookies(withPace(spent, this.#hosts.latestPace(turn)), this.#parts.jar))
      } finally {
        spent.release?.()
      }
    })
  }

  async #spend(turn: Turn): Promise<Spent> {
    const { identity, fetcher, clock, isPlan, sitemaps } = this.#parts
    const now = clock.now()
    const { request } = turn
    if (!identity.mayVisit(turn.host)) return refuse(turn, 'no `contact` is set', now)
    // Said of what was found out when the turn began; what is found out later is refused when a connection is opened.
    const refusal = fetcher.refusalOf(turn.host)
    if (refusal !== undefined) return block(turn, refusal, now)
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
    if (pace !== undefined && pace.nextVisitAt > now) return this.#hosts.wait(turn, 0, {})
    if (request.kind === 'robots') return this.#robots.learn(turn, request.origin, request.url)

    if (request.kind === 'sitemap') {
      const surplus = sitemaps === undefined ? noSitemaps(request) : sitemaps.refusalOf(request)
      if (surplus !== undefined) return surplus
    }

    const verdict = this.#robots.judge(turn)
    switch (verdict.kind) {
      case 'allowed': {
        const crawlDelayMs = this.#hosts.crawlDelayOf(this.#hosts.latestRobots(turn)) ?? 0
        // Rules that were read at another host, where a redirect led, set the pace from here on.
        if (crawlDelayMs > (pace?.crawlDelayMs ?? 0) && crawlDelayMs > this.#parts.options.delayMs)
          return this.#hosts.wait(turn, crawlDelayMs, {
            crawlDelayMs,
            delayMs: Math.max(crawlDelayMs, pace?.delayMs ?? 0),
            waitsFor: 'Crawl-delay',
          })
        if (request.kind === 'sitemap') return this.#fetchSitemap(turn, request, verdict.rule)
        if (isPlan) return skip(request, 'planned', 'the crawl only plans')
        return this.#pages.visit(turn, request, verdict.rule)
      }
      case 'disallowed': {
        const where = verdict.line === 0 ? '' : `line ${verdict.line} of robots.txt: `
        const message = where + verdict.rule
        if (request.kind === 'page') return skip(request, 'disallowed', message)
        return refuse(turn, message, now)
      }
      case 'unknown':
        return this.#robots.learn(turn, originOf(request.url), robotsUrlOf(originOf(request.url)))
      case 'pending':
        return this.#robots.wait(turn)
      case 'crawl_delay_too_long': {
        const { maxCrawlDelayMs } = this.#parts.options
        const message = `Crawl-delay of ${verdict.crawlDelayMs} ms (maxCrawlDelayMs is ${maxCrawlDelayMs})`
        return defer(turn, 'crawl_delay_too_long', message, now)
      }
      case 'unreachable':
        return this.#robots.waitToAskAgain(turn, verdict.retryAt, verdict.note)
      default:
        return verdict satisfies never
    }
  }

  /** The budget that the host has used up. */
  #budgetCrossed({ pages, bytes, visitedMs }: HostPace): string | undefined {
    const { maxPagesPerHost, maxBytesPerHost, maxTimePerHostMs } = this.#parts.options
    if (pages >= maxPagesPerHost) return `maxPagesPerHost is ${maxPagesPerHost}`
    if (bytes >= maxBytesPerHost) return `maxBytesPerHost is ${maxBytesPerHost}`
    return visitedMs >= maxTimePerHostMs ? `maxTimePerHostMs is ${maxTimePerHostMs}` : undefined
  }

  async #fetchSitemap(turn: Turn, request: SitemapRequest, rule: string | undefined): Promise<Spent> {
    const { sitemaps } = this.#parts
    if (sitemaps === undefined) return noSitemaps(request)
    const known = sitemaps.named(request, this.#hosts.latestRobots(turn))
    if (known !== undefined) return known
    const made = await this.#hosts.request(turn, this.#hosts.errandFor(turn, 'sitemap', sitemaps.limits, rule))
    if (made === undefined) return this.#hosts.wait(turn, 0, {})
    const { event, sent } = this.#hosts.paceAfter(turn, made, this.#hosts.latestRobots(turn))
    return withSent(await sitemaps.after(request, made.outcome, event), sent)
  }
}

/** The spider has been edited since it was offered. */
const noSitemaps = (request: SitemapRequest) =>
  endOther([sitemapFault(request, `The spider asks for no sitemaps any more: ${request.url}`)])

/** Ends with a date. */
const asideWords = {
  retry_after_too_long: 'asks to be left alone until',
  keeps_failing: 'does not recover; it is left alone until',
  keeps_refusing: 'refuses us, page after page; it is left alone until',
} as const

const dateOf = (at: number) => new Date(at).toISOString()

/** The pace is the host's, as it is known when the turn is settled: other turns may have learnt more. */
function withPace(spent: Spent, pace: HostPace | undefined): Spent {
  return pace === undefined ? spent : { ...spent, settlement: { ...spent.settlement, pace } }
}

/** The same of cookies: also those that others have set and that were not settled yet, so that a state never holds an older one. */
function withCookies(spent: Spent, jar: CookieJar): Spent {
  const cookies = jar.changes()
  return cookies.length === 0 ? spent : { ...spent, settlement: { ...spent.settlement, cookies } }
}
