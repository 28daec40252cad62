/**
 * What reads bytes that strangers send, each with good inputs to begin from. A target must come to an end, soon, and throw nothing but what it
 * says it throws.
 */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { BodyError, decodeBody, decodeStart } from '../../src/fetcher/body.ts'
import { readSetCookie } from '../../src/fetcher/credentials/set-cookie.ts'
import { decodeText } from '../../src/fetcher/text/charset.ts'
import { canonicalUrl, createPage, PageKindError, parseRobots } from '../../src/index.ts'
import { directivesOf } from '../../src/politeness/page-directives.ts'
import { parseRetryAfter } from '../../src/politeness/retry-after.ts'
import { HtmlLimitError } from '../../src/spider/document/html-document.ts'
import { readSitemap } from '../../src/spider/sitemap/sitemap.ts'

export interface Target {
  readonly corpus: readonly Uint8Array[]
  /** @param choice picks among ways to read the input. */
  run(input: Buffer, choice: number): unknown
}

const bytes = (...texts: readonly string[]) => texts.map((text) => Buffer.from(text))
const page = `<!doctype html><html><head><meta charset="utf-8"><title>T</title><base href="/b/"><meta name="robots" content="noindex, max-snippet:5">
<link rel="canonical" href="c"></head><body><h1 class="x">Title &amp; é</h1><ul><li><a href="a?x=1#f" rel="nofollow">A</a><li><a href='//h.test/'>B</a></ul>
<table><tr><td>1<td>2</table><form id="f" action="/s" method="post"><input type=hidden name=k value=v><select name=s><option>1<option selected>2</select>
<textarea name=t>
x</textarea><button name=b>Go</button></form><svg><a href="z"/></svg><script>if (a < b) {}</script></body></html>`
/** Much that is open, for many times the same to look through. */
const deep = `<!doctype html><b a=1>${'<i1>'.repeat(900)}<hr></y></div></b>x <li></li><svg></z></svg><button><table>x<br><tr><td><object></td></tr>`
const attributes = `<svg ${Array.from({ length: 400 }, (_, index) => `a${index}`).join(' ')}><g></g><b c=1><p d=1></b><html e=1>`
const xml = `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item><title><![CDATA[a <b>]]></title><link>http://a.test/1</link></item></channel></rss>`
const urlset = `<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://a.test/?a=1&amp;b=2</loc><lastmod>2024-05-01T10:00:00+02:00</lastmod></url><url><loc> http://a.test/2 </loc></url></urlset>`
const robots = `# robots\nUser-agent: *\nDisallow: /private\nAllow: /private/x$\nDisallow: /*?sort=*&%7Euser\nCrawl-delay: 2.5\n\nUser-agent: doff\nUser-Agent: other/1.2\nDisallow: /é\nSitemap: /sitemap.xml\nContent-Signal: search=yes\n`

