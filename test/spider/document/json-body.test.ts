import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/spider/document/json-body.ts'
import { jsonFaultAt } from '../../../src/spider/document/json-fault.ts'

const url = 'https://a.test/prices'
const messageOf = (text: string) => {
  try {
    parseJson(text, url)
  } catch (error) {
    return error instanceof SyntaxError ? error.message : 'no SyntaxError'
  }
  return 'no error'
}

describe('JSON that is none', () => {
  it.each([
    ['{\n  "a": 1,\n  "price": }', 'Unexpected token } at line 3, column 12 (near {\\n  "a": 1,\\n  "price": })'],
    ['', 'Unexpected end at line 1, column 1 (there is nothing else)'],
    [' \r\n', 'Unexpected end at line 2, column 1 (there is nothing else)'],
    ['{"a": ', 'Unexpected end at line 1, column 7 (near {"a":)'],
    ['{"a": "b', 'Unexpected end at line 1, column 9 (near {"a": "b)'],
    ['[1, 2,]', 'Unexpected token ] at line 1, column 7 (near [1, 2,])'],
    ['{"a": 1,}', 'Unexpected token } at line 1, column 9 (near {"a": 1,})'],
    ["{'a': 1}", "Unexpected token ' at line 1, column 2 (near {'a': 1})"],
    ['{"a" 1}', 'Unexpected token 1 at line 1, column 6 (near {"a" 1})'],
    ['[1 2]', 'Unexpected token 2 at line 1, column 4 (near [1 2])'],
    ['{} {}', 'Unexpected token { at line 1, column 4 (near {} {})'],
    ['[1}', 'Unexpected token } at line 1, column 3 (near [1})'],
    [']', 'Unexpected token ] at line 1, column 1 (near ])'],
    ['[nul]', 'Unexpected token ] at line 1, column 5 (near [nul])'],
    ['[01]', 'Unexpected token 1 at line 1, column 3 (near [01])'],
    ['[-]', 'Unexpected token ] at line 1, column 3 (near [-])'],
    ['[1.]', 'Unexpected token ] at line 1, column 4 (near [1.])'],
    ['[1e+]', 'Unexpected token ] at line 1, column 5 (near [1e+])'],
    ['["\\x"]', 'Unexpected token x at line 1, column 4 (near ["\\x"])'],
    ['["\\u00g0"]', 'Unexpected token g at line 1, column 7 (near ["\\u00g0"])'],
    ['["a\tb"]', 'Unexpected token \\t at line 1, column 4 (near ["a\\tb"])'],
    ['["\x1b[31m"]', 'Unexpected token \\u001b at line 1, column 3 (near ["\\u001b[31m"])'],
    ['[😀]', 'Unexpected token 😀 at line 1, column 2 (near [😀])'],
    ['\r\r\n\n!', 'Unexpected token ! at line 4, column 1 (near !)'],
    ['<!doctype html><title>Sorry', 'Unexpected token < at line 1, column 1 (near <!doctype ht)'],
    [`${'x'.repeat(99)}`, 'Unexpected token x at line 1, column 1 (near xxxxxxxxxxxx)'],
  ])('is told with its place: %j', (text, message) => {
    expect(messageOf(text)).toBe(`${message}: ${url}`)
  })

  it('is told with the error that JSON.parse threw', () => {
    expect(() => parseJson('{', url)).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }))
  })

  it('is found in a long text, and a deep one', () => {
    expect(messageOf(`["${'a'.repeat(5_000_000)}", ${'1'.repeat(100_000)}, "\\n" "`)).toMatch(
      /^Unexpected token " at line 1, column 5100013 /,
    )
    expect(messageOf(`${'[\n'.repeat(200_000)}}`)).toMatch(/^Unexpected token } at line 200001, column 1 /)
  })
})

it('a byte order mark is no part of the JSON', () => {
  expect(parseJson('\ufeff{"a": 1}', url)).toEqual({ a: 1 })
  expect(messageOf('\ufeff}')).toMatch(/line 1, column 1 /)
})

describe('the first fault of a text', () => {
  const faultOf = (text: string) => {
    try {
      JSON.parse(text)
      return false
    } catch {
      return true
    }
  }
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '\\',
    '\\u0041',
    ' ',
    '\n',
    '1',
    '-',
    '0',
    '.',
    '5',
    'e',
    'true',
    'nul',
    '\0',
    'é',
  )

  it('is there where JSON.parse finds one, and not where it finds none', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(pieces).map((all) => all.join('')),
          fc.string(),
        ),
        (text) => {
          expect(jsonFaultAt(text) !== undefined).toBe(faultOf(text))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('is the end of what could still have become JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('!', '}', ']', ':', '\0'), (text, at, wrong) => {
        const index = at % (text.length + 1)
        const cut = text.slice(0, index)
        expect(jsonFaultAt(cut) ?? cut.length).toBe(cut.length)
        const fault = jsonFaultAt(`${cut}${wrong}`)
        expect(fault === undefined || fault >= cut.length).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
