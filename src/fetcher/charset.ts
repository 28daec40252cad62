/**
 * Bytes to text: byte order mark, then the header's charset, then the page's own `<meta>`, then UTF-8 (WHATWG HTML section 13.2.3.2).
 * A broken sequence becomes U+FFFD; it is never an error.
 */
import { getEncoding } from 'encoding-sniffer'

export function decodeText(body: Uint8Array, contentType: string): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const label = /charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType)?.[1]
  const encoding = getEncoding(bytes, {
    defaultEncoding: 'utf-8',
    ...(label === undefined ? undefined : { transportLayerEncodingLabel: label }),
  })
  return decoderOf(encoding).decode(bytes)
}

/** Not every encoding of the standard has a decoder (`replacement`, `x-user-defined`). */
function decoderOf(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding)
  } catch {
    return new TextDecoder()
  }
}
