/** The XML formats of sitemaps: sitemaps.org protocol 0.9, RSS 2.0 and Atom (RFC 4287), each as the few elements of it that are read. */
import { parseRfc822Date, parseW3cDate } from './dates.ts'
import type { SitemapPart } from './parts.ts'
import type { SitemapFormat } from './reader.ts'

export interface SitemapShape {
  readonly format: SitemapFormat
  readonly kind: SitemapPart['kind']
  /** From below the root to an entry. */
  readonly path: readonly string[]
  /** The element of an entry that has the URL. */
  readonly loc: string
  /** Whether the URL is in an attribute `href`, or is the text. */
  readonly isHref: boolean
  readonly date: string
  readonly parseDate: (text: string) => number | undefined
}

const protocol = { loc: 'loc', isHref: false, date: 'lastmod', parseDate: parseW3cDate } as const
const rss = { loc: 'link', isHref: false, date: 'pubDate', parseDate: parseRfc822Date } as const
const atom = { loc: 'link', isHref: true, date: 'updated', parseDate: parseW3cDate } as const

/** By the local name of the root. */
export const sitemapShapes: ReadonlyMap<string, SitemapShape> = new Map([
  ['urlset', { format: 'urlset', kind: 'page', path: ['url'], ...protocol }],
  ['sitemapindex', { format: 'index', kind: 'sitemap', path: ['sitemap'], ...protocol }],
  ['rss', { format: 'rss', kind: 'page', path: ['channel', 'item'], ...rss }],
  ['feed', { format: 'atom', kind: 'page', path: ['entry'], ...atom }],
])
