/** Politeness as the server sees it: everything here is read off an access log that another process kept. */
import { expect, it } from 'vitest'
import { crawl } from '../../src/index.ts'
import { audit } from '../sites/audit.ts'
import { collect, pagesSpider } from '../sites/spiders.ts'
import { openWebApart } from '../sites/web-apart.ts'

it('20 hosts x 20 pages at 200 ms: robots.txt first, one at a time, no gap under the delay, hosts side by side', async () => {
  const [hosts, pages, delayMs] = [20, 20, 200]
  await using web = await openWebApart({ hosts, pages, robots: 'User-agent: *\nDisallow: /private\n' })
  const startedAt = performance.now()
  const items = await collect(crawl(pagesSpider(web.urls), { delayMs, concurrency: 20 }))
  const elapsedMs = performance.now() - startedAt

  const hostAudits = audit(await web.readLog())
  expect(items).toHaveLength(hosts * pages)
  expect(hostAudits).toHaveLength(hosts)
  for (const host of hostAudits) {
    expect(host).toMatchObject({ firstPath: '/robots.txt', mostAtOnce: 1, requests: pages + 1 })
    expect(host.leastGapMs).toBeGreaterThanOrEqual(delayMs)
  }
  // Wall-clock is reported, not asserted: machines differ.
  const idealMs = pages * delayMs
  const leastGapMs = Math.min(...hostAudits.map((host) => host.leastGapMs))
  console.info(
    `${Math.round(elapsedMs)} ms, ${(elapsedMs / idealMs).toFixed(3)} of the ideal; least gap ${leastGapMs.toFixed(1)} ms`,
  )
})

it('keeps the gap between retries, redirects and errors too', async () => {
  const delayMs = 60
  await using web = await openWebApart({ hosts: 2, pages: 36, troubles: true })
  const run = crawl(pagesSpider(web.urls), { delayMs, maxRetries: 1 })
  await collect(run)
  expect(run.stats).toMatchObject({ retries: 4, redirected: 2 })
  for (const host of audit(await web.readLog())) {
    expect(host.mostAtOnce).toBe(1)
    expect(host.leastGapMs).toBeGreaterThanOrEqual(delayMs)
  }
})

it('asks nothing that robots.txt disallows', async () => {
  await using web = await openWebApart({ pages: 30, robots: 'User-agent: *\nDisallow: /page-2\nDisallow: /page-1$' })
  const run = crawl(pagesSpider(web.urls), { delayMs: 10 })
  await collect(run)
  const paths = audit(await web.readLog())[0]?.paths ?? []
  expect(paths.filter((path) => path.startsWith('/page-2') || path === '/page-1')).toEqual([])
  expect(run.stats.skippedBy).toEqual({ disallowed: run.stats.skipped })
  expect(run.stats.skipped).toBeGreaterThan(1)
})

it('keeps to a Crawl-delay that is longer than its own delay', async () => {
  await using web = await openWebApart({ pages: 4, robots: 'User-agent: doff\nCrawl-delay: 0.3\n' })
  await collect(crawl(pagesSpider(web.urls), { delayMs: 20 }))
  const [host] = audit(await web.readLog())
  expect(host?.requests).toBe(5)
  expect(host?.leastGapMs).toBeGreaterThanOrEqual(300)
})

it('has as many requests of a host out as it is told, and no more', async () => {
  await using web = await openWebApart({ pages: 40, latencyMs: 30 })
  await collect(crawl(pagesSpider(web.urls), { delayMs: 5, perHostConcurrency: 3 }))
  expect(audit(await web.readLog())[0]?.mostAtOnce).toBe(3)
})

it('keeps its manners while the event loop is blocked now and then', async () => {
  const delayMs = 100
  await using web = await openWebApart({ hosts: 5, pages: 12 })
  let parsed = 0
  for await (const _ of crawl(pagesSpider(web.urls), { delayMs })) {
    parsed += 1
    if (parsed % 10 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  }
  expect(parsed).toBe(60)
  for (const host of audit(await web.readLog())) expect(host.leastGapMs).toBeGreaterThanOrEqual(delayMs)
})
