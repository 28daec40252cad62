/** Which of the things that a sitemap names are wanted: pages by their URL and date, further sitemaps by their date alone. */
import type { SitemapPart } from './parts.ts'

export interface SitemapFilter {
  /** If any are given, a page must match one of these. */
  readonly include: readonly RegExp[]
  /** A page must match none of these. */
  readonly exclude: readonly RegExp[]
  /** Milliseconds since the epoch. What gives no date passes. */
  readonly since: number | undefined
}

const dayMs = 86_400_000

/** @example sitemapFilter({ include: [/\/p\//], exclude: [], since: undefined }) */
export function sitemapFilter({ include, exclude, since }: SitemapFilter): (part: SitemapPart) => boolean {
  // Most dates in sitemaps name a day, which is read as its first moment; what changed later on that day must not be missed.
  const sinceDay = since === undefined ? Number.NEGATIVE_INFINITY : Math.floor(since / dayMs) * dayMs

  return ({ kind, entry: { url, lastModified } }) => {
    if (lastModified !== undefined && lastModified < sinceDay) return false
    if (kind === 'sitemap') return true
    if (exclude.some((pattern) => matches(pattern, url))) return false
    return include.length === 0 || include.some((pattern) => matches(pattern, url))
  }
}

/** A pattern with the `g` or `y` flag remembers where it stopped; we ask afresh each time. */
function matches(pattern: RegExp, url: string): boolean {
  pattern.lastIndex = 0
  return pattern.test(url)
}
