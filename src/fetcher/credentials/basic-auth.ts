/**
 * Basic authentication (RFC 7617): a user name and a password for one origin - scheme, host and port - sent with every request to it, before
 * anybody asks, and never to another. So a redirect to another host, to another port or to http takes none along.
 */
import { canonicalUrl, originOf } from '../../canonical-url.ts'

/** The value of `Authorization` by origin. @param credentials `user:password` by origin or host name. */
export function authorizations(credentials: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(credentials).map(([place, pair]) => [authOriginOf(place) ?? place, authorizationOf(pair)] as const),
  )
}

/** The origin that is meant by an origin, or by a host name, which stands for https; `undefined` for what is neither. */
export function authOriginOf(place: string): string | undefined {
  const isOrigin = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(place)
  const isHost = /^([^/?#@\\\s:[\]]+|\[[\da-f:.]+\])$/i.test(place)
  const url = isOrigin || isHost ? canonicalUrl(isOrigin ? place : `https://${place}`) : undefined
  return url === undefined ? undefined : originOf(url)
}

/** RFC 7617 section 2.1: in UTF-8, which is what servers that are not old expect. */
const authorizationOf = (pair: string) => `Basic ${Buffer.from(pair.normalize('NFC'), 'utf8').toString('base64')}`
