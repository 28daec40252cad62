/** Names that share a server, and budgets: what holds beside the pace of the single host, read off the log of a made-up web. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { crawl } from '../../src/index.ts'
import { collect, pagesSpider } from '../sites/spiders.ts'
import { crawlOn, crawlVirtually, gapsOf, html, pagesIn, pathsOf } from '../sites/virtual-crawl.ts'
import { openVirtualWeb, passTime, type VirtualAnswer, type VirtualLine } from '../sites/virtual-web.ts'
import { openWeb } from '../sites/web.ts'

afterEach(() => vi.useRealTimers())

const second = 1_000
const minute = 60 * second
const [two, three] = ['http://127.0.0.2', 'http://127.0.0.3']

const well =
  (page: VirtualAnswer = html()) =>
  ({ path }: { path: string }): VirtualAnswer =>
    path === '/robots.txt' ? { status: 404, latencyMs: page.latencyMs ?? 20 } : page

const pagesOf = (origin: string, count: number) => Array.from({ length: count }, (_, page) => `${origin}/page-${page}`)

const at = (address: string) => Promise.resolve([{ address, family: 4 }])

/** Requests that were open at once, over all hosts in question. */
function mostAtOnce(log: readonly VirtualLine[], isIn: (line: VirtualLine) => boolean): number {
  const lines = log.filter(isIn)
  return Math.max(...lines.map((line) => lines.filter((l) => l.at <= line.at && l.endedAt > line.at).length))
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-shared-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('C11: hosts of one address', () => {
  const names = Array.from({ length: 20 }, (_, name) => `http://name-${name}.localhost`)
  const lookup = (name: string) => at(name.startsWith('name-') ? '127.0.0.1' : '127.0.0.9')

  it('are visited perAddressConcurrency at once, on real sockets', async () => {
    await using web = await openWeb({ pages: 2, latencyMs: 30 })
    const { port } = new URL(web.urls[0] ?? '')
    const options = { lookup: () => at('127.0.0.2'), perAddressConcurrency: 3, delayMs: 10 }
    const run = crawl(pagesSpider(names.map((name) => `${name}:${port}/page-1`)), options)
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 40, robotsRequests: 20 })
    expect(Math.max(...web.log.map(({ open }) => open))).toBe(3)
  })

  it('do not hold up those of another, which go on at full pace', async () => {
    const seeds = [...names.flatMap((name) => pagesOf(name, 5)), ...pagesOf('http://other.localhost', 40)]
    const site = ({ path, host }: { path: string; host: string }): VirtualAnswer => ({
      ...(path === '/robots.txt' ? { status: 404 } : html()),
      latencyMs: host === 'other.localhost' ? 20 : 5_000,
    })
    const { log, stats } = await crawlVirtually(site, seeds, { lookup, perAddressConcurrency: 2, concurrency: 4 })
    expect(stats).toMatchObject({ fetched: 140, stopReason: 'finished' })
    const isCrowded = ({ host }: VirtualLine) => host.startsWith('name-')
    expect(mostAtOnce(log, isCrowded)).toBe(2)
    for (const gap of gapsOf(log, 'other.localhost')) expect(gap).toBeLessThan(1_050)
    // The crowded address is made full use of.
    const crowded = log.filter(isCrowded)
    expect((crowded.at(-1)?.endedAt ?? 0) - (crowded[0]?.at ?? 0)).toBeLessThan((120 / 2) * 5_000 * 1.2)
  })

  it('a name server that never answers keeps no other host from being visited, and its own for a while', async () => {
    const dead = Array.from({ length: 6 }, (_, name) => `http://name-${name}.localhost/`)
    const { log, stats } = await crawlVirtually(well(), [...dead, ...pagesOf(two, 15)], {
      lookup: () => new Promise(() => undefined),
      concurrency: 3,
    })
    for (const gap of gapsOf(log, '127.0.0.2')) expect(gap).toBeLessThan(1_050)
    // What the limit on connections would tell is told by the fetch, which here needs no name.
    expect(log.find(({ host }) => host !== '127.0.0.2')?.at).toBe((log[0]?.at ?? 0) + 10 * second)
    expect(stats).toMatchObject({ fetched: 21, stopReason: 'finished' })
  })

  it('perDomainConcurrency: so are those of one registrable domain, whatever their addresses', async () => {
    const hosts = Array.from({ length: 12 }, (_, name) => `http://name-${name}.shop.example`)
    const seeds = [...hosts.flatMap((host) => pagesOf(host, 3)), ...pagesOf('http://other.example', 20)]
    const { log, stats } = await crawlVirtually(well({ ...html(), latencyMs: 2_000 }), seeds, {
      contact: 'owner@example.org',
      lookup: (name) => at(`127.0.0.${10 + Number(/\d+/.exec(name)?.[0] ?? 100)}`),
      perDomainConcurrency: 3,
    })
    expect(stats).toMatchObject({ fetched: 56 })
    expect(mostAtOnce(log, ({ host }) => host.endsWith('shop.example'))).toBe(3)
    for (const gap of gapsOf(log, 'other.example')) expect(gap).toBeLessThanOrEqual(4_000)
  })

  it.each([1, 3])(
    'end in good order, whatever the limits, %i requests of a host at once',
    async (perHostConcurrency) => {
      const seeds = names.flatMap((name) => pagesOf(name, 4))
      const { stats } = await crawlVirtually(well({ ...html('/page-1', '/page-9'), latencyMs: 150 }), seeds, {
        perHostConcurrency,
        perAddressConcurrency: 2,
        perDomainConcurrency: 1,
        concurrency: 3,
        delayMs: 50,
        lookup,
      })
      expect(stats).toMatchObject({ fetched: 100, robotsRequests: 20, stopReason: 'finished' })
    },
  )

  it('keep their gaps and their Retry-After also after several requests of one waited for a place', async () => {
    const site = ({ path, visit }: { path: string; visit: number }): VirtualAnswer => {
      if (path === '/robots.txt') return { status: 404, latencyMs: 900 }
      if (path === '/page-1' && visit === 1) return { status: 429, headers: { 'retry-after': '20' } }
      return { ...html(), latencyMs: 900 }
    }
    const seeds = names.slice(0, 8).flatMap((name) => pagesOf(name, 8))
    const options = { lookup, perHostConcurrency: 4, perAddressConcurrency: 3, delayMs: 300 }
    const { log, stats } = await crawlVirtually(site, seeds, options)
    expect(stats).toMatchObject({ fetched: 64, retries: 8 })
    for (const name of names.slice(0, 8)) {
      const lines = log.filter(({ origin }) => origin === name)
      expect(Math.min(...gapsOf(lines))).toBeGreaterThanOrEqual(300)
      const refused = lines.find(({ status }) => status === 429)?.endedAt ?? 0
      expect(lines.filter((line) => line.at >= refused && line.at < refused + 20 * second)).toEqual([])
    }
  })

  it('ours: those that wait for their neighbours are not begun after a drain, nor when the time is over', async () => {
    const site = well({ ...html(), latencyMs: second })
    const options = { lookup, perAddressConcurrency: 1 }
    const timed = await crawlVirtually(
      site,
      names.map((name) => `${name}/`),
      { ...options, maxTimeMs: 5_500 },
    )
    expect(timed.stats.stopReason).toBe('max_time')
    expect(timed.log.length).toBeLessThanOrEqual(7)
    expect(timed.stats.waiting + timed.stats.fetched).toBe(20)
    vi.useRealTimers()

    const web = openVirtualWeb((request) => {
      if (web.log.length === 5) setTimeout(() => run.drain(), 10)
      return site(request)
    })
    const run = crawl(pagesSpider(names.map((name) => `${name}/`)), { ...web.options, ...options })
    await passTime(collect(run))
    expect(run.stats.stopReason).toBe('drained')
    expect(web.log).toHaveLength(5)
  })
})

