/** When robots.txt is asked for, and what its answer means, as the server sees it: everything is read off the log of a made-up web. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { crawlOn, crawlVirtually, gapsOf, html, pagesIn, pathsOf } from '../sites/virtual-crawl.ts'
import type { VirtualAnswer, VirtualRequest } from '../sites/virtual-web.ts'

afterEach(() => vi.useRealTimers())

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const [two, three] = ['http://127.0.0.2', 'http://127.0.0.3']
const disallowAll = 'User-agent: *\nDisallow: /\n'

type Site = (request: VirtualRequest) => VirtualAnswer | 'reset'

/** Answers robots.txt so, and everything else with a page. */
const robotsIs =
  (robots: Site): Site =>
  (request) =>
    request.path === '/robots.txt' ? robots(request) : html()

const to = (location: string): VirtualAnswer => ({ status: 301, headers: { location } })

const pagesOf = (origin: string, count: number) => Array.from({ length: count }, (_, page) => `${origin}/page-${page}`)

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-robots-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('B1, RFC 9309 section 2.3: robots.txt', () => {
  it('comes first at every origin: each name, port and scheme is asked for itself, once', async () => {
    const origins = [two, `${two}:8080`, 'https://127.0.0.2', 'http://localhost', 'http://sub.localhost']
    const { log, stats } = await crawlVirtually(
      robotsIs(({ origin }) => ({ body: origin === `${two}:8080` ? disallowAll : '' })),
      origins.flatMap((origin) => pagesOf(origin, 3)),
    )
    for (const origin of origins) {
      const paths = log.filter((line) => line.origin === origin).map(({ path }) => path)
      const pages = origin === `${two}:8080` ? [] : ['/page-0', '/page-1', '/page-2']
      expect(paths, origin).toEqual(['/robots.txt', ...pages])
    }
    expect(stats).toMatchObject({ fetched: 12, skippedBy: { disallowed: 3 }, robotsRequests: 5 })
    // One host, whatever its ports and schemes: one pace.
    expect(Math.min(...gapsOf(log, '127.0.0.2'))).toBeGreaterThanOrEqual(second)
  })

  it.each([1, 10])('is fetched once for 100 URLs of one host, %i at once', async (perHostConcurrency) => {
    const { log, stats } = await crawlVirtually(
      robotsIs(() => ({ latencyMs: 3 * second })),
      pagesOf(two, 100),
      { perHostConcurrency, delayMs: 100 },
    )
    expect(pathsOf(log).filter((path) => path === '/robots.txt')).toHaveLength(1)
    expect(log[0]).toMatchObject({ path: '/robots.txt' })
    expect(stats).toMatchObject({ fetched: 100, requests: 101 })
    for (const { at } of pagesIn(log)) expect(at).toBeGreaterThanOrEqual(log[0]?.endedAt ?? 0)
  })

  it('is fetched once also where several requests of a host wait for its neighbours', async () => {
    const origins = Array.from({ length: 20 }, (_, name) => `http://host-${name}.localhost`)
    const { log, stats } = await crawlVirtually(
      robotsIs(() => ({ latencyMs: 300 })),
      origins.flatMap((origin) => pagesOf(origin, 3)),
      {
        perHostConcurrency: 3,
        perAddressConcurrency: 2,
        delayMs: 100,
      },
    )
    expect(stats).toMatchObject({ fetched: 60, robotsRequests: 20 })
    for (const origin of origins) expect(log.find((line) => line.origin === origin)?.path).toBe('/robots.txt')
  })
})

