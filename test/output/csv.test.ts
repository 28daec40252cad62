import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputFailedError } from '../../src/errors.ts'
import { createCsvEncoder } from '../../src/output/csv.ts'

/** The text of some items, and the warnings on the way. */
function written(items: readonly unknown[], existingHeader?: string) {
  const warnings: string[] = []
  const { encode } = createCsvEncoder('x.csv', (message) => warnings.push(message), { existingHeader })
  return { text: items.map(encode).join(''), warnings }
}

const rowOf = (item: unknown) => written([item]).text.split('\n').slice(1, -1).join('\n')

/** RFC 4180, read by the letter. */
function parsed(text: string): string[][] {
  const rows: string[][] = [[]]
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (match === null) throw new Error(`Not RFC 4180: ${text}`)
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] !== ',') rows.push([])
    else if (field.lastIndex === text.length) rows.at(-1)?.push('')
  }
  return rows.slice(0, -1)
}

describe('items as CSV', () => {
  it('start with the fields of the first as the header, once', () => {
    expect(
      written([
        { title: 'A', price: 1 },
        { title: 'B', price: 2 },
      ]).text,
    ).toBe('title,price\nA,1\nB,2\n')
  })

  it('are written in the columns of the first, whatever their own order', () => {
    expect(
      written([
        { a: 1, b: 2 },
        { b: 3, a: 4 },
      ]).text,
    ).toBe('a,b\n1,2\n4,3\n')
  })

  it('have an empty cell where a field is missing', () => {
    const { text, warnings } = written([{ a: 1, b: 2 }, { b: 3 }, {}])
    expect(text).toBe('a,b\n1,2\n,3\n,\n')
    expect(warnings).toEqual([])
  })

  it('bring a field that has no column to notice, once', () => {
    const { text, warnings } = written([{ a: 1 }, { a: 2, b: 3 }, { a: 4, b: 5, c: 6 }])
    expect(text).toBe('a\n1\n2\n4\n')
    expect(warnings).toEqual(
      ['b', 'c'].map(
        (name) =>
          `x.csv has no column for the field "${name}", which the first item did not have (give every item the same fields, or write .jsonl)`,
      ),
    )
  })
})

describe('a cell', () => {
  it.each<[value: unknown, cell: string]>([
    ['text', 'text'],
    ['', ''],
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [1.5, '1.5'],
    [true, 'true'],
    [false, 'false'],
    [12345678901234567890n, '12345678901234567890'],
    [new Date('2026-06-07T08:49:37Z'), '2026-06-07T08:49:37.000Z'],
    [['a', 1], '"[""a"",1]"'],
    [{ a: new Date(0), n: 1n }, '"{""a"":""1970-01-01T00:00:00.000Z"",""n"":""1""}"'],
    [[], '[]'],
    ['é😀', 'é😀'],
    [' x ', ' x '],
  ])('of %o is %s', (value, cell) => {
    expect(rowOf({ value, end: '|' })).toBe(`${cell},|`)
  })

  it.each([
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['"', '""""'],
    ['a\nb', '"a\nb"'],
    ['a\r\nb', '"a\r\nb"'],
    ['a\rb', '"a\rb"'],
  ])('RFC 4180 section 2.6: %j is quoted', (value, cell) => {
    expect(rowOf({ value, end: '|' })).toBe(`${cell},|`)
  })

  it('RFC 4180: is read back as it was, in the header and below', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r', ' ', ';', 'é'), maxLength: 8 })
    const items = fc.uniqueArray(fc.tuple(texts, texts), { selector: ([name]) => name, minLength: 2, maxLength: 5 })
    fc.assert(
      fc.property(items, (fields) => {
        const { text } = written([Object.fromEntries(fields)])
        expect(parsed(text)).toEqual([fields.map(([name]) => name), fields.map(([, value]) => value)])
      }),
    )
  })
})

describe('items that are appended to a file', () => {
  it('have no header of their own', () => {
    expect(written([{ a: 1, b: 2 }], 'a,b').text).toBe('1,2\n')
  })

  it.each(['a', 'b,a', 'a,b,c', 'x,y', ''])('are refused when its columns are others: %j', (header) => {
    const write = () => written([{ a: 1, b: 2 }], header)
    expect(write).toThrow(OutputFailedError)
    expect(write).toThrow(`x.csv has the columns ${header}, and the items a,b: use another file, or -O to replace it`)
  })

  it.each([
    ['with a comma', { 'a,b': 1 }],
    ['with quotes', { 'a"b': 1, c: 2 }],
    ['that ends in a blank', { a: 1, 'b ': 2 }],
  ])('are known by a header that they wrote themselves, also one %s', (_which, item) => {
    const header = written([item]).text.split('\n')[0]
    expect(() => written([item], header)).not.toThrow()
  })
})
