/**
 * What is to be fetched, as plain data: it can be stored, resumed, logged, and sent to another machine.
 *
 * A *page* request ends in a parser. A *robots* request is the further hop of a redirected robots.txt, and a *sitemap* request asks for a
 * sitemap: requests like any other, so that they wait for the turn of the host that they go to (I1).
 */
import type { JsonValue } from './json.ts'

export type Method = 'GET' | 'HEAD' | 'POST'

/** What is asked of a URL, where that is more than a plain GET. */
export interface Sending {
  readonly method: Method
  /** Besides our own; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Whether it may be made again although it may have arrived: RFC 9110 section 9.2.2 says so of GET and HEAD. */
  readonly isIdempotent: boolean
}

export const plainGet: Sending = Object.freeze({ method: 'GET', headers: {}, isIdempotent: true })

interface RequestBase {
  /** Canonical (see `canonicalUrl`). */
  readonly url: string
  /** Higher goes first within a host; equal ones go in order of discovery. Default 0. */
  readonly priority: number
  /** How often this request was made before: 0 the first time. */
  readonly attempt: number
  /** The URLs that redirected here, first to last. */
  readonly redirects: readonly string[]
}

/** That the answer is to be kept as a file, and what it may be. */
export interface FileSpec {
  /** Media types, `image/*` and such among them; all are taken if there are none. */
  readonly types: readonly string[]
  /** Left out for the option `maxFileBytes`. */
  readonly maxBytes?: number | undefined
}

export interface PageRequest extends RequestBase {
  readonly kind: 'page'
  /** Hops from a seed; a seed has 0, a redirect keeps the depth of what redirected. */
  readonly depth: number
  /** The spider's parser for it: `parse`, or a key of `parsers`. */
  readonly parser: string
  /** The page whose link this is; `undefined` for a seed. */
  readonly referrer: string | undefined
  /** What the follow carries along. */
  readonly data: JsonValue | undefined
  /** Left out for a plain GET. */
  readonly sending?: Sending | undefined
  /** How many of `redirects`, the first ones, were answers to a POST; left out for none. */
  readonly redirectedPosts?: number | undefined
  /** Left out where the answer goes to the parser and not to disk. */
  readonly file?: FileSpec | undefined
}

export interface RobotsRequest extends RequestBase {
  readonly kind: 'robots'
  /** The origin whose rules are asked for, which is not the origin of `url` (RFC 9309 section 2.3.1.2). */
  readonly origin: string
}

export interface SitemapRequest extends RequestBase {
  readonly kind: 'sitemap'
  /** The origin that vouches for it, whose URLs it may list besides those of its own host. */
  readonly origin: string
  /** Indexes above it. */
  readonly level: number
  /**
   * Nobody has named it. Its URL is a robots.txt, which is known by then and asked which sitemaps there are; if it names none, the next
   * such request is for /sitemap.xml, and it is no fault if that is not there.
   */
  readonly isDiscovery: boolean
}

export type CrawlRequest = PageRequest | RobotsRequest | SitemapRequest

/**
 * What a request is known by, so that it is made once. One that is no page, or no GET, or is kept as a file, does not keep a page of the same
 * URL from being visited; headers make no difference.
 */
export function seenAs(request: CrawlRequest): string | undefined {
  if (request.kind === 'page') {
    const { method, body = '' } = request.sending ?? plainGet
    const named = method === 'GET' ? request.url : `${method} ${request.url} ${body}`
    const name = request.file === undefined ? named : `file ${named}`
    // Redirects led back to it with new cookies (redirect.ts): it was seen, and is to be seen again.
    const since = method === 'POST' ? [] : request.redirects.slice(request.redirectedPosts ?? 0)
    const times = since.filter((url) => url === request.url).length
    return times === 0 ? name : `${name} (${times})`
  }
  if (request.kind === 'robots') return undefined
  return `sitemap ${request.url}`
}

/** For messages: `POST https://shop.test/search`. */
export const inWords = (request: CrawlRequest) => `${methodOf(request)} ${request.url}`

export const methodOf = (request: CrawlRequest): Method =>
  request.kind === 'page' ? (request.sending?.method ?? 'GET') : 'GET'
