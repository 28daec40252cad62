/**
 * A cookie as plain data. A crawl's cookies are part of its state: the frontier commits what an answer set with what became of its request,
 * and gives them back to a crawl that goes on. What they mean is told in fetcher/credentials/cookies.ts.
 */

/** What tells one cookie from another (RFC 6265bis section 5.7). */
export interface CookieId {
  /** In lower case, without a leading dot. */
  readonly domain: string
  /** Not for the hosts below `domain`. */
  readonly isHostOnly: boolean
  readonly path: string
  readonly name: string
}

export interface Cookie extends CookieId {
  readonly value: string
  /** For https only. */
  readonly isSecure: boolean
  /** Milliseconds of the crawl's clock; stays when the cookie is set anew. */
  readonly createdAt: number
  /** `undefined` for a session cookie: its session is the crawl, however often that is resumed. */
  readonly expiresAt: number | undefined
}

/** What has become of a cookie. */
export type CookieChange =
  | { readonly kind: 'kept'; readonly cookie: Cookie }
  /** Taken back by its server, expired, or driven out by others. */
  | { readonly kind: 'gone'; readonly cookie: CookieId }

export const cookieKey = ({ domain, isHostOnly, path, name }: CookieId): string =>
  JSON.stringify([domain, isHostOnly, path, name])