describe('C13: a budget of one host', () => {
  it.each([1, 5])('maxPagesPerHost is not overshot, %i requests at once', async (perHostConcurrency) => {
    const { log, stats } = await crawlVirtually(well(), [...pagesOf(two, 30), ...pagesOf(three, 5)], {
      maxPagesPerHost: 12,
      perHostConcurrency,
      delayMs: 5,
    })
    expect(pagesIn(log).filter(({ host }) => host === '127.0.0.2')).toHaveLength(12)
    expect(stats).toMatchObject({ fetched: 17, deferredBy: { over_budget: 18 }, stopReason: 'deferred' })
  })

  it('maxPagesPerHost counts retries and redirects', async () => {
    const site = ({ path, visit }: { path: string; visit: number }): VirtualAnswer => {
      if (path === '/robots.txt') return { status: 404 }
      if (path === '/page-0' && visit === 1) return { status: 503 }
      return path === '/page-1' ? { status: 301, headers: { location: '/there' } } : html()
    }
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 30), { maxPagesPerHost: 5 })
    expect(pagesIn(log)).toHaveLength(5)
    expect(stats).toMatchObject({ retries: 1, redirected: 1, fetched: 3 })
  })

  it('what was put off is taken up with a higher one, and not with the same', async () => {
    const store = await newFolder()
    const seeds = pagesOf(two, 10)
    const first = await crawlVirtually(well(), seeds, { store, maxPagesPerHost: 4 })
    expect(first.stats).toMatchObject({ fetched: 4, deferredBy: { over_budget: 6 } })
    const same = await crawlOn(first.web, seeds, { store, start: 'resume', maxPagesPerHost: 4 })
    expect(same.log).toEqual([])
    expect(same.stats.deferredBy).toEqual({ over_budget: 6 })
    const higher = await crawlOn(first.web, seeds, { store, start: 'resume', maxPagesPerHost: 7 })
    expect(pathsOf(higher.log)).toEqual(['/page-4', '/page-5', '/page-6'])
    expect(higher.stats.deferredBy).toEqual({ over_budget: 3 })
    const free = await crawlOn(first.web, seeds, { store, start: 'resume' })
    expect(free.stats).toMatchObject({ fetched: 10, deferred: 0, stopReason: 'finished' })
  })

  it('maxBytesPerHost ends with the answer that crosses it', async () => {
    const page = { headers: { 'content-type': 'text/html' }, body: 'x'.repeat(1_000) }
    const { stats } = await crawlVirtually(well(page), pagesOf(two, 30), { maxBytesPerHost: 4_500 })
    expect(stats).toMatchObject({ fetched: 5, deferredBy: { over_budget: 25 } })
  })

  it('maxTimePerHostMs is for each host the time since its first request', async () => {
    const { log, stats } = await crawlVirtually(well(), [...pagesOf(two, 300), ...pagesOf(three, 10)], {
      maxTimePerHostMs: minute,
    })
    const times = log.filter(({ host }) => host === '127.0.0.2').map((line) => line.at)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(minute)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(minute + 2 * second)
    expect(stats).toMatchObject({ stopReason: 'deferred', fetched: 10 + times.length - 1 })
  })
})

