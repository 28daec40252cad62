import { expect, it } from 'vitest'
import { summarize } from '../../src/observe/report.ts'
import { StatsCounter } from '../../src/observe/stats.ts'

it.each([
  [1, '1 request to 1 host (1 for robots.txt), 1 retry, '],
  [2, '2 requests to 2 hosts (2 for robots.txt), 2 retries, '],
])('the summary counts %d of a thing in words that fit', (count, said) => {
  const counter = new StatsCounter()
  counter.resume({ requests: count, hosts: count, robots_requests: count, retries: count })
  expect(summarize(counter.stats, [])).toContain(`  traffic  ${said}`)
})
