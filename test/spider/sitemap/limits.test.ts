/** H2: what stops reading, and what is kept then. And, whatever the bytes are, what holds. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { constants, deflateRawSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl } from '../../../src/canonical-url.ts'
import { readSitemap, sitemapLimits } from '../../../src/spider/sitemap/sitemap.ts'
import { locs, readAll, urlset } from './read-all.ts'

const a = 'https://shop.test/a'
const b = 'https://shop.test/b'
const many = (count: number) => Array.from({ length: count }, (_, at) => `https://shop.test/${at}`)
const MiB = 1024 ** 2

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of memory that are not garbage. */
function held(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

describe('sitemaps.org: at most 50,000 URLs', () => {
  it.each<[what: string, body: string]>([
    ['a urlset', locs(...many(60_000))],
    ['text', many(60_000).join('\n')],
    [
      'an index',
      `<sitemapindex>${many(60_000)
        .map((url) => `<sitemap><loc>${url}</loc></sitemap>`)
        .join('')}</sitemapindex>`,
    ],
  ])('of 60,000 in %s the first 50,000 are kept', async (_what, body) => {
    const read = await readAll(body)
    expect(read).toMatchObject({ cut: 'too_many_urls' })
    expect(read.pages + read.sitemaps).toBe(50_000)
    expect(read.urls).toHaveLength(50_000)
    expect(read.urls.at(-1)).toBe('https://shop.test/49999')
  })

  it('50,000 are not too many', async () => {
    expect(await readAll(locs(...many(50_000)))).toMatchObject({ pages: 50_000, cut: undefined })
    expect(await readAll(many(3).join('\n'), { maxUrls: 2 })).toMatchObject({ pages: 2, cut: 'too_many_urls' })
    // What is no URL is not counted among them.
    expect(await readAll(`${many(3).join('\n')}\nx`, { maxUrls: 3 })).toMatchObject({ pages: 3, cut: undefined })
  })
})

it('ours: as many locs that are no URL', async () => {
  const body = `${a}\n${'x\n'.repeat(60_000)}${b}`
  expect(await readAll(body)).toMatchObject({ urls: [a], invalid: 50_000, cut: 'too_many_urls' })
})

describe('sitemaps.org: at most 50 MiB when unpacked', () => {
  it('is 52,428,800 bytes', () => expect(sitemapLimits.maxBytes).toBe(50 * MiB))

  it.each([1, 7, 16_384])(
    'what was read before the limit counts, and no half URL (in pieces of %d)',
    async (pieceBytes) => {
      const text = `${a}\n${b}`
      const limits = { pieceBytes, maxBytes: text.length }
      expect(await readAll(text, limits)).toMatchObject({ urls: [a, b], cut: undefined })
      expect(await readAll(`${text}b`, limits)).toMatchObject({ urls: [a], cut: 'too_large' })
      expect(await readAll(`${text}bb`, limits)).toMatchObject({ urls: [a], cut: 'too_large' })
      expect(await readAll(gzipSync(`${text}bb`), limits)).toMatchObject({ urls: [a], cut: 'too_large' })
      const xml = locs(a, b)
      for (const [maxBytes, urls, cut] of [
        [xml.length, [a, b], undefined],
        [xml.indexOf(b) + b.length, [a], 'too_large'],
        [xml.indexOf(b) + b.length + 6, [a, b], 'too_large'],
      ] as const) {
        expect(await readAll(`${xml} `, { pieceBytes, maxBytes })).toMatchObject({ urls, cut })
        expect(await readAll(gzipSync(`${xml} `), { pieceBytes, maxBytes })).toMatchObject({ urls, cut })
      }
    },
  )

  /** One gzip member of a head, and a filling repeated to 1 GiB. */
  const bomb = (head: string, filling: string) => {
    const flush = { finishFlush: constants.Z_FULL_FLUSH }
    const block = deflateRawSync(Buffer.alloc(16 * MiB, filling), flush)
    const gzipHead = Buffer.from('1f8b0800000000000003', 'hex')
    return Buffer.concat([gzipHead, deflateRawSync(head, flush), ...Array.from({ length: 64 }, () => block)])
  }
  const start = `<urlset><url><loc>${a}</loc></url>`

  it.each<[what: string, body: Uint8Array, expected: object]>([
    ['zeros', bomb('', '\0'), { format: 'unknown', urls: [] }],
    ['a URL and zeros', bomb(`${a}\n${'\n'.repeat(2_000)}`, '\0'), { format: 'text', urls: [a], cut: 'too_large' }],
    ['blanks', bomb(start, ' '), { urls: [a], cut: 'too_large' }],
    ['a loc without an end', bomb(`${start}<url><loc>https://`, 'a'), { urls: [a], cut: 'too_large' }],
    ['a comment without an end', bomb(`${start}<!--`, 'a'), { urls: [a], cut: 'broken' }],
    ['a tag without an end', bomb(`${start}<`, 'a'), { urls: [a], cut: 'broken' }],
    ['an attribute without an end', bomb(`${start}<a b="`, 'a'), { urls: [a], cut: 'broken' }],
    ['elements within one another', bomb(start, '<a>'), { urls: [a], cut: 'broken' }],
    ['attributes without an end', bomb(`${start}<a `, 'a=1 '), { urls: [a], cut: 'broken' }],
  ])('a bomb of 1 GiB is not unfolded: %s', async (_what, body, expected) => {
    const before = held()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, held())
    }, 50)
    const read = await readAll(body).finally(() => clearInterval(watch))
    expect(read).toMatchObject(expected)
    // Memory that is free is not always counted so at once. What would keep all of it came to the 50 MiB and more.
    expect(most - before).toBeLessThan(24 * MiB)
  })

  it('many comments are not one that is too long', async () => {
    const inner = ['<!-- x -->', '<?x y?>'].map((token) => token.repeat(200_000)).join(' ')
    expect(await readAll(urlset(`${inner}<url><loc>${a}</loc></url>`))).toMatchObject({ urls: [a], cut: undefined })
  })

  it('leaving early ends the unpacking', async () => {
    for await (const batch of readSitemap(bomb(start, ' '))) {
      expect(batch).toHaveLength(1)
      break
    }
  })
})

