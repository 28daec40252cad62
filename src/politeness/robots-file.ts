/**
 * Reads a robots.txt (RFC 9309 section 2.2): lexes its lines and keeps the one group that speaks to us.
 *
 * The group of our product token, or that of `*` where there is none; groups of the same token are one (section 2.2.1). A line that is no
 * user-agent, allow or disallow ends no group (section 2.2.4). A group without rules allows everything (section 2.1).
 */
import { canonicalUrl } from '../canonical-url.ts'
import type { RobotsRule, RobotsRules } from '../host.ts'

interface Group {
  readonly rules: RobotsRule[]
  crawlDelayMs: number | undefined
}

/** What is read of a robots.txt at most; the rest is cut off at the last full line (RFC 9309 section 2.5 asks for at least 500 KiB). */
export const maxRobotsBytes = 500 * 1024

export function readRobotsFile(bytes: Uint8Array, robotsUrl: string, productToken: string): RobotsRules {
  const ours: Group = { rules: [], crawlDelayMs: undefined }
  const everybodys: Group = { rules: [], crawlDelayMs: undefined }
  const sitemaps = new Set<string>()
  let areWeNamed = false
  let addressed: Group[] = []
  let isAmongAgents = false

  for (const { key, value, line } of linesOf(bytes)) {
    if (key === 'user-agent') {
      if (!isAmongAgents) addressed = []
      isAmongAgents = true
      const token = /^[A-Za-z_-]+|^\*/.exec(value)?.[0].toLowerCase()
      if (token === productToken.toLowerCase()) {
        areWeNamed = true
        addressed.push(ours)
      } else if (token === '*') {
        addressed.push(everybodys)
      }
    } else if (key === 'allow' || key === 'disallow') {
      isAmongAgents = false
      if (value === '') continue
      const rule = { allow: key === 'allow', pattern: canonicalPattern(value), line }
      for (const group of addressed) group.rules.push(rule)
    } else if (key === 'crawl-delay') {
      const crawlDelayMs = parseCrawlDelay(value)
      for (const group of addressed) group.crawlDelayMs ??= crawlDelayMs
    } else if (key === 'sitemap') {
      const url = value === '' ? undefined : canonicalUrl(Buffer.from(value, 'latin1').toString(), robotsUrl)
      if (url !== undefined) sitemaps.add(url)
    }
  }
  const { rules, crawlDelayMs } = areWeNamed ? ours : everybodys
  return { rules: withoutDuplicates(rules), crawlDelayMs, sitemaps: [...sitemaps] }
}

/** `/path?query` of a URL in the octets that patterns are written in: an asterisk or dollar sign in a URL stands for itself. */
export function canonicalPath(url: URL): string {
  return canonicalOctets(url.pathname + url.search)
    .replaceAll('*', '%2A')
    .replaceAll('$', '%24')
}

function canonicalPattern(value: string): string {
  const isAnchored = value.endsWith('$')
  const octets = canonicalOctets(isAnchored ? value.slice(0, -1) : value).replaceAll('$', '%24')
  return isAnchored ? `${octets}$` : octets
}

/** RFC 9309 section 2.2.2: octets outside of the reserved and unreserved ones are compared percent-encoded. A character is an octet here. */
function canonicalOctets(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!(),;:@&=+/?*$]/g, (match) => {
    if (match.length === 3 && match.startsWith('%')) {
      const character = String.fromCharCode(Number.parseInt(match.slice(1), 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : match.toUpperCase()
    }
    return `%${match.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** Seconds, decimals allowed; anything else (empty, negative, hex, units, not finite) is no delay. Non-standard, and widely used. */
function parseCrawlDelay(value: string): number | undefined {
  const seconds = /^\d+(\.\d+)?$|^\.\d+$/.test(value) ? Number(value) : Number.NaN
  return Number.isFinite(seconds) ? seconds * 1000 : undefined
}

function* linesOf(bytes: Uint8Array): Generator<{ key: string; value: string; line: number }> {
  const text = decodeOctets(bytes)
  let line = 0
  for (const raw of text.split(/\r\n|\n|\r/)) {
    line += 1
    const content = raw.split('#', 1)[0] ?? ''
    const colon = content.indexOf(':')
    if (colon === -1) continue
    yield { key: trimBlanks(content.slice(0, colon)).toLowerCase(), value: trimBlanks(content.slice(colon + 1)), line }
  }
}

/** UTF-8's, as octets. */
const byteOrderMark = '\u00ef\u00bb\u00bf'

function decodeOctets(bytes: Uint8Array): string {
  let read = bytes
  if (bytes.length > maxRobotsBytes) {
    const cut = bytes.subarray(0, maxRobotsBytes)
    read = cut.subarray(0, Math.max(cut.lastIndexOf(0x0a), cut.lastIndexOf(0x0d)) + 1)
  }
  // One character an octet: a file in another charset than UTF-8 keeps its rules.
  const text = Buffer.from(read.buffer, read.byteOffset, read.byteLength).toString('latin1')
  return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text
}

const trimBlanks = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '')

function withoutDuplicates(rules: readonly RobotsRule[]): RobotsRule[] {
  const seen = new Set<string>()
  return rules.filter(({ allow, pattern }) => {
    const key = `${allow}${pattern}`
    return !seen.has(key) && seen.add(key)
  })
}
