/** Keeps account of what a sitemap names: URLs are made canonical, what is none is counted, and after the limit nothing more is kept. */
import { canonicalUrl } from '../../canonical-url.ts'

export interface SitemapEntry {
  /** Canonical, http(s). */
  readonly url: string
  /** Milliseconds since the epoch, as the sitemap says; a hint. */
  readonly lastModified: number | undefined
}

export type SitemapPart =
  | { readonly kind: 'page'; readonly entry: SitemapEntry }
  /** An index names further sitemaps. */
  | { readonly kind: 'sitemap'; readonly entry: SitemapEntry }

/** Characters of a loc. Longer text is no URL, and is not kept in memory. */
export const maxLocLength = 64 * 1024

export class SitemapParts {
  pages = 0
  sitemaps = 0
  /** Locs that are no absolute http(s) URL. */
  invalid = 0
  /** Whether there were more URLs, or more that are none, than the limit. */
  isFull = false
  readonly #maxUrls: number
  #parts: SitemapPart[] = []

  constructor(maxUrls: number) {
    this.#maxUrls = maxUrls
  }

  add(kind: SitemapPart['kind'], loc: string, lastModified: number | undefined): void {
    if (this.isFull) return
    const url = urlOf(loc.trim())
    if (url === undefined) {
      // The limit is on URLs; what is none must not come without end either.
      if (this.invalid >= this.#maxUrls) this.isFull = true
      else this.invalid += 1
      return
    }
    if (this.pages + this.sitemaps >= this.#maxUrls) {
      this.isFull = true
      return
    }
    if (kind === 'page') this.pages += 1
    else this.sitemaps += 1
    this.#parts.push({ kind, entry: { url, lastModified } })
  }

  /** What was added since the last time. */
  take(): readonly SitemapPart[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}

/** sitemaps.org: a loc begins with its scheme. (Without the slashes, `https:b.html` would be read as a host.) */
function urlOf(loc: string): string | undefined {
  return loc.length <= maxLocLength && /^https?:\/\//i.test(loc) ? canonicalUrl(loc) : undefined
}
