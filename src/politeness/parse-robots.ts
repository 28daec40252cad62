/**
 * robots.txt on its own, without a crawl: reads a file and judges URLs by it, as the crawl does (RFC 9309).
 */
import { canonicalUrl, originOf } from '../canonical-url.ts'
import { readRobotsFile } from './robots-file.ts'
import { decidingRule, ruleText } from './robots-matcher.ts'

export interface RobotsDecision {
  readonly allowed: boolean
  /** 1-based line of the rule that decided; missing when none matched, which allows. */
  readonly line?: number
  /** The rule as it reads in the file: `Disallow: /x`. */
  readonly rule?: string
}

export interface ParsedRobots {
  /**
   * Whether a URL may be visited.
   * @throws TypeError for what is no absolute http(s) URL, RangeError for a URL of another origin: neither is allowed nor disallowed.
   */
  judge(url: string): RobotsDecision
  /** The Crawl-delay of our group, in milliseconds. */
  readonly crawlDelayMs?: number
  /** Absolute http(s) URLs, without duplicates. */
  readonly sitemaps: readonly string[]
}

/**
 * Reads a robots.txt for one crawler.
 *
 * @param file the body as it came, or a text; of more than 500 KiB, the rest is not read (RFC 9309 section 2.5).
 * @param robotsUrl where it came from; its rules hold for that origin (scheme, host and port) only.
 * @param productToken the name that robots.txt files know the crawler by, and not its User-Agent header.
 * @throws TypeError for a `robotsUrl` that is no absolute http(s) URL, RangeError for a token with other characters than letters, `-`, `_`.
 * @example parseRobots('User-agent: *\nDisallow: /x', 'https://a.test/robots.txt', 'doff').judge('https://a.test/x/y')
 *   // { allowed: false, line: 2, rule: 'Disallow: /x' }
 */
export function parseRobots(file: Uint8Array | string, robotsUrl: string, productToken: string): ParsedRobots {
  if (typeof productToken !== 'string' || !/^[A-Za-z_-]+$/.test(productToken)) {
    throw new RangeError(
      `Expected the product token to be letters, "-" and "_" only (RFC 9309 section 2.2.1), got ${JSON.stringify(productToken)} (give the crawler's name alone, not its User-Agent header)`,
    )
  }
  const from = absolute(robotsUrl, 'a robots.txt is known by its full URL: https://a.test/robots.txt')
  const origin = originOf(from)
  const rules = readRobotsFile(typeof file === 'string' ? Buffer.from(file) : file, from, productToken)
  const { crawlDelayMs, sitemaps } = rules
  const judge = (url: string): RobotsDecision => {
    const canonical = absolute(url, 'resolve a link against its page first: new URL(link, page).href')
    if (originOf(canonical) !== origin) {
      throw new RangeError(
        `The robots.txt of ${origin} says nothing of ${canonical} (judge it by that of ${originOf(canonical)})`,
      )
    }
    const rule = decidingRule(rules, canonical)
    return rule === undefined ? { allowed: true } : { allowed: rule.allow, line: rule.line, rule: ruleText(rule) }
  }
  return crawlDelayMs === undefined ? { judge, sitemaps } : { judge, crawlDelayMs, sitemaps }
}

function absolute(url: string, remedy: string): string {
  const canonical = canonicalUrl(url)
  if (canonical === undefined) throw new TypeError(`Expected an absolute http(s) URL, got ${shown(url)} (${remedy})`)
  return canonical
}

/** Callers in JavaScript may give anything. */
const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : `\`${String(value)}\``)
