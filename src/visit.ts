/**
 * What a turn is spent on: a robots.txt (robots-visit.ts), a page (page-visit.ts), a sitemap (sitemap-visit.ts), or on no request at all. Nothing
 * here is committed; walk.ts does that.
 *
 * Here the stages meet, which know nothing of one another. Every request goes through host-visits.ts, unless errands.ts has its answer.
 */
import { cached, Errands } from './errands.ts'
import type { CrawlEvent } from './events.ts'
import type { KeptAnswers } from './fetcher/cache/kept-answers.ts'
import type { Fetcher } from './fetcher/fetcher.ts'
import type { Turn } from './frontier/frontier.ts'
import type { HostPace } from './host.ts'
import { type Errand, HostVisits, type Place } from './host-visits.ts'
import type { Answered } from './outcome.ts'
import { PageVisits, type PageVisitsParts } from './page-visit.ts'
import type { Crowds } from './politeness/crowds.ts'
import type { Identity } from './politeness/identity.ts'
import type { Throttle } from './politeness/throttle.ts'
import type { CrawlRequest, SitemapRequest } from './request.ts'
import { isReplayed, RobotsVisits } from './robots-visit.ts'
import type { SitemapVisits } from './sitemap-visit.ts'
import { again, block, defer, endOther, refuse, type Spent, sitemapFault, skip, withAnswer } from './spent.ts'

/** The stages that a turn goes through. */
export interface Stages extends PageVisitsParts {
  /** Pages are judged, and not fetched. */
  readonly isPlan: boolean
  readonly identity: Identity
  readonly fetcher: Fetcher
  /** The answers of earlier requests; `undefined` if none are kept. */
  readonly kept: KeptAnswers | undefined
  readonly throttle: Throttle
  readonly crowds: Crowds
  /** `undefined` for a spider that asks for none. */
  readonly sitemaps: SitemapVisits | undefined
  readonly random: () => number
}

export class Visitor {
  readonly #parts: Stages
  readonly #hosts: HostVisits
  readonly #errands: Errands
  readonly #robots: RobotsVisits
  readonly #pages: PageVisits

  constructor(parts: Stages) {
    this.#parts = parts
    const { options, clock, fetcher, kept } = parts
    this.#hosts = new HostVisits({ ...parts, startedAt: clock.now() })
    this.#errands = new Errands({ hosts: this.#hosts, kept, fetcher })
    this.#robots = new RobotsVisits(this.#hosts, this.#errands, options, clock)
    this.#pages = new PageVisits(parts)
  }

  /**
   * Spends a turn, and hands what came of it to `settle`: that its request is to be made again, if no visit begins any more.
   */
  visit(turn: Turn, place: Place, settle: (spent: Spent) => Promise<void>): Promise<void> {
    return this.#hosts.during(turn, place, async () => {
      const spent = this.#pages.withoutRest(turn, await this.#spendAt(turn, place))
      try {
        await settle(withPace(spent, this.#hosts.latestPace(turn)))
      } finally {
        spent.release?.()
      }
    })
  }

  async #spendAt(turn: Turn, place: Place): Promise<Spent> {
    if (place.isOver()) return again(turn.request)
    // Where answers are kept, many a turn makes no request.
    const spent = this.#parts.kept === undefined ? undefined : await this.#spend(turn)
    if (spent !== undefined) return spent
    if (!(await this.#hosts.enter(turn, place))) return this.#hosts.wait(turn, 0, {})
    // It may have taken a while: all is asked anew.
    return place.isOver() ? again(turn.request) : ((await this.#spend(turn)) ?? again(turn.request))
  }

  /** `undefined` if a request is to be made, and there is no room for it yet. */
  async #spend(turn: Turn): Promise<Spent | undefined> {
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
        if (request.kind === 'sitemap') return this.#askForSitemap(turn, request, verdict.rule)
        if (isPlan) return skip(request, 'planned', 'the crawl only plans')
        const { file, url } = request
        if (file !== undefined && !this.#hosts.hasRoom(turn)) return undefined
        const limits = file === undefined ? this.#parts.options : await this.#pages.limitsOf(url, file)
        const errand = this.#hosts.errandFor(turn, 'page', limits, verdict.rule)
        return this.#ask(turn, errand, (outcome) => this.#pages.after(request, outcome))
      }
      case 'disallowed': {
        const where = verdict.line === 0 ? '' : `line ${verdict.line} of robots.txt: `
        const message = where + verdict.rule
        if (request.kind === 'page') return skip(request, 'disallowed', message)
        return refuse(turn, message, now)
      }
      case 'unknown':
        return this.#robots.learnOf(turn)
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

  async #askForSitemap(turn: Turn, request: SitemapRequest, rule: string | undefined): Promise<Spent | undefined> {
    const { sitemaps } = this.#parts
    if (sitemaps === undefined) return noSitemaps(request)
    const known = sitemaps.named(request, this.#hosts.latestRobots(turn))
    if (known !== undefined) return known
    const errand = this.#hosts.errandFor(turn, 'sitemap', sitemaps.limits, rule)
    return this.#ask(turn, errand, (outcome) => sitemaps.after(request, outcome))
  }

  /** Gets the answer, from what is kept or by a request, and hands it on. */
  async #ask(turn: Turn, errand: Errand, after: (outcome: Answered) => Promise<Spent>): Promise<Spent | undefined> {
    const recalled = await this.#errands.recall(errand)
    const { outcome } = recalled
    if (outcome !== undefined) return withAnswer(await after(outcome), cached(outcome))
    if (isReplayed(this.#hosts.latestRobots(turn))) return this.#robots.learnOf(turn)
    if (!this.#hosts.hasRoom(turn)) return undefined
    const answer = await this.#errands.send(turn, errand, recalled)
    if (answer === undefined) return this.#hosts.wait(turn, 0, {})
    if (answer.outcome !== undefined) return withAnswer(await after(answer.outcome), answer)
    return withAnswer(again(turn.request, retryOf(turn.request)), answer)
  }
}

/** A 304 speaks of another answer than was asked about, or of one that has gone from the cache meanwhile. */
function retryOf(request: CrawlRequest): readonly CrawlEvent[] {
  const message = `Status 304, of what is not kept: GET ${request.url}`
  return request.kind === 'page' ? [{ kind: 'retry', request, reason: 'http_304', message }] : []
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
