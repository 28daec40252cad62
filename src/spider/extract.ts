/**
 * Fields from selectors: the shape of the map is the shape of the result, and its types are read off it.
 *
 *     'h1'            the text of the first match, white space collapsed
 *     'img@src'       an attribute of it; href, src and action come out as absolute URLs
 *     ['li']          all matches, in document order
 *     (page) => ...   whatever else
 *
 * A first match that is not there gives `undefined`; a list that is not there is empty.
 */
import type { Page } from './page.ts'

export type Selector = string | readonly [string] | ((page: Page<unknown, unknown>) => unknown)
export type SelectorMap = Readonly<Record<string, Selector>>

export type Extracted<Map extends SelectorMap> = {
  -readonly [Name in keyof Map]: Map[Name] extends string
    ? string | undefined
    : Map[Name] extends readonly [string]
      ? string[]
      : Map[Name] extends (page: Page<unknown, unknown>) => infer Value
        ? Value
        : never
}

/** What extraction needs of a page; cheerio stays in page.ts. */
export interface Queryable {
  /** Texts, or values of `attribute`, of the matches in document order; only the first if `isFirstOnly`. */
  query(selector: string, attribute: string | undefined, isFirstOnly: boolean): string[]
}

export function extract<const Map extends SelectorMap>(
  page: Page<unknown, unknown> & Queryable,
  map: Map,
): Extracted<Map> {
  const values = Object.entries(map).map(([name, selector]) => [name, select(page, selector)])
  return Object.fromEntries(values) as Extracted<Map>
}

function select(page: Page<unknown, unknown> & Queryable, selector: Selector): unknown {
  if (typeof selector === 'function') return selector(page)
  if (typeof selector === 'string') return page.query(...partsOf(selector), true)[0]
  return page.query(...partsOf(selector[0]), false)
}

/** `img@src` is a selector and an attribute; an `@` inside of `[...]` or quotes belongs to the selector. */
function partsOf(selector: string): [string, string | undefined] {
  const parts = /^(.*)@([\w:-]+)$/s.exec(selector)
  return parts === null ? [selector, undefined] : [parts[1]?.trim() || ':root', parts[2]]
}
