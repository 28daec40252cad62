/** A sitemap read to its end: all that it named, and what it was. */
import {
  readSitemap,
  type SitemapEntry,
  type SitemapLimits,
  type SitemapPart,
  type SitemapReading,
} from '../../../src/spider/sitemap/sitemap.ts'

export interface ReadSitemap extends SitemapReading {
  readonly parts: readonly SitemapPart[]
  readonly entries: readonly SitemapEntry[]
  readonly urls: readonly string[]
}

export async function readAll(body: string | Uint8Array, limits?: Partial<SitemapLimits>): Promise<ReadSitemap> {
  const parts: SitemapPart[] = []
  const reading = readSitemap(typeof body === 'string' ? Buffer.from(body) : body, limits)
  let step = await reading.next()
  for (; !step.done; step = await reading.next()) {
    if (step.value.length === 0) throw new Error('an empty batch')
    parts.push(...step.value)
  }
  const entries = parts.map(({ entry }) => entry)
  return { ...step.value, parts, entries, urls: entries.map(({ url }) => url) }
}

/** A urlset of these elements. */
export const urlset = (inner: string, head = '<?xml version="1.0" encoding="UTF-8"?>') =>
  `${head}\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${inner}</urlset>`

/** A urlset of these locs. */
export const locs = (...urls: readonly string[]) => urlset(urls.map((url) => `<url><loc>${url}</loc></url>`).join('\n'))
