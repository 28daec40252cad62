/**
 * A turn that is spent on a sitemap (sitemaps.org protocol 0.9): its URLs are offered to the frontier as they are read, and wait for their
 * hosts' turns like any others.
 *
 * They are offered in batches before the turn is settled, for a sitemap may name 50,000. If the process is killed in between, the sitemap
 * is read again, and what was offered is known.
 */
import { hostOf } from './canonical-url.ts'
import type { CrawlEvent } from './events.ts'
import type { FetchLimits } from './fetcher/outcome-of.ts'
import { waitBeforeRetry } from './fetcher/retry-policy.ts'
import type { RobotsRecord } from './host.ts'
import type { Options } from './options.ts'
import type { Answered, PageOutcome } from './outcome.ts'
import { robotsUrlOf } from './politeness/robots.ts'
import type { CrawlRequest, PageRequest, SitemapRequest } from './request.ts'
import { again, endOther, type Spent, sitemapFault } from './spent.ts'
import type { Sitemaps } from './spider/sitemap/check-sitemaps.ts'
import { sitemapFilter } from './spider/sitemap/filter.ts'
import { readSitemap, type SitemapPart, sitemapLimits } from './spider/sitemap/sitemap.ts'

/** Before any page of the host, and after its robots.txt. */
const sitemapPriority = Number.MAX_SAFE_INTEGER - 1

/** sitemaps.org knows one level of indexes; some sites have two. */
const maxLevel = 2

interface SitemapVisitsParts {
  readonly sitemaps: Sitemaps
  readonly options: Pick<Options, 'maxSitemaps' | 'maxRetries' | 'maxRedirects' | 'totalTimeoutMs'>
  readonly offer: (requests: readonly CrawlRequest[]) => Promise<void>
  /** Sitemaps that came to their end in earlier runs. */
  readonly requested: number
}

/** What a spider that asks for sitemaps offers besides its seeds. */
export function sitemapSeeds({ urls }: Sitemaps, origins: Iterable<string>): readonly SitemapRequest[] {
  if (urls.length > 0) return urls.map((url) => sitemapRequest(url, '', 0))
  return [...new Set(origins)].map((origin) => ({
    ...sitemapRequest(robotsUrlOf(origin), origin, 0),
    isDiscovery: true,
  }))
}

const sitemapRequest = (url: string, origin: string, level: number): SitemapRequest => {
  return {
    kind: 'sitemap',
    url,
    origin,
    level,
    isDiscovery: false,
    priority: sitemapPriority,
    attempt: 0,
    redirects: [],
  }
}

export class SitemapVisits {
  readonly limits: FetchLimits
  readonly #parts: SitemapVisitsParts
  readonly #passes: (part: SitemapPart) => boolean
  /** Those that are asked for: `maxSitemaps` at most. */
  readonly #admitted = new Set<string>()

  constructor(parts: SitemapVisitsParts) {
    this.#parts = parts
    this.#passes = sitemapFilter(parts.sitemaps)
    const { totalTimeoutMs } = parts.options
    const remedies = { body_too_large: 'no sitemap may be larger' }
    this.limits = { maxBodyBytes: sitemapLimits.maxBytes, totalTimeoutMs, remedies }
  }

