import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJsonLine, toJson } from '../../src/output/json-lines.ts'

describe('an item as a JSON line', () => {
  it.each<[item: unknown, line: string]>([
    [{ a: 1, b: 'x', c: [true, null] }, '{"a":1,"b":"x","c":[true,null]}\n'],
    [{ at: new Date('2026-06-07T08:49:37.5Z') }, '{"at":"2026-06-07T08:49:37.500Z"}\n'],
    [{ a: undefined, b: 1 }, '{"b":1}\n'],
    [{ a: 'two\nlines\r' }, '{"a":"two\\nlines\\r"}\n'],
    [{ z: 1, a: 2 }, '{"z":1,"a":2}\n'],
    [{ a: 'é😀' }, '{"a":"é😀"}\n'],
    [{}, '{}\n'],
    [[], '[]\n'],
  ])('%j is %j', (item, line) => {
    expect(encodeJsonLine(item)).toBe(line)
  })

  it('has bigints as text, wherever they are', () => {
    const item = { count: 12345678901234567890n, deep: [{ n: -1n }], at: new Date(0), gone: undefined }
    expect(encodeJsonLine(item)).toBe(
      '{"count":"12345678901234567890","deep":[{"n":"-1"}],"at":"1970-01-01T00:00:00.000Z"}\n',
    )
  })

  it('is one line, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (item) => {
        const line = encodeJsonLine(item)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.stringify(JSON.parse(line))).toBe(JSON.stringify(item))
      }),
    )
  })

  it('is refused when it holds itself', () => {
    const item: Record<string, unknown> = { n: 1n }
    item.self = item
    expect(() => encodeJsonLine(item)).toThrow(TypeError)
  })
})

describe('toJson', () => {
  it('has no line end', () => {
    expect(toJson({ a: [1n] })).toBe('{"a":["1"]}')
  })
})
