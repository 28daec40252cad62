/** What is read out of a whole sitemap. What stops reading is in sitemap-limits.test.ts. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { locs, readAll, urlset } from './read-all.ts'

const a = 'https://shop.test/a'
const b = 'https://shop.test/b'

const index = (inner: string) =>
  `<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${inner}</sitemapindex>`
const rss = (inner: string) =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Shop</title>
  <link>https://shop.test/</link><atom:link href="https://shop.test/rss" rel="self"/>${inner}</channel></rss>`
const atom = (inner: string) =>
  `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><link href="https://shop.test/"/>
  <updated>2020-01-01T00:00:00Z</updated>${inner}</feed>`

describe('sitemaps.org: a urlset', () => {
  it('names pages, and when each was last modified', async () => {
    const read = await readAll(
      urlset(`<url><loc>${a}</loc><lastmod>2024-05-01</lastmod><changefreq>daily</changefreq><priority>0.8</priority></url>
      <url><lastmod>2024-05-01T12:30:00+02:00</lastmod><loc>${b}</loc></url><url><loc>${b}?c</loc></url>`),
    )
    expect(read).toMatchObject({ format: 'urlset', pages: 3, sitemaps: 0, invalid: 0, cut: undefined })
    expect(read.parts).toEqual([
      { kind: 'page', entry: { url: a, lastModified: Date.UTC(2024, 4, 1) } },
      { kind: 'page', entry: { url: b, lastModified: Date.UTC(2024, 4, 1, 10, 30) } },
      { kind: 'page', entry: { url: `${b}?c`, lastModified: undefined } },
    ])
  })

  it.each<[what: string, loc: string, urls: readonly string[]]>([
    ['H3: white space around a loc is trimmed', `\n   ${a}\t `, [a]],
    ['H3: entities are decoded', `${a}?x=1&amp;y=&#50;&#x26;z=&apos;`, [`${a}?x=1&y=2&z=%27`]],
    ['ours: a bare ampersand is taken as it is', `${a}?x=1&y=2&&z`, [`${a}?x=1&y=2&&z`]],
    ['an entity is decoded once', `${a}?x=&amp;amp;`, [`${a}?x=&amp;`]],
    ['CDATA is read as it is written', `<![CDATA[${a}?x=1&y=&amp;]]>`, [`${a}?x=1&y=&amp;`]],
    ['CDATA and text go together', `https://shop<![CDATA[.test]]>/a`, [a]],
    ['a comment is not part of a loc', `https://shop<!-- x -->.test/a`, [a]],
    ['the URL is made canonical', 'HTTPS://u:p@Shop.test:443/x/../a#top', [a]],
    ['H3: a relative loc is none', '/a', []],
    ['H3: a loc without a scheme is none', '//shop.test/a', []],
    ['a loc without slashes is none', 'https:a', []],
    ['another scheme is none', 'ftp://shop.test/a', []],
    ['a script is none', 'javascript:alert(1)', []],
    ['an empty loc is none', '', []],
    ['what is no URL is none', 'https://', []],
    ['a loc in a loc is none', `<loc>${a}</loc>`, []],
  ])('%s', async (_what, loc, urls) => {
    const read = await readAll(locs(loc, b))
    expect(read.urls).toEqual([...urls, b])
    expect(read).toMatchObject({ pages: urls.length + 1, invalid: 1 - urls.length, cut: undefined })
  })

  it('a self-closing tag is an element that is empty', async () => {
    const read = await readAll(urlset(`<url/><url><loc/></url><url><lastmod/><loc>${a}</loc><video/></url>`))
    expect(read).toMatchObject({ urls: [a], invalid: 1, cut: undefined })
    expect(await readAll('<urlset/>')).toMatchObject({ format: 'urlset', pages: 0, cut: undefined })
  })

  it('a prefix of the namespace makes no difference', async () => {
    const read = await readAll(
      `<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"><s:url><x:loc>${b}</x:loc><s:loc>${a}</s:loc><s:lastmod>2024</s:lastmod>
      </s:url></s:urlset>`,
    )
    expect(read).toMatchObject({ format: 'urlset', entries: [{ url: a, lastModified: Date.UTC(2024) }] })
  })

  it('locs of images, videos and other languages are no pages', async () => {
    const image = 'https://shop.test/a.jpg'
    const read = await readAll(
      urlset(`<url><image:loc>${image}</image:loc><image:image><image:loc>${image}</image:loc><loc>${image}</loc></image:image>
      <video:video><video:player_loc>${image}</video:player_loc></video:video><loc>${a}</loc>
      <xhtml:link rel="alternate" hreflang="de" href="https://shop.test/de"/></url><loc>${image}</loc>
      <x><url><loc>${image}</loc></url></x><sitemap><loc>${image}</loc></sitemap>`),
    )
    expect(read).toMatchObject({ urls: [a], invalid: 0, cut: undefined })
  })

  it('an entry has one loc, the first', async () => {
    expect((await readAll(urlset(`<url><loc>${a}</loc><loc>${b}</loc></url>`))).urls).toEqual([a])
  })

  it('a date does not pass on to the next entry', async () => {
    const read = await readAll(urlset(`<url><lastmod>2024</lastmod></url><url><loc>${a}</loc></url>`))
    expect(read.entries).toEqual([{ url: a, lastModified: undefined }])
  })

  it('behind its end there is nothing more', async () => {
    expect(await readAll(`${locs(a)}<!-- cached --><p>${locs(b)}`)).toMatchObject({ urls: [a], cut: undefined })
  })
})

it('sitemaps.org: an index names further sitemaps', async () => {
  const read = await readAll(
    index(`<sitemap><loc>${a}.xml.gz</loc><lastmod>2024-05</lastmod></sitemap><sitemap><loc>x</loc></sitemap>
    <url><loc>${b}</loc></url>`),
  )
  expect(read).toMatchObject({ format: 'index', pages: 0, sitemaps: 1, invalid: 1, cut: undefined })
  expect(read.parts).toEqual([{ kind: 'sitemap', entry: { url: `${a}.xml.gz`, lastModified: Date.UTC(2024, 4) } }])
})

describe('H1: RSS 2.0', () => {
  it('names a page by the link of each item', async () => {
    const read = await readAll(
      rss(`<item><title>A</title><guid>x</guid><atom:link href="https://other.test/"/><link>${a}</link>
      <pubDate>Wed, 01 May 2024 12:30:00 +0200</pubDate><description>&lt;a href="${b}"&gt;</description></item>
      <item><title>without a link</title></item><item><link>${b}</link><pubDate>yesterday</pubDate></item>`),
    )
    expect(read).toMatchObject({ format: 'rss', pages: 2, invalid: 0, cut: undefined })
    expect(read.entries).toEqual([
      { url: a, lastModified: Date.UTC(2024, 4, 1, 10, 30) },
      { url: b, lastModified: undefined },
    ])
  })
})

describe('H1: Atom', () => {
  it('names a page by the alternate link of each entry', async () => {
    const read = await readAll(
      atom(`<entry><link rel="self" href="https://shop.test/self"/><link rel="alternate" href="${a}?x=1&amp;y"/>
      <link href="${b}"/><updated>2024-05-01T12:30:00Z</updated></entry>
      <entry><link href="${b}"/></entry><entry><link rel="edit" href="${b}"/></entry><entry><link href="b"/></entry>`),
    )
    expect(read).toMatchObject({ format: 'atom', pages: 2, invalid: 1, cut: undefined })
    expect(read.entries).toEqual([
      { url: `${a}?x=1&y`, lastModified: Date.UTC(2024, 4, 1, 12, 30) },
      { url: b, lastModified: undefined },
    ])
  })
})

describe('H1: plain text', () => {
  it.each<[what: string, text: string]>([
    ['names a page in each line', `${a}\n${b}\n`],
    ['needs no end of line at its end', `${a}\n${b}`],
    ['may have any end of line', `${a}\r\n\r\n${b}\r`],
    ['may have blanks around its lines', `\n\n  ${a}\t\n ${b}`],
  ])('%s', async (_what, text) => {
    expect(await readAll(text)).toMatchObject({ format: 'text', urls: [a, b], invalid: 0, cut: undefined })
  })

  it('a line with anything else is no URL', async () => {
    const read = await readAll(`${a}\n/b\nNot found\n${a} ${b}\n# ${b}\n${b}`)
    expect(read).toMatchObject({ format: 'text', urls: [a, b], invalid: 4 })
  })
})

describe('H1: the content tells the format', () => {
  it.each<[what: string, body: string | Uint8Array]>([
    ['an empty body', ''],
    ['blanks', ' \n \n'],
    ['a page that says not found, with status 200', `<!DOCTYPE html><html><body><a href="${a}">${a}</a></body></html>`],
    ['a page without a head', `<p>${a}<br><loc>${a}</loc>`],
    ['some other XML', `<shop><url><loc>${a}</loc></url></shop>`],
    ['bytes that are no text', Buffer.from(`${a}\n\0`)],
    ['gzip within gzip', gzipSync(gzipSync(locs(a)))],
    ['gzip of nothing', gzipSync('')],
  ])('%s names nothing', async (_what, body) => {
    const read = await readAll(body)
    expect(read).toEqual({
      format: 'unknown',
      pages: 0,
      sitemaps: 0,
      invalid: 0,
      cut: undefined,
      parts: [],
      entries: [],
      urls: [],
    })
  })

  it.each<[what: string, body: Uint8Array]>([
    ['gzip is known by its first bytes', gzipSync(locs(a))],
    ['text may be gzip too', gzipSync(a)],
    ['gzip of several members is one', Buffer.concat([gzipSync(locs(a).slice(0, 80)), gzipSync(locs(a).slice(80))])],
    ['zeros behind gzip do no harm', Buffer.concat([gzipSync(locs(a)), Buffer.alloc(9_000)])],
  ])('%s', async (_what, body) => {
    expect(await readAll(body)).toMatchObject({ urls: [a], cut: undefined })
  })
})

describe('H1: encodings', () => {
  const umlaut = 'https://shop.test/%C3%BC'
  const xml = (encoding: string) =>
    urlset('<url><loc>https://shop.test/ü</loc></url>', `<?xml version="1.0" encoding='${encoding}'?>`)
  const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()

  it.each<[what: string, body: Uint8Array]>([
    ['UTF-8', Buffer.from(xml('UTF-8'))],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${xml('UTF-8')}`)],
    ['text with a byte order mark', Buffer.from('\ufeffhttps://shop.test/ü')],
    ['a byte order mark wins over the declaration', Buffer.from(`\ufeff${xml('ISO-8859-1')}`)],
    ['UTF-16, little endian', Buffer.from(`\ufeff${xml('UTF-16')}`, 'utf16le')],
    ['UTF-16, big endian', utf16be(`\ufeff${xml('UTF-16')}`)],
    ['UTF-16 without a byte order mark', Buffer.from(xml('UTF-16LE'), 'utf16le')],
    ['UTF-16, big endian, without a byte order mark', utf16be(xml('UTF-16BE'))],
    ['text in UTF-16', Buffer.from('\ufeffhttps://shop.test/ü', 'utf16le')],
    ['UTF-16 within gzip', gzipSync(Buffer.from(`\ufeff${xml('UTF-16')}`, 'utf16le'))],
    ['what is declared', Buffer.from(xml('ISO-8859-1'), 'latin1')],
    ['what is declared as UTF-16 and is not', Buffer.from(xml('UTF-16'))],
    ['what is declared and does not exist', Buffer.from(xml('klingon'))],
  ])('%s', async (_what, body) => {
    for (const pieceBytes of [1, 7, 16_384]) {
      expect(await readAll(body, { pieceBytes })).toMatchObject({ urls: [umlaut], cut: undefined })
    }
  })

  it('a broken sequence harms no other URL', async () => {
    const read = await readAll(
      Buffer.concat([Buffer.from(`${a}\nhttps://shop.test/`), Buffer.of(0xff), Buffer.from(`\n${b}`)]),
    )
    expect(read.urls).toEqual([a, 'https://shop.test/%EF%BF%BD', b])
  })
})

it('batches come while reading goes on, and others get their turn between them', async () => {
  const { readSitemap } = await import('../../../src/spider/sitemap/sitemap.ts')
  const body = Buffer.from(locs(...Array.from({ length: 5_000 }, (_, at) => `${a}${at}`)))
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 0)
  const sizes: number[] = []
  for await (const batch of readSitemap(body, { pieceBytes: 4_096 })) sizes.push(batch.length)
  clearInterval(timer)
  expect(sizes.length).toBeGreaterThan(40)
  expect(Math.max(...sizes)).toBeLessThan(200)
  expect(turns).toBeGreaterThan(2)
})
