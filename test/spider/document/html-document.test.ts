import { load } from 'cheerio'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPage } from '../../../src/index.ts'
import { HtmlLimitError, parseHtml } from '../../../src/spider/document/html-document.ts'
import { HtmlWork, maxSteps } from '../../../src/spider/document/html-work.ts'

type ParentNode = ReturnType<typeof parseHtml> | ReturnType<typeof parseHtml>['children'][number]

/** What it is as text, after a look at whether its nodes know their neighbours. */
function documentOf(html: string): string {
  const document = parseHtml(html)
  checkLinks(document)
  return load(document).html()
}

function checkLinks(parent: ParentNode): void {
  if (!('children' in parent)) return
  for (const [index, child] of parent.children.entries()) {
    expect(child.parent === parent).toBe(true)
    expect(child.prev === (parent.children[index - 1] ?? null)).toBe(true)
    expect(child.next === (parent.children[index + 1] ?? null)).toBe(true)
    checkLinks(child)
  }
}

const deep = '<i1>'.repeat(980)
const attributes = (count: number) => Array.from({ length: count }, (_, index) => `a${index}=1`).join(' ')

describe('HTML is parsed as cheerio does', () => {
  it.each([
    '',
    '<!doctype html><title>A</title><p>One<p>Two',
    '<table><tr><td>1<table><b>2</table>3',
    '<noscript><a href="/x">x</a></noscript><p>y',
    'a\r\nb\rc\u0000d&amp;&eacute;&#x1F600;',
    '<svg><title>t</title><path d="M0"/></svg><template><p>in</template>',
    '<table>x<b>y<tr>z<td>1</table>w',
    '<table> a b\0c <i>d </i> <tr> <td>e</table>',
    '<table>  <tr>  <td>1</table>',
    '<b><div><br>1<p>2</b>3</div>4',
    '<html a=1><html a=2 b=3><body c=1>x<body c=2 d=3>',
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

  it.each([`&#x${'f'.repeat(300)};`, `&#${'9'.repeat(400)}`, `&#x${'0'.repeat(300)}41;`])(
    'but for numbers without end, on which it breaks: they are U+FFFD',
    (reference) => {
      expect(() => load(`<p>${reference}`)).toThrow(RangeError)
      expect(load(parseHtml(`<p a="${reference}">${reference}x`))('p').prop('outerHTML')).toBe(
        '<p a="\ufffd">\ufffdx</p>',
      )
    },
  )

  it('whatever it is', () => {
    const name = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom('a', 'b', 'i', 'p', 'div', 'li', 'br', 'table', 'tr', 'td', 'template', 'svg'),
      },
      fc.constantFrom(
        ...[
          'font',
          'nobr',
          'ul',
          'dd',
          'h1',
          'address',
          'button',
          'form',
          'input',
          'hr',
          'pre',
          'ruby',
          'rt',
          'rb',
          'x-y',
        ],
        ...[
          'tbody',
          'thead',
          'th',
          'caption',
          'colgroup',
          'col',
          'select',
          'option',
          'optgroup',
          'marquee',
          'object',
          'image',
        ],
        ...['math', 'foreignObject', 'mi', 'title', 'desc', 'script', 'style', 'textarea', 'noscript', 'plaintext'],
        ...['html', 'head', 'body', 'frameset', 'frame'],
      ),
    )
    const given = fc.constantFrom('', '', ' a', ' a=1 b="2"', ' a b=1 a', ' type=hidden', ' class=x id=y c d e', ' /')
    const piece = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(name, given).map(([tag, attrs]) => `<${tag}${attrs}>`) },
      { weight: 4, arbitrary: name.map((tag) => `</${tag}>`) },
      fc.constantFrom(
        'x',
        ' ',
        '\n',
        ' y ',
        '\0',
        '&amp;',
        '&lt',
        '<!-- c -->',
        '<!doctype html>',
        '<![CDATA[z]]>',
        '<!--',
        '>',
        '</',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expect(documentOf(pieces.join(''))).toBe(load(pieces.join('')).html())
      }),
      { numRuns: 1_000 },
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
      'too much open',
    ],
    ['attributes of one tag, up to the limit', `<p ${attributes(1_000)}>`.repeat(100), 'too much open'],
    ['attributes of end tags', `</p ${attributes(1_000)}>`.repeat(100), 'too much open'],
    ['attributes of one tag after another', `<p ${attributes(16)}>`.repeat(62_501), 'more than 1000000 attributes'],
    [
      'attributes that every paragraph takes up again',
      `<p><b ${attributes(900)}></p>${'<p>x'.repeat(2_000)}`,
      'more than 1000000 attributes',
    ],
    [
      'attributes of a further root',
      Array.from({ length: 1_002 }, (_, index) => `<html a${index}>`).join(''),
      'more than 1000 attributes',
    ],
    ['attributes of what is foreign', `<svg ${attributes(900)}>${'<g></g>'.repeat(10_000)}`, 'too much open'],
    ['end tags that nobody opened', deep + '</y>'.repeat(30_000), 'too much open'],
    ['end tags of blocks that nobody opened', deep + '</div>'.repeat(30_000), 'too much open'],
    ['end tags of formatting that nobody opened', deep + '</b>'.repeat(30_000), 'too much open'],
    ['end tags that nothing foreign opened', `<svg>${'<g>'.repeat(980)}${'</y>'.repeat(30_000)}`, 'too much open'],
    [
      'end tags that nothing foreign with a long name opened',
      `<svg>${`<g${'a'.repeat(2_000)}>`.repeat(500)}${'</y>'.repeat(400)}`,
      'too much open',
    ],
    ['void elements that end a paragraph', deep + '<hr>'.repeat(30_000), 'too much open'],
    ['list items', deep + '<li></li>'.repeat(30_000), 'too much open'],
    ['buttons', deep + '<button></button>'.repeat(30_000), 'too much open'],
    ['line breaks far below', deep + '<br>'.repeat(200_000), 'too much open'],
    ['words far below formatting', `<b>${deep}${'x '.repeat(100_000)}`, 'too much open'],
    [
      'formatting of many kinds',
      Array.from({ length: 900 }, (_, index) => `<b id=${index}>`).join('') + '<i></i>'.repeat(60_000),
      'too much open',
    ],
    ['objects that rows of a table close', `<table>${'<object><b><tr>'.repeat(40_000)}`, 'too much open'],
    ['blocks within formatting', `<b>${'<i1>'.repeat(900)}<div></b></div>`.repeat(200), 'too much open'],
    ['templates', '<template></template>'.repeat(250_001), 'more than 500000 elements'],
    ['elements that others imply', '<table><td>'.repeat(10) + '<br>'.repeat(500_001), 'more than 500000 elements'],
    ['comments', '<!>'.repeat(500_001), 'more than 500000 elements'],
  ])('%s', (_name, html, words) => {
    let thrown: unknown
    const work = new HtmlWork()
    try {
      parseHtml(html, work)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(HtmlLimitError)
    expect(String(thrown)).toContain(words)
    // No single step of the parser is worth more than a small part of the whole.
    expect(work.steps).toBeLessThan(1.1 * maxSteps)
  })

  it('is told by the page', () => {
    const page = createPage({ url: 'http://a.test/', body: '<ul><li>'.repeat(2_000) })
    expect(() => page.links()).toThrow("The page's HTML cannot be parsed: its elements are more than 1000 deep")
    // And is found out once.
    const thrown = [1, 2].map(() => {
      try {
        return page.$
      } catch (error) {
        return error
      }
    })
    expect(thrown[0]).toBeInstanceOf(HtmlLimitError)
    expect(thrown[1]).toBe(thrown[0])
  })
})

