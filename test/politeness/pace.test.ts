/** The pace of a crawl as the servers see it: everything is read off the log of a made-up web. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { crawlOn, crawlVirtually, gapsOf, html, pagesIn, pathsOf } from '../sites/virtual-crawl.ts'
import { openVirtualWeb, type VirtualAnswer, type VirtualLine, type VirtualRequest } from '../sites/virtual-web.ts'
import { randomFrom } from '../sites/web.ts'

afterEach(() => vi.useRealTimers())

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const [two, three] = ['http://127.0.0.2', 'http://127.0.0.3']

type Site = (request: VirtualRequest) => VirtualAnswer | 'reset'

/** No robots.txt, and pages so. */
const pagesAre =
  (page: Site): Site =>
  (request) =>
    request.path === '/robots.txt' ? { status: 404 } : page(request)

const robotsIs =
  (body: string): Site =>
  ({ path }) =>
    path === '/robots.txt' ? { body } : html()

const pagesOf = (origin: string, count: number) => Array.from({ length: count }, (_, page) => `${origin}/page-${page}`)

const mostOpen = (log: readonly VirtualLine[]) => Math.max(...log.map(({ open }) => open))

/** A server that is asked for its pages too soon answers `status`. */
function fragile(leastGapMs: number, status: number): Site {
  let lastAt = Number.NEGATIVE_INFINITY
  return pagesAre(({ at }) => {
    const isTooSoon = at - lastAt < leastGapMs
    lastAt = at
    return isTooSoon ? { status } : html()
  })
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-pace-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('C1: one request at a time, with a gap', () => {
  it('over 200 requests whose answers take now long, now short', async () => {
    const random = randomFrom(1)
    const site = pagesAre(() => ({ ...html(), latencyMs: 1 + random() ** 3 * 2_500 }))
    const { log } = await crawlVirtually(site, pagesOf(two, 200), { random })
    expect(log).toHaveLength(201)
    expect(mostOpen(log)).toBe(1)
    expect(Math.min(...gapsOf(log))).toBeGreaterThanOrEqual(second)
  })

  it('of a host, whatever the port', async () => {
    const { log } = await crawlVirtually(
      pagesAre(() => html()),
      [...pagesOf(two, 5), ...pagesOf(`${two}:8080`, 5)],
    )
    expect(log).toHaveLength(12)
    expect(mostOpen(log)).toBe(1)
    expect(Math.min(...gapsOf(log))).toBeGreaterThanOrEqual(second)
  })
})

describe('C2: the gap counts from start to start', () => {
  it('of answers that are quick, and no page waits for longer', async () => {
    const site: Site = () => ({ latencyMs: 100 })
    const { log } = await crawlVirtually(site, pagesOf(two, 5))
    // From the first byte, when the request surely had arrived.
    expect(gapsOf(log)).toEqual(Array(5).fill(1_100))
  })

  it('and a host rests after a slow answer for as long as that took', async () => {
    const site: Site = () => ({ ...html(), latencyMs: 3_000 })
    const { log } = await crawlVirtually(site, pagesOf(two, 5))
    expect(gapsOf(log)).toEqual(Array(5).fill(6_000))
  })
})

describe('C4: a Crawl-delay', () => {
  it.each([
    ['2.5', 2_500],
    ['3', 3_000],
    ['60', 60_000],
    ['0.25', 1_000],
    ['0', 1_000],
  ])('of %s makes gaps of %i ms', async (value, gapMs) => {
    const { log } = await crawlVirtually(robotsIs(`User-agent: *\nCrawl-delay: ${value}\n`), pagesOf(two, 4))
    for (const gap of gapsOf(log)) expect(gap).toBe(gapMs + 20)
  })

  it.each(['', '-5', 'NaN', '0x10', '5s', 'Infinity', 'five', '1e400'])('of "%s" is none', async (value) => {
    const { log, stats } = await crawlVirtually(robotsIs(`User-agent: *\nCrawl-delay: ${value}\n`), pagesOf(two, 4))
    for (const gap of gapsOf(log)) expect(gap).toBe(1_020)
    expect(stats).toMatchObject({ fetched: 4 })
  })

  it.each(['60.001', '2147484', '9999999', '9'.repeat(20), '9'.repeat(306)])(
    'C5: of %s gets no visit at all, rather than one too soon',
    async (value) => {
      const { log, stats } = await crawlVirtually(robotsIs(`User-agent: *\nCrawl-delay: ${value}\n`), pagesOf(two, 4))
      expect(pathsOf(log)).toEqual(['/robots.txt'])
      expect(stats).toMatchObject({ stopReason: 'deferred', deferredBy: { crawl_delay_too_long: 4 } })
    },
  )

  it('C5: keeps its size in a store: the crawl that is resumed does not ask sooner, either', async () => {
    const store = await newFolder()
    const site = robotsIs(`User-agent: *\nCrawl-delay: ${'9'.repeat(306)}\n`)
    const first = await crawlVirtually(site, pagesOf(two, 4), { store })
    const { log, stats } = await crawlOn(first.web, pagesOf(two, 4), { store, start: 'resume' })
    expect(log).toEqual([])
    expect(stats.deferredBy).toEqual({ crawl_delay_too_long: 4 })
  })

  it('that was too long is kept to once the crawl is resumed with more patience', async () => {
    const store = await newFolder()
    const first = await crawlVirtually(robotsIs('User-agent: *\nCrawl-delay: 120\n'), pagesOf(two, 4), { store })
    expect(first.stats).toMatchObject({ deferredBy: { crawl_delay_too_long: 4 }, waiting: 0 })
    const again = { store, start: 'resume', maxCrawlDelayMs: 3 * minute } as const
    const { log, stats } = await crawlOn(first.web, pagesOf(two, 4), again)
    expect(stats).toMatchObject({ stopReason: 'finished', fetched: 4, deferred: 0 })
    expect(pathsOf(log)).toEqual(['/page-0', '/page-1', '/page-2', '/page-3'])
    for (const gap of gapsOf(first.web.log)) expect(gap).toBeGreaterThanOrEqual(120 * second)
  })
})

describe('C7: retries pass the throttle', () => {
  it.each<[what: string, trouble: VirtualAnswer | 'reset']>([
    ['503', { status: 503 }],
    ['a reset', 'reset'],
    ['no answer', { latencyMs: hour }],
  ])('%s three times: the gaps grow', async (_, trouble) => {
    const site = pagesAre(({ visit }) => (visit <= 3 ? trouble : html()))
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 1), { maxRetries: 3, totalTimeoutMs: second })
    const gaps = gapsOf(pagesIn(log))
    expect(gaps).toHaveLength(3)
    for (const [index, least] of [2_000, 4_000, 8_000].entries()) expect(gaps[index]).toBeGreaterThanOrEqual(least)
    expect(stats).toMatchObject({ retries: 3, fetched: 1 })
  })
})

