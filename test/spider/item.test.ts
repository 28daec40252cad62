import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkData, checkItem } from '../../src/spider/item.ts'

/** The copy of an item that must pass. */
function copyOf(item: unknown): unknown {
  const checked = checkItem(item)
  if (!checked.ok) throw new Error(checked.message)
  return checked.value
}

/** Why an item is refused. */
function refusalOf(item: unknown): string | undefined {
  const checked = checkItem(item)
  return checked.ok ? undefined : checked.message
}

describe('an item is refused, with the place,', () => {
  class Book {}

  it.each<[what: string, item: unknown, message: string]>([
    ['NaN', { price: Number.NaN }, 'item.price is NaN'],
    ['Infinity', { price: Number.POSITIVE_INFINITY }, 'item.price is Infinity'],
    ['-Infinity', [-1, Number.NEGATIVE_INFINITY], 'item[1] is -Infinity'],
    ['a function', { a: { b: [0, { c: () => 1 }] } }, 'item.a.b[1].c is a function'],
    ['a symbol', { a: [Symbol('x')] }, 'item.a[0] is a symbol'],
    ['a Map', { a: new Map() }, 'item.a is a Map; use a plain object or an array'],
    ['a Set', [[new Set()]], 'item[0][0] is a Set; use a plain object or an array'],
    ['a regular expression', { a: /x/ }, 'item.a is a RegExp; use a plain object or an array'],
    ['a promise', { a: Promise.resolve(1) }, 'item.a is a Promise; use a plain object or an array'],
    ['typed memory', { a: new Uint8Array(1) }, 'item.a is a Uint8Array; use a plain object or an array'],
    ['an object of a class', { a: new Book() }, 'item.a is a Book; use a plain object or an array'],
    ['an invalid date', { a: [new Date('x')] }, 'item.a[0] is an invalid date'],
    ['a function that is the item', () => 1, 'item is a function'],
    ['NaN that is the item', Number.NaN, 'item is NaN'],
    ['what toJSON gives', { a: { toJSON: () => ({ b: Number.NaN }) } }, 'item.a.b is NaN'],
  ])('for %s', (_what, item, message) => {
    expect(refusalOf(item)).toBe(message)
  })

  it('under the name that it is checked by', () => {
    expect(checkData({ a: Number.NaN })).toEqual({ ok: false, message: 'data.a is NaN' })
    expect(checkData(Symbol('x'))).toEqual({ ok: false, message: 'data is a symbol' })
    expect(checkData({ at: new Date(0) })).toEqual({ ok: false, message: 'data.at is a Date; write it as a string' })
    expect(checkData([1n])).toEqual({ ok: false, message: 'data[0] is a bigint; write it as a string' })
    expect(checkData({ a: ['b', null, 1, true] })).toEqual({ ok: true, value: { a: ['b', null, 1, true] } })
  })

  it('for an object whose prototype has no constructor', () => {
    expect(refusalOf({ a: Object.create(Object.create(null)) })).toMatch(/^item\.a is /)
  })

  it('for a cycle', () => {
    const item: Record<string, unknown> = { name: 'x' }
    item.self = item
    expect(refusalOf(item)).toBe('item.self.self.self is more than 100 levels deep, or a cycle')
    const list: unknown[] = []
    list.push(list)
    expect(refusalOf(list)).toMatch(/a cycle$/)
    const own = { toJSON: (): unknown => own }
    expect(refusalOf(own)).toMatch(/a cycle$/)
  })

  it('for more than 100 levels, and not for 100', () => {
    const nested = (levels: number) => {
      let item: unknown = 1
      for (let level = 0; level < levels; level += 1) item = [item]
      return item
    }
    expect(refusalOf(nested(100))).toBeUndefined()
    expect(refusalOf(nested(101))).toMatch(/more than 100 levels deep/)
  })

  it('once, at its first fault', () => {
    expect(refusalOf({ good: 1, bad: Number.NaN, worse: () => 1 })).toBe('item.bad is NaN')
  })
})

