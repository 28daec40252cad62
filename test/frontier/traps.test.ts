import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl } from '../../src/canonical-url.ts'
import { trapOf } from '../../src/frontier/traps.ts'

const now = Date.UTC(2026, 10, 21)
const trap = (path: string) => trapOf(`http://a.test${path}`, now)

describe('D3: a path that goes round in circles is a trap', () => {
  it.each([
    '/img/img/img/',
    '/x/img/img/img/logo.png',
    '/img/img/img',
    '/img//img//img/',
    '/img/img/img/?page=2',
    '/a/bcd/a/bcd/a/bcd/',
    '/en/about/en/about/en/about',
    '/x/one/two/three/one/two/three/one/two/three/',
    '/one/two/3/4/one/two/3/4/one/two/3/4/',
    '/img/a/img/b/img/c/img/d',
    '/0/0/0/0/0/',
    '/a/a/a/a/a/',
    '/en/de/en/de/en/de/en/de/en/de/',
    '/en/1/en/2/en/3/en/4/en/5/en/6/en/7/en/8/',
    `/${'a/b/c/'.repeat(300)}`,
  ])('%s', (path) => expect(trap(path)).toBe('repeated_segments'))

  it.each([
    ['nothing at all', '/'],
    ['many empty segments', '/a//////b'],
    ['a date', '/2024/01/01/'],
    ['the first of the first', '/2001/01/01/1/1/'],
    ["a tile's coordinates", '/tiles/0/0/0.png'],
    ["a tile's coordinates, as folders", '/tiles/0/0/0/'],
    ['a node of a tree', '/node/1/1/1/1'],
    ['a number, three times', '/node/101/101/101/'],
    ['two pairs', '/img/img/css/css/img'],
    ['shards', '/objects/a/a/a/a/x'],
    ['an article about itself', '/wiki/Wiki/Wiki'],
    ['twice in a row', '/img/img/logo.png'],
    ['a cycle, twice', '/en/about/en/about/'],
    ['three times, not in a row', '/com/acme/src/com/acme/test/com/x'],
    ['what begins alike', '/img/img2/img3/img4/'],
    ['what differs in case', '/a-b/A-B/a-B/'],
    ['operators', '/size/eq/xl/colour/eq/red/brand/eq/acme/price/eq/10'],
    ['a language switch gone round once', '/en/de/en/de/en/de/'],
    ['repeats in the query', '/x?next=/img/img/img/img/'],
  ])('but not %s', (_name, path) => expect(trap(path)).toBeUndefined())
})

describe('D3: a query of more than 30 parameters is a trap', () => {
  const query = (count: number, pair: (index: number) => string) =>
    `/?${Array.from({ length: count }, (_, i) => pair(i)).join('&')}`
  it.each<[string, (index: number) => string]>([
    ['of their own', (index) => `k${index}=v`],
    ['of one name', () => 'sort=a'],
    ['of an array', (index) => `a[]=${index}`],
    ['without values', (index) => `k${index}`],
  ])('%s', (_name, pair) => {
    expect(trap(query(31, pair))).toBe('too_many_query_keys')
    expect(trap(query(30, pair))).toBeUndefined()
  })

  it('but not a path of as many', () => {
    expect(trap(query(60, (index) => `k${index}`).replace('?', ''))).toBeUndefined()
    expect(trap(`${query(60, (index) => `k${index}`).replace('?', '')}?a=1`)).toBeUndefined()
  })
})