describe('C8, RFC 9110 section 10.2.3: Retry-After', () => {
  const saying = (headers: Record<string, string>, status = 429) =>
    pagesAre(({ path, visit }) => (path === '/page-0' && visit === 1 ? { status, headers } : html()))

  const inFourSeconds = () => new Date(Date.now() + 4_000).toUTCString()

  it.each<[what: string, headers: () => Record<string, string>, leastMs: number]>([
    ['4', () => ({ 'retry-after': '4' }), 4_000],
    // Dates have whole seconds, and the crawl begins on one.
    ['a date four seconds ahead', () => ({ 'retry-after': inFourSeconds() }), 2_900],
    [
      'a date four seconds ahead of a clock that is two hours late',
      () => ({
        date: 'Sun, 04 Jan 2026 22:00:00 GMT',
        'retry-after': 'Sun, 04 Jan 2026 22:00:04 GMT',
      }),
      4_000,
    ],
  ])('%s holds the whole host', async (_, headers, leastMs) => {
    for (const status of [429, 503]) {
      const { log, stats } = await crawlVirtually(
        pagesAre(({ path, visit }) => (path === '/page-0' && visit === 1 ? { status, headers: headers() } : html())),
        pagesOf(two, 3),
      )
      const [refused, next] = pagesIn(log)
      const gapMs = (next?.at ?? 0) - (refused?.endedAt ?? 0)
      expect(gapMs).toBeGreaterThanOrEqual(leastMs)
      expect(gapMs).toBeLessThan(5_000)
      expect(stats).toMatchObject({ fetched: 3, retries: 1 })
      vi.useRealTimers()
    }
  })

  it.each(['-1', 'soon', '1.5', '', '0x10', 'Mon, 05 Jan 1970 00:00:00 GMT', '0'])(
    '%j leaves it at the own back-off',
    async (value) => {
      const { log } = await crawlVirtually(saying({ 'retry-after': value }), pagesOf(two, 3))
      expect(gapsOf(pagesIn(log))[0]).toBe(2_020)
    },
  )

  it.each(['3601', '99999999999', '9'.repeat(400)])(
    '%s is more patience than the crawl has: the host is left alone, with a reason',
    async (value) => {
      const store = await newFolder()
      const site = saying({ 'retry-after': value })
      const { log, stats, web } = await crawlVirtually(site, [...pagesOf(two, 3), ...pagesOf(three, 3)], { store })
      // The other host says so, too, for its first page.
      expect(pathsOf(log, '127.0.0.2')).toEqual(['/robots.txt', '/page-0'])
      expect(stats).toMatchObject({ stopReason: 'deferred', deferredBy: { retry_after_too_long: 6 } })
      expect(web.options.clock.now() - (log[0]?.at ?? 0)).toBeLessThan(minute)
    },
  )

  it('3xx: also with a redirect', async () => {
    const site = pagesAre(({ path }) =>
      path === '/page-0' ? { status: 301, headers: { location: '/there', 'retry-after': '30' } } : html(),
    )
    const { log } = await crawlVirtually(site, pagesOf(two, 2))
    expect(gapsOf(pagesIn(log))[0]).toBeGreaterThanOrEqual(30 * second)
  })

  it('is over for nobody who opens the store again before its time', async () => {
    const store = await newFolder()
    const first = await crawlVirtually(saying({ 'retry-after': '600' }), pagesOf(two, 3), {
      store,
      maxTimeMs: 10 * second,
    })
    expect(first.stats).toMatchObject({ stopReason: 'max_time' })
    const { log, stats } = await crawlOn(first.web, pagesOf(two, 3), { store, start: 'resume' })
    expect(stats).toMatchObject({ stopReason: 'finished', fetched: 3 })
    expect((log[0]?.at ?? 0) - (pagesIn(first.log)[0]?.endedAt ?? 0)).toBeGreaterThanOrEqual(600 * second)
  })

  it('is over for nobody whose crawl put the host aside: not asked before, and asked after', async () => {
    const store = await newFolder()
    const first = await crawlVirtually(saying({ 'retry-after': '7200' }), pagesOf(two, 3), { store })
    expect(first.stats).toMatchObject({ deferredBy: { retry_after_too_long: 3 } })
    vi.advanceTimersByTime(hour)
    const early = await crawlOn(first.web, pagesOf(two, 3), { store, start: 'resume' })
    expect(early.log).toEqual([])
    expect(early.stats).toMatchObject({ stopReason: 'deferred', deferredBy: { retry_after_too_long: 3 } })
    vi.advanceTimersByTime(hour)
    const late = await crawlOn(first.web, pagesOf(two, 3), { store, start: 'resume' })
    expect(late.stats).toMatchObject({ stopReason: 'finished', fetched: 3, deferred: 0 })
  })
})