describe('a page that somebody did write, or a program made, is no such page, and takes a small part of what it may', () => {
  it.each([
    ['without end tags', '<div>Row<a href="/x">link</a>\n'.repeat(900), 902],
    ['of paragraphs', '<p>x'.repeat(20_000), 20_000],
    ['of list items', `<ul>${'<li>x'.repeat(20_000)}`, 20_000],
    ['of fonts', '<font color=red>x'.repeat(900), 900],
    ['of fonts that are never closed', '<p><font color=red>x'.repeat(20_000), 80_000],
    ['of terms', `<dl>${'<dt>a<dd>b'.repeat(10_000)}`, 20_000],
    ['of objects that are never closed', `<table>${'<tr><td><object></td></tr>'.repeat(4_000)}`, 12_000],
    ['of options', `<select>${'<option>x'.repeat(20_000)}`, 20_000],
    ['of rows', `<table>${'<tr><td>1<td><a href="/x" class="y">2</a>'.repeat(20_000)}`, 80_000],
    ['of what a table cannot have', `<table>${'<br>'.repeat(100_000)}`, 100_000],
    ['of text in rows, and not in cells', `<table>${'x<tr>'.repeat(50_000)}`, 50_000],
    ['of words in a table, and not in cells', `<table>${'x '.repeat(200_000)}`, 1],
    ['of a block with much in it, within formatting', `<b><div>${'<br>'.repeat(100_000)}</b>x`, 100_000],
    ['of attributes', `<p ${attributes(1_000)}>`, 1],
    ['of a long attribute', `<p a="${'x'.repeat(1_000_000)}">`, 1],
    ['of a long comment', `<!--${'x'.repeat(1_000_000)}-->`, 1],
  ])('%s', (_name, html, nodes) => {
    const work = new HtmlWork()
    parseHtml(html, work)
    expect(work.nodes).toBeGreaterThanOrEqual(nodes)
    expect(work.steps).toBeLessThan(maxSteps / 10)
  })

  it('with its text in one piece', () => {
    const html = '<p>Forgotten <table> a b\n<td>c</table>'
    expect(load(parseHtml(html))('p').first().text()).toBe('Forgotten  a b\nc')
    expect(createPage({ url: 'http://a.test/', body: '<div><a href="/1">1</a>'.repeat(900) }).links()).toHaveLength(1)
  })
})
