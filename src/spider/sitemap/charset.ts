/**
 * From the bytes of a sitemap to text, piece by piece: byte order mark, then the XML declaration (XML 1.0 appendix F), then UTF-8, which is
 * what sitemaps.org asks for. A broken sequence becomes U+FFFD; it is never an error.
 */

/** As far as a declaration may be from the start. */
const headBytes = 1024

export class SitemapDecoder {
  /** Whether the first bytes are no text at all: an image, or gzip within gzip. */
  isBinary = false
  #head: Uint8Array | undefined = new Uint8Array()
  #decoder = new TextDecoder()

  /** Nothing comes out before there is enough to tell the encoding. */
  write(piece: Uint8Array): string {
    if (this.#head === undefined) return this.#decoder.decode(piece, { stream: true })
    this.#head = Buffer.concat([this.#head, piece])
    return this.#head.length < headBytes ? '' : this.#begin(this.#head)
  }

  /** What is left. */
  end(): string {
    const rest = this.#head === undefined ? '' : this.#begin(this.#head)
    return this.isBinary ? '' : rest + this.#decoder.decode()
  }

  #begin(bytes: Uint8Array): string {
    this.#head = undefined
    const head = bytes.subarray(0, headBytes)
    const encoding = utf16Of(head)
    this.isBinary = encoding === undefined && head.some(isControl)
    if (this.isBinary) return ''
    this.#decoder = decoderOf(encoding ?? declaredIn(head) ?? 'utf-8')
    return this.#decoder.decode(bytes, { stream: true })
  }
}

/** By the byte order mark, or the zeros around a first `<`. */
function utf16Of([first, second]: Uint8Array): string | undefined {
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return 'utf-16be'
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return 'utf-16le'
  return undefined
}

/** Control characters that no text has, in whatever encoding that goes on from ASCII (ISO-2022-JP has escapes). */
const isControl = (byte: number) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27)

/** A declaration behind the byte order mark of UTF-8 does not begin the text, and so does not count. */
function declaredIn(head: Uint8Array): string | undefined {
  const text = Buffer.from(head).toString('latin1')
  const label = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]
  // What could be read as ASCII is no UTF-16, whatever it says of itself (WHATWG HTML section 13.2.3.2).
  return label === undefined || /^\s*(utf-16|ucs-2|unicode)/i.test(label) ? undefined : label
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(label)
  } catch {
    return new TextDecoder()
  }
}