describe('B2, RFC 9309 section 2.3.1.2: redirects of robots.txt', () => {
  /** `/robots.txt`, `/hop-1`, ... lead on to `/hop-<hops>`, which is the file. */
  const chain =
    (hops: number, file: string): Site =>
    ({ path }) => {
      const hop = path === '/robots.txt' ? 0 : Number(/^\/hop-(\d+)$/.exec(path)?.[1] ?? Number.NaN)
      if (Number.isNaN(hop)) return html()
      return hop < hops ? to(`/hop-${hop + 1}`) : { body: file }
    }

  it('five in a row are followed: the rules at their end hold', async () => {
    const { log, stats } = await crawlVirtually(chain(5, disallowAll), pagesOf(two, 3))
    expect(pathsOf(log)).toEqual(['/robots.txt', '/hop-1', '/hop-2', '/hop-3', '/hop-4', '/hop-5'])
    expect(stats.skippedBy).toEqual({ disallowed: 3 })
    expect(Math.min(...gapsOf(log))).toBeGreaterThanOrEqual(second)
  })

  it('a sixth is not: the file is unavailable, which allows', async () => {
    const { log, stats } = await crawlVirtually(chain(6, disallowAll), pagesOf(two, 3))
    expect(pathsOf(log).slice(0, 6)).toEqual(['/robots.txt', '/hop-1', '/hop-2', '/hop-3', '/hop-4', '/hop-5'])
    expect(pathsOf(log)).not.toContain('/hop-6')
    expect(stats).toMatchObject({ fetched: 3, robotsRequests: 6 })
  })

  it.each(['/robots.txt', `${three}/robots.txt`])('a loop over %s ends so, too', async (location) => {
    const site: Site = ({ path, host }) => {
      if (path !== '/robots.txt') return html()
      return to(host === '127.0.0.3' ? `${two}/robots.txt` : location)
    }
    const { stats } = await crawlVirtually(site, pagesOf(two, 2))
    expect(stats).toMatchObject({ fetched: 2, robotsRequests: 6, stopReason: 'finished' })
  })

  it('the hop to another host waits for the turn of that host', async () => {
    const site: Site = ({ host, path }) => {
      if (host === '127.0.0.2' && path === '/robots.txt') return { ...to(`${three}/rules`), latencyMs: 250 }
      if (path === '/rules') return { body: 'User-agent: *\nDisallow: /page-1\n' }
      return path === '/robots.txt' ? { status: 404 } : html()
    }
    const { log, stats } = await crawlVirtually(site, [...pagesOf(two, 2), ...pagesOf(three, 4)], { delayMs: 5_000 })
    expect(Math.min(...gapsOf(log, '127.0.0.3'))).toBeGreaterThanOrEqual(5_000)
    expect(pathsOf(log, '127.0.0.3').slice(0, 2)).toEqual(['/robots.txt', '/rules'])
    // The rules hold for whom they were asked of, and for nobody else.
    expect(pathsOf(log, '127.0.0.2')).toEqual(['/robots.txt', '/page-0'])
    expect(pathsOf(log, '127.0.0.3')).toContain('/page-1')
    expect(stats).toMatchObject({ fetched: 5, skippedBy: { disallowed: 1 } })
    const rulesAt = log.find(({ path }) => path === '/rules')?.endedAt ?? 0
    expect(log.find(({ host, path }) => host === '127.0.0.2' && path === '/page-0')?.at).toBeGreaterThanOrEqual(rulesAt)
  })

  it.each(['ftp://127.0.0.2/robots.txt', 'http://', 'javascript:alert(1)'])(
    'ours: one to %s says nothing, and gives no leave',
    async (location) => {
      const { log, stats } = await crawlVirtually(
        robotsIs(() => to(location)),
        pagesOf(two, 2),
      )
      expect(new Set(pathsOf(log))).toEqual(new Set(['/robots.txt']))
      expect(stats).toMatchObject({ stopReason: 'deferred', deferredBy: { robots_unreachable: 2 } })
    },
  )
})

describe('B3, RFC 9309 section 2.3.1.1: what was read counts, whatever it is', () => {
  it.each<[what: string, answer: VirtualAnswer]>([
    ['an HTML page', html('/private')],
    ['an HTML page of status 203', { ...html('/private'), status: 203 }],
    ['204 No Content', { status: 204 }],
    ['an empty file', { body: '' }],
    ['a file of blank lines', { body: '\n\n\r\n' }],
    ['an image', { headers: { 'content-type': 'image/png' }, body: new Uint8Array([0x89, 0x50, 0, 255]) }],
  ])('%s has no rules: all is allowed', async (_what, answer) => {
    const { stats } = await crawlVirtually(
      robotsIs(() => answer),
      pagesOf(two, 2),
    )
    expect(stats).toMatchObject({ fetched: 2, robotsRequests: 1 })
  })

  it.each(['text/html', 'application/octet-stream', undefined])('rules of type %s hold', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const { log } = await crawlVirtually(
      robotsIs(() => ({ headers, body: disallowAll })),
      pagesOf(two, 2),
    )
    expect(pathsOf(log)).toEqual(['/robots.txt'])
  })
})