describe('the copy of an item', () => {
  it('is the same for any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (item) => {
        expect(copyOf(item)).toStrictEqual(item)
      }),
    )
  })

  it('is the same for any text, lone surrogates as well', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(copyOf({ [text]: text })).toStrictEqual({ [text]: text })
      }),
    )
    expect(copyOf('\ud800 and some more text')).toBe('\ud800 and some more text')
  })

  it('leaves undefined fields out, and keeps null', () => {
    const copy = copyOf({ a: undefined, b: null, c: { d: undefined } })
    expect(copy).toStrictEqual({ b: null, c: {} })
    expect(copy).not.toHaveProperty('a')
  })

  it('has null for an undefined entry or a hole of a list, as JSON has', () => {
    expect(copyOf([1, undefined, 2])).toStrictEqual([1, null, 2])
    const withHole = [1, 0, 2]
    delete withHole[1]
    expect(copyOf(withHole)).toStrictEqual([1, null, 2])
  })

  it('keeps dates and bigints', () => {
    const at = new Date('2026-06-07T08:49:37Z')
    const copy = copyOf({ at, count: 12345678901234567890n }) as Record<string, unknown>
    expect(copy.at).toBeInstanceOf(Date)
    expect(copy).toStrictEqual({ at, count: 12345678901234567890n })
  })

  it('has the text of a URL', () => {
    expect(copyOf({ url: new URL('http://a.test/x') })).toStrictEqual({ url: 'http://a.test/x' })
  })

  it('has what toJSON gives of whatever knows its own JSON', () => {
    class Price {
      toJSON() {
        return { pence: 999 }
      }
    }
    expect(copyOf([new Price()])).toStrictEqual([{ pence: 999 }])
  })

  it('is a plain object, made from one without a prototype', () => {
    const item: object = Object.assign(Object.create(null), { a: 1 })
    expect(copyOf(item)).toStrictEqual({ a: 1 })
  })

  it('keeps a key called `__proto__` a key', () => {
    const item: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}')
    const copy = copyOf(item) as Record<string, unknown>
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(copy.isAdmin).toBeUndefined()
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"isAdmin":true},"constructor":1}')
  })

  it('keeps the order of fields', () => {
    expect(Object.keys(copyOf({ z: 1, a: 2, m: 3 }) as object)).toEqual(['z', 'a', 'm'])
  })

  it('is not changed by what becomes of the original', () => {
    const original = { list: [{ tag: 'a' }], nested: { deep: { price: 1 } } }
    const copy = copyOf(original)
    for (const entry of original.list) entry.tag = 'b'
    original.list.push({ tag: 'c' })
    original.nested.deep.price = 2
    expect(copy).toStrictEqual({ list: [{ tag: 'a' }], nested: { deep: { price: 1 } } })
  })

  it('is not changed by what becomes of a date in the original', () => {
    const at = new Date('2026-06-07T00:00:00Z')
    const copy = copyOf({ at })
    at.setFullYear(1999)
    expect(copy).toStrictEqual({ at: new Date('2026-06-07T00:00:00Z') })
  })

  it('does not share what the original has twice', () => {
    const tag = { name: 'a' }
    const [first, second] = copyOf([tag, tag]) as [object, object]
    expect(first).toStrictEqual(second)
    expect(first).not.toBe(second)
  })

  it('of a title does not keep the page in memory that it was cut from', () => {
    const copies: unknown[] = []
    const pageSize = 2_000_000
    const before = heapAfterCollection()
    for (let index = 0; index < 10; index += 1) {
      // In one piece, as from a decoder, so that what is cut from it is a view.
      const page = JSON.parse(`"${`${index}`.repeat(pageSize)}"`) as string
      copies.push(copyOf({ title: page.slice(100, 150) }))
    }
    expect(heapAfterCollection() - before).toBeLessThan(3 * pageSize)
    expect(copies).toHaveLength(10)
  })
})

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
