/**
 * How long a robots.txt may be used before it is looked at again, and what it is asked with then.
 *
 * Cache-Control (RFC 9111 section 5.2) may shorten the 24 hours of RFC 9309 section 2.4, never lengthen them; and never to less than five
 * minutes, for a robots.txt is not asked for once for each page. Expires is not looked at: it is in the past where nobody meant it to be.
 */
import type { RobotsValidators } from '../host.ts'
import type { Headers } from '../outcome.ts'

/** RFC 9309 section 2.4: rules should not be used for longer. */
export const freshForMs = 24 * 60 * 60 * 1000
const leastFreshMs = 5 * 60 * 1000

export function freshnessOf(headers: Headers): number {
  const maxAgeMs = maxAgeOf(linesOf(headers['cache-control']).join(','))
  if (maxAgeMs === undefined) return freshForMs
  // Section 4.2.3: it may have been with a cache for a while.
  const age = linesOf(headers.age)[0]?.trim() ?? ''
  const ageMs = /^\d+$/.test(age) ? Number(age) * 1000 : 0
  return Math.min(Math.max(maxAgeMs - ageMs, leastFreshMs), freshForMs)
}

/** RFC 9111 section 5.2: `token`, `token=token` or `token="quoted"`, with commas between them. */
const directive = /([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~-]*)))?/g

function maxAgeOf(cacheControl: string): number | undefined {
  let least: number | undefined
  for (const [, name = '', quoted, token] of cacheControl.matchAll(directive)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token
    const maxAgeMs = maxAgeIn(name.toLowerCase(), value)
    // Section 4.2.1: of several, the shortest is the safe one.
    if (maxAgeMs !== undefined) least = Math.min(least ?? maxAgeMs, maxAgeMs)
  }
  return least
}

function maxAgeIn(name: string, value: string | undefined): number | undefined {
  if (name === 'no-store') return 0
  // With a value it speaks of single headers only (section 5.2.2.4).
  if (name === 'no-cache') return value === undefined ? 0 : undefined
  if (name !== 'max-age') return undefined
  // Section 4.2.1: what cannot be read is stale.
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : 0
}

/** What the answer says of its version, in the form in which it can be sent back. */
export function validatorsOf(url: string, headers: Headers): RobotsValidators | undefined {
  const etag = matching(headers.etag, /^(?:W\/)?"[!#-~]*"$/)
  const lastModified = matching(headers['last-modified'], /^[\w,:+ -]{8,64}$/)
  if (etag === undefined && lastModified === undefined) return undefined
  return { url, ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) }
}

function matching(value: string | readonly string[] | undefined, form: RegExp): string | undefined {
  const text = linesOf(value)[0]?.trim()
  return text !== undefined && form.test(text) ? text : undefined
}

const linesOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value