describe('B4, RFC 9309 section 2.3.1.3: an unavailable robots.txt', () => {
  it.each([400, 401, 403, 404, 410, 418, 451])('of status %i allows all, and is asked for once', async (status) => {
    const { stats } = await crawlVirtually(
      robotsIs(() => ({ status })),
      pagesOf(two, 3),
    )
    expect(stats).toMatchObject({ fetched: 3, robotsRequests: 1 })
  })

  it.each([401, 403])('ours: of status %i disallows all with strictRobots', async (status) => {
    const { log, stats } = await crawlVirtually(
      robotsIs(() => ({ status })),
      pagesOf(two, 3),
      { strictRobots: true },
    )
    expect(pathsOf(log)).toEqual(['/robots.txt'])
    expect(stats.skippedBy).toEqual({ disallowed: 3 })
  })

  it('ours: of status 404 allows all, also with strictRobots', async () => {
    const { stats } = await crawlVirtually(
      robotsIs(() => ({ status: 404 })),
      pagesOf(two, 3),
      { strictRobots: true },
    )
    expect(stats).toMatchObject({ fetched: 3 })
  })

  it('google: of status 429 asks for patience, and disallows until then', async () => {
    const { log, stats } = await crawlVirtually(
      robotsIs(({ visit }) => (visit === 1 ? { status: 429, headers: { 'retry-after': '300' } } : { body: '' })),
      pagesOf(two, 3),
    )
    expect(pathsOf(log).slice(0, 3)).toEqual(['/robots.txt', '/robots.txt', '/page-0'])
    expect(gapsOf(log)[0]).toBeGreaterThanOrEqual(5 * minute)
    expect(stats).toMatchObject({ fetched: 3 })
  })

  it('C8: one that asks for more patience than the crawl has puts its host aside', async () => {
    const startedAt = Date.now()
    const { log, stats, web } = await crawlVirtually(
      robotsIs(() => ({ status: 429, headers: { 'retry-after': '99999999999' } })),
      pagesOf(two, 3),
    )
    expect(pathsOf(log)).toEqual(['/robots.txt'])
    expect(stats).toMatchObject({ stopReason: 'deferred', deferredBy: { retry_after_too_long: 3 } })
    expect(web.options.clock.now() - (log[0]?.at ?? startedAt)).toBeLessThan(minute)
  })
})

describe('B5, RFC 9309 section 2.3.1.4: an unreachable robots.txt', () => {
  const troubles: readonly [what: string, answer: VirtualAnswer | 'reset'][] = [
    ['503', { status: 503 }],
    ['500', { status: 500 }],
    ['599', { status: 599 }],
    ['a reset', 'reset'],
    ['no answer', { latencyMs: day }],
    ['an unknown encoding', { headers: { 'content-encoding': 'rot13' }, body: 'User-agent: *' }],
  ]

  it.each(troubles)('%s, then rules after a minute: no page before, all that they allow after', async (_, trouble) => {
    const { log, stats } = await crawlVirtually(
      robotsIs(({ visit }) => (visit === 1 ? trouble : { body: 'User-agent: *\nDisallow: /page-0\n' })),
      pagesOf(two, 4),
    )
    expect(pathsOf(log)).toEqual(['/robots.txt', '/robots.txt', '/page-1', '/page-2', '/page-3'])
    expect(gapsOf(log)[0]).toBeGreaterThanOrEqual(minute)
    expect(stats).toMatchObject({ fetched: 3, skippedBy: { disallowed: 1 }, stopReason: 'finished' })
  })

  it.each(troubles)('%s for ever: asked with growing gaps, then its pages are put off by name', async (_, trouble) => {
    const { log, stats } = await crawlVirtually(
      robotsIs(() => trouble),
      pagesOf(two, 4),
    )
    expect(pathsOf(log)).toEqual(['/robots.txt', '/robots.txt', '/robots.txt'])
    const [first = 0, next = 0] = gapsOf(log)
    expect(first).toBeGreaterThanOrEqual(minute)
    expect(next).toBeGreaterThanOrEqual(2 * minute)
    expect(stats).toMatchObject({ stopReason: 'deferred', deferredBy: { robots_unreachable: 4 }, fetched: 0 })
  })

  it('what was put off is taken up when the crawl is resumed, and fetched once the server has recovered', async () => {
    const store = await newFolder()
    let isWell = false
    const site = robotsIs(() => (isWell ? { body: 'User-agent: *\nDisallow: /page-3\n' } : { status: 503 }))
    const first = await crawlVirtually(site, pagesOf(two, 4), { store })
    expect(first.stats).toMatchObject({ deferredBy: { robots_unreachable: 4 }, waiting: 0 })

    const stillDown = await crawlOn(first.web, pagesOf(two, 4), { store, start: 'resume' })
    expect(pathsOf(stillDown.log)).toEqual(['/robots.txt', '/robots.txt', '/robots.txt'])
    expect(stillDown.stats).toMatchObject({ stopReason: 'deferred', deferredBy: { robots_unreachable: 4 } })

    isWell = true
    const { log, stats } = await crawlOn(first.web, pagesOf(two, 4), { store, start: 'resume' })
    expect(pathsOf(log)).toEqual(['/robots.txt', '/page-0', '/page-1', '/page-2'])
    expect(stats).toMatchObject({ stopReason: 'finished', fetched: 3, skippedBy: { disallowed: 1 }, deferred: 0 })
    expect(stats.requests).toBe(first.web.log.length)
  })

  it('honours a Retry-After that is longer than its own wait', async () => {
    const { log } = await crawlVirtually(
      robotsIs(({ visit }) => (visit === 1 ? { status: 503, headers: { 'retry-after': '600' } } : { body: '' })),
      pagesOf(two, 1),
    )
    expect(gapsOf(log)[0]).toBeGreaterThanOrEqual(10 * minute)
    expect(gapsOf(log)[0]).toBeLessThan(11 * minute)
  })
})

