import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkItem } from '../../src/spider/item.ts'
import { decodeItem, encodeItem } from '../../src/store/item-json.ts'

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
)
const { item } = fc.letrec((tie) => ({
  value: fc.oneof({ weight: 4, arbitrary: leaf }, fc.array(tie('value'), { maxLength: 4 }), tie('item')),
  item: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toString', '0')), tie('value'), {
    maxKeys: 5,
  }),
}))

describe('items in the log', () => {
  it('come back as the parser gave them, dates and bigints too', () => {
    const given = { at: new Date(5), big: 2n ** 80n, list: [{ at: new Date(0) }, 1n], text: '2026-11-21' }
    const json = encodeItem(given)
    expect(decodeItem(json)).toEqual(given)
    expect(JSON.parse(json.value)).toEqual({
      at: '1970-01-01T00:00:00.005Z',
      big: '1208925819614629174706176',
      list: [{ at: '1970-01-01T00:00:00.000Z' }, '1'],
      text: '2026-11-21',
    })
  })

  it('are plain JSON and nothing more, where JSON has all the words', () => {
    expect(encodeItem({ a: [1, 'x', null, { b: true }] })).toEqual({
      value: '{"a":[1,"x",null,{"b":true}]}',
      types: null,
    })
  })

  it('property: whatever a parser may yield is the same after the log', () => {
    fc.assert(
      fc.property(item, (given) => {
        const checked = checkItem(given)
        if (!checked.ok) return
        expect(decodeItem(encodeItem(checked.value))).toEqual(checked.value)
      }),
      { numRuns: 1_000 },
    )
  })
})
