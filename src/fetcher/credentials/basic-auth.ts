/**
 * Basic authentication (RFC 7617): a user name and a password for one origin - scheme, host and port - sent with every request to it, before
 * anybody asks, and never to another. So a redirect to another host, to another port or to http takes none along.
 */
import { canonicalUrl, hostOf, originOf } from '../../canonical-url.ts'

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

/** RFC 7617 section 2: a user name has no colon, and neither has control characters. */
export const isPair = (pair: unknown): boolean => typeof pair === 'string' && /^[^:\p{Cc}]*:\P{Cc}*$/u.test(pair)

/**
 * What is wrong with credentials by place, as a clause about the first entry that is; `undefined` if that is none of them. It shows nothing
 * but a URL: in a list whose commas are not as they should be, part of a password may stand where a place is looked for.
 */
export function faultIn(credentials: unknown): string | undefined {
  // Text is what could not be read.
  if (typeof credentials === 'string' && /%(?![\da-f]{2})/i.test(credentials))
    return 'a `%` in it begins no character (%25 is a `%`)'
  if (typeof credentials !== 'object' || credentials === null) return undefined
  for (const [index, [place, pair]] of Object.entries(credentials).entries()) {
    const isUrl = /^https?:\/\//i.test(place)
    const name = isUrl && !place.includes('@') ? `\`${place.replace(/([?#]).+/s, '$1...')}\`` : `entry ${index + 1}`
    if (place === '') return `${name} is no \`origin=user:password\` (in a password, %2C is a comma and %20 a blank)`
    if (authOriginOf(place) === undefined)
      return isUrl
        ? `${name} is no origin (a scheme, a host, perhaps a port, and nothing more)`
        : `${name} is for neither an origin nor a host name (a port needs a scheme: \`https://host:8443\`)`
    if (!isPair(pair)) return `what is set for ${name} is no \`user:password\` without control characters`
  }
  return undefined
}

/** What to do about a 401, where it is about a user name and a password. @param sent the `Authorization` that went with the request. */
export function remedyFor(
  url: string,
  known: ReadonlyMap<string, string>,
  sent: string | undefined,
  challenge: string,
): string | undefined {
  const origin = originOf(url)
  const isOwn = sent === known.get(origin)
  if (sent !== undefined) return isOwn ? `the user name or password of basicAuth for ${origin} was refused` : undefined
  // RFC 9110 section 11.6.1: in any case of letters, and perhaps one of several.
  if (!/(^|,)\s*basic\b/i.test(challenge)) return undefined
  const near = known.keys().find((other) => hostOf(other) === hostOf(url))
  return near === undefined ? `set basicAuth for ${origin}` : `basicAuth is set for ${near}, and not for ${origin}`
}

/** RFC 7617 section 2.1: in UTF-8, which is what servers that are not old expect. */
const authorizationOf = (pair: string) => `Basic ${Buffer.from(pair.normalize('NFC'), 'utf8').toString('base64')}`
