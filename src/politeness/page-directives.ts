/**
 * What a page asks of robots: `X-Robots-Tag` and `<meta name="robots">` (Google's robots meta tag specification, draft-illyes-repext).
 *
 * A page can only ask for more restraint: whatever several lines and tags say adds up, and nothing that one of them allows undoes what
 * another forbids. `index`, `follow` and `all` ask for nothing. Rules that are not understood are reported and not obeyed.
 */
import { asksNothing, type PageDirectives } from '../directives.ts'
import type { Headers } from '../outcome.ts'

const maxReported = 64
/** Characters of a `<meta>` that are read: more than anybody means. */
const maxContent = 10_000
const maxReportedLength = 256

/**
 * Reads `X-Robots-Tag`, one string for each line of the answer: joined by commas, the lines lose where the scope of a token ends.
 * @param token our product token, in any case.
 */
export function readRobotsTag(
  lines: string | readonly string[] | undefined,
  token: string,
  nowMs: number,
): PageDirectives {
  if (lines === undefined) return asksNothing
  const ours = (typeof lines === 'string' ? [lines] : lines).map((line) => rulesForUs(plain(line), token))
  return asked(ours.flatMap(splitRules), nowMs)
}

/**
 * Reads the page's `<meta>` elements, of which those count that are named `robots` or after us.
 * @param token our product token, in any case.
 */
export function readMetaRobots(
  metas: Iterable<{ readonly name: string; readonly content: string }>,
  token: string,
  nowMs: number,
): PageDirectives {
  const rules: string[] = []
  for (const { name, content } of metas) {
    if (!isUs(plain(name), token)) continue
    for (const rule of splitRules(plain(content.slice(0, maxContent)))) rules.push(rule)
  }
  return asked(rules, nowMs)
}

/** What a page asks by all means that it has: its headers, and its `<meta>` elements. */
export function directivesOf(
  headers: Headers,
  metas: Iterable<{ readonly name: string; readonly content: string }>,
  token: string,
  nowMs: number,
): PageDirectives {
  return combine(readRobotsTag(headers['x-robots-tag'], token, nowMs), readMetaRobots(metas, token, nowMs))
}

/** All of them together: the more restrictive wins. */
export function combine(...several: readonly PageDirectives[]): PageDirectives {
  const speaking = several.filter(({ all }) => all.length > 0)
  if (speaking.length < 2) return speaking[0] ?? asksNothing
  const dates = speaking.flatMap(({ unavailableAfter }) => unavailableAfter ?? [])
  return {
    noindex: speaking.some(({ noindex }) => noindex),
    nofollow: speaking.some(({ nofollow }) => nofollow),
    all: [...new Set(speaking.flatMap(({ all }) => all))].slice(0, maxReported),
    unavailableAfter: earliest(dates),
  }
}

function asked(rules: readonly string[], nowMs: number): PageDirectives {
  if (rules.length === 0) return asksNothing
  const met = new Set(rules)
  const dates = [...met].filter(isDated).flatMap((rule) => parseDate(rule.slice(dated.length).trimStart()) ?? [])
  const unavailableAfter = earliest(dates)
  const isOver = unavailableAfter !== undefined && unavailableAfter < nowMs
  return {
    noindex: isOver || met.has('noindex') || met.has('none'),
    nofollow: met.has('nofollow') || met.has('none'),
    all: [...new Set([...met].slice(0, maxReported).map((rule) => rule.slice(0, maxReportedLength)))],
    unavailableAfter,
  }
}

/** Not `Math.min(...dates)`: a page may have more of them than a call has room for arguments. */
const earliest = (dates: readonly number[]) =>
  dates.reduce<number | undefined>((first, date) => (first === undefined || date < first ? date : first), undefined)

/** Lower case, and one blank for any white space: what follows need not tell `Max-Snippet :\t20` from `max-snippet: 20`. */
const plain = (text: string) => text.toLowerCase().replace(/\s+/g, ' ').trim()

const isUs = (name: string, token: string) => name === 'robots' || name === token.toLowerCase()

/** Rules that have a value, and so a colon: not to be taken for the name of a robot. */
const valued = new Set(['unavailable_after', 'max-snippet', 'max-image-preview', 'max-video-preview'])

/**
 * A line is `rules` or `token: rules`, where the token (RFC 9309 section 2.2.1) speaks for all of the line. What names another robot in
 * mid-line is a rule that nobody knows. Ours: `*:` and `robots:`, which no specification has, can only mean everybody.
 */
function rulesForUs(line: string, token: string): string {
  const [prefix, name] = /^([a-z_-]+|\*) ?:/.exec(line) ?? []
  if (prefix === undefined || name === undefined || valued.has(name)) return line
  return name === '*' || isUs(name, token) ? line.slice(prefix.length) : ''
}

const dated = 'unavailable_after:'
const isDated = (rule: string) => rule.startsWith(dated)

/**
 * Rules are parted by commas. Ours: by semicolons and blanks as well, since whoever writes `noindex nofollow` means both. A date has
 * blanks and commas of its own, the latter before a number, with which no rule begins: `unavailable_after: Sat, 25 Jun 2010, noarchive`.
 */
function splitRules(text: string): string[] {
  const rules: string[] = []
  let date: string | undefined
  for (const piece of text.split(/[,;]/)) {
    const part = piece.trim().replace(/ ?: ?/g, ':')
    if (date !== undefined && /^\d/.test(part)) {
      date += `, ${part}`
      continue
    }
    if (date !== undefined) rules.push(date)
    const at = part.indexOf(dated)
    date = at === -1 ? undefined : withBlank(part.slice(at))
    for (const rule of (at === -1 ? part : part.slice(0, at)).split(' ')) if (rule !== '') rules.push(withBlank(rule))
  }
  return date === undefined ? rules : [...rules, date]
}

/** `max-snippet:20` as it is written in the specification. */
const withBlank = (rule: string) => rule.replace(/(?<=.):(?=.)/, ': ')

const time = String.raw`(\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)? ?([a-z]{1,5}|[+-]\d{2}:?\d{2})?`
const dateForms = [
  // RFC 822 and RFC 850: `Sat, 25 Jun 2010 15:00:00 PST`, `25-Jun-10 15:00 GMT`.
  new RegExp(String.raw`^(?:[a-z]{3,9},? )?(\d{1,2}[ -][a-z]{3,9}[ -](?:\d{4}|\d{2}))(?:,? ${time})?$`),
  // ISO 8601: `2010-06-25`, `2010-06-25T15:00:00+02:00`.
  new RegExp(String.raw`^(\d{4}-\d{2}-\d{2})(?:[t ]${time})?$`),
]
const zones = new Set(['est', 'edt', 'cst', 'cdt', 'mst', 'mdt', 'pst', 'pdt'])

/** Google takes any widely adopted format and names these three. A date that cannot be read is no date, and the rule is only reported. */
function parseDate(text: string): number | undefined {
  for (const form of dateForms) {
    const [, date, clock = '0:00', zone = ''] = form.exec(text) ?? []
    if (date === undefined) continue
    // RFC 5322 section 4.3: a zone that is not known is UTC. Ours: so is none, wherever we are.
    const known = zones.has(zone) || /^[+-]/.test(zone) ? zone : 'utc'
    const day = /^\d{4}/.test(date) ? date.replaceAll('-', '/') : date.replaceAll('-', ' ')
    const at = Date.parse(`${day} ${clock} ${known}`)
    return Number.isNaN(at) ? undefined : at
  }
  return undefined
}
