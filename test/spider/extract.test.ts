import { describe, expect, expectTypeOf, it } from 'vitest'
import { createPage } from '../../src/parse-page.ts'

const page = createPage({
  url: 'http://a.test/shop/',
  body: `<html lang="en"><body>
    <h1>  The
      <em>first</em>\u00a0 book </h1>
    <h1>The second</h1>
    <img alt="no source"><img src="cover.png" alt="Cover"><img src="http://">
    <ul><li class="tag" data-id="1">a</li><li class="tag">b</li><li class="tag" data-id="3"> </li></ul>
    <a class="me" href="mailto:me@a.test" title="x@y">mail</a>
    <form action="/search?q=1#x"></form>
    <p id="empty"></p>
  </body></html>`,
})

describe('a selector', () => {
  it('gives the text of its first match, white space collapsed', () => {
    const fields = page.extract({ title: 'h1', nothing: '#empty' })
    expect(fields).toStrictEqual({ title: 'The first book', nothing: '' })
    expectTypeOf(fields).toEqualTypeOf<{ title: string | undefined; nothing: string | undefined }>()
  })

  it('that matches nothing gives undefined', () => {
    expect(page.extract({ a: 'h2', b: 'h2@id', c: 'h1@id' })).toStrictEqual({
      a: undefined,
      b: undefined,
      c: undefined,
    })
  })

  it.each([
    ['h1[', 'h1[', 'Expected name, found nothing'],
    ['h1:nosuch@id', 'h1:nosuch', 'Unknown pseudo-class :nosuch'],
    [['a{'], 'a{', 'Unmatched selector: {'],
  ] as const)('that cannot be read is named, with its field: %j', (selector, named, why) => {
    const asked = () => page.extract({ title: 'h1', price: selector })
    expect(asked).toThrow(`the field \`price\`: \`${named}\` is no CSS selector (${why})`)
  })

  it('that a function of a field uses is named with that field', () => {
    const asked = () => page.extract({ price: ({ $ }) => $('ul').find('li[').text() })
    expect(asked).toThrow('the field `price`: `li[` is no CSS selector (Expected name, found nothing)')
  })

  it('with an attribute gives its value, as it stands', () => {
    expect(page.extract({ id: '.tag@data-id', title: '.me@title', language: 'html@lang' })).toEqual({
      id: '1',
      title: 'x@y',
      language: 'en',
    })
  })

  it.each([
    ['img[alt=Cover]@src', 'http://a.test/shop/cover.png'],
    ['form@action', 'http://a.test/search?q=1#x'],
    ['.me@href', 'mailto:me@a.test'],
    ['img:last-of-type@src', 'http://'],
  ])('%s gives an absolute URL, or what stands there when it is none', (selector, value) => {
    expect(page.extract({ value: selector })).toEqual({ value })
  })

  it('of an attribute looks at the first match, whether it has the attribute or not', () => {
    expect(page.extract({ source: 'img@src', first: 'img[src]@src' })).toEqual({
      source: undefined,
      first: 'http://a.test/shop/cover.png',
    })
  })

  it.each([
    ['a[title="x@y"]', 'mail'],
    ['a[href*="me@a"]@title', 'x@y'],
    ['li:contains("b")@class', 'tag'],
    ['.me @title', 'x@y'],
    ['@lang', 'en'],
  ])('%s keeps an @ of its own apart', (selector, value) => {
    expect(page.extract({ value: selector })).toEqual({ value })
  })
})

describe('a selector in a list', () => {
  it('gives all matches in document order', () => {
    const fields = page.extract({ titles: ['h1'], tags: ['.tag'] })
    expect(fields).toEqual({ titles: ['The first book', 'The second'], tags: ['a', 'b', ''] })
    expectTypeOf(fields).toEqualTypeOf<{ titles: string[]; tags: string[] }>()
  })

  it('gives the attributes of those that have it', () => {
    expect(page.extract({ ids: ['.tag@data-id'], sources: ['img@src'] })).toEqual({
      ids: ['1', '3'],
      sources: ['http://a.test/shop/cover.png', 'http://'],
    })
  })

  it('that matches nothing gives an empty list', () => {
    expect(page.extract({ a: ['h2'], b: ['h1@id'] })).toEqual({ a: [], b: [] })
  })
})

describe('a function', () => {
  it('gives whatever it returns of the page, typed so', () => {
    const fields = page.extract({
      tags: (on) => on.$('.tag').length,
      at: ({ url }) => url.pathname,
      maybe: () => undefined,
    })
    expect(fields).toStrictEqual({ tags: 3, at: '/shop/', maybe: undefined })
    expectTypeOf(fields).toEqualTypeOf<{ tags: number; at: string; maybe: undefined }>()
  })
})

describe('a map of selectors', () => {
  it('mixes all kinds, and keeps their order', () => {
    const fields = page.extract({ title: 'h1', tags: ['.tag'], length: (on) => on.text.length })
    expect(Object.keys(fields)).toEqual(['title', 'tags', 'length'])
    expectTypeOf(fields).toEqualTypeOf<{ title: string | undefined; tags: string[]; length: number }>()
  })

  it('that is empty gives an empty object', () => {
    expect(page.extract({})).toEqual({})
  })

  it('takes nothing else', () => {
    // @ts-expect-error -- a number is no selector
    const wrong = () => page.extract({ a: 1 })
    // @ts-expect-error -- a list holds one selector
    const two = () => page.extract({ a: ['b', 'c'] })
    expect([wrong, two]).toHaveLength(2)
  })
})
