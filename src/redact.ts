/**
 * URLs as they may be shown: without the user name and password that one can have (RFC 3986 section 3.2.1), also where it is not written
 * as it should be.
 */

/** A URL with `***` for its user name and password, to be shown in a message; one without them stays as it is. */
export function withoutUserinfo(text: string): string {
  const url = URL.parse(text)
  if (url === null || url.host === '') return text.replace(/^([a-z][a-z\d+.-]*:\/*)?.*@/is, '$1***@')
  if (url.username === '' && url.password === '') return text
  url.username = '***'
  url.password = ''
  return url.href
}

/** What others have written, to be shown in a message: in one line, and a short one. */
export function inShort(text: string): string {
  const harmless = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd')
  return harmless.length > maxShown ? `${harmless.slice(0, maxShown)}…` : harmless
}

const maxShown = 200

/** Whether a URL names a user or a password. */
export const hasUserinfo = (text: string): boolean => withoutUserinfo(text) !== text