/** What a page's readers may throw: it is said of the page, in words. */
function isSaid(error: unknown): boolean {
  if (error instanceof PageKindError || error instanceof HtmlLimitError) return true
  if (!(error instanceof Error)) return false
  if (error instanceof SyntaxError) return /at line \d+, column \d+/.test(error.message)
  return /^(?:The form `form` |`form` finds |The page's XML )/.test(error.message)
}

function readPage(input: Buffer, contentType: string): void {
  const read = createPage({ url: 'http://a.test/d/', body: input, headers: { 'content-type': contentType } })
  const readers = [
    () => read.kind,
    () => read.text.length,
    () => read.directives,
    () => read.canonical,
    () => read.base,
    () => read.links(),
    () => read.links('link[href], [src]'),
    () => read.extract({ title: 'h1', all: ['a@href'], cell: 'td' }),
    () => read.$('body').text(),
    () => read.form('form'),
    () => read.json(),
  ]
  for (const reader of readers) {
    try {
      reader()
    } catch (error) {
      if (!isSaid(error)) throw error
    }
  }
}

async function decode(input: Buffer, choice: number): Promise<void> {
  const codings = ['gzip', 'br', 'zstd', 'deflate', 'gzip, gzip', 'br, gzip', 'x', '']
  const coding = codings[choice % codings.length] ?? ''
  const limit = 100_000
  try {
    const body = choice & 64 ? await decodeStart(input, coding, limit, true) : await decodeBody(input, coding, limit)
    // What is not encoded at all is measured where it comes in.
    if (coding !== '' && body.length > limit) throw new Error(`${body.length} bytes, and the limit is ${limit}`)
  } catch (error) {
    if (!(error instanceof BodyError)) throw error
  }
}

async function readWholeSitemap(input: Buffer): Promise<void> {
  let entries = 0
  for await (const parts of readSitemap(input)) entries += parts.length
  if (entries > 50_000) throw new Error(`${entries} entries of one sitemap`)
}

function judgeAll(input: Buffer): void {
  const read = parseRobots(input, 'http://a.test/robots.txt', 'doff')
  for (const path of ['/', '/private/x', '/a?sort=1&~user', `/${'a'.repeat(2_000)}`, '/%C3%A9'])
    read.judge(`http://a.test${path}`)
}

function readHeaders(input: Buffer): void {
  const lines = input.toString('latin1').split('\n')
  directivesOf({ 'x-robots-tag': lines }, [{ name: 'robots', content: input.toString() }], 'doff', 0)
  for (const line of lines.slice(0, 10)) {
    const waitMs = parseRetryAfter(line, lines[1], 1_000)
    if (waitMs !== undefined && !(waitMs >= 0)) throw new Error(`Retry-After of ${waitMs} ms`)
    readSetCookie(line, 'http://shop.test/b/', 1_000)
    const url = canonicalUrl(line, 'http://a.test/b/')
    if (url !== undefined && canonicalUrl(url) !== url) throw new Error(`not canonical: ${url}`)
  }
}

const charsets = [
  '',
  'text/html',
  'text/html; charset=utf-8',
  'text/html; charset=shift_jis',
  'text/html;charset=utf-16le',
  'charset=x',
]
const types = [
  'text/html',
  'application/xhtml+xml',
  'application/xml',
  'application/json',
  'text/plain',
  'image/png',
  '',
  'x/y; charset=gbk',
]

export const targets: Readonly<Record<string, Target>> = {
  html: {
    corpus: bytes(page, xml, deep, attributes, '{"a":[1,2,{"b":"é"}]}'),
    run: (input, choice) => readPage(input, types[choice % types.length] ?? ''),
  },
  charset: {
    corpus: [...bytes(page, 'Grüße, мир, 日本, 😀', `<?xml encoding="koi8-r"?>x`), Buffer.from('\ufeffé日', 'utf16le')],
    run: (input, choice) => decodeText(input, charsets[choice % charsets.length] ?? ''),
  },
  robots: { corpus: bytes(robots), run: judgeAll },
  sitemap: {
    corpus: [
      ...bytes(
        urlset,
        xml,
        'http://a.test/1\nhttp://a.test/2\n',
        '<sitemapindex><sitemap><loc>http://a.test/s.xml</loc></sitemap></sitemapindex>',
      ),
      gzipSync(urlset),
      Buffer.from(`\ufeff${urlset}`, 'utf16le'),
    ],
    run: readWholeSitemap,
  },
  headers: {
    corpus: bytes(
      '120',
      'Wed, 21 Oct 2026 07:28:00 GMT\nWed, 21 Oct 2026 07:00:00 GMT',
      'otherbot: noindex, nofollow\ndoff: max-snippet: 5, unavailable_after: 25 Jun 2027 15:00:00 PST',
      'a=b; Path=/; Domain=shop.test; Max-Age=5; Secure\n__Host-x=y; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
      'http://User:pw@Shop.Test:80/a/../b/%7e?q=%zz#f',
      '//[::ffff:127.0.0.1]:8080/é',
    ),
    run: readHeaders,
  },
  encodings: {
    corpus: [
      gzipSync(page),
      brotliCompressSync(page),
      zstdCompressSync(page),
      deflateSync(page),
      deflateRawSync(page),
      gzipSync(Buffer.alloc(200_000)),
    ],
    run: decode,
  },
}
