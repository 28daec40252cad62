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
import { SelectorError } from './document/selector-error.ts'
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

export function extract<const Map extends SelectorMap>(page: Page<unknown, unknown>, map: Map): Extracted<Map> {
  const values = Object.entries(map).map(([name, selector]) => [name, selectFor(name, page, selector)])
  return Object.fromEntries(values) as Extracted<Map>
}

function selectFor(name: string, page: Page<unknown, unknown>, selector: Selector): unknown {
  try {
    return select(page, selector)
  } catch (error) {
    throw error instanceof SelectorError ? new SelectorError(error.selector, error.cause, name) : error
  }
}

function select(page: Page<unknown, unknown>, selector: Selector): unknown {
  if (typeof selector === 'function') return selector(page)
  if (typeof selector !== 'string') return valuesOf(page, selector[0])
  return valuesOf(page, selector, 1)[0]
}

/** Texts, or values of an attribute, of the first matches in document order. */
function valuesOf(page: Page<unknown, unknown>, text: string, atMost?: number): string[] {
  const [selector, attribute] = partsOf(text)
  const { $, base } = page
  const values: string[] = []
  for (const element of $(selector).slice(0, atMost)) {
    const value = attribute === undefined ? collapsed($(element).text()) : $(element).attr(attribute)
    if (value === undefined) continue
    const isUrl = attribute !== undefined && isLink.has(attribute)
    values.push(isUrl ? (URL.parse(value, base)?.href ?? value) : value)
  }
  return values
}

const isLink = new Set(['href', 'src', 'action'])

const collapsed = (text: string) => text.replace(/\s+/g, ' ').trim()

/** `img@src` is a selector and an attribute; an `@` inside of `[...]` or quotes belongs to the selector. */
function partsOf(selector: string): [string, string | undefined] {
  const parts = /^(.*)@([\w:-]+)$/s.exec(selector)
  return parts === null ? [selector, undefined] : [parts[1]?.trim() || ':root', parts[2]]
}
