/**
 * What a request becomes when its answer redirects it: the Fetch standard's "HTTP-redirect fetch", and RFC 9110 section 15.4.
 *
 * Stricter than both, on purpose: to another origin go no headers but those that say how a page should come, and the type of the body. Which
 * of the others are secrets (`Authorization` and `Cookie` are, and so are `X-Api-Key` and its kind) nobody can tell.
 */
import { originOf } from './canonical-url.ts'
import { type Method, type PageRequest, plainGet, type Sending } from './request.ts'

export type Redirected =
  | { readonly kind: 'next'; readonly request: PageRequest }
  /** The same was asked for before, on this way. */
  | { readonly kind: 'loop' }

/** The request body header names of the Fetch standard: they speak of a body. */
const bodyHeaders: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
])

/** What may go along to another origin. */
const harmless: ReadonlySet<string> = new Set(['accept', 'accept-language', ...bodyHeaders])

/** No secret. @param name in lower case. */
export const isHarmless = (name: string): boolean => harmless.has(name)

/**
 * The request that a redirect makes of another: a follow of the same depth, whose scope, seen, robots and turn are asked for as for any.
 *
 * - 303, and 301 or 302 in answer to a POST, make it a GET without a body; 307 and 308 keep method and body, also to another origin.
 * - A HEAD stays one, whatever the status.
 * - One that leads back is a loop, but for a GET or HEAD with new cookies: to look whether they come back is what many sites do at first.
 * @param target canonical.
 * @param hasNewCookies whether the answer set some that the next request may carry.
 */
export function redirected(request: PageRequest, status: number, target: string, hasNewCookies = false): Redirected {
  const { sending: before = plainGet, ...rest } = request
  const method = methodAfter(before.method, status)
  const redirects = [...request.redirects, request.url]
  const posts = before.method === 'POST' ? redirects.length : (request.redirectedPosts ?? 0)
  const made = method === 'POST' ? redirects : redirects.slice(posts)
  if (made.includes(target) && !(hasNewCookies && method !== 'POST')) return { kind: 'loop' }
  const sending = sendingAfter(before, method, originOf(request.url) === originOf(target))
  return {
    kind: 'next',
    request: {
      ...rest,
      url: target,
      attempt: 0,
      redirects,
      ...(posts === 0 ? undefined : { redirectedPosts: posts }),
      ...(sending === undefined ? undefined : { sending }),
    },
  }
}

function methodAfter(method: Method, status: number): Method {
  const isChanged = status === 303 ? method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST'
  return isChanged ? 'GET' : method
}

/** @returns `undefined` for a plain GET. */
function sendingAfter(before: Sending, method: Method, isSameOrigin: boolean): Sending | undefined {
  const losesBody = method !== before.method
  const headers = Object.entries(before.headers).filter(
    ([name]) => (isSameOrigin || isHarmless(name)) && !(losesBody && bodyHeaders.has(name)),
  )
  if (method === 'GET' && headers.length === 0 && (losesBody || before.isIdempotent)) return undefined
  const kept = { ...before, method, headers: Object.fromEntries(headers) }
  if (!losesBody) return kept
  const { body: _, ...without } = kept
  return { ...without, isIdempotent: true }
}
