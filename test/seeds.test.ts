import { describe, expect, expectTypeOf, it } from 'vitest'
import { SeedError } from '../src/errors.ts'
import { defineSpider, type ItemOf, type Page, type Seed } from '../src/index.ts'
import { nameOfSeed, seedsOf } from '../src/seeds.ts'

const parse = () => [{ a: 1 }]
const book = (page: Page<{ n: number; tags: string[] }>) => [{ n: page.data.n }]

const requestsOf = (seeds: unknown) => {
  const spider = defineSpider({ name: 'x', seeds: seeds as readonly string[], parse, parsers: { book: parse } })
  return seedsOf(spider, {})
}

describe('seeds', () => {
  const plain = {
    kind: 'page',
    parser: 'parse',
    priority: 0,
    depth: 0,
    referrer: undefined,
    data: undefined,
    attempt: 0,
    redirects: [],
  }

  it('are URLs', () => {
    expect(requestsOf(['http://A.test'])).toEqual([{ ...plain, url: 'http://a.test/' }])
  })

  it('or objects that say more', () => {
    const seeds = [
      { url: 'http://A.test' },
      {
        url: 'http://a.test/s',
        form: { q: 'tea' },
        parser: 'book',
        data: { n: 1 },
        priority: 2,
        headers: { 'X-A': 'b' },
        idempotent: true,
      },
      { url: 'http://a.test/h', method: 'HEAD' },
    ]
    expect(requestsOf(seeds)).toEqual([
      { ...plain, url: 'http://a.test/' },
      {
        ...plain,
        url: 'http://a.test/s',
        parser: 'book',
        data: { n: 1 },
        priority: 2,
        sending: {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-a': 'b' },
          body: 'q=tea',
          isIdempotent: true,
        },
      },
      { ...plain, url: 'http://a.test/h', sending: { method: 'HEAD', headers: {}, isIdempotent: true } },
    ])
  })

  it.each<[seed: unknown, message: string]>([
    ['mailto:x', 'Seed "mailto:x" of spider "x" is no http(s) URL (write it like https://shop.test/)'],
    [undefined, 'Seed undefined of spider "x" is no http(s) URL'],
    [{ url: 5 }, 'Seed 5 of spider "x" is no http(s) URL'],
    [
      { url: 'http://a.test', body: 'x' },
      'Seed http://a.test/ of spider "x": no field of a seed is called `body` (known: url, parser, data,',
    ],
    [{ url: 'http://a.test', parser: 'boook' }, 'no parser is called `boook` (known: parse, book)'],
    [{ url: 'http://a.test', priority: '1' }, 'its `priority` is no number'],
    [{ url: 'http://a.test', data: { at: new Date(0) } }, 'its data cannot be stored: data.at is a Date'],
    [
      { url: 'http://a.test', method: 'GET', form: {} },
      'Seed http://a.test/ of spider "x": `form` is a body, and a GET has none',
    ],
    [{ url: 'http://a.test', headers: { Host: 'b.test' } }, '`headers`: `Host` is not for a spider to set'],
  ])('%j is an error', (seed, message) => {
    expect(() => requestsOf([seed])).toThrow(SeedError)
    expect(() => requestsOf([seed])).toThrow(message)
  })

  it('are told apart by what they ask, when a crawl goes on', () => {
    const url = 'http://a.test/'
    const names = requestsOf([
      url,
      { url, headers: { a: 'b' } },
      { url, method: 'HEAD' },
      { url, method: 'POST' },
      { url, form: { q: 1 } },
      { url, form: { q: 2 } },
    ]).map(nameOfSeed)
    expect(names).toEqual([
      url,
      url,
      `HEAD ${url}`,
      `POST ${url}`,
      expect.stringMatching(/^POST .*\/ \(body \w{8}\)$/),
      expect.any(String),
    ])
    expect(new Set(names).size).toBe(5)
  })
})

describe('the compiler', () => {
  const url = 'http://a.test/'

  it('lets pass what goes together, and still tells the items', () => {
    const spider = defineSpider({
      name: 'x',
      seeds: [url, { url, form: { q: 1 } }, { url, parser: 'book', data: { n: 1, tags: ['a'] } }, { url, data: 'x' }],
      parse,
      parsers: { book },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ a: number } | { n: number }>()
    const seeds: readonly Seed[] = [{ url, parser: 'whatever' }]
    defineSpider({ name: 'x', seeds, parse })
    defineSpider({
      name: 'x',
      seeds: ({ q = '' }) => [{ url, form: { q }, parser: 'book', data: { n: 1, tags: [] } }],
      parse,
      parsers: { book },
    })
  })

  it('knows the parsers', () => {
    // @ts-expect-error -- no parser is called "boook"
    defineSpider({ name: 'x', seeds: [{ url, parser: 'boook' }], parse, parsers: { book } })
  })

  it('knows what data they ask for', () => {
    const parsers = { book }
    // @ts-expect-error -- the parser "book" asks for other data than this seed brings
    defineSpider({ name: 'x', seeds: [{ url, parser: 'book', data: { n: 'one', tags: [] } }], parse, parsers })
    // @ts-expect-error -- the parser "book" asks for other data than this seed brings
    defineSpider({ name: 'x', seeds: [{ url, parser: 'book' }], parse, parsers: { book } })
  })

  it('knows what can be sent', () => {
    // @ts-expect-error -- a GET has no body
    defineSpider({ name: 'x', seeds: [{ url, method: 'GET', form: {} }], parse })
    // @ts-expect-error -- a request has one body
    defineSpider({ name: 'x', seeds: [{ url, json: {}, form: {} }], parse })
  })
})
