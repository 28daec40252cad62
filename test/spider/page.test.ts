import { describe, expect, expectTypeOf, it } from 'vitest'
import { asksNothing } from '../../src/directives.ts'
import { createPage } from '../../src/parse-page.ts'
import { PageKindError } from '../../src/spider/document/page-kind-error.ts'
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

const typed = (type: string, body: string | Uint8Array) => createPage({ url, body, headers: { 'content-type': type } })
const picture = Buffer.from(
  '\x89PNG\r\n\x1a\n<base href="/x/"><link rel="canonical" href="/c"><meta name="robots" content="none">',
  'latin1',
)

describe('page.kind', () => {
  it('is told by the content type and the body', () => {
    expect(typed('application/json', '{}').kind).toBe('json')
    expect(typed('text/html', picture).kind).toBe('binary')
    expect(html('<p>Hello').kind).toBe('html')
    expectTypeOf(html('').kind).toEqualTypeOf<'html' | 'xml' | 'json' | 'text' | 'binary'>()
  })

  it('is told by the body where there are several content types', () => {
    const headers = { 'content-type': ['image/png', 'text/html'] }
    expect(createPage({ url, headers, body: '<p>Hello' }).kind).toBe('html')
  })
})

describe('page.$', () => {
  it('is cheerio, loaded once', () => {
    const page = html('<h1>One</h1><p class="x">Two</p>')
    expect(page.$('.x').text()).toBe('Two')
    expect(page.$).toBe(page.$)
  })

  it('of XML keeps case, knows CDATA, and elements that close themselves', () => {
    const page = typed(
      'application/rss+xml',
      `<?xml version="1.0"?><rss><channel><image/><item><title><![CDATA[A <b> & c]]></title><link>http://b.test/</link>
       <pubDate>today</pubDate><dc:creator>Me</dc:creator></item></channel></rss>`,
    )
    expect(page.kind).toBe('xml')
    expect(page.$('image > item').length).toBe(0)
    expect(page.$('pubdate').length).toBe(0)
    expect(page.extract({ title: 'item > title', link: 'item > link', date: 'pubDate', by: 'dc\\:creator' })).toEqual({
      title: 'A <b> & c',
      link: 'http://b.test/',
      date: 'today',
      by: 'Me',
    })
  })

  it('of XHTML knows elements that close themselves, and the names and entities of HTML', () => {
    const body = `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head>
      <body><DIV id="a"/><p>A&nbsp;B &eacute; <![CDATA[<&]]></p></body></html>`
    const page = typed('application/xhtml+xml', body)
    expect(page.extract({ text: 'body > p', empty: 'div#a', title: 'title' })).toEqual({
      text: 'A B é <&',
      empty: '',
      title: '',
    })
    expect(typed('text/html', body).$('p').length).toBe(0)
  })

  it('of a text is that of a piece of HTML', () => {
    expect(typed('text/plain', 'Hello <b>you</b>').$('b').text()).toBe('you')
    expect(typed('text/plain', 'Hello').$('b').length).toBe(0)
  })

  it.each<[type: string, body: string | Buffer, message: string]>([
    [
      'image/png',
      picture,
      `No elements in a binary page (content type "image/png"): ${url} (ask page.kind first, and take page.body)`,
    ],
    ['', picture, `No elements in a binary page (no content type): ${url} (ask page.kind first, and take page.body)`],
    [
      'application/json',
      '{}',
      `No elements in a JSON page (content type "application/json"): ${url} (ask page.kind first, and take page.json())`,
    ],
  ])('of what has no elements is an error: %s', (type, body, message) => {
    const page = typed(type, body)
    expect(page.links()).toEqual([])
    for (const ask of [() => page.$, () => page.extract({ title: 'h1' })]) {
      expect(ask).toThrow(PageKindError)
      expect(ask).toThrow(message)
    }
    expect(page.extract({ bytes: (on) => on.body.length })).toEqual({ bytes: body.length })
  })

  it('of XML that nobody wrote is an error, soon', () => {
    expect(() => typed('text/xml', '<a>'.repeat(100_000)).$).toThrow(
      "The page's XML cannot be parsed: its elements are more than 1000 deep",
    )
    expect(() => typed('text/xml', `<a>${'<b/>'.repeat(600_000)}`).$).toThrow('it comes to more than 500000 nodes')
  })
})