describe('C13: a budget of the crawl', () => {
  const page = { headers: { 'content-type': 'text/html' }, body: 'x'.repeat(1_000) }

  it('maxBytes names itself, and overshoots by no more than what was out', async () => {
    const seeds = [...pagesOf(two, 30), ...pagesOf(three, 30)]
    const { stats } = await crawlVirtually(well(page), seeds, { maxBytes: 10_000 })
    expect(stats.stopReason).toBe('max_bytes')
    expect(stats.bytes).toBeGreaterThanOrEqual(10_000)
    expect(stats.bytes).toBeLessThanOrEqual(11_000)
    expect(stats.waiting).toBe(60 - stats.fetched)
  })

  it('maxTimeMs names itself, and begins nothing after its end', async () => {
    const { log, stats } = await crawlVirtually(well(page), pagesOf(two, 300), { maxTimeMs: minute })
    expect(stats.stopReason).toBe('max_time')
    expect((log.at(-1)?.at ?? 0) - (log[0]?.at ?? 0)).toBeLessThan(minute)
    expect(stats.fetched).toBeGreaterThan(55)
  })

  it.each([1, 4])('maxPages is not overshot by hosts side by side, %i at once', async (perHostConcurrency) => {
    const seeds = [...pagesOf(two, 30), ...pagesOf(three, 30)]
    const { log, stats } = await crawlVirtually(well(), seeds, { maxPages: 7, perHostConcurrency, delayMs: 10 })
    expect(pagesIn(log)).toHaveLength(7)
    expect(stats).toMatchObject({ stopReason: 'max_pages', fetched: 7, waiting: 53 })
  })
})
