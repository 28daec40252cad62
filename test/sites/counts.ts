/** I5, POLITENESS J1: every URL offered is in one state, each with its reason, and the counts add up. */
import { expect } from 'vitest'
import type { CrawlStats } from '../../src/index.ts'

const sum = (counts: Readonly<Record<string, number | undefined>>) =>
  Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0)

export function expectToAddUp(stats: CrawlStats): void {
  expect(stats.offered).toBe(stats.added + sum(stats.dropped))
  const { fetched, redirected, failed, skipped, deferred, waiting } = stats
  expect(stats.added).toBe(fetched + redirected + failed + skipped + deferred + waiting)
  for (const count of [fetched, redirected, failed, skipped, deferred, waiting]) expect(count).toBeGreaterThanOrEqual(0)
  expect([failed, skipped, deferred]).toEqual([sum(stats.failedBy), sum(stats.skippedBy), sum(stats.deferredBy)])
}