describe('H2: a broken tail keeps the URLs that were read', () => {
  const xml = locs(...many(3))

  it.each<[what: string, length: number, count: number]>([
    ['in the tag of a root', 60, 0],
    ['in a URL', xml.indexOf('test/2') + 6, 2],
    ['in the end tag of a loc', xml.lastIndexOf('</loc') + 4, 2],
    ['behind a loc', xml.lastIndexOf('</loc') + 6, 3],
    ['before the end', xml.length - 9, 3],
  ])('cut %s', async (_what, length, count) => {
    const text = xml.slice(0, length)
    const isInRoot = count > 0
    expect(await readAll(text)).toMatchObject({ urls: many(count), cut: isInRoot ? 'broken' : undefined })
    const packed = gzipSync(text)
    expect(await readAll(packed.subarray(0, -8))).toMatchObject({ urls: many(count), cut: 'broken' })
  })

  it('half a date does not count', async () => {
    const text = urlset(`<url><loc>${a}</loc><lastmod>2024-05-01</lastmod></url>`)
    const read = await readAll(text.slice(0, text.indexOf('-01</lastmod')))
    expect(read).toMatchObject({ entries: [{ url: a, lastModified: undefined }], cut: 'broken' })
  })

  it('of text that was cut, the last line does not count', async () => {
    expect(await readAll(gzipSync(`${a}\n${b}`).subarray(0, -8))).toMatchObject({ urls: [a], cut: 'broken' })
  })

  it('what is missing behind the end of a root was not part of it', async () => {
    expect(await readAll(gzipSync(xml).subarray(0, -8))).toMatchObject({ urls: many(3), cut: undefined })
  })

  it('of gzip, what could be unpacked counts', async () => {
    const urls = many(40_000).map((url, at) => `${url}/${(at * 2_654_435_761) % 4_294_967_296}`)
    const whole = gzipSync(urls.join('\n'))
    const truncated = await readAll(whole.subarray(0, whole.length / 2))
    expect(truncated.cut).toBe('broken')
    expect(truncated.pages).toBeGreaterThan(18_000)
    expect(truncated.urls).toEqual(urls.slice(0, truncated.pages))

    const damaged = Buffer.from(whole)
    damaged.fill(0xff, whole.length / 2)
    const read = await readAll(damaged)
    expect(read.cut).toBe('broken')
    expect(read.pages).toBeGreaterThan(15_000)
    expect(read.urls.slice(0, 15_000)).toEqual(urls.slice(0, 15_000))
  })

  it.each<[what: string, body: Uint8Array]>([
    ['only says that it is', Buffer.of(0x1f, 0x8b)],
    ['has no sense', Buffer.of(0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)],
  ])('gzip that %s is broken', async (_what, body) => {
    expect(await readAll(body)).toMatchObject({ format: 'unknown', urls: [], cut: 'broken' })
  })

  it('ours: reading goes on behind a tag that was not closed, and leaves out its element', async () => {
    const text = urlset(`<url><loc>${a}</url><url><loc>${b}</loc></url>`)
    expect(await readAll(text)).toMatchObject({ urls: [b], cut: 'broken' })
  })
})

