import { describe, expect, expectTypeOf, it } from 'vitest'
import { asksNothing } from '../../src/directives.ts'
import { createPage } from '../../src/parse-page.ts'
import type { Follow } from '../../src/spider/follow.ts'
import { Page } from '../../src/spider/page.ts'

const url = 'http://a.test/shop/index.html'
const html = (body: string) => createPage({ url, body })

describe('a page', () => {
  it('has sensible values for what it was not told', () => {
    const page = html('')
    expect(page).toMatchObject({ status: 200, headers: {}, depth: 0, redirects: [], data: undefined, args: {} })
    expect(page.url).toEqual(new URL(url))
  })

  it('tells what it was made of', () => {
    const given = { status: 404, headers: { etag: 'x' }, depth: 3, redirects: ['http://a.test/'], data: { n: 1 } }
    expect(createPage({ url, body: '', args: { tag: 'a' }, ...given })).toMatchObject({ ...given, args: { tag: 'a' } })
  })

  it('types its data and arguments as they are asked for', () => {
    const page = createPage<{ n: number }, { tag: string }>({ url, body: '', data: { n: 1 }, args: { tag: 'a' } })
    expectTypeOf(page).toEqualTypeOf<Page<{ n: number }, { tag: string }>>()
    expectTypeOf(page.data.n).toBeNumber()
    expectTypeOf(html('').data).toBeUnknown()
    expectTypeOf(html('').args).toEqualTypeOf<Readonly<Record<string, string | undefined>>>()
  })

  it('needs an absolute URL', () => {
    expect(() => createPage({ url: '/x', body: '' })).toThrow(TypeError)
  })
})

describe('the text of a page', () => {
  it('is the body, as bytes or as it came', () => {
    expect(html('Grüße').text).toBe('Grüße')
    expect(Buffer.from(html('Grüße').body).toString()).toBe('Grüße')
    const body = Buffer.from('Grüße')
    expect(createPage({ url, body }).text).toBe('Grüße')
    expect(createPage({ url, body }).body).toBe(body)
  })

  it('has the charset that the answer names', () => {
    const headers = { 'content-type': 'text/html; charset=windows-1251' }
    expect(createPage({ url, headers, body: Buffer.from([0xcf, 0xf0]) }).text).toBe('Пр')
  })

  it('is decoded once, on first use, with the content type', () => {
    const asked: string[] = []
    const decode = (_body: Uint8Array, contentType: string) => {
      asked.push(contentType)
      return 'decoded'
    }
    const page = new Page({ url, body: Buffer.from('x'), headers: { 'content-type': 'text/plain' }, decode })
    expect(asked).toEqual([])
    expect([page.text, page.text, page.$.text()]).toEqual(['decoded', 'decoded', 'decoded'])
    expect(asked).toEqual(['text/plain'])
  })

  it('is decoded without a content type when there is none, or several', () => {
    const decode = (_body: Uint8Array, contentType: string) => `<${contentType}>`
    const body = Buffer.from('x')
    expect(new Page({ url, body, decode }).text).toBe('<>')
    expect(new Page({ url, body, decode, headers: { 'content-type': ['a/b', 'c/d'] } }).text).toBe('<>')
  })
})

describe('page.$', () => {
  it('is cheerio, loaded once', () => {
    const page = html('<h1>One</h1><p class="x">Two</p>')
    expect(page.$('.x').text()).toBe('Two')
    expect(page.$).toBe(page.$)
  })
})

describe('page.json()', () => {
  it('is the body as JSON', () => {
    expect(html('{"a": [1]}').json()).toEqual({ a: [1] })
    expectTypeOf(html('{}').json()).toBeUnknown()
    expectTypeOf(html('{}').json<{ a: number }>()).toEqualTypeOf<{ a: number }>()
  })

  it('names the URL in its error', () => {
    const read = () => html('{"a": ').json()
    expect(read).toThrow(SyntaxError)
    expect(read).toThrow(/: http:\/\/a\.test\/shop\/index\.html$/)
    expect(read).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }))
  })
})

describe('page.links()', () => {
  it('are the canonical URLs of all links, in document order', () => {
    const page = html(`
      <link href="/style.css"><a href="b">B</a> <a name="x">no link</a>
      <map><area href="/c?x=1#top"></map> <a href="HTTP://D.test:80/%7ed">D</a> <a href="">itself</a>`)
    expect(page.links()).toEqual([
      'http://a.test/shop/b',
      'http://a.test/c?x=1',
      'http://d.test/~d',
      'http://a.test/shop/index.html',
    ])
  })

  it('are listed once each', () => {
    expect(html('<a href="/b">1</a><a href="/b#x">2</a><a href="http://A.test/b">3</a>').links()).toEqual([
      'http://a.test/b',
    ])
  })

  it('may be those of a selector', () => {
    const page = html('<a href="/a">a</a><ul><li class="next"><a href="/b">b</a></li></ul><link rel="next" href="/c">')
    expect(page.links('.next a')).toEqual(['http://a.test/b'])
    expect(page.links('link[rel=next]')).toEqual(['http://a.test/c'])
    expect(page.links('li')).toEqual([])
    expect(page.links('nothing')).toEqual([])
  })

  it('that are not crawlable are passed over and counted', () => {
    const page = html(`
      <a href="mailto:me@a.test">1</a> <a href="javascript:void(0)">2</a> <a href="http://">3</a>
      <a href="tel:1">4</a> <a href="/b">good</a> <a>no link</a>`)
    expect(page.skippedLinks).toBe(0)
    expect(page.links()).toEqual(['http://a.test/b'])
    expect(page.skippedLinks).toBe(4)
  })
})

