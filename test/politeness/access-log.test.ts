/** Politeness as the server sees it: everything here is read off an access log that another process kept. */
import { describe, expect, it } from 'vitest'
import { crawl } from '../../src/index.ts'
import { audit } from '../sites/audit.ts'
import { collect, pagesSpider } from '../sites/spiders.ts'
import { openWebApart } from '../sites/web-apart.ts'

/** Every host of a crawl of many, as its server's log shows it. */
async function crawlMany(hosts: number, pages: number, delayMs: number, eachItem: () => void = () => undefined) {
  await using web = await openWebApart({ hosts, pages, robots: 'User-agent: *\nDisallow: /private\n' })
  let items = 0
  for await (const _ of crawl(pagesSpider(web.urls), { delayMs })) {
    items += 1
    eachItem()
  }
  return { items, audits: audit(await web.readLog()) }
}

// At the same time, for most of it is waiting; what the others do to the event loop changes nothing of what is promised.
describe.concurrent('an access log shows that a crawl', () => {
  it('of 200 hosts x 20 pages at 250 ms asks for robots.txt first, one at a time, with no gap under the delay', async () => {
    const { items, audits } = await crawlMany(200, 20, 250)
    expect(items).toBe(200 * 20)
    expect(audits).toHaveLength(200)
    for (const host of audits) {
      expect(host).toMatchObject({ firstPath: '/robots.txt', mostAtOnce: 1, requests: 21 })
      expect(host.leastGapMs).toBeGreaterThanOrEqual(250)
    }
  })

  it('does the same while the event loop is blocked for 500 ms now and then', async () => {
    let seen = 0
    const { items, audits } = await crawlMany(200, 10, 250, () => {
      if (++seen % 400 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    })
    expect(items).toBe(200 * 10)
    for (const host of audits) {
      expect(host).toMatchObject({ firstPath: '/robots.txt', mostAtOnce: 1, requests: 11 })
      expect(host.leastGapMs).toBeGreaterThanOrEqual(250)
    }
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
})

it('has as many requests of a host out as it is told, and no more', async () => {
  await using web = await openWebApart({ pages: 40, latencyMs: 30 })
  await collect(crawl(pagesSpider(web.urls), { delayMs: 5, perHostConcurrency: 3 }))
  expect(audit(await web.readLog())[0]?.mostAtOnce).toBe(3)
})
