/** The field `sitemaps` of a spider: checked once, where the spider is made, and brought into one form. */
import { canonicalUrl } from '../../canonical-url.ts'
import { SpiderError } from '../../errors.ts'
import { hasUserinfo, withoutUserinfo } from '../../redact.ts'
import { parseW3cDate } from './dates.ts'
import type { SitemapFilter } from './filter.ts'

/** What a spider may write: `true` finds the sitemaps by robots.txt, a list names them, an object says more. */
export type SitemapsSpec = true | readonly string[] | SitemapsFields

export interface SitemapsFields {
  /** Where the sitemaps are. Left out, they are found by robots.txt. */
  readonly urls?: readonly string[]
  /** If any are given, the URL of a page must match one of these. */
  readonly include?: readonly RegExp[]
  /** The URL of a page must match none of these. */
  readonly exclude?: readonly RegExp[]
  /** Leaves out what was last modified on an earlier day (UTC): a date, or text like `2024-05-01` or `2024-05-01T12:30:00Z`. */
  readonly since?: Date | string
  /** The parser of the pages. Default `parse`. */
  readonly parser?: string
}

export interface Sitemaps extends SitemapFilter {
  /** Canonical. Empty: they are to be found. */
  readonly urls: readonly string[]
  readonly parser: string
}

const fields = new Set(['urls', 'include', 'exclude', 'since', 'parser'])

/** @throws SpiderError naming the field, what it may be and what it is. */
export function checkSitemaps(value: unknown, spiderName: string, parserNames: Iterable<string>): Sitemaps {
  const wrong = (field: string, expected: string, got: unknown) =>
    new SpiderError(`Expected \`${field}\` of spider "${spiderName}" to be ${expected}, got ${shown(got)}`)

  if (Array.isArray(value)) return checkFields({ urls: value }, 'sitemaps')
  if (value === true) return checkFields({}, 'sitemaps.urls')
  if (!isFields(value))
    throw wrong('sitemaps', `true, a list of URLs, or an object of ${[...fields].join(', ')}`, value)
  for (const key of Object.keys(value)) {
    if (fields.has(key)) continue
    throw new SpiderError(
      `No field of \`sitemaps\` of spider "${spiderName}" is called \`${key}\` (known: ${[...fields].join(', ')})`,
    )
  }
  return checkFields(value, 'sitemaps.urls')

  function checkFields(given: Readonly<Record<string, unknown>>, urlsField: string): Sitemaps {
    return Object.freeze({
      urls: checkUrls(given.urls, urlsField),
      include: checkPatterns(given.include, 'sitemaps.include'),
      exclude: checkPatterns(given.exclude, 'sitemaps.exclude'),
      since: checkSince(given.since),
      parser: checkParser(given.parser),
    })
  }

  function checkUrls(urls: unknown, field: string): readonly string[] {
    if (urls === undefined) return Object.freeze([])
    const expected = 'a list of http(s) URLs like https://shop.test/sitemap.xml'
    if (!Array.isArray(urls)) throw wrong(field, expected, urls)
    // Made by some code, an empty list is a slip: it must not come to mean the opposite.
    if (urls.length === 0) throw wrong(field, `${expected} (write \`sitemaps: true\` to find them by robots.txt)`, urls)
    const canonical = urls.map((url: unknown, index) => {
      const found = typeof url === 'string' ? canonicalUrl(url) : undefined
      if (found === undefined)
        throw wrong(`${field}[${index}]`, 'an http(s) URL like https://shop.test/sitemap.xml', url)
      if (hasUserinfo(String(url)))
        throw wrong(`${field}[${index}]`, 'a URL without user name and password (set `basicAuth` instead)', url)
      return found
    })
    return Object.freeze([...new Set(canonical)])
  }

  function checkPatterns(patterns: unknown, field: string): readonly RegExp[] {
    if (patterns === undefined) return Object.freeze([])
    if (!Array.isArray(patterns)) throw wrong(field, 'a list of regular expressions', patterns)
    const index = patterns.findIndex((pattern) => !(pattern instanceof RegExp))
    if (index !== -1) throw wrong(`${field}[${index}]`, 'a regular expression', patterns[index])
    return Object.freeze([...(patterns as readonly RegExp[])])
  }

  function checkSince(since: unknown): number | undefined {
    if (since === undefined) return undefined
    const time = since instanceof Date ? since.getTime() : typeof since === 'string' ? parseW3cDate(since) : undefined
    if (time === undefined || Number.isNaN(time))
      throw wrong('sitemaps.since', 'a date, or text like 2024-05-01 or 2024-05-01T12:30:00Z', since)
    return time
  }

  function checkParser(parser: unknown): string {
    if (parser === undefined) return 'parse'
    const names = [...parserNames]
    if (typeof parser !== 'string' || !names.includes(parser))
      throw wrong('sitemaps.parser', `the name of a parser (known: ${names.join(', ')})`, parser)
    return parser
  }
}

/** What a literal makes; a RegExp or a Date is a slip. */
function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function shown(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString()
  if (value instanceof RegExp) return `${value} (a regular expression)`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function') return 'a function'
  return `\`${typeof value === 'string' ? JSON.stringify(withoutUserinfo(value)) : String(value)}\` (${typeof value})`
}