describe('H2: no document type', () => {
  it('billion laughs stay as they are written', async () => {
    const lols = Array.from({ length: 9 }, (_, at) => `<!ENTITY lol${at + 1} "${`&lol${at};`.repeat(10)}">`).join('')
    const doctype = `<!DOCTYPE lolz [<!ENTITY lol0 "lol"><!ELEMENT lolz (#PCDATA)>${lols}]>`
    const read = await readAll(urlset(`<url><loc>${a}?&lol9;</loc></url>`, doctype))
    expect(read).toMatchObject({ format: 'urlset', urls: [`${a}?&lol9;`] })
  })

  it('a file is not brought in', async () => {
    const doctype = '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    expect((await readAll(urlset(`<url><loc>${a}?&file;</loc></url>`, doctype))).urls).toEqual([`${a}?&file;`])
  })
})

describe('whatever the bytes are', () => {
  const token = fc.constantFrom(
    ...['<urlset>', '</urlset>', '<sitemapindex>', '<url>', '</url>', '<sitemap>', '</sitemap>', '<loc>', '</loc>'],
    ...[
      '<lastmod>',
      '</lastmod>',
      '2024-05-01',
      '<feed>',
      '<entry>',
      '</entry>',
      '<rss><channel>',
      '<item>',
      '</item>',
    ],
    ...[
      '<link href="',
      '"',
      "'",
      '/>',
      '>',
      '<',
      '&',
      ';',
      '&amp;',
      '&am',
      '&#x26;',
      '&#',
      '&#x110000;',
      '<![CDATA[',
      ']]>',
    ],
    ...[
      '<!--',
      '-->',
      '<!DOCTYPE x [',
      ']',
      '<?xml version="1.0"',
      ' encoding="utf-16le"?>',
      ' ',
      '\n',
      '\r\n',
      'ü',
      '😀',
      '\0',
    ],
    ...[
      '<link>',
      '</link>',
      '<image:loc>',
      '<s:urlset>',
      '<s:url>',
      '<s:loc>',
      a,
      'http://b.test/?x=1&y',
      '/c',
      '\ufeff',
    ],
  )
  const markup = fc.array(token, { maxLength: 60 }).map((tokens) => Buffer.from(tokens.join('')))
  const likely = fc
    .tuple(fc.constantFrom('<urlset>', '<feed>', '<rss><channel>', '<sitemapindex>', ''), markup)
    .map(([root, rest]) => Buffer.concat([Buffer.from(root), rest]))
  const utf16 = likely.map((bytes) => Buffer.from(`\ufeff${bytes.toString()}`, 'utf16le'))
  const plain = fc.oneof(likely, markup, utf16, fc.uint8Array({ maxLength: 2_000 }))
  const cutGzip = fc.tuple(plain, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
    const packed = gzipSync(bytes)
    packed[2 + (at % (packed.length - 2))] = byte
    return packed
  })
  const anything = fc.oneof(
    plain,
    plain.map((bytes) => gzipSync(bytes)),
    cutGzip,
  )

  it('reading ends, does not throw, and gives canonical http(s) URLs', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        const read = await readAll(bytes)
        expect(read.pages + read.sitemaps).toBe(read.urls.length)
        for (const url of read.urls) {
          expect(url).toMatch(/^https?:\/\//)
          expect(canonicalUrl(url)).toBe(url)
        }
        for (const { lastModified } of read.entries) expect(lastModified ?? 0).not.toBeNaN()
      }),
      { numRuns: 500 },
    )
  })

  it('the pieces that it is read in make no difference', async () => {
    await fc.assert(
      fc.asyncProperty(anything, fc.integer({ min: 1, max: 64 }), async (bytes, pieceBytes) => {
        expect(await readAll(bytes, { pieceBytes })).toEqual(await readAll(bytes))
      }),
      { numRuns: 500 },
    )
  })
})