describe('B6, RFC 9309 section 2.4: a copy of robots.txt', () => {
  const readAt = (log: Parameters<typeof pathsOf>[0]) => log.filter(({ path }) => path === '/robots.txt')

  /** Robots.txt so, and as many pages as wanted. */
  const crawlFor = (timeMs: number, robots: Site, delayMs = 10 * minute) =>
    crawlVirtually(robotsIs(robots), pagesOf(two, Math.ceil(timeMs / delayMs)), { delayMs })

  it('is used for 24 hours and no longer', async () => {
    const { log } = await crawlFor(50 * hour, () => ({ body: '' }))
    const gaps = gapsOf(readAt(log))
    expect(gaps).toHaveLength(2)
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(day)
      expect(gap).toBeLessThan(day + 20 * minute + second)
    }
  })

  it.each([
    ['max-age=600', 10],
    ['public, max-age="600"', 10],
    ['max-age=60', 5],
    ['no-store', 5],
    ['no-cache', 5],
    ['max-age=0', 5],
    ['max-age=99999999', 24 * 60],
  ])('RFC 9111 section 5.2: Cache-Control: %s has it read again after %i minutes', async (cacheControl, minutes) => {
    const robots: Site = () => ({ headers: { 'cache-control': cacheControl }, body: '' })
    const { log } = await crawlFor(minutes * 3 * minute, robots, minute)
    const gaps = gapsOf(readAt(log))
    expect(gaps.length).toBeGreaterThanOrEqual(2)
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(minutes * minute)
      expect(gap).toBeLessThan((minutes + 2) * minute)
    }
  })

  it('RFC 9110 section 13.1: is asked for by its version, and 304 renews it', async () => {
    const lastModified = 'Sun, 04 Jan 2026 10:00:00 GMT'
    const { log, stats } = await crawlFor(50 * hour, ({ visit }) =>
      visit === 1
        ? { headers: { etag: '"v1"', 'last-modified': lastModified }, body: 'User-agent: *\nDisallow: /page-29' }
        : { status: 304 },
    )
    const [first, ...later] = readAt(log)
    expect(first?.headers).not.toHaveProperty('if-none-match')
    expect(later).toHaveLength(2)
    for (const { headers } of later)
      expect(headers).toMatchObject({ 'if-none-match': '"v1"', 'if-modified-since': lastModified })
    // Its rules hold on: page 29, and 290 to 299.
    expect(stats.skippedBy).toEqual({ disallowed: 11 })
    for (const { headers } of pagesIn(log)) expect(headers).not.toHaveProperty('if-none-match')
  })

  it('holds on while a re-check fails, which is made again with growing gaps', async () => {
    const { log, stats } = await crawlFor(40 * hour, ({ visit }) =>
      visit === 1 ? { body: 'User-agent: *\nDisallow: /page-2' } : { status: 503 },
    )
    expect(pathsOf(log).filter((path) => path.startsWith('/page-2'))).toEqual([])
    // Page 2, 20 to 29, 200 to 239.
    expect(stats).toMatchObject({ fetched: 189, skippedBy: { disallowed: 51 }, stopReason: 'finished' })
    const [untilFirst = 0, ...between] = gapsOf(readAt(log))
    expect(untilFirst).toBeGreaterThanOrEqual(day)
    expect(between.at(-1)).toBeGreaterThanOrEqual(hour)
  })

  it('that said there is no file does not hold on: the host is left alone', async () => {
    const { log, stats } = await crawlFor(30 * hour, ({ visit }) => ({ status: visit === 1 ? 404 : 503 }))
    expect(stats).toMatchObject({ stopReason: 'deferred' })
    const firstCheckAt = readAt(log)[1]?.at ?? 0
    expect(pagesIn(log).filter(({ at }) => at > firstCheckAt)).toEqual([])
  })

  it('is not used by a crawl that is resumed a day later, and is by one that is resumed at once', async () => {
    const store = await newFolder()
    const seeds = pagesOf(two, 9)
    const site = robotsIs(({ visit }) => ({ body: visit === 1 ? '' : disallowAll }))
    const first = await crawlVirtually(site, seeds, { store, maxPages: 3 })
    expect(pathsOf(first.log)).toHaveLength(4)
    const soon = await crawlOn(first.web, seeds, { store, start: 'resume', maxPages: 6 })
    expect(pathsOf(soon.log)).toEqual(['/page-3', '/page-4', '/page-5'])
    vi.advanceTimersByTime(day)
    const { log, stats } = await crawlOn(first.web, seeds, { store, start: 'resume' })
    expect(pathsOf(log)).toEqual(['/robots.txt'])
    expect(stats).toMatchObject({ fetched: 6, skippedBy: { disallowed: 3 } })
  })
})