describe('a selector that cannot be read', () => {
  const page = html('<form><input name=q></form>')
  it.each<[string, () => unknown]>([
    ['$()', () => page.$('li[')],
    ['$().find()', () => page.$('form').find('li[')],
    ['$().is()', () => page.$('form').is('li[')],
    ['links()', () => page.links('li[')],
    ['form()', () => page.form('li[')],
    ['form(), of its button,', () => page.form('form', {}, { submit: 'li[' })],
  ])('of %s is named', (_name, asked) => {
    expect(asked).toThrow('`li[` is no CSS selector (Expected name, found nothing)')
  })

  it('is one line, and a short one', () => {
    expect(() => page.$(`li[\n${'x'.repeat(1_000)}`)).toThrow(/^`li\[\ufffdx{196}…` is no CSS selector/)
  })

  it('is not what a function throws that looks at elements', () => {
    const slip = new Error('slip')
    const fail = () => {
      throw slip
    }
    expect(() => page.$('form').filter(fail)).toThrow(slip)
  })
})

describe('a page that is not HTML', () => {
  it.each<[kind: string, page: Page]>([
    ['binary', typed('image/png', picture)],
    [
      'JSON',
      typed('application/json', '{"a": "<base href=/x/><link rel=canonical href=/c><meta name=robots content=none>"}'),
    ],
    [
      'XML',
      typed(
        'text/xml',
        '<head><base href="/x/"/><link rel="canonical" href="/c"/><meta name="robots" content="none"/></head>',
      ),
    ],
    [
      'text',
      typed(
        'text/plain',
        'See <head><base href="/x/"><link rel="canonical" href="/c"><meta name="robots" content="none">',
      ),
    ],
  ])('says nothing of robots, of its name or its base: %s', (_kind, page) => {
    expect(page.directives).toEqual(asksNothing)
    expect(page.canonical).toBeUndefined()
    expect(page.base).toBe(url)
    expect(page.follow('b').url).toBe('http://a.test/shop/b')
  })

  it('is asked for its headers all the same', () => {
    const page = createPage({ url, body: picture, headers: { 'content-type': 'image/png', 'x-robots-tag': 'noindex' } })
    expect(page.directives).toMatchObject({ noindex: true })
  })

  it('has links where it is XML with elements `a`, and by a selector', () => {
    const svg = typed('image/svg+xml', '<svg xmlns="x"><a href="/b"><text>b</text></a></svg>')
    expect(svg.links()).toEqual(['http://a.test/b'])
    const atom = typed('application/atom+xml', '<feed><entry><link href="/c"/></entry></feed>')
    expect(atom.links()).toEqual([])
    expect(atom.links('entry > link[href]')).toEqual(['http://a.test/c'])
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

  it('names the place in its error', () => {
    const read = () => html('{\n  "price": }').json()
    expect(read).toThrow(
      'Unexpected token } at line 2, column 12 (near {\\n  "price": }): http://a.test/shop/index.html',
    )
  })

  it('is read in UTF-16, with a mark and without', () => {
    for (const text of ['\ufeff{"a": "é"}', '{"a": "é"}'])
      expect(createPage({ url, body: Buffer.from(text, 'utf16le') }).json()).toEqual({ a: 'é' })
  })
})

it('page.follow() and page.download() refuse an option that nobody knows, which would be ignored', () => {
  const page = html('')
  const misspelt = { metod: 'POST' } as object
  const message = 'no option of a follow is called `metod` (known: data, priority, method, headers,'
  expect(() => page.follow('/a', 'parse', misspelt)).toThrow(message)
  expect(() => page.download('/a', 'parse', misspelt)).toThrow(message)
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
      body: Buffer.from('<p>'),
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
