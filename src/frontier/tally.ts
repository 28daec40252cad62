/**
 * What is counted to notice a site that has no end: URLs of one path that differ in their query only (a calendar's, a search form's), and
 * pages of one content under many URLs.
 */

/** The URL up to its query; `undefined` where it has none. */
export function pathOf(url: string): string | undefined {
  const end = url.indexOf('?')
  return end === -1 ? undefined : url.slice(0, end)
}
