/** Pages for testing parsers: what a crawl would make of an answer, with no network. */
import { decodeText } from './fetcher/charset.ts'
import { Page, type PageSource } from './spider/page.ts'

/**
 * A page as a parser gets it.
 * @param source at least a `url` and a `body`.
 * @example createPage({ url: 'https://shop.test/1', body: '<h1>One</h1>' }).extract({ title: 'h1' }) // { title: 'One' }
 */
export function createPage<Data = unknown, Args = Readonly<Record<string, string | undefined>>>(
  source: Omit<PageSource, 'decode'>,
): Page<Data, Args> {
  return new Page({ ...source, decode: decodeText })
}
