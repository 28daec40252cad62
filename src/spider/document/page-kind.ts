/**
 * What a page is, so that a picture is not read as HTML: by its Content-Type, and where that says nothing or is plainly wrong by its first
 * bytes (WHATWG MIME Sniffing, section 7).
 *
 * The standard keeps browsers from running what was only to be shown, and so believes types that we do not; here it is only asked what can
 * be read. In this order:
 *
 * 1. What begins as a known binary format is `binary`, whatever its type. (Scripts send pictures as text/html.)
 * 2. What begins as an HTML document is `html`, whatever its type. (So come error pages for JSON and pictures, and pages as text/plain.)
 * 3. The type is believed; but text/html that begins as a feed is `xml` (as in the standard), text/plain with control characters is
 *    `binary` (section 7.2). JSON that is labelled text/html stays `html`: `json()` reads it all the same.
 * 4. Without a type, or with one that can be anything (application/octet-stream), what begins as XML, JSON or a tag is that; what has no
 *    control characters is `text`.
 */

/** What a page can be read as. */
export type PageKind = 'html' | 'xml' | 'json' | 'text' | 'binary'

/** The standard's "resource header". */
const headBytes = 1445

/** @param contentType the value of the Content-Type header; empty if there is none. */
export function kindOf(contentType: string, body: Uint8Array | string): PageKind {
  const head = headOf(body)
  if (startsBinary(head)) return 'binary'
  if (htmlDocument.test(head)) return 'html'
  const said = kindSaid(contentType)
  switch (said) {
    case 'html':
      return feed.test(head) ? 'xml' : 'html'
    case 'plain':
      return control.test(head) ? 'binary' : 'text'
    case undefined:
      return kindShown(head)
    default:
      return said
  }
}

/** Whether a type asks for the rules of XML, by which `<div/>` is a whole element; HTML under such a type is XHTML. */
export const saysXml = (contentType: string): boolean => kindSaid(contentType) === 'xml'

/** `undefined` for a type that can be anything. */
function kindSaid(contentType: string): PageKind | 'plain' | undefined {
  const type = /^\s*([^\s;,]+)/.exec(contentType)?.[1]?.toLowerCase() ?? ''
  if (type === 'text/html') return 'html'
  if (type === 'text/plain') return 'plain'
  if (/^(?:text|application)\/xml$|\+xml$/.test(type)) return 'xml'
  if (/^(?:text|application)\/(?:x-)?json$|\+json$/.test(type)) return 'json'
  if (/^text\/|^application\/(?:x-)?(?:java|ecma)script$/.test(type)) return 'text'
  return /^(?:image|audio|video|font)\/|^application\/(?:pdf|zip|gzip|wasm)$/.test(type) ? 'binary' : undefined
}

function kindShown(head: string): PageKind {
  if (/^\s*<\?xml\s/.test(head) || feed.test(head)) return 'xml'
  if (/^\s*<[a-z!/]/i.test(head)) return 'html'
  if (json.test(head)) return 'json'
  return control.test(head) ? 'binary' : 'text'
}

/** What may stand before a document: XML declaration, comments, a doctype of XML's. No look goes back, whatever the bytes are. */
const prolog = String.raw`^\s*(?:<\?xml\s[^>]*>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*`

const htmlDocument = new RegExp(String.raw`${prolog}(?:<!doctype\s+html\b|<html[\s>])`, 'i')

/** Feeds and sitemaps; the names of their roots, as of anything in XML, are in lower case. */
const feed = new RegExp(String.raw`${prolog}<(?:rss|feed|rdf:RDF|urlset|sitemapindex|svg)[\s>]`)

/** What no prose begins with: `[1] Smith` is a footnote, `[section]` a configuration. */
const json = /^\s*(?:\{\s*["}]|\[\s*(?:["{[\]]|(?:-?\d[\d.eE+-]*|true|false|null)\s*[,\]]\s*(?:$|["{[\]\d.,tfn-])))/

/** Section 3: a binary data byte, which is a control character that no text has. */
const control = new RegExp(`[${['\0-\b', '\v', '\x0e-\x1a', '\x1c-\x1f'].join('')}]`)

/** Where no text has them at its start. What begins with plain letters (BMP, MP3) is told by its control characters. */
const signatures: readonly string[] = [
  ...['\x89PNG', '\xff\xd8\xff', 'GIF87a', 'GIF89a', 'II*\0', 'MM\0*', '\0\0\x01\0'],
  ...[
    '%PDF-',
    'PK\x03\x04',
    'PK\x05\x06',
    '\x1f\x8b\x08',
    '\x28\xb5\x2f\xfd',
    '\xfd7zXZ\0',
    '7z\xbc\xaf',
    'Rar!\x1a\x07',
    'BZh91AY',
  ],
  ...['\x1aE\xdf\xa3', 'OggS\0', 'fLaC\0', 'ID3\x02', 'ID3\x03', 'ID3\x04', 'MThd\0'],
  ...['wOFF', 'wOF2', 'OTTO\0', '\0\x01\0\0', '\0asm', '\x7fELF', 'SQLite format 3\0', '\xd0\xcf\x11\xe0'],
]

function startsBinary(head: string): boolean {
  const isContainer = head.startsWith('RIFF') && /^(?:WEBP|WAVE|AVI )/.test(head.slice(8))
  return isContainer || head.startsWith('ftyp', 4) || signatures.some((signature) => head.startsWith(signature))
}

/** The first characters, without a byte order mark. Those that are not ASCII may be others; no rule asks for them. */
function headOf(body: Uint8Array | string): string {
  if (typeof body === 'string') return body.slice(0, headBytes).replace(/^\ufeff/, '')
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, headBytes)).toString('latin1')
  if (text.startsWith('\xef\xbb\xbf')) return text.slice(3)
  if (/^(?:\xff\xfe|\xfe\xff)/.test(text)) return text.slice(2).replaceAll('\0', '')
  return isUtf16(text) ? text.replaceAll('\0', '') : text
}

/** Without a mark: two ASCII characters, each with a zero on the same side. */
function isUtf16(text: string): boolean {
  const [low, high] = text[0] === '\0' ? [text[1], text[3]] : [text[0], text[2]]
  const zeros = text[0] === '\0' ? [text[0], text[2]] : [text[1], text[3]]
  return zeros.every((zero) => zero === '\0') && [low, high].every((letter) => /^[ -~\s]$/.test(letter ?? ''))
}