describe('C9: a host in trouble', () => {
  const broken = pagesAre(() => ({ status: 503 }))

  it('gets a pause of five minutes after five failures in a row, then one request; after three pauses it is put off', async () => {
    const { log, stats } = await crawlVirtually(broken, pagesOf(two, 30))
    const gaps = gapsOf(pagesIn(log))
    expect(gaps).toHaveLength(7)
    expect(Math.max(...gaps.slice(0, 4))).toBeLessThan(minute)
    for (const gap of gaps.slice(4)) {
      expect(gap).toBeGreaterThanOrEqual(5 * minute)
      expect(gap).toBeLessThan(6 * minute)
    }
    expect(stats).toMatchObject({ stopReason: 'deferred', fetched: 0 })
    expect(stats.deferredBy.keeps_failing).toBeGreaterThan(20)
  })

  it('gets its pauses also when several of its requests fail at once', async () => {
    let requests = 0
    // The one that tries takes longer than the gap in force.
    const site = pagesAre(() => ({ status: 503, latencyMs: ++requests > 8 ? 100_000 : 5_000 }))
    const options = { perHostConcurrency: 8, delayMs: 100 }
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 60), options)
    const pages = pagesIn(log)
    const pauses = pages.filter(({ at }, index) => index > 0 && at - (pages[index - 1]?.at ?? 0) >= 5 * minute)
    expect(pauses).toHaveLength(3)
    // Half open: nobody goes along with the one that tries.
    for (const { open } of pauses) expect(open).toBe(1)
    expect(pages.filter(({ at }) => at >= (pauses[0]?.at ?? 0))).toHaveLength(3)
    expect(stats.deferredBy.keeps_failing).toBeGreaterThan(20)
  })

  it('that recovers in a pause is visited on, carefully', async () => {
    let failures = 0
    const site = pagesAre(() => (++failures <= 6 ? { status: 500 } : html()))
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 60))
    expect(stats).toMatchObject({ stopReason: 'finished', fetched: 60 - stats.failed })
    const afterwards = gapsOf(pagesIn(log)).slice(6)
    expect(afterwards[0]).toBeGreaterThan(30 * second)
    // No gap is much shorter than the one before.
    for (const [index, gap] of afterwards.slice(1).entries())
      expect(gap).toBeGreaterThanOrEqual((afterwards[index] ?? 0) - 6_001)
    expect(afterwards.at(-1)).toBeLessThan(2 * second)
  })

  it.each([401, 403])('that answers %i ten times in a row is put off: nobody looks for a way round', async (status) => {
    const site = pagesAre(() => ({ status }))
    const { log, stats } = await crawlVirtually(site, [...pagesOf(two, 30), ...pagesOf(three, 5)])
    expect(pagesIn(log).filter(({ host }) => host === '127.0.0.2')).toHaveLength(10)
    expect(stats.failedBy).toEqual({ [`http_${status}`]: 15 })
    expect(stats.deferredBy).toEqual({ keeps_refusing: 20 })
  })

  it('that refuses some pages only goes on', async () => {
    const site = pagesAre(({ path }) => (path.endsWith('9') ? html() : { status: 403 }))
    const { stats } = await crawlVirtually(site, pagesOf(two, 40))
    expect(stats).toMatchObject({ stopReason: 'finished', fetched: 4, deferred: 0 })
  })

  it.each([503, 500, 429])(
    'that answers %i above two requests a second: the rate settles below, and does not swing about it',
    async (status) => {
      const { log, stats } = await crawlVirtually(fragile(500, status), pagesOf(two, 2_000), {
        delayMs: 100,
        maxRetries: 5,
      })
      expect(stats).toMatchObject({ fetched: 2_000, failed: 0 })
      const pages = pagesIn(log)
      const startedAt = pages[0]?.at ?? 0
      // Settled within a minute.
      const failures = pages.filter((line) => line.status === status)
      const later = failures.filter(({ at }) => at > startedAt + minute)
      const minutes = ((pages.at(-1)?.at ?? 0) - startedAt) / minute
      expect(minutes).toBeGreaterThan(15)
      expect(later.length / minutes).toBeLessThanOrEqual(0.5)
      // And not for ever at a crawl: it makes use of what it may.
      expect(pages.length / minutes).toBeGreaterThan(30)
      expect(pages.length / minutes).toBeLessThan(120)
    },
  )
})

