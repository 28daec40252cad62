import { describe, expect, expectTypeOf, it } from 'vitest'
import { SpiderError } from '../../../src/errors.ts'
import { checkSitemaps, type Sitemaps, type SitemapsSpec } from '../../../src/spider/sitemap/check-sitemaps.ts'

const check = (value: unknown) =>
  checkSitemaps(
    value,
    'shop',
    new Map([
      ['parse', 0],
      ['product', 0],
    ]).keys(),
  )
const nothing: Sitemaps = { urls: [], include: [], exclude: [], since: undefined, parser: 'parse' }
const include = [/\/p\//g]

describe('the field `sitemaps` is brought into one form', () => {
  it.each<[what: string, value: SitemapsSpec, expected: Partial<Sitemaps>]>([
    ['true', true, {}],
    ['no fields', {}, {}],
    ['a list', ['HTTPS://Shop.test:443/s.xml#x'], { urls: ['https://shop.test/s.xml'] }],
    ['the same URL twice', ['https://a.test', 'https://a.test/'], { urls: ['https://a.test/'] }],
    ['patterns', { include, exclude: [/x/] }, { include, exclude: [/x/] }],
    ['text as since', { since: '2024-05-01T12:00:00+02:00' }, { since: Date.UTC(2024, 4, 1, 10) }],
    ['a date as since', { since: new Date(5) }, { since: 5 }],
    ['a parser', { urls: ['http://a.test/'], parser: 'product' }, { urls: ['http://a.test/'], parser: 'product' }],
  ])('%s', (_what, value, expected) => {
    const sitemaps = check(value)
    expect(sitemaps).toEqual({ ...nothing, ...expected })
    for (const part of [sitemaps, sitemaps.urls, sitemaps.include, sitemaps.exclude])
      expect(Object.isFrozen(part)).toBe(true)
  })

  it('what the spider changes later changes nothing', () => {
    const patterns = [/a/]
    const sitemaps = check({ include: patterns })
    patterns.push(/b/)
    expect(sitemaps.include).toEqual([/a/])
  })

  it('cannot be written to', () => expectTypeOf(check).returns.toEqualTypeOf<Sitemaps>())
})

describe('a spider error names the field, what it may be and what it is', () => {
  const all = 'urls, include, exclude, since, parser'
  const url = 'an http(s) URL like https://shop.test/sitemap.xml'
  const list = 'a list of http(s) URLs like https://shop.test/sitemap.xml'
  const empty = `${list} (write \`sitemaps: true\` to find them by robots.txt)`
  const date = 'a date, or text like 2024-05-01 or 2024-05-01T12:30:00Z'

  it.each<[value: unknown, field: string, expected: string, got: string]>([
    [false, 'sitemaps', `true, a list of URLs, or an object of ${all}`, '`false` (boolean)'],
    [null, 'sitemaps', `true, a list of URLs, or an object of ${all}`, '`null` (object)'],
    ['x', 'sitemaps', `true, a list of URLs, or an object of ${all}`, '`"x"` (string)'],
    [/x/, 'sitemaps', `true, a list of URLs, or an object of ${all}`, '/x/ (a regular expression)'],
    [[], 'sitemaps', empty, 'an empty list'],
    [{ urls: [] }, 'sitemaps.urls', empty, 'an empty list'],
    [{ urls: 'https://a.test/' }, 'sitemaps.urls', list, '`"https://a.test/"` (string)'],
    [['https://a.test/', '/s.xml'], 'sitemaps[1]', url, '`"/s.xml"` (string)'],
    [
      ['https://ada:s3cret@a.test/s.xml'],
      'sitemaps[0]',
      'a URL without user name and password (set `basicAuth` instead)',
      '`"https://***@a.test/s.xml"` (string)',
    ],
    [{ urls: [1n] }, 'sitemaps.urls[0]', url, '`1` (bigint)'],
    [{ include: /x/ }, 'sitemaps.include', 'a list of regular expressions', '/x/ (a regular expression)'],
    [{ include: ['x'] }, 'sitemaps.include[0]', 'a regular expression', '`"x"` (string)'],
    [{ exclude: [/a/, {}] }, 'sitemaps.exclude[1]', 'a regular expression', 'an object'],
    [{ since: 'yesterday' }, 'sitemaps.since', date, '`"yesterday"` (string)'],
    [{ since: 5 }, 'sitemaps.since', date, '`5` (number)'],
    [{ since: new Date('x') }, 'sitemaps.since', date, 'an invalid date'],
    [{ parser: 'book' }, 'sitemaps.parser', 'the name of a parser (known: parse, product)', '`"book"` (string)'],
    [{ parser: () => 1 }, 'sitemaps.parser', 'the name of a parser (known: parse, product)', 'a function'],
  ])('%o', (value, field, expected, got) => {
    expect(() => check(value)).toThrow(SpiderError)
    expect(() => check(value)).toThrow(`Expected \`${field}\` of spider "shop" to be ${expected}, got ${got}`)
  })

  it('also for a field that is unknown', () => {
    expect(() => check({ url: [] })).toThrow(
      `No field of \`sitemaps\` of spider "shop" is called \`url\` (known: ${all})`,
    )
  })
})
