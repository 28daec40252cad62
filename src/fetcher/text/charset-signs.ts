/**
 * Charsets that show in bytes which no text in another one has, whatever is said of it: UTF-16 without a byte order mark, by its zeros, and
 * ISO-2022-JP, by its escapes. (Browsers do not look for zeros. Chinese without markup or line ends has hardly any, and is not found.)
 */
import { isAscii, isUtf8 } from 'node:buffer'

const headBytes = 4096
const escapeByte = 0x1b

export function shownBy(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return utf16Of(bytes)
  return bytes.includes(escapeByte) && isAscii(bytes) && hasJisEscape(bytes) ? 'iso-2022-jp' : null
}

/** Whether bytes that are labelled so have no zeros, but words in ASCII, or are UTF-8. */
export function isNotUtf16(bytes: Uint8Array): boolean {
  return !bytes.includes(0) && (isUtf8(bytes) || /[ -~]{16}/.test(Buffer.from(bytes).toString('latin1')))
}

/** Every ASCII character of UTF-16 has a zero; a page is full of them, and one in ten is enough. */
function utf16Of(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, headBytes)
  const even = head.filter((byte, at) => byte === 0 && at % 2 === 0).length
  const odd = head.filter((byte, at) => byte === 0 && at % 2 === 1).length
  const [name, zeros, others] = even > odd ? (['utf-16be', even, odd] as const) : (['utf-16le', odd, even] as const)
  return zeros >= 4 && zeros > head.length / 20 && zeros > 4 * others ? name : null
}

const toTwoBytes: ReadonlySet<string> = new Set(['$@', '$B'])
const toOneByte: ReadonlySet<string> = new Set(['(B', '(I', '(J'])

/** To the two-byte characters of JIS and back, and no others: the colours of a terminal are escapes, too. */
function hasJisEscape(bytes: Uint8Array): boolean {
  let isJis = false
  for (let at = bytes.indexOf(escapeByte); at !== -1; at = bytes.indexOf(escapeByte, at + 1)) {
    const sequence = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0)
    if (toTwoBytes.has(sequence)) isJis = true
    else if (!toOneByte.has(sequence)) return false
  }
  return isJis
}
