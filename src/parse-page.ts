/** A parser's work without a crawl: what a spider's author tests. */
import { decodeText } from './fetcher/text/charset.ts'
import { optionTable } from './options.ts'
import { directivesOf } from './politeness/page-directives.ts'
import type { PageRequest } from './request.ts'
import { collectFinds } from './spider/finds.ts'
import { Page, type PageSource } from './spider/page.ts'
import type { Spider } from './spider/spider.ts'

/** What a parser found on a page. */
export interface ParsedPage<Item> {
  readonly items: readonly Item[]
  /** The requests that its follows would become. */
  readonly follows: readonly PageRequest[]
  /** Why items were refused, with their place. */
  readonly refusals: readonly string[]
}

/**
 * A page as a parser gets it, of at least a `url` and a `body`, with no network. Its `kind` is told as in a crawl: by the `content-type` of
 * `headers`, or else by the body. (A body that begins with a tag is HTML.)
 */
export function createPage<Data = unknown, Args = Readonly<Record<string, string | undefined>>>(
  source: Omit<PageSource, 'decode'>,
): Page<Data, Args> {
  const token = optionTable.productToken.default
  return new Page({
    decode: decodeText,
    directivesOf: (headers, metas) => directivesOf(headers, metas, token, Date.now()),
    ...source,
  })
}

/**
 * Runs one of a spider's parsers on a page, as a crawl would.
 *
 * @param parser the parser's name. Default: `parse`.
 * @throws what the parser throws; in a crawl that costs the page.
 * @example const { items, follows } = await parsePage(titles, createPage({ url: 'https://shop.test/1', body: '<h1>One</h1>' }), 'book')
 */
export async function parsePage<Item extends object>(
  spider: Spider<Item>,
  page: Page<unknown, unknown>,
  parser = 'parse',
): Promise<ParsedPage<Item>> {
  const request: PageRequest = {
    kind: 'page',
    url: page.url.href,
    depth: page.depth,
    parser,
    priority: 0,
    attempt: 0,
    redirects: page.redirects,
    referrer: undefined,
    data: undefined,
  }
  const places = { take: () => Promise.resolve() }
  const found = await collectFinds(spider, request, page as Page, places, optionTable.maxFindsPerPage.default)
  return { ...found, items: found.items as readonly Item[] }
}
