/**
 * What the head of an HTML page says of the page. A search of the whole tree is dear and few pages say any of it, so the text is looked at
 * first.
 */
import { canonicalUrl } from '../../canonical-url.ts'
import type { PageBody } from './page-body.ts'

/** A `<meta name content>`. */
export interface Meta {
  readonly name: string
  readonly content: string
}

/** The page's `<base href>`, or else its URL. */
export function baseOf(body: PageBody, url: string): string {
  const isSaid = body.kind === 'html' && /<base\b/i.test(body.text)
  const href = isSaid ? body.$('base[href]').first().attr('href') : undefined
  return canonicalUrl(href ?? '', url) ?? url
}

/** `undefined` if it says none. */
export function canonicalOf(body: PageBody, base: string): string | undefined {
  if (body.kind !== 'html' || !/\bcanonical\b/i.test(body.text)) return undefined
  const href = body.$('link[rel~="canonical" i][href]').first().attr('href')
  return href === undefined ? undefined : canonicalUrl(href, base)
}

/** All of them, if there may be one that speaks to robots. */
export function metasOf(body: PageBody): readonly Meta[] {
  if (body.kind !== 'html' || !speaksToRobots.test(body.text)) return []
  return [...body.$('head meta[name][content]')].map((element) => {
    const { name = '', content = '' } = 'attribs' in element ? element.attribs : {}
    return { name, content }
  })
}

/**
 * Any name may be our product token, so it is only asked whether a `<meta>` has words that robots know. No search goes past the next `<`:
 * a page of nothing but `<meta ` would take hours.
 */
const speaksToRobots =
  /<meta\b[^<>]*\b(?:no(?:index|follow|ne|archive|snippet|imageindex|translate|ai|imageai)|unavailable_after|max-(?:snippet|image-preview|video-preview)|robots)\b/i
