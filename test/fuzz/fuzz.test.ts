import { describe, expect, it } from 'vitest'
import { fetchWire } from './fetch-wire.ts'
import { finds } from './finds.ts'
import { mutated } from './mutate.ts'
import { runCase } from './run-case.ts'
import { targets } from './targets.ts'

const seeds = Array.from({ length: 150 }, (_, index) => index)

describe('whatever strangers send is read to its end', () => {
  it.each(Object.keys(targets))('%s', async (target) => {
    for (const seed of seeds) await runCase(target, seed)
  })

  it('on the wire, each fetch comes to an outcome, and every connection is closed', async () => {
    const found: string[] = []
    const outcomes = await fetchWire(seeds.values(), 16, (seed, what) => found.push(`${seed}: ${what}`))
    expect(found).toEqual([])
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(seeds.length)
    // They are of many kinds: the mutations do reach what reads them.
    expect(Object.keys(outcomes).length).toBeGreaterThan(5)
  })
})

it.runIf(finds.length > 0).each(finds)('a case that was found once is one no more: %s %i', async (target, seed) => {
  await runCase(target, seed)
})

it('a seed stands for the same input each time', () => {
  const { corpus } = targets.html ?? { corpus: [] }
  expect(mutated(corpus, 7).equals(mutated(corpus, 7))).toBe(true)
  expect(new Set(seeds.map((seed) => mutated(corpus, seed).toString('latin1'))).size).toBeGreaterThan(100)
})
