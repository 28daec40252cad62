/**
 * Which URLs belong to a crawl. Asked once for each URL that is offered, whoever found it: a parser, a redirect, a sitemap.
 *
 * By default a crawl stays on the hosts of its seeds, where `www.shop.test` and `shop.test` are one: sites redirect between the two.
 */
import { canonicalUrl, hostOf } from '../canonical-url.ts'
import { registrableDomain } from '../registrable-domain.ts'
import type { PageRequest } from '../request.ts'

export interface ScopeOptions {
  /** `host`: the hosts of the seeds; `domain`: their registrable domains (publicsuffix.org); `anywhere`: no limit. */
  readonly within: 'host' | 'domain' | 'anywhere'
  /** Further hosts that count as if they were a seed's. */
  readonly hosts: readonly string[]
  /** If any are given, a URL must match one of these. Seeds always count. */
  readonly include: readonly RegExp[]
  /** A URL must match none of these. */
  readonly exclude: readonly RegExp[]
  /** Hops from a seed. */
  readonly maxDepth: number
  /** Characters of the canonical URL. */
  readonly maxUrlLength: number
}

export type ScopePatterns = Pick<ScopeOptions, 'include' | 'exclude'>

export type Scope = (request: PageRequest) => 'in' | 'out_of_scope' | 'too_deep' | 'url_too_long'

export function createScope(seeds: readonly string[], options: ScopeOptions): Scope {
  const unit = options.within === 'domain' ? registrableDomain : withoutWww
  const home = new Set([...seeds.map(hostOf), ...options.hosts.map(asUrlsSayIt)].map(unit))
  const isHome = (url: string) => options.within === 'anywhere' || home.has(unit(hostOf(url)))

  return (request) => {
    if (request.url.length > options.maxUrlLength) return 'url_too_long'
    if (!isHome(request.url)) return 'out_of_scope'
    if (options.exclude.some((pattern) => matches(pattern, request.url))) return 'out_of_scope'
    const mustMatch = options.include.length > 0 && request.depth > 0
    if (mustMatch && !options.include.some((pattern) => matches(pattern, request.url))) return 'out_of_scope'
    return request.depth > options.maxDepth ? 'too_deep' : 'in'
  }
}

/**
 * What puts a URL out of scope that a page in scope has led to, in words of the options.
 *
 * @param home URL of that page.
 */
export function outBy({ url, depth }: PageRequest, home: string, { include, exclude }: ScopePatterns): string {
  if (exclude.some((pattern) => matches(pattern, url))) return 'exclude matches it'
  const mustMatch = include.length > 0 && depth > 0
  if (mustMatch && !include.some((pattern) => matches(pattern, url))) return 'include does not match it'
  const isSameDomain = registrableDomain(hostOf(url)) === registrableDomain(hostOf(home))
  return isSameDomain ? 'within=domain opens it, or hosts' : `hosts=${hostOf(url)} opens it`
}

/** `Shop.Test`, `shop.test.` and `bücher.test` as the hosts of canonical URLs are written. */
function asUrlsSayIt(host: string): string {
  const url = canonicalUrl(`http://${host}/`)
  return url === undefined ? host : hostOf(url)
}

/** A pattern with the `g` or `y` flag remembers where it stopped; we ask afresh each time. */
function matches(pattern: RegExp, url: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(url)
}

const withoutWww = (host: string) => (/^www\..+\../.test(host) ? host.slice(4) : host)