describe('the base of a page', () => {
  it.each([
    ['', url],
    ['<base href="/other/">', 'http://a.test/other/'],
    ['<base href="../up/">', 'http://a.test/up/'],
    ['<base href="https://cdn.test/x/">', 'https://cdn.test/x/'],
    ['<base href="//cdn.test">', 'http://cdn.test/'],
    ['<base target="_blank"><base href="/a/"><base href="/b/">', 'http://a.test/a/'],
    ['<base href="mailto:x">', url],
    ['<base href="http://">', url],
    ['<base href="">', url],
  ])('with %j is %s', (head, base) => {
    expect(html(`<head>${head}</head>`).base).toBe(base)
  })

  it('is what links, follows and attributes are relative to', () => {
    const page = html('<base href="/other/"><a href="x">x</a><img src="y.png">')
    expect(page.links()).toEqual(['http://a.test/other/x'])
    expect(page.follow('x').url).toBe('http://a.test/other/x')
    expect(page.extract({ image: 'img@src' })).toEqual({ image: 'http://a.test/other/y.png' })
  })
})

describe('page.follow()', () => {
  it('goes to `parse`, with nothing besides, unless it is told otherwise', () => {
    const follow = html('').follow('/b')
    expect(follow).toMatchObject({ url: 'http://a.test/b', parser: 'parse', data: undefined, priority: 0 })
    expectTypeOf(follow).toEqualTypeOf<Follow<'parse', undefined>>()
  })

  it('goes to a parser by name', () => {
    const follow = html('').follow('/b', 'book')
    expect(follow.parser).toBe('book')
    expectTypeOf(follow).toEqualTypeOf<Follow<'book', undefined>>()
  })

  it('brings data and a priority', () => {
    const follow = html('').follow('/b', 'book', { data: { n: 1 }, priority: 5 })
    expect(follow).toMatchObject({ parser: 'book', data: { n: 1 }, priority: 5 })
    expectTypeOf(follow).toEqualTypeOf<Follow<'book', { n: number }>>()
  })

  it('brings them to `parse`, too', () => {
    const follow = html('').follow('/b', { data: 1, priority: -1 })
    expect(follow).toMatchObject({ parser: 'parse', data: 1, priority: -1 })
    expectTypeOf(follow).toEqualTypeOf<Follow<'parse', number>>()
  })

  it.each<[given: string | URL, followed: string]>([
    ['b.html', 'http://a.test/shop/b.html'],
    ['../b', 'http://a.test/b'],
    ['?page=2', 'http://a.test/shop/index.html?page=2'],
    ['//b.test', 'http://b.test/'],
    ['HTTPS://B.test/#x', 'https://b.test/'],
    ['http:b.html', 'http://a.test/shop/b.html'],
    [new URL('http://b.test/x#y'), 'http://b.test/x'],
  ])('resolves %s as links() does', (given, followed) => {
    expect(html('').follow(given).url).toBe(followed)
    expect(html(`<a href="${given}">x</a>`).links()).toEqual([followed])
  })

  it('needs no parsed page for an absolute link', () => {
    const page = new Page({
      url,
      body: Buffer.from('x'),
      decode: () => {
        throw new Error('parsed')
      },
    })
    expect(page.follow('http://b.test/').url).toBe('http://b.test/')
    expect(() => page.follow('b')).toThrow('parsed')
  })

  it('of what is not crawlable is counted', () => {
    const page = html('')
    page.follow('mailto:me@a.test')
    page.follow('http://', 'book')
    page.follow('javascript:void(0)', { data: 1 })
    page.follow('/good')
    expect(page.skippedLinks).toBe(3)
  })
})

describe('what a page asks of robots', () => {
  const metasOf = (body: string) => {
    const metas: unknown[] = []
    const directivesOf = (_headers: unknown, found: readonly unknown[]) => {
      metas.push(...found)
      return asksNothing
    }
    void createPage({ url, body, directivesOf }).directives
    return metas
  }

  it('is read of the head, in any case and over line ends', () => {
    const robots = { name: 'robots', content: 'noindex' }
    expect(metasOf('<meta name="robots" content="noindex">')).toEqual([robots])
    expect(metasOf('<TITLE>x</TITLE><META\nCONTENT=noindex\nNAME=robots>')).toEqual([robots])
    expect(metasOf('<body><meta name="robots" content="noindex">')).toEqual([])
  })

  it('takes no longer than the page is long, whatever it is made of', () => {
    const before = performance.now()
    expect(metasOf('<meta '.repeat(60_000))).toEqual([])
    expect(performance.now() - before).toBeLessThan(2_000)
  })
})

it('tells without a crawl what it asks of robots, too', () => {
  const body = '<head><meta name="robots" content="nofollow"></head>'
  const page = createPage({ url: 'http://a.test/', headers: { 'x-robots-tag': ['noindex', 'bot: none'] }, body })
  expect(page.directives).toMatchObject({ noindex: true, nofollow: true, all: ['noindex', 'nofollow'] })
})