describe('B8: a robots.txt that never answers', () => {
  it('holds only its own host: others go on at full pace', async () => {
    const site: Site = ({ host, path }) => {
      if (path === '/robots.txt') return host === '127.0.0.2' ? { latencyMs: day } : { body: '' }
      return html()
    }
    const { log, stats } = await crawlVirtually(site, [...pagesOf(two, 20), ...pagesOf(three, 100)])
    expect(stats).toMatchObject({ fetched: 100, deferredBy: { robots_unreachable: 20 } })
    const gaps = gapsOf(log, '127.0.0.3')
    expect(gaps).toHaveLength(100)
    for (const gap of gaps) expect(gap).toBeLessThan(1_050)
    // Its own time limit, and not that of pages.
    const [first] = log.filter(({ host }) => host === '127.0.0.2')
    expect((first?.endedAt ?? 0) - (first?.at ?? 0)).toBeCloseTo(10 * second, -1)
  })
})

describe('B9: the fetch of robots.txt', () => {
  it('counts in the pace: the first page waits for the delay, and for the rest after a slow answer', async () => {
    const quick = await crawlVirtually(
      robotsIs(() => ({ latencyMs: 100 })),
      pagesOf(two, 1),
    )
    expect(gapsOf(quick.log)).toEqual([1_100])
    const slow = await crawlVirtually(
      robotsIs(() => ({ latencyMs: 4_000 })),
      pagesOf(two, 1),
    )
    expect(gapsOf(slow.log)).toEqual([8_000])
  })

  it('says who it is as a page request does', async () => {
    const { log } = await crawlVirtually(
      robotsIs(() => ({ body: '' })),
      pagesOf(two, 1),
      { contact: 'owner@example.org' },
    )
    const [robots, page] = log
    expect(robots?.userAgent).toMatch(/^doff\/\d.*owner@example\.org/)
    expect(robots?.userAgent).toBe(page?.userAgent)
    expect(robots?.from).toBe('owner@example.org')
  })
})

