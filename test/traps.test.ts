/**
 * Sites without end, crawled whole on a web without sockets: POLITENESS D3. Each ends within bounds, and says why; what the frontier alone
 * makes of URLs is in test/frontier/traps.test.ts.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type CrawlOptions, type CrawlStats, crawl } from '../src/index.ts'
import { createLog, logEvents } from '../src/observe/log.ts'
import { expectToAddUp } from './sites/counts.ts'
import { collect, pagesSpider } from './sites/spiders.ts'
import { openVirtualWeb, passTime } from './sites/virtual-web.ts'

afterEach(() => vi.useRealTimers())

const home = 'http://127.0.0.2'
const href = (...links: string[]) => links.map((link) => `<a href="${link}">x</a>`).join('')

/** Crawls a site whose every path answers with the HTML that `page` makes of it. */
async function crawlOf(page: (path: string) => string, options: CrawlOptions = {}, seeds = [`${home}/`], robots = '') {
  const web = openVirtualWeb(({ path }) =>
    path === '/robots.txt' ? { body: robots } : { headers: { 'content-type': 'text/html' }, body: page(path) },
  )
  const warnings: string[] = []
  const log = createLog('warn', 'json', { isInteractive: false, write: (line) => void warnings.push(line) })
  const run = crawl(pagesSpider(seeds), {
    ...web.options,
    // What ends these crawls is not their depth.
    maxDepth: Number.POSITIVE_INFINITY,
    // Red rather than endless.
    maxPages: 400,
    ...options,
    observers: [logEvents(log)],
  })
  await passTime(collect(run))
  expectToAddUp(run.stats)
  const paths = web.log.map(({ path }) => path).filter((path) => path !== '/robots.txt')
  const reasons = warnings.map((line) => (JSON.parse(line) as { reason?: string }).reason)
  return { paths, reasons, stats: run.stats }
}

/** Pages that differ. */
const titled = (page: (path: string) => string) => (path: string) => `<title>${path}</title>${page(path)}`

/** What was dropped, but for what was seen. */
const trapped = ({ dropped }: CrawlStats) =>
  Object.fromEntries(Object.entries(dropped).filter(([reason, count]) => reason !== 'seen' && count > 0))

/** The next month. */
function monthAfter(path: string): string {
  const [, year = 2026, month = 1] = /^\/calendar\/(\d+)\/(\d+)/.exec(path) ?? []
  const next = Number(year) * 12 + Number(month)
  return `/calendar/${Math.floor(next / 12)}/${String((next % 12) + 1).padStart(2, '0')}`
}

function monthInQuery(path: string): string {
  const next = monthAfter(path.replace(/\?month=(\d+)-/, '/$1/'))
  return href(next.replace(/\/(\d+)\/(\d+)$/, '?month=$1-$2'))
}

const growing = (path: string) => href(path.endsWith('/a/') || path === '/' ? 'b/' : 'a/')

describe('a site without end', () => {
  it.each<[title: string, page: (path: string) => string, bound: number, reason: string, options?: CrawlOptions]>([
    ['a calendar', (path) => href(monthAfter(path)), 26, 'far_date'],
    ['a calendar in the query', monthInQuery, 26, 'far_date'],
    [
      'relative links that grow',
      (path) => (path === '/' ? href('/shop/img/') : href('shop/', 'img/')),
      60,
      'repeated_segments',
    ],
    ['two segments that take turns', growing, 12, 'repeated_segments'],
    [
      'a query that appends itself',
      (path) => href(`${path}${path.includes('?') ? '&' : '?'}a[]=1`),
      32,
      'too_many_query_keys',
    ],
    [
      'endless queries',
      (path) => href(`/s?page=${Number(/\d+$/.exec(path)?.[0] ?? 0) + 1}`),
      21,
      'too_many_queries',
      { maxQueriesPerPath: 20 },
    ],
  ])('POLITENESS D3: %s ends, and says why', async (_title, page, bound, reason, options) => {
    const { paths, reasons, stats } = await crawlOf(titled(page), options)
    expect(paths.length).toBeGreaterThan(3)
    expect(paths.length).toBeLessThanOrEqual(bound)
    expect(stats.stopReason).toBe('finished')
    expect(Object.keys(trapped(stats))).toEqual([reason])
    // Once, however many there were.
    expect(reasons).toEqual([reason])
  })

  it('POLITENESS D3: paths of sessions that all show one page end, and say why', async () => {
    // The page is the same under each name; its one link leads to a name that is made of the last.
    const page = (path: string) => (path === '/' ? href('/s/') : href('x1/'))
    const { paths, stats, reasons } = await crawlOf(page, { detectTraps: false, maxSameContent: 4 })
    expect(paths).toEqual(['/', '/s/', ...[1, 2, 3, 4].map((times) => `/s/${'x1/'.repeat(times)}`)])
    expect(stats).toMatchObject({ stopReason: 'finished', dropped: { same_content: 1 } })
    expect([trapped(stats), reasons]).toEqual([{ same_content: 1 }, ['same_content']])
  })

  it('ours: detectTraps: false lets what only looks like one through', async () => {
    const { paths, stats } = await crawlOf(
      titled((path) => href(monthAfter(path))),
      { detectTraps: false, maxPages: 60 },
    )
    expect(paths).toHaveLength(60)
    expect(trapped(stats)).toEqual({})
    vi.useRealTimers()
    expect((await crawlOf(titled(growing), { detectTraps: false, maxPages: 60 })).stats.stopReason).toBe('max_pages')
  })
})

it('ours: a seed is no trap: a person wrote it', async () => {
  const seeds = ['/calendar/2093/05', '/a/b/a/b/a/b/a/b', '/s?x=1', '/s?x=2', '/s?x=3'].map((path) => home + path)
  const { paths, stats } = await crawlOf(() => '', { maxQueriesPerPath: 1 }, seeds)
  expect(paths).toHaveLength(5)
  expect(trapped(stats)).toEqual({})
})

it('POLITENESS D3: a honeypot that robots.txt disallows is not fetched, and said to be disallowed', async () => {
  const page = () =>
    '<a href="/honeypot/1" style="display:none" rel="nofollow">x</a><a href="/honeypot/2">y</a><a href="/b">b</a>'
  const { paths, stats } = await crawlOf(
    page,
    { followNofollow: true },
    undefined,
    'User-agent: *\nDisallow: /honeypot',
  )
  expect(paths).toEqual(['/', '/b'])
  expect(stats.skippedBy).toEqual({ disallowed: 2 })
})
