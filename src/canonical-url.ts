/**
 * One spelling for every URL, so that a page is asked for once however its links are written.
 *
 * Follows the WHATWG URL standard for parsing and RFC 3986 section 6.2.2 for what is equivalent. The order of the query is kept: servers
 * may tell `?a=1&b=2` from `?b=2&a=1`.
 */

const unreserved = /[A-Za-z0-9\-._~]/

/**
 * The canonical form of a link, or `undefined` for what is no crawlable link (`mailto:`, `javascript:`, `data:`, an unparsable one).
 *
 * Resolves against `base`; drops the fragment, userinfo, default port, dot segments, an empty query and the host's trailing dot; decodes
 * percent-encoded unreserved characters and writes the other escapes in upper case. Idempotent.
 *
 * @example canonicalUrl('../B%7e/?#top', 'http://Shop.test:80/a/') // 'http://shop.test/B~/'
 */
export function canonicalUrl(href: string, base?: string): string | undefined {
  const url = URL.parse(href, base)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  // Setters re-serialise the URL: only called where there is something to change.
  if (url.username !== '') url.username = ''
  if (url.password !== '') url.password = ''
  if (url.hash !== '' || url.href.endsWith('#')) url.hash = ''
  if (url.search === '' && url.href.endsWith('?')) url.search = ''
  if (url.hostname.endsWith('.')) {
    url.hostname = url.hostname.slice(0, -1)
    if (url.hostname === '' || url.hostname.endsWith('.')) return undefined
  }
  return url.href.includes('%') ? withCanonicalEscapes(url.href) : url.href
}

/** RFC 3986 sections 6.2.2.1 (case) and 6.2.2.2 (unreserved characters need no escape). */
function withCanonicalEscapes(href: string): string {
  // What follows a stray `%` stays as it is: decoded, it could make an escape of it.
  return href.replace(/(?<!%|%[0-9A-Fa-f])%[0-9A-Fa-f]{2}/g, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
    return unreserved.test(character) ? character : octet.toUpperCase()
  })
}

/** The unit of politeness: the host name, whatever the port and scheme. */
export function hostOf(canonical: string): string {
  return new URL(canonical).hostname
}

/** The unit of robots.txt: scheme, host and port (RFC 9309 section 2.3). */
export function originOf(canonical: string): string {
  return new URL(canonical).origin
}

/** Whether a host name or address can only be this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5). */
export function isLoopback(host: string): boolean {
  return loopback.has(host) || host.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(host)
}

const loopback: ReadonlySet<string> = new Set(['localhost', '[::1]', '0.0.0.0', '[::]'])
