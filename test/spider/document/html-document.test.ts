import { load } from 'cheerio'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPage } from '../../../src/index.ts'
import { HtmlLimitError, parseHtml } from '../../../src/spider/document/html-document.ts'

const documentOf = (html: string) => load(parseHtml(html)).html()
const attributes = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=1`).join(' ')

describe('HTML is parsed as cheerio does', () => {
  it.each([
    '',
    '<!doctype html><title>A</title><p>One<p>Two',
    '<table><tr><td>1<table><b>2</table>3',
    '<noscript><a href="/x">x</a></noscript><p>y',
    'a\r\nb\rc\u0000d&amp;&eacute;&#x1F600;',
    '<svg><title>t</title><path d="M0"/></svg><template><p>in</template>',
  ])('%j', (html) => {
    expect(documentOf(html)).toBe(load(html).html())
  })

  it('also where a tag, an entity or a pair of surrogates lies across two pieces', () => {
    for (const middle of [
      '<a href="/x" title="😀">x</a>',
      '&eacute;&amp;',
      '😀😀',
      '<!-- c -->',
      '\r\n\r\n',
      '<![CDATA[x]]>',
    ])
      for (let shift = 0; shift < middle.length; shift += 1) {
        const html = `<p>${'x'.repeat(16 * 1024 - 3 - shift)}${middle}<p>after`
        expect(documentOf(html)).toBe(load(html).html())
      }
  })

  it('whatever it is', () => {
    const piece = fc.constantFrom(
      '<b>',
      '</b>',
      '<p>',
      '</p>',
      '<table>',
      '<td>',
      '</table>',
      '<a href=x>',
      '<li>',
      'x',
      '<!--',
      '>',
      '&lt',
      '<svg>',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expect(documentOf(pieces.join(''))).toBe(load(pieces.join('')).html())
      }),
    )
  })
})

describe('a page that nobody wrote is an error, and costs no more than one that somebody did', () => {
  it.each([
    ['nested elements', '<div>'.repeat(200_000), 'more than 1000 deep'],
    ['nested lists', '<ul><li>'.repeat(200_000), 'more than 1000 deep'],
    ['nested formatting', '<i><b><u><em></i>'.repeat(100_000), 'more than 1000 deep'],
    ['nested templates', '<template>'.repeat(200_000), 'more than 1000 deep'],
    ['nested foreign elements', '<math><mi>'.repeat(200_000), 'more than 1000 deep'],
    ['attributes', `<p ${attributes(100_000)}>`, 'more than 1000 attributes'],
    [
      'formatting that every paragraph takes up again',
      `<p>${Array.from({ length: 900 }, (_, index) => `<b id=${index}>`).join('')}${'</p><p>x'.repeat(600)}`,
      'more than 500000 elements',
    ],
    ['elements that others imply', '<table><td>'.repeat(10) + '<br>'.repeat(500_001), 'more than 500000 elements'],
    ['comments', '<!>'.repeat(500_001), 'more than 500000 elements'],
  ])('%s', (_name, html, words) => {
    let thrown: unknown
    try {
      parseHtml(html)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(HtmlLimitError)
    expect(String(thrown)).toContain(words)
  })

  it('is told by the page', () => {
    const page = createPage({ url: 'http://a.test/', body: '<ul><li>'.repeat(2_000) })
    expect(() => page.links()).toThrow("The page's HTML cannot be parsed: its elements are more than 1000 deep")
  })
})

it('a page that a person forgot the end tags of is no such page', () => {
  const rows = Array.from({ length: 900 }, (_, index) => `<div>Row ${index}<a href="/${index}">link</a>`)
  expect(createPage({ url: 'http://a.test/', body: rows.join('\n') }).links()).toHaveLength(900)
  expect(() => parseHtml(`<p ${attributes(900)}>`)).not.toThrow()
})
