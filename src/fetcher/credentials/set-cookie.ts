/**
 * One `Set-Cookie`, read and checked as RFC 6265bis (draft-ietf-httpbis-rfc6265bis) asks in sections 5.6 and 5.7, and the match of section
 * 5.8.3. tough-cookie reads dates and most attributes, and knows public suffixes and which domains and paths match. Read here are the pair, in
 * which it takes no tab, and Domain, of which it forgets that the last one counts though it be empty; its jar is left alone, for it follows RFC
 * 6265: it renews Max-Age whenever a cookie is sent, lets http overwrite a Secure cookie, takes `__host-` for another prefix than `__Host-`, and
 * lets `a.localhost` set cookies for all of `localhost`.
 *
 * Stricter than the standard, ours: a cookie without a name is ignored, and http is never secure, not even on this machine. Of no meaning
 * here: HttpOnly (there are no scripts) and SameSite (which is about who led a browser somewhere; a crawler has no page that it is on).
 */
import { defaultPath, domainMatch, getPublicSuffix, parse, pathMatch } from 'tough-cookie'
import type { Cookie } from '../../cookie.ts'

/** RFC 6265bis section 5.6: name and value together; a longer attribute is none. */
export const maxPairBytes = 4_096
const maxAttributeBytes = 1_024
/** Step 1: control characters, but for the tab. */
const forbidden = /[^\t -~\x80-\uffff]/
/** Ours: of all of it. */
const maxLineBytes = 8_192

/** RFC 6265bis section 5.5: the user agent limits how long a cookie lives; 400 days are recommended. */
const maxAgeMs = 400 * 24 * 3_600_000

/** @returns `undefined` for what is to be ignored; one that expires before `now` takes back what was set before. */
export function readSetCookie(line: string, url: string, now: number): Cookie | undefined {
  if (line.length > maxLineBytes || forbidden.test(line)) return undefined
  const pairEnd = line.includes(';') ? line.indexOf(';') : line.length
  const [name, value] = pairOf(line.slice(0, pairEnd))
  const attributes = line.slice(pairEnd)
  const read = parse(`name=value${attributes}`)
  if (read === undefined || name === '' || name.length + value.length > maxPairBytes) return undefined
  const { hostname, protocol, pathname } = new URL(url)
  const place = domainOf(lastDomainIn(attributes), hostname)
  if (place === undefined) return undefined
  if (read.secure && protocol !== 'https:') return undefined
  const isRoot = read.path === '/'
  if (!keepsPrefix(name, read.secure, place.isHostOnly && isRoot)) return undefined
  const path = read.path === null || read.path.length > maxAttributeBytes ? defaultPath(pathname) : read.path
  const expiresAt = read.expiryTime(new Date(now)) ?? Number.POSITIVE_INFINITY
  return {
    ...place,
    path,
    name,
    value,
    isSecure: read.secure,
    createdAt: now,
    expiresAt: expiresAt === Number.POSITIVE_INFINITY ? undefined : Math.min(expiresAt, now + maxAgeMs),
  }
}

/** RFC 6265bis section 5.6, steps 3 to 5. */
function pairOf(pair: string): readonly [name: string, value: string] {
  const nameEnd = Math.max(0, pair.indexOf('='))
  return [withoutBlanks(pair.slice(0, nameEnd)), withoutBlanks(pair.slice(nameEnd + 1))]
}

/** `trim` takes more than these for blanks. */
function withoutBlanks(text: string): string {
  const isBlank = (at: number) => text[at] === ' ' || text[at] === '\t'
  let [from, to] = [0, text.length]
  while (isBlank(from)) from += 1
  while (to > from && isBlank(to - 1)) to -= 1
  return text.slice(from, to)
}

/** RFC 6265bis section 5.6.3, and section 5.7, step 7: the last one counts, also where it is empty, as if there were none. */
function lastDomainIn(attributes: string): string {
  const pairs = attributes.split(';').map((attribute) => attribute.split(/=(.*)/s))
  const domains = pairs.filter(([name = '']) => withoutBlanks(name).toLowerCase() === 'domain')
  const values = domains.map(([, value = '']) => withoutBlanks(value))
  const last = values.findLast((value) => value.length <= maxAttributeBytes) ?? ''
  return last.replace(/^\./, '')
}

/** RFC 6265bis section 5.7, steps 8 to 10: for whom a cookie is; nobody may set one for a public suffix, but on it. */
function domainOf(asked: string, host: string): Pick<Cookie, 'domain' | 'isHostOnly'> | undefined {
  if (asked === '') return { domain: host, isHostOnly: true }
  const isName = /^[^\s/?#@:\\]+$/.test(asked)
  const domain = isName ? URL.parse(`http://${asked}/`)?.hostname : undefined
  if (domain === undefined || domainMatch(host, domain, false) !== true) return undefined
  // An address has no suffix; nor have names that nobody registers, like `localhost`.
  const isPublic = getPublicSuffix(domain, { ignoreError: true }) === undefined
  if (isPublic) return domain === host ? { domain, isHostOnly: true } : undefined
  return { domain, isHostOnly: false }
}

/** RFC 6265bis section 5.7, steps 20 and 21. */
function keepsPrefix(name: string, isSecure: boolean, isForHostAlone: boolean): boolean {
  if (/^__Host-/i.test(name)) return isSecure && isForHostAlone
  return isSecure || !/^__Secure-/i.test(name)
}

/** RFC 6265bis section 5.8.3, step 1: whether a cookie goes with a request. */
export function isFor(cookie: Cookie, { hostname, protocol, pathname }: URL): boolean {
  if (cookie.isSecure && protocol !== 'https:') return false
  const isDomain = cookie.isHostOnly ? cookie.domain === hostname : domainMatch(hostname, cookie.domain, false) === true
  return isDomain && pathMatch(pathname, cookie.path)
}

/** RFC 6265bis section 5.7, step 13: an answer over http leaves the Secure cookies of its name alone, wherever they would go too. */
export function standsAgainst(secure: Cookie, { name, domain, path }: Cookie): boolean {
  if (!secure.isSecure || secure.name !== name || !pathMatch(path, secure.path)) return false
  return domainMatch(domain, secure.domain, false) === true || domainMatch(secure.domain, domain, false) === true
}