describe('B10: a URL is judged right before it is sent', () => {
  it('queued URLs follow the rules of hour 25', async () => {
    const site = robotsIs(({ visit }) => ({ body: visit === 1 ? '' : 'User-agent: *\nDisallow: /page-1\n' }))
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 200), { delayMs: 10 * minute })
    const changedAt = log.filter(({ path }) => path === '/robots.txt')[1]?.at ?? 0
    expect(changedAt - (log[0]?.at ?? 0)).toBeGreaterThanOrEqual(day)
    const isNowDisallowed = ({ path }: { path: string }) => path.startsWith('/page-1')
    expect(log.filter((line) => line.at < changedAt && isNowDisallowed(line)).length).toBeGreaterThan(0)
    expect(log.filter((line) => line.at > changedAt && isNowDisallowed(line))).toEqual([])
    expect(stats.fetched + (stats.skippedBy.disallowed ?? 0)).toBe(200)
    expect(stats.skippedBy.disallowed).toBeGreaterThan(50)
  })

  it('a retry is judged anew', async () => {
    const site: Site = ({ path, visit }) => {
      if (path === '/robots.txt')
        return { headers: { 'cache-control': 'max-age=300' }, body: visit === 1 ? '' : disallowAll }
      return { status: 503, headers: { 'retry-after': '400' } }
    }
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 1))
    expect(pathsOf(log)).toEqual(['/robots.txt', '/page-0', '/robots.txt'])
    expect(stats).toMatchObject({ retries: 1, skippedBy: { disallowed: 1 } })
  })
})

describe('B11: a redirect of a page', () => {
  it.each([
    ['of the same host', `${two}/private`, '127.0.0.2'],
    ['of another host', `${three}/private`, '127.0.0.3'],
    ['of another port', `${two}:8080/private`, '127.0.0.2'],
  ])('to a page %s that robots.txt disallows is not followed, and counted', async (_, target, host) => {
    const site: Site = ({ path }) => {
      if (path === '/robots.txt') return { body: 'User-agent: *\nDisallow: /private\n' }
      return path === '/moved' ? to(target) : html()
    }
    const { log, stats } = await crawlVirtually(site, [`${two}/moved`], { within: 'anywhere' })
    expect(pathsOf(log)).not.toContain('/private')
    expect(log.findLast(({ path }) => path === '/robots.txt')).toMatchObject({ host, origin: new URL(target).origin })
    expect(stats).toMatchObject({ redirected: 1, skippedBy: { disallowed: 1 }, added: 2, stopReason: 'finished' })
  })

  it('to another host waits for its robots.txt and its gap', async () => {
    const site: Site = ({ path, host }) => {
      if (path === '/robots.txt') return { status: 404 }
      return host === '127.0.0.2' ? to(`${three}${path}`) : html()
    }
    const { log, stats } = await crawlVirtually(site, pagesOf(two, 5), { within: 'anywhere' })
    expect(stats).toMatchObject({ redirected: 5, fetched: 5 })
    expect(pathsOf(log, '127.0.0.3')).toEqual(['/robots.txt', '/page-0', '/page-1', '/page-2', '/page-3', '/page-4'])
    expect(Math.min(...gapsOf(log, '127.0.0.3'), ...gapsOf(log, '127.0.0.2'))).toBeGreaterThanOrEqual(second)
  })
})

it('B1: of many origins whose robots.txt leads to one host, each asks once, however long that host takes', async () => {
  const hub = 'http://127.0.0.200'
  const origins = Array.from({ length: 40 }, (_, index) => `http://127.0.1.${index + 1}`)
  const { log, stats } = await crawlVirtually(
    ({ host, path }) => {
      if (path !== '/robots.txt') return html()
      if (host !== '127.0.0.200') return { status: 302, headers: { location: `${hub}/robots.txt` } }
      return { body: 'User-agent: *\nCrawl-delay: 60\n' }
    },
    [`${hub}/`, ...origins.map((origin) => `${origin}/`)],
  )
  expect(stats).toMatchObject({ fetched: 41, stopReason: 'finished' })
  const asked = log.filter(({ path }) => path === '/robots.txt')
  expect(asked.filter(({ host }) => host !== '127.0.0.200')).toHaveLength(40)
  expect(asked.filter(({ host }) => host === '127.0.0.200')).toHaveLength(41)
})