  /**
   * Why a sitemap is not to be asked for, and not even its host's robots.txt; `undefined` if it may be. Asked at each turn of the request, of
   * which the first ones are spent on robots.txt.
   */
  refusalOf(request: SitemapRequest): Spent | undefined {
    const { maxSitemaps } = this.#parts.options
    const [first = request.url] = request.redirects
    if (asksRobots(request) || this.#admitted.has(first)) return undefined
    if (this.#admitted.size + this.#parts.requested >= maxSitemaps)
      return endOther([sitemapFault(request, `More than ${maxSitemaps} sitemaps (raise maxSitemaps)`)])
    this.#admitted.add(first)
    return undefined
  }

  /** The sitemaps that robots.txt names, or a guess, for a request that asks which there are; `undefined` for one that is to be fetched. */
  named(request: SitemapRequest, robots: RobotsRecord | undefined): Spent | undefined {
    if (!asksRobots(request)) return undefined
    const named = robots?.kind === 'rules' ? robots.rules.sitemaps : []
    const guess = { ...request, url: `${request.origin}/sitemap.xml` }
    return endOther([], named.length === 0 ? [guess] : named.map((url) => sitemapRequest(url, request.origin, 0)))
  }

  /** What came of one that was asked for. */
  async after(request: SitemapRequest, outcome: Answered): Promise<Spent> {
    const { maxRetries, maxRedirects } = this.#parts.options
    switch (outcome.kind) {
      case 'page':
        return this.#read(request, outcome)
      case 'redirect': {
        const redirects = [...request.redirects, request.url]
        if (redirects.length > maxRedirects || redirects.includes(outcome.target))
          return endOther([
            sitemapFault(request, `Too many redirects, the last to ${outcome.target}: GET ${request.url}`),
          ])
        return endOther([], [{ ...request, url: outcome.target, attempt: 0, redirects }])
      }
      case 'retry': {
        const { attempt } = request
        const waitMs = waitBeforeRetry(outcome.reason, { attempt, isIdempotent: true }, maxRetries)
        if (waitMs === undefined) return endOther([sitemapFault(request, outcome.message)])
        return again({ ...request, attempt: attempt + 1 }, [], outcome.timing.endedAt + waitMs)
      }
      case 'failed':
        // Nobody said that there is one.
        if (request.isDiscovery && outcome.status !== undefined) return endOther([])
        return endOther([sitemapFault(request, outcome.message)])
      default:
        return outcome satisfies never
    }
  }

  async #read(request: SitemapRequest, { body }: PageOutcome): Promise<Spent> {
    const children: SitemapRequest[] = []
    let taken = 0
    const parts = readSitemap(body)
    let step = await parts.next()
    for (; !step.done; step = await parts.next()) {
      const wanted = step.value.filter((part) => this.#passes(part) && isVouchedFor(part, request))
      const pages = wanted.filter(({ kind }) => kind === 'page')
      taken += pages.length
      if (pages.length > 0) await this.#parts.offer(pages.map(({ entry }) => this.#pageRequest(entry.url, request)))
      for (const { kind, entry } of wanted)
        if (kind === 'sitemap') children.push(sitemapRequest(entry.url, request.origin, request.level + 1))
    }
    const { format, pages, sitemaps, invalid, cut } = step.value
    const isTooDeep = children.length > 0 && request.level >= maxLevel
    const faults = [
      ...(format === 'unknown' && body.length > 0 && !request.isDiscovery ? ['it is no sitemap'] : []),
      ...(cut === undefined ? [] : [cuts[cut]]),
      ...(invalid === 0 ? [] : [`${invalid} of its entries are no http(s) URLs`]),
      ...(isTooDeep ? [`its ${sitemaps} sitemaps are too deep an index to be read`] : []),
    ]
    const read: CrawlEvent = {
      kind: 'sitemap',
      url: request.url,
      pages,
      taken,
      sitemaps,
      fault: faults.length === 0 ? undefined : faults.join(', '),
    }
    return endOther([read], isTooDeep ? [] : children)
  }

  #pageRequest(url: string, sitemap: SitemapRequest): PageRequest {
    return {
      kind: 'page',
      url,
      parser: this.#parts.sitemaps.parser,
      priority: 0,
      depth: 1,
      referrer: sitemap.url,
      data: undefined,
      attempt: 0,
      redirects: [],
    }
  }
}

const asksRobots = ({ isDiscovery, url, origin }: SitemapRequest) => isDiscovery && url === robotsUrlOf(origin)

/** A sitemap, and what an index names, speaks for its own host, and for the host whose robots.txt names it (sitemaps.org, "cross submits"). */
function isVouchedFor({ entry }: SitemapPart, { url, origin }: SitemapRequest): boolean {
  if (origin === '') return true
  const host = hostOf(entry.url)
  return host === hostOf(url) || host === hostOf(origin)
}

const cuts = {
  too_large: 'it is larger than 50 MiB, and was read up to there',
  too_many_urls: 'it has more than 50,000 URLs, and was read up to there',
  broken: 'its end is missing or broken, and was left out',
} as const
