/**
 * Bytes to text, as the WHATWG HTML and Encoding standards have it: byte order mark, then the header's charset, then the page's own `<meta>`
 * or XML declaration; where nobody says, UTF-8 if it is that, or else what the bytes look like (see detect-charset.ts). A broken sequence
 * becomes U+FFFD; it is never an error.
 *
 * Ours: a label that the bytes contradict is not believed. Browsers do believe it, and their users see the garbage and tell the site's owner;
 * garbage in data is seen by nobody. But the bytes have to be clear. (Measured on what Debian's programs say, in the legacy charsets of 30
 * languages.)
 *
 * - *Labelled UTF-8, and most of it is broken.* At least 57 % of the characters of a legacy text are, if it is read as UTF-8; of a broken
 *   UTF-8 page, a few are, and it keeps its U+FFFD. JSON is labelled by being JSON.
 * - *Labelled otherwise, and it is UTF-8* (Apache's `AddDefaultCharset ISO-8859-1`). Latin letters make UTF-8 by chance in 3 of 187,000
 *   sentences, so one character is enough. Of Chinese, Korean, Thai and Ukrainian ones up to five do: six are needed, unless the page itself
 *   says UTF-8. (`联` alone, in GBK, stays what its label says.)
 * - *Header and page say different things, and the bytes can be read as both.* The header wins (WHATWG), unless the library finds the page's
 *   the likelier of the two.
 * - *Zeros, or the escapes of ISO-2022-JP,* which no other text has, go before any label.
 *
 * What it cannot tell: one legacy charset labelled as another that can read it (windows-1251 as KOI8-R, Shift_JIS as GBK). The label stands.
 */
import { isUtf8 } from 'node:buffer'
import { getBOMEncoding, normalizeEncoding, TextDecoder } from '@exodus/bytes/encoding.js'
import { ResultType, Sniffer } from 'encoding-sniffer/sniffer'
import { isNotUtf16, shownBy } from './charset-signs.ts'
import { detectCharset, likelierOf } from './detect-charset.ts'

/** Twice what the standard's prescan looks at: browsers go on when the parser comes upon a later `<meta>`. */
const declarationBytes = 2048

/** More characters than a short legacy text is by chance. */
const enoughUtf8 = 6

/** Fewer broken bytes say nothing against a label: they may be a legacy text's few letters, or what is broken of a text that is what it says. */
const clearlyBroken = 4

const json = /^\s*[^\s;,]+[/+](?:x-)?json\b/i

/** @param contentType the value of the Content-Type header; empty if there is none. */
export function decodeText(body: Uint8Array, contentType: string): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const clear = getBOMEncoding(bytes) ?? shownBy(bytes)
  if (clear !== null) return decode(bytes, clear)
  const told = labelOf(contentType)
  const header = isUtf16(told) && isNotUtf16(bytes) ? undefined : told
  // The ordinary page ends here.
  const isValid = isUtf8(bytes)
  if (isValid && header === 'utf-8') return decode(bytes, header)
  // JSON is UTF-8, and nothing else (RFC 8259 section 8.1), as if it said so; what a text in it says of another page is not said of it.
  const page = json.test(contentType) ? 'utf-8' : declaredIn(bytes)
  const label = header ?? page
  if (isValid && (label === undefined || label === 'utf-8')) return decode(bytes, 'utf-8')

  const asUtf8 = read(bytes, 'utf-8')
  if (isMeant(asUtf8, header, page)) return asUtf8.text
  const labels = new Set([header, page].flatMap((name) => (name === undefined || name === 'utf-8' ? [] : [name])))
  const [first, second] = [...labels].map((name) => read(bytes, name)).filter((reading) => !isMostlyBroken(reading))
  if (first !== undefined && second !== undefined)
    return likelierOf(bytes, first.charset, second.charset) === second.charset ? second.text : first.text
  if (first !== undefined) return first.text
  return decode(bytes, detectCharset(bytes) ?? label ?? 'windows-1252')
}

interface Reading {
  readonly charset: string
  readonly text: string
  /** Characters that are not ASCII: those that came out, and those that did not. */
  readonly sound: number
  readonly broken: number
}

/**
 * The decoders are a library's: Node's own read a third of EUC-KR, a fifth of Big5 and EUC-JP, and some of Shift_JIS otherwise than the
 * standard says.
 */
const decode = (bytes: Uint8Array, charset: string): string => new TextDecoder(charset).decode(bytes)

function read(bytes: Uint8Array, charset: string): Reading {
  const text = decode(bytes, charset)
  let sound = 0
  let broken = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0xfffd) broken += 1
    else if (code > 0x7f) sound += 1
  }
  return { charset, text, sound, broken }
}

const isMostlyBroken = ({ sound, broken }: Reading) => broken > sound

/** Whether bytes were meant as UTF-8, which they are not quite, or which they are not said to be. */
function isMeant({ sound, broken }: Reading, header: string | undefined, page: string | undefined): boolean {
  const label = header ?? page
  if (label === undefined) return sound > broken
  if (label === 'utf-8') return sound >= broken || broken < clearlyBroken
  const isClaimed = page === 'utf-8' || label === 'windows-1252'
  return sound >= (isClaimed ? 1 : enoughUtf8) && sound >= 10 * broken
}

const isUtf16 = (name: string | undefined) => name?.startsWith('utf-16') === true

/** The standard's name of the charset in a Content-Type, in lower case. */
function labelOf(contentType: string): string | undefined {
  const label = /charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType)?.[1]
  return label === undefined ? undefined : readable(normalizeEncoding(label))
}

/** The charset that a page says it has: WHATWG HTML section 13.2.3.2, "prescan a byte stream to determine its encoding". */
function declaredIn(bytes: Uint8Array): string | undefined {
  const sniffer = new Sniffer({ maxBytes: declarationBytes })
  sniffer.write(bytes.subarray(0, declarationBytes))
  return sniffer.resultType === ResultType.DEFAULT ? undefined : readable(sniffer.encoding.toLowerCase())
}

/** `replacement` stands for charsets that the standard has given up; they have no decoder. */
const readable = (name: string | null) => (name === null || name === 'replacement' ? undefined : name)
