import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PatternIndex } from '../../src/politeness/robots-index.ts'
import { matchesPattern } from '../../src/politeness/robots-pattern.ts'
import { hugeFiles } from '../sites/robots-files.ts'

const range = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('the index of patterns', () => {
  it('misses no pattern that matches', () => {
    const pattern = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'c', '*'), maxLength: 24 })
    const path = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'c'), minLength: 1, maxLength: 40 })
    const patterns = fc.array(fc.tuple(pattern, fc.constantFrom('', '', '$')).map(([start, end]) => start + end))
    fc.assert(
      fc.property(patterns, path, (all, asked) => {
        const candidates = new PatternIndex(all).candidates(asked)
        const matching = [...all.keys()].filter((number) => matchesPattern(all[number] ?? '', asked))
        expect(candidates).toEqual(expect.arrayContaining(matching))
        expect(candidates).toEqual([...new Set(candidates)].toSorted((a, b) => a - b))
      }),
      { numRuns: 1_000 },
    )
  })

  it('A7: leaves little to look at among 10,000 patterns with asterisks', () => {
    const patterns = range(10_000).map((number) => `/*/shop/*?id=${number}*&sort=`)
    const index = new PatternIndex(patterns)
    const counts = range(500).map((number) => index.candidates(`/a/shop/b?id=${number * 20}&sort=price`).length)
    expect(Math.max(...counts)).toBeLessThan(50)
    expect(index.candidates('/shop/sort=/id=')).toEqual([])
  })

  it('A7: a gram that a path has many times counts once', () => {
    const index = new PatternIndex(range(1_000).map((number) => `/*a*${'*'.repeat(number)}`))
    expect(index.candidates(`/${'a'.repeat(2_000)}`)).toHaveLength(1_000)
  })

  it('files patterns without literals under everything', () => {
    const index = new PatternIndex(['*', '/a', '$', '**$', ''])
    expect(index.candidates('/b')).toEqual([0, 2, 3, 4])
  })

  it('short literals have short grams', () => {
    const index = new PatternIndex(['a', '*b', 'cd$', '*efg*', 'x*hijk*y'])
    expect(index.candidates('b')).toEqual([1])
    expect(index.candidates('cd')).toEqual([2])
    expect(index.candidates('efg')).toEqual([3])
    expect(index.candidates('x-hijk-y')).toEqual([4])
    expect(index.candidates('zzz')).toEqual([])
  })
})

it('the files that the figures are measured with are as large as is read', () => {
  for (const { name, text } of hugeFiles) expect([name, text.length <= 500 * 1024]).toEqual([name, true])
})