describe('D3: a date far ahead is a trap', () => {
  it.each([
    '/2031/05/',
    '/2031/05/01/',
    '/2031/12',
    '/blog/2031/05/01/',
    '/2031/05.html',
    '/2031-05/',
    '/2031-05-01',
    '/2031-05-01.html',
    '/2028/12/',
    '/2029/01/',
    '/calendar/2093',
    '/Calendar/2093/',
    '/calendar.php/2093',
    '/calendar/2531/5/1',
    '/calendar/2531-05-01',
    '/calendar/month/2031',
    '/calendar/week/2031-W05',
    '/calendar/2028/12/',
    '/calendar/20310501',
    '/kalender/2031/5/',
    '/event-calendar/2031',
    '/year/2093',
    '/events/2031/5/',
    '/events/berlin/2031/5/',
    '/events/2031-05-01/',
    '/events/month/2031-05/',
    '/day/20310501',
    '/?year=2093',
    '/?year=2031&month=5',
    '/?YEAR=2031',
    '/?tx_cal%5Byear%5D=2031',
    '/?tx_cal[startYear]=2031',
    '/?month=2031-05',
    '/?month=203105',
    '/?date=2031-05-01',
    '/?date=2031-5-1',
    '/?date=20310501',
    '/?date=20310501T100000',
    '/?date=2031-05-01T10:00',
    '/?date=2531-05-01',
    '/?date=05%2F01%2F2031',
    '/?date=01.05.2031',
    '/?startDate=2031/05/01',
    '/?from=2031-05-01&to=2031-06-01',
    '/?a=1&b=2&x=2031-05',
    '/events/?tribe-bar-date=2031-05-01',
    '/calendar/view.php?view=month&time=1935180000',
    '/?date=2028-12-01',
  ])('%s', (path) => expect(trap(path)).toBe('far_date'))

  it.each([
    ['today', '/2026/11/21/'],
    ['two years ahead, to the month', '/2028/11/30/'],
    ['two years ahead, in a calendar', '/calendar/2028/11/'],
    ['two years ahead, as a date', '/?date=2028-11-30'],
    ['a year that is not wholly too far', '/?year=2028'],
    ['an old newspaper', '/1890/05/12/'],
    ['an old date', '/?date=1890-05-12'],
    ['an id', '/product/2093'],
    ['an id, at the end of a slug', '/chair-2093-05'],
    ['an id, at the beginning of a slug', '/2093-red-chair/'],
    ['an id of six digits', '/archive/209305'],
    ['an id of eight digits', '/product/20930501'],
    ['a page of a topic', '/topic/2093/5'],
    ['a page of a topic with a high number', '/topic/5023/12'],
    ["a page of WordPress's post 2093", '/archives/2093/2/'],
    ['a part of an event with a high number', '/events/5023/1/'],
    ['an event', '/events/2093'],
    ['an event of a calendar', '/calendar/event/2093'],
    ['a product about calendars', '/calendar/2093-wall-calendar'],
    ['a calendar with an id', '/calendar/123456'],
    ['no month', '/2093/13/'],
    ['no month, with dashes', '/2093-13-01'],
    ['no day, in a calendar', '/calendar/20311345'],
    ['a part number', '/5021-12'],
    ['an offset', '/?from=2093&to=2193'],
    ['an offset of six digits', '/?start=203105'],
    ['an id in a query', '/?id=2093'],
    ['an id of eight digits in a query', '/?id=20930501'],
    ['a model', '/?model=2093'],
    ['no key', '/?2093'],
    ['seconds of today', '/?time=1795219200'],
    ['a token that expires', '/x?sv=2020-08-04&se=2031-05-01T00%3A00%3A00Z&sig=abc'],
    ['no end', '/?from=2026-01-01&to=9999-12-31'],
    ['no end, either', '/?end=2099-12-31'],
    ['a port', ':2093/05/'],
    ['a word', '/calendar/twenty'],
  ])('but not %s', (_name, path) => expect(trap(path)).toBeUndefined())

  it('what is far ahead depends on the day', () => {
    expect(trapOf('http://a.test/2031/05/', Date.UTC(2029, 4, 1))).toBeUndefined()
    expect(trapOf('http://a.test/2031/05/', Date.UTC(2029, 3, 30))).toBe('far_date')
  })

  it('a calendar that is walked from month to month ends within two years', () => {
    const months = Array.from({ length: 100 }, (_, index) => new Date(Date.UTC(2026, 10 + index)).toISOString())
    for (const path of [
      (at: string) => `/calendar/${at.slice(0, 4)}/${Number(at.slice(5, 7))}`,
      (at: string) => `/?m=${at.slice(0, 7)}`,
    ])
      expect(months.findIndex((at) => trap(path(at)) === 'far_date')).toBe(25)
  })
})

describe('whatever a URL says', () => {
  it('asking never throws', () => {
    const word = fc.oneof(
      fc.constantFrom('img', 'a', '0', '2031', '05', '2031-05-01', '20310501', 'calendar', 'events', 'month', ''),
      fc.string(),
    )
    const pair = fc.tuple(fc.oneof(fc.constantFrom('year', 'date', 'from', 'x[]', ''), fc.string()), word)
    fc.assert(
      fc.property(fc.array(word), fc.array(pair, { maxLength: 40 }), fc.webUrl(), (segments, pairs, base) => {
        const path = segments.map(encodeURIComponent).join('/')
        const url = canonicalUrl(
          `/${path}?${pairs.map(([key, value]) => `${encodeURIComponent(key)}=${value}`).join('&')}`,
          base,
        )
        for (const at of [now, 0, Number.NaN, Number.MAX_VALUE])
          expect([undefined, 'repeated_segments', 'too_many_query_keys', 'far_date']).toContain(trapOf(url ?? base, at))
      }),
    )
    expect(trapOf('', now)).toBeUndefined()
  })
})

// Debian's python3.11-doc and postgresql-doc-15; skipped where they are not installed.
describe.each([
  ['/usr/share/doc/python3.11/html', 500, 100_000],
  ['/usr/share/doc/postgresql-doc-15/html', 1_000, 20_000],
])('a site that is what it seems loses nothing: %s', (folder, fewestPages, fewestLinks) => {
  it.skipIf(!existsSync(folder))('none of its links is a trap', () => {
    const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'))
    const urls = new Set<string>()
    let links = 0
    for (const page of pages) {
      for (const [, href = ''] of readFileSync(join(folder, page), 'utf8').matchAll(/\bhref="([^"]*)"/g)) {
        const url = canonicalUrl(href.replaceAll('&amp;', '&'), `http://docs.test/${page}`)
        if (url !== undefined) urls.add(url)
        links += 1
      }
    }
    expect(pages.length).toBeGreaterThan(fewestPages)
    expect(links).toBeGreaterThan(fewestLinks)
    console.info(`${folder}: ${pages.length} pages, ${links} links, ${urls.size} URLs`)
    expect([...urls].filter((url) => trapOf(url, now) !== undefined)).toEqual([])
  })
})
