/**
 * Reads a robots.txt (RFC 9309 section 2.2): keeps the one group that speaks to us.
 *
 * The group of our product token, or that of `*` where there is none; groups of the same token are one (section 2.2.1). A line that is no
 * user-agent, allow or disallow ends no group (section 2.2.4). A group without rules allows everything (section 2.1).
 *
 * Time and memory are bounded by the size of the file, whatever it says: a rule is kept once, however many agents and repetitions it has.
 */
import { canonicalUrl } from '../canonical-url.ts'
import type { RobotsRule, RobotsRules, RobotsSignal } from '../host.ts'
import { linesOf, maxRobotsBytes } from './robots-lines.ts'
import { canonicalPattern } from './robots-octets.ts'

export { maxRobotsBytes }

/** Where a redirect leads to a long URL, each of 50,000 short lines would become one. */
export const maxSitemaps = 10_000

/** They are for people to read. */
const maxSignals = 100

export function readRobotsFile(bytes: Uint8Array, robotsUrl: string, productToken: string): RobotsRules {
  const ours = new Group()
  const everybodys = new Group()
  const sitemaps = new Set<string>()
  let areWeNamed = false
  let addressed = new Set<Group>()
  let isAmongAgents = false

  const signals: RobotsSignal[] = []
  let hasGroups = false

  for (const { key, name, value, line } of linesOf(bytes)) {
    switch (key) {
      case 'user-agent':
        if (!isAmongAgents) addressed = new Set()
        isAmongAgents = true
        hasGroups = true
        // Google's parser takes an asterisk with more after a blank for everybody, too.
        if (/^\*(?:[ \t]|$)/.test(value)) addressed.add(everybodys)
        else if (/^[A-Za-z_-]+/.exec(value)?.[0].toLowerCase() === productToken.toLowerCase()) {
          areWeNamed = true
          addressed.add(ours)
        }
        break
      case 'allow':
      case 'disallow':
        isAmongAgents = false
        if (value !== '') for (const group of addressed) group.add(key === 'allow', value, line)
        break
      case 'crawl-delay': {
        const crawlDelayMs = parseCrawlDelay(value)
        for (const group of addressed) group.crawlDelayMs ??= crawlDelayMs
        // It is ignored, and somebody may wonder why.
        if (crawlDelayMs === undefined && addressed.size > 0 && signals.length < maxSignals)
          signals.push({ name: 'crawl-delay, which is no number of seconds and ignored', value, line })
        break
      }
      case 'sitemap': {
        if (value === '' || sitemaps.size >= maxSitemaps) break
        const url = canonicalUrl(Buffer.from(value, 'latin1').toString(), robotsUrl)
        if (url !== undefined) sitemaps.add(url)
        break
      }
      case 'signal':
        if ((addressed.size > 0 || !hasGroups) && signals.length < maxSignals) signals.push({ name, value, line })
        break
      default:
        key satisfies never
    }
  }
  const { rules, crawlDelayMs } = areWeNamed ? ours : everybodys
  const said = { rules, crawlDelayMs, sitemaps: [...sitemaps] }
  const isCut = bytes.length > maxRobotsBytes ? { isCut: true as const } : {}
  return { ...said, ...isCut, ...(areWeNamed ? { areWeNamed } : {}), ...(signals.length === 0 ? {} : { signals }) }
}

class Group {
  readonly rules: RobotsRule[] = []
  crawlDelayMs: number | undefined
  readonly #known = new Set<string>()

  add(allow: boolean, value: string, line: number): void {
    const pattern = canonicalPattern(value)
    this.#addOnce({ allow, pattern, line, ...written(value, pattern) })
    // Google's: a directory is another name of its index page. RFC 9309 knows nothing of it; the site means the page.
    const directory = allow ? /^(.*\/)index\.html?\$?$/.exec(pattern)?.[1] : undefined
    if (directory === undefined) return
    this.#addOnce({ allow, pattern: `${directory}$`, line, ...written(value, `${directory}$`) })
  }

  #addOnce(rule: RobotsRule): void {
    const key = `${rule.allow ? '+' : '-'}${rule.pattern}`
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.rules.push({ ...rule, pattern: apart(rule.pattern) })
  }
}

/** The pattern as a person wrote it, where that is another text, and one that can be shown: no control characters for a terminal. */
function written(value: string, pattern: string): { written?: string } {
  if (value === pattern) return {}
  const text = Buffer.from(value, 'latin1').toString()
  return /[\p{C}\p{Zl}\p{Zp}\ufffd]/u.test(text) ? {} : { written: text }
}

/** V8 makes a part of a text a window on the whole: one kept rule would keep the file. */
const apart = (ascii: string) => Buffer.from(ascii, 'latin1').toString('latin1')

/** Seconds, decimals allowed; anything else (empty, negative, hex, units, not finite) is no delay. Non-standard, and widely used. */
function parseCrawlDelay(value: string): number | undefined {
  const seconds = /^\d+(\.\d+)?$|^\.\d+$/.test(value) ? Number(value) : Number.NaN
  // A number that is still finite in milliseconds, for a store has no word for others.
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, Number.MAX_SAFE_INTEGER) : undefined
}
