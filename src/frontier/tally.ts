/**
 * What is counted to notice a site that has no end: URLs of one path that differ in their query only (a calendar's, a search form's), and
 * pages of one content under many URLs.
 */
import type { CrawlRequest } from '../request.ts'

/** The URL of a page up to its query; `undefined` where it has none. Seeds do not count: what a person wrote is no trap. */
export function queriedPathOf(request: CrawlRequest): string | undefined {
  if (request.kind !== 'page' || request.depth === 0) return undefined
  const end = request.url.indexOf('?')
  return end === -1 ? undefined : request.url.slice(0, end)
}
