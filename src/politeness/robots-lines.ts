/**
 * The lines of a robots.txt that say something (RFC 9309 section 2.2): a key that is known, and its value.
 *
 * A character is an octet here: a file in another charset than UTF-8 keeps its rules. What is written a little wrong is read as Google's
 * parser reads it (misspelt keys, a missing colon), for that is what site owners test their files with.
 */

/** What is read of a robots.txt at most; the rest is cut off at the last full line (RFC 9309 section 2.5 asks for at least 500 KiB). */
export const maxRobotsBytes = 500 * 1024

/** What is read of a line: as much as Google's parser does, whose buffer of 8 x 2,083 octets ends in a NUL. */
export const maxLineOctets = 8 * 2_083 - 1

export type RobotsKey = 'user-agent' | 'allow' | 'disallow' | 'crawl-delay' | 'sitemap' | 'signal'

export interface RobotsLine {
  readonly key: RobotsKey
  /** The key as it is written, in lower case. */
  readonly name: string
  /** Trimmed, without comment. */
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

const keys: ReadonlyMap<string, RobotsKey> = new Map<string, RobotsKey>([
  ['user-agent', 'user-agent'],
  ['useragent', 'user-agent'],
  ['user agent', 'user-agent'],
  ['allow', 'allow'],
  ['disallow', 'disallow'],
  ['dissallow', 'disallow'],
  ['dissalow', 'disallow'],
  ['disalow', 'disallow'],
  ['diasllow', 'disallow'],
  ['disallaw', 'disallow'],
  ['crawl-delay', 'crawl-delay'],
  ['sitemap', 'sitemap'],
  ['site-map', 'sitemap'],
  // Wishes that no standard has, or that are drafts: reported, not obeyed.
  ['content-signal', 'signal'],
  ['content-usage', 'signal'],
  ['license', 'signal'],
  ['request-rate', 'signal'],
  ['visit-time', 'signal'],
])

export function* linesOf(bytes: Uint8Array): Generator<RobotsLine> {
  let line = 0
  for (const raw of octetsOf(bytes).split(/\r\n|\n|\r/)) {
    line += 1
    if (raw === '') continue
    const content = raw.slice(0, maxLineOctets).split('#', 1)[0] ?? ''
    const parts = partsOf(content)
    const name = parts?.[0].toLowerCase() ?? ''
    const key = keys.get(name)
    if (parts !== undefined && key !== undefined) yield { key, name, value: parts[1], line }
  }
}

/** UTF-8's, as octets. */
const byteOrderMark = '\u00ef\u00bb\u00bf'

function octetsOf(bytes: Uint8Array): string {
  let read = bytes
  if (bytes.length > maxRobotsBytes) {
    const cut = bytes.subarray(0, maxRobotsBytes)
    read = cut.subarray(0, Math.max(cut.lastIndexOf(0x0a), cut.lastIndexOf(0x0d)) + 1)
  }
  const text = Buffer.from(read.buffer, read.byteOffset, read.byteLength).toString('latin1')
  return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text
}

/** The key and the value, which a blank parts where the colon was forgotten, if there are just these two words. */
function partsOf(content: string): readonly [key: string, value: string] | undefined {
  const colon = content.indexOf(':')
  if (colon !== -1) return [trimBlanks(content.slice(0, colon)), trimBlanks(content.slice(colon + 1))]
  const [key, value, more] = trimBlanks(content).split(/[ \t]+/, 3)
  return key === undefined || value === undefined || more !== undefined ? undefined : [key, value]
}

/** ASCII's blanks only. By hand: a regular expression for the end of a text is tried at each run of blanks in it. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isBlank = (code: number) => code === 0x20 || code === 0x09