describe('C10: the gap follows the latency', () => {
  it('within five answers when the host gets slow, and comes down slowly when it is well again', async () => {
    const latencyOf = (page: number) => (page >= 20 && page < 40 ? 2_000 : 50)
    const site = pagesAre(({ path }) => ({ ...html(), latencyMs: latencyOf(Number(path.slice(6))) }))
    const { log } = await crawlVirtually(site, pagesOf(two, 60), { delayMs: 100 })
    const gaps = gapsOf(pagesIn(log))
    expect(gaps[18]).toBe(150)
    for (const gap of gaps.slice(24, 39)) expect(gap).toBeGreaterThanOrEqual(4_000)
    const after = gaps.slice(40, 50)
    expect(after[0]).toBeGreaterThanOrEqual(1_000)
    for (const [index, gap] of after.slice(1).entries()) {
      expect(gap).toBeLessThanOrEqual(after[index] ?? 0)
      expect(gap).toBeGreaterThanOrEqual((after[index] ?? 0) / 2)
    }
    expect(after.at(-1)).toBe(150)
  })
})

describe('C14: the clock', () => {
  it('that jumps eight hours ahead, as after a laptop slept, makes no burst', async () => {
    const origins = [two, three, 'http://127.0.0.4']
    const web = openVirtualWeb(pagesAre(() => html()))
    const { transport, clock } = web.options
    const jumped = { ...clock, now: () => clock.now() + (web.log.length > 31 ? 8 * hour : 0) }
    const seeds = origins.flatMap((origin) => pagesOf(origin, 30))
    const { log, stats } = await crawlOn(web, seeds, { transport, clock: jumped })
    expect(stats).toMatchObject({ fetched: 90 })
    for (const origin of origins)
      expect(Math.min(...gapsOf(log, new URL(origin).hostname))).toBeGreaterThanOrEqual(second)
    // Nor does it hold anybody up: an answer that was on its way did not take eight hours.
    expect((log.at(-1)?.at ?? 0) - (log[0]?.at ?? 0)).toBeLessThan(10 * minute)
  })

  it.each([-8, 8])('of the wall that is set by %i hours changes nothing', async (hours) => {
    let pages = 0
    const site = pagesAre(() => {
      if (++pages === 10) vi.setSystemTime(Date.now() + hours * hour)
      return html()
    })
    const { log } = await crawlVirtually(site, pagesOf(two, 30))
    expect(gapsOf(log)).toEqual(Array(30).fill(1_020))
  })
})
