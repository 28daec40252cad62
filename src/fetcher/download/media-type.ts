/** What a file is called after, and judged by: the media type that the server says it has (RFC 9110 section 8.3.1). */
import mime from 'mime'

/** `image/png`, without parameters and in lower case; `application/octet-stream` where there is none. */
export function mediaTypeOf(contentType: unknown): string {
  const type = String(contentType ?? '')
    .split(';')[0]
    ?.trim()
    .toLowerCase()
  return type === undefined || type === '' ? anyBytes : type
}

/** @param accepted media types, `image/*` and such among them; all are taken if there are none. */
export function isOfType(type: string, accepted: readonly string[]): boolean {
  if (accepted.length === 0) return true
  return accepted.some((each) => {
    const range = each.toLowerCase()
    return range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))
  })
}

const anyBytes = 'application/octet-stream'
/** Servers say these of whatever they do not know. */
const saysLittle = new Set([anyBytes, 'binary/octet-stream', 'text/plain'])

/** That of the URL, where it goes with the type; else that of the type. */
export function extensionOf(type: string, url: string): string {
  const own = /\.([a-z\d]{1,10})$/i.exec(new URL(url).pathname)?.[1]?.toLowerCase()
  if (own !== undefined && (saysLittle.has(type) || mime.getAllExtensions(type)?.has(own) === true)) return own
  return mime.getExtension(type) ?? own ?? 'bin'
}
