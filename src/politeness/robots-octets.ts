/**
 * The octets in which the paths of URLs and the patterns of rules are compared (RFC 9309 section 2.2.2).
 *
 * Octets outside of the reserved and unreserved ones are percent-encoded, escapes of unreserved ones are decoded, hex digits are upper
 * case. What comes out is ASCII. An asterisk or a dollar sign that stands for itself is escaped, so what is left of them is special.
 */

/** `/path?query` of a URL: an asterisk or dollar sign in a URL stands for itself. */
export function canonicalPath(url: URL): string {
  return canonicalOctets(url.pathname + url.search)
    .replaceAll('*', '%2A')
    .replaceAll('$', '%24')
}

/** A pattern, of which a character is an octet. A dollar sign is special at the end only. */
export function canonicalPattern(value: string): string {
  const isAnchored = value.endsWith('$')
  const octets = canonicalOctets(isAnchored ? value.slice(0, -1) : value).replaceAll('$', '%24')
  return isAnchored ? `${octets}$` : octets
}

function canonicalOctets(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!(),;:@&=+/?*$]/g, (match) => {
    if (match.length === 3 && match.startsWith('%')) {
      const character = String.fromCharCode(Number.parseInt(match.slice(1), 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : match.toUpperCase()
    }
    return `%${match.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
