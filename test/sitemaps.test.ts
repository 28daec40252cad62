/** Sitemaps, read by a whole crawl on a web without sockets: POLITENESS items H1 to H3 (sitemaps.org protocol 0.9), and the field `sitemaps`. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CrawlEvent, type CrawlOptions, crawl, defineSpider } from '../src/index.ts'
import type { SitemapsSpec } from '../src/spider/sitemap/check-sitemaps.ts'
import { audit } from './sites/audit.ts'
import { expectToAddUp } from './sites/counts.ts'
import { collect } from './sites/spiders.ts'
import { openVirtualWeb, passTime, type VirtualAnswer, type VirtualRequest } from './sites/virtual-web.ts'

afterEach(() => vi.useRealTimers())

type Site = Readonly<Record<string, string | VirtualAnswer | ((request: VirtualRequest) => VirtualAnswer)>>

const home = 'http://127.0.0.2'
const other = 'http://127.0.0.3'

const urlset = (...paths: string[]) =>
  `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${paths
    .map((path) => `<url><loc>${path.startsWith('http') ? path : home + path}</loc></url>`)
    .join('')}</urlset>`

const index = (...paths: string[]) =>
  `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${paths
    .map((path) => `<sitemap><loc>${path.startsWith('http') ? path : home + path}</loc></sitemap>`)
    .join('')}</sitemapindex>`

/** Crawls `home`, whose pages are all there and have no links. `site` has what is not so, by path, or by URL for other hosts. */
async function crawlOf(site: Site, sitemaps: SitemapsSpec = true, options: CrawlOptions = {}) {
  const web = openVirtualWeb((request) => {
    const { host, path } = request
    const given = site[host === '127.0.0.2' ? path : `http://${host}${path}`]
    if (typeof given === 'function') return given(request)
    if (typeof given === 'string') return { body: given }
    return given ?? (/\.txt|\.xml/.test(path) ? { status: 404 } : { headers: { 'content-type': 'text/html' } })
  })
  const events: CrawlEvent[] = []
  const spider = defineSpider({
    name: 'sitemaps',
    seeds: [`${home}/`],
    sitemaps: sitemaps as true,
    parse: (page) => [{ path: page.url.pathname, depth: page.depth }],
    parsers: { book: (page) => [{ book: page.url.pathname }] },
  })
  const run = crawl(spider, { ...web.options, ...options, observers: [(event) => void events.push(event)] })
  const items = await passTime(collect(run))
  expectToAddUp(run.stats)
  const paths = web.log.map(({ host, path }) => (host === '127.0.0.2' ? path : `http://${host}${path}`))
  const isSitemap = new Set(
    events.flatMap((event) => (event.kind === 'requested' && event.purpose === 'sitemap' ? [event.url] : [])),
  )
  expect(run.stats.requests).toBe(web.log.length)
  expect(run.stats.robotsRequests).toBe(paths.filter((path) => path.endsWith('/robots.txt')).length)
  expect(run.stats.sitemapRequests).toBe(
    web.log.filter(({ host, path }) => isSitemap.has(`http://${host}${path}`)).length,
  )
  // B12, H3: nothing of a host before its robots.txt, nothing at the same time, nothing within the gap.
  for (const host of audit(web.log)) {
    expect(host).toMatchObject({ firstPath: '/robots.txt', mostAtOnce: 1 })
    if (host.requests > 1 && options.delayMs !== 0)
      expect(host.leastGapMs).toBeGreaterThanOrEqual(options.delayMs ?? 1_000)
  }
  const faults = events.flatMap((event) => (event.kind === 'sitemap' && event.fault !== undefined ? [event.fault] : []))
  expect(run.stats.sitemapsFailed).toBe(faults.length)
  return { items, paths, events, faults, stats: run.stats, log: web.log }
}

const robots = (...lines: string[]) => ({ '/robots.txt': lines.join('\n') })

describe('sitemaps: true', () => {
  it('POLITENESS H1: reads those that robots.txt names, wherever in it they stand, before any page', async () => {
    const { paths, items, stats } = await crawlOf({
      ...robots('Sitemap: /one.xml', 'User-agent: *', 'Disallow: /x', `SITEMAP: ${home}/two.xml`, 'Sitemap: /one.xml'),
      '/one.xml': urlset('/a', '/b'),
      '/two.xml': urlset('/b', '/c'),
    })
    expect(paths).toEqual(['/robots.txt', '/one.xml', '/two.xml', '/', '/a', '/b', '/c'])
    expect(items).toContainEqual({ path: '/c', depth: 1 })
    expect(stats).toMatchObject({ sitemapRequests: 2, sitemapsFailed: 0, added: 4, fetched: 4, dropped: { seen: 1 } })
    expect(stats.stopReason).toBe('finished')
  })

  it('POLITENESS H1: looks at /sitemap.xml where robots.txt names none', async () => {
    const { paths } = await crawlOf({ '/sitemap.xml': urlset('/a') })
    expect(paths).toEqual(['/robots.txt', '/sitemap.xml', '/', '/a'])
  })

  it('ours: does not look there where robots.txt names others', async () => {
    const { paths } = await crawlOf({ ...robots('Sitemap: /one.xml'), '/sitemap.xml': urlset('/a') })
    expect(paths).not.toContain('/sitemap.xml')
  })

  it.each<[title: string, answer: VirtualAnswer]>([
    ['404', { status: 404 }],
    ['403', { status: 403 }],
    ['an empty one', {}],
    ['a page', { body: '<!doctype html><title>x</title><a href="/b">b</a>' }],
    ['a redirect to a page', { status: 302, headers: { location: '/welcome' } }],
  ])('ours: it is no fault that nobody has named and that is not there: %s', async (_title, answer) => {
    const { items, faults } = await crawlOf({ '/sitemap.xml': answer })
    expect(faults).toEqual([])
    expect(items).toHaveLength(1)
  })

  it('it is a fault if one that robots.txt names is not there', async () => {
    const { faults, items } = await crawlOf(robots('Sitemap: /one.xml'))
    expect(faults).toEqual([`Status 404: GET ${home}/one.xml`])
    expect(items).toHaveLength(1)
  })

  it('it is a fault if one is larger than any may be, and no option helps', async () => {
    const large = { body: new Uint8Array(52_428_801) }
    const { faults } = await crawlOf({ ...robots('Sitemap: /one.xml'), '/one.xml': large })
    expect(faults).toEqual([`Body exceeded 52428800 bytes: GET ${home}/one.xml (no sitemap may be larger)`])
  })

  it('it is a fault if what it names is no sitemap', async () => {
    const { faults } = await crawlOf({ ...robots('Sitemap: /one'), '/one': '<!doctype html><title>x</title>' })
    expect(faults).toEqual([`it is no sitemap`])
  })

  it('POLITENESS H1: reads one at another host, after the robots.txt of that host', async () => {
    const { paths } = await crawlOf({
      ...robots(`Sitemap: ${other}/s.xml`),
      [`${other}/s.xml`]: urlset('/a', `${other}/b`),
    })
    expect(paths).toContain('/a')
    expect(paths.filter((path) => path.startsWith(other))).toEqual([`${other}/robots.txt`, `${other}/s.xml`])
  })

  it('ours: asks robots.txt for sitemaps, also where it disallows /sitemap.xml', async () => {
    const { paths, faults } = await crawlOf({
      ...robots('User-agent: *', 'Disallow: /sitemap.xml', 'Sitemap: /maps/1.xml'),
      '/maps/1.xml': urlset('/a'),
    })
    expect(paths).toEqual(['/robots.txt', '/maps/1.xml', '/', '/a'])
    expect(faults).toEqual([])
  })
})

describe('sitemaps: a list', () => {
  it('is read, and nothing else is looked for', async () => {
    const { paths } = await crawlOf(
      { ...robots('Sitemap: /named.xml'), '/a.xml': urlset('/a'), '/b.txt': `${home}/b\n${home}/c\n` },
      [`${home}/a.xml`, `${home}/b.txt`, `${home}/a.xml`],
    )
    expect(paths).toEqual(['/robots.txt', '/a.xml', '/b.txt', '/', '/a', '/b', '/c'])
  })

  it('ours: is vouched for by who wrote it: it may name pages of any host in scope', async () => {
    const { paths, stats } = await crawlOf({ [`${other}/s.xml`]: urlset('/a', 'http://127.0.0.9/') }, [
      `${other}/s.xml`,
    ])
    expect(paths).toContain('/a')
    expect(stats.dropped.out_of_scope).toBe(1)
  })
})

describe('sitemaps: an object', () => {
  const dated = `<urlset><url><loc>${home}/p/old</loc><lastmod>2025-01-01</lastmod></url>
    <url><loc>${home}/p/new</loc><lastmod>2026-01-02T10:00:00Z</lastmod></url><url><loc>${home}/p/undated</loc></url>
    <url><loc>${home}/q/new</loc></url><url><loc>${home}/p/x</loc></url></urlset>`

  it('chooses by include, exclude and since, and names the parser of the pages', async () => {
    const { items, events } = await crawlOf(
      { '/sitemap.xml': dated },
      {
        include: [/\/p\//g],
        exclude: [/x$/],
        since: '2026-01-02',
        parser: 'book',
      },
    )
    expect(items).toEqual([{ path: '/', depth: 0 }, { book: '/p/new' }, { book: '/p/undated' }])
    expect(events.find((event) => event.kind === 'sitemap')).toMatchObject({ pages: 5, taken: 2, sitemaps: 0 })
  })

  it('with urls reads those', async () => {
    const { paths } = await crawlOf({ '/s.xml': urlset('/a') }, { urls: [`${home}/s.xml`] })
    expect(paths).toEqual(['/robots.txt', '/s.xml', '/', '/a'])
  })

  it('leaves out the sitemaps of an index that did not change', async () => {
    const map = `<sitemapindex><sitemap><loc>${home}/old.xml</loc><lastmod>2020-01-01</lastmod></sitemap><sitemap><loc>${home}/new.xml</loc></sitemap></sitemapindex>`
    const { paths } = await crawlOf({ '/sitemap.xml': map, '/new.xml': urlset('/a') }, { since: '2026-01-01' })
    expect(paths).toEqual(['/robots.txt', '/sitemap.xml', '/new.xml', '/', '/a'])
  })
})

describe('an index', () => {
  it('POLITENESS H2: leads to others, two levels down and no further', async () => {
    const { paths, faults } = await crawlOf({
      '/sitemap.xml': index('/1.xml', '/s.xml'),
      '/1.xml': index('/2.xml'),
      '/2.xml': index('/3.xml'),
      '/3.xml': urlset('/never'),
      '/s.xml': urlset('/a'),
    })
    expect(paths.toSorted()).toEqual(['/', '/1.xml', '/2.xml', '/a', '/robots.txt', '/s.xml', '/sitemap.xml'])
    expect(faults).toEqual([`its 1 sitemaps are too deep an index to be read`])
  })

  it('POLITENESS H2: that leads to itself, or round in a circle, is read once', async () => {
    const circle = {
      '/sitemap.xml': index('/sitemap.xml', '/1.xml'),
      '/1.xml': index('/sitemap.xml', '/1.xml', '/s.xml'),
    }
    for (const named of [{}, robots('Sitemap: /sitemap.xml')]) {
      const { paths, faults } = await crawlOf({ ...named, ...circle, '/s.xml': urlset('/a') })
      expect(paths).toEqual(['/robots.txt', '/sitemap.xml', '/1.xml', '/s.xml', '/', '/a'])
      expect(faults).toEqual([])
      vi.useRealTimers()
    }
  })

  it('ours: stops at maxSitemaps, aloud', async () => {
    const children = Array.from({ length: 10 }, (_, n) => `/${n}.xml`)
    const pages = Object.fromEntries(children.map((path, n) => [path, urlset(`/page-${n}`)]))
    const { stats, faults } = await crawlOf({ '/sitemap.xml': index(...children), ...pages }, true, { maxSitemaps: 4 })
    expect(stats).toMatchObject({ sitemapRequests: 4, sitemapsFailed: 7, fetched: 4 })
    expect(new Set(faults)).toEqual(new Set(['More than 4 sitemaps (raise maxSitemaps)']))
  })

  it('POLITENESS H3: its sitemaps obey robots.txt like any, and those that are disallowed are not fetched', async () => {
    const { paths, faults } = await crawlOf({
      ...robots('User-agent: *', 'Disallow: /private'),
      '/sitemap.xml': index('/private/1.xml', '/s.xml'),
      '/s.xml': urlset('/a', '/private/page'),
    })
    expect(paths).toEqual(['/robots.txt', '/sitemap.xml', '/s.xml', '/', '/a'])
    expect(faults).toEqual(['line 2 of robots.txt: Disallow: /private'])
  })
})

describe('the fetch of a sitemap', () => {
  it('POLITENESS H1: knows gzip by its first bytes, not by name or header', async () => {
    const { paths } = await crawlOf({
      ...robots('Sitemap: /packed.xml', 'Sitemap: /plain.xml.gz'),
      '/packed.xml': { body: gzipSync(urlset('/a')), headers: { 'content-type': 'text/html' } },
      '/plain.xml.gz': { body: urlset('/b'), headers: { 'content-type': 'application/gzip' } },
    })
    expect(paths.slice(3)).toEqual(['/', '/a', '/b'])
  })

  it('POLITENESS H3: follows a redirect, with a turn of the host that it leads to', async () => {
    const { paths } = await crawlOf({
      '/sitemap.xml': { status: 301, headers: { location: `${other}/s.xml` } },
      [`${other}/s.xml`]: { status: 302, headers: { location: '/t.xml' } },
      [`${other}/t.xml`]: urlset('/a'),
    })
    expect(paths.filter((path) => path.startsWith(other))).toEqual([
      `${other}/robots.txt`,
      `${other}/s.xml`,
      `${other}/t.xml`,
    ])
    expect(paths).toContain('/a')
  })

  it('gives a loop of redirects up', async () => {
    const to = (location: string) => ({ status: 302, headers: { location } })
    const { stats, faults } = await crawlOf({ '/sitemap.xml': to('/b.xml'), '/b.xml': to('/sitemap.xml') })
    expect(stats.sitemapRequests).toBe(2)
    expect(faults).toEqual([`Too many redirects, the last to ${home}/sitemap.xml: GET ${home}/b.xml`])
  })

  it('is made again after 503, and given up after maxRetries', async () => {
    const hiccup = ({ visit }: VirtualRequest) => (visit < 3 ? { status: 503 } : { body: urlset('/a') })
    const first = await crawlOf({ '/sitemap.xml': hiccup })
    expect(first.paths.filter((path) => path === '/sitemap.xml')).toHaveLength(3)
    expect(first).toMatchObject({ faults: [], stats: { fetched: 2, sitemapRequests: 3 } })
    vi.useRealTimers()
    const second = await crawlOf({ '/sitemap.xml': { status: 503 } }, true, { maxRetries: 1 })
    expect(second.stats).toMatchObject({ fetched: 1, sitemapRequests: 2, sitemapsFailed: 1, stopReason: 'finished' })
  })

  it('POLITENESS H2: reads as far as a broken one is whole', async () => {
    const { paths, faults } = await crawlOf({ '/sitemap.xml': `${urlset('/a', '/b').slice(0, -20)}` })
    expect(paths).toContain('/a')
    expect(faults).toEqual([`its end is missing or broken, and was left out`])
  })

  it('POLITENESS C8: heeds Retry-After', async () => {
    const later = ({ visit }: VirtualRequest) =>
      visit === 1 ? { status: 503, headers: { 'retry-after': '90' } } : { body: urlset('/a') }
    const { log } = await crawlOf({ '/sitemap.xml': later })
    const [first, second] = log.filter(({ path }) => path === '/sitemap.xml')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(90_000)
  })
})

describe('the pages of a sitemap', () => {
  it('POLITENESS H3: are of its own host, unless the robots.txt of theirs names it', async () => {
    const s = urlset('/a', `${other}/b`)
    const own = await crawlOf({ '/sitemap.xml': s }, true, { hosts: ['127.0.0.3'] })
    expect(own.paths).not.toContain(`${other}/b`)
    expect(own.events.find((event) => event.kind === 'sitemap')).toMatchObject({ pages: 2, taken: 1 })
    vi.useRealTimers()
    // The other host has a sitemap that names pages of ours, and our robots.txt names it.
    const cross = await crawlOf(
      { ...robots(`Sitemap: ${other}/s.xml`), [`${other}/s.xml`]: urlset('/a', `${other}/b`, 'http://127.0.0.4/c') },
      true,
      { hosts: ['127.0.0.3', '127.0.0.4'] },
    )
    expect(cross.paths).toContain('/a')
    expect(cross.paths).toContain(`${other}/b`)
    expect(cross.paths).not.toContain('http://127.0.0.4/c')
  })

  it('POLITENESS H3: an index speaks for sitemaps of its own host, and of the host that vouches for it, only', async () => {
    const { paths, log } = await crawlOf(
      {
        '/sitemap.xml': index(`${other}/s.xml`, '/own.xml'),
        '/own.xml': urlset('/a'),
        [`${other}/s.xml`]: urlset('/b'),
      },
      true,
    )
    expect(paths).toContain('/a')
    // Nobody there is asked for anything, not even for robots.txt.
    expect(log.map(({ host }) => host)).not.toContain(new URL(other).hostname)
  })

  it('are not asked for beyond maxSitemaps, nor are the robots.txt of their hosts', async () => {
    const hosts = Array.from({ length: 20 }, (_, host) => `http://127.0.1.${host}/s.xml`)
    const { log } = await crawlOf({ '/robots.txt': { body: hosts.map((url) => `Sitemap: ${url}`).join('\n') } }, true, {
      maxSitemaps: 2,
    })
    expect(new Set(log.map(({ host }) => host)).size).toBeLessThanOrEqual(3)
  })

  it('go through scope, include, exclude, depth, traps and robots.txt like any, and are counted', async () => {
    const far = '/calendar/2093/05'
    const { paths, stats } = await crawlOf(
      {
        ...robots('User-agent: *', 'Disallow: /private'),
        '/sitemap.xml': urlset(
          '/shop/a',
          '/shop/x',
          '/b',
          '/shop/private',
          '/private/shop',
          `/shop${far}`,
          '/shop/a',
          '/',
        ),
      },
      true,
      { include: [/\/shop/], exclude: [/\/x$/] },
    )
    expect(paths).toEqual(['/robots.txt', '/sitemap.xml', '/', '/shop/a', '/shop/private'])
    expect(stats).toMatchObject({
      offered: 9,
      added: 4,
      dropped: { out_of_scope: 2, seen: 2, far_date: 1 },
      skippedBy: { disallowed: 1 },
    })
    vi.useRealTimers()
    expect((await crawlOf({ '/sitemap.xml': urlset('/a') }, true, { maxDepth: 0 })).stats.dropped.too_deep).toBe(1)
  })

  it('POLITENESS H2: are crawled once each, 5,000 of one sitemap as well', async () => {
    const pages = Array.from({ length: 5_000 }, (_, n) => `/page-${n}`)
    const { paths, stats } = await crawlOf({ '/sitemap.xml': urlset(...pages) }, true, { delayMs: 0 })
    expect(stats).toMatchObject({ fetched: 5_001, items: 5_001, sitemapRequests: 1, requests: 5_003 })
    expect(new Set(paths).size).toBe(5_003)
  })
})

it('POLITENESS B5: a sitemap whose host cannot be asked for its rules is put off, and the crawl says that it is not finished', async () => {
  const site = { ...robots(`Sitemap: ${other}/s.xml`), [`${other}/robots.txt`]: { status: 503 } }
  const { stats, events } = await crawlOf(site, true, { maxRobotsAttempts: 1 })
  expect(events.filter((event) => event.kind === 'deferred')).toMatchObject([{ request: { kind: 'sitemap' } }])
  expect(stats).toMatchObject({ fetched: 1, deferred: 0, stopReason: 'deferred' })
})

it('a crawl that is left before its sitemap was read is not finished, though no page waits', async () => {
  const web = openVirtualWeb(({ host }) => ({ latencyMs: host === '127.0.0.3' ? 9_000 : 20 }))
  const run = crawl(defineSpider({ name: 'x', seeds: [`${home}/`], sitemaps: [`${other}/s.xml`], parse: () => [] }), {
    ...web.options,
    observers: [(event) => event.kind === 'ended' && run.drain()],
  })
  await passTime(collect(run))
  expect(run.stats).toMatchObject({ stopReason: 'drained', fetched: 1, waiting: 0, sitemapRequests: 0 })
})

describe('a crawl with a store', () => {
  async function newFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'doff-sitemaps-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }
  const site = { ...robots('Sitemap: /s.xml'), '/s.xml': index('/t.xml'), '/t.xml': urlset('/a', '/b', '/c') }

  it('POLITENESS D1: does not read its sitemaps again when it is resumed', async () => {
    const store = await newFolder()
    const first = await crawlOf(site, true, { store, maxPages: 2 })
    expect(first.stats).toMatchObject({ stopReason: 'max_pages', sitemapRequests: 2, fetched: 2, waiting: 2 })
    vi.useRealTimers()
    const web = openVirtualWeb(({ path }) => (path === '/robots.txt' ? { body: '' } : {}))
    const run = crawl(spiderOf(), { ...web.options, store, start: 'resume' })
    await passTime(collect(run))
    expect(web.log.map(({ path }) => path).filter((path) => path !== '/robots.txt')).toEqual(['/b', '/c'])
    expect(run.stats).toMatchObject({ stopReason: 'finished', sitemapRequests: 2, fetched: 4, waiting: 0 })
    expectToAddUp(run.stats)
  })

  it('reads those that were put off when it is resumed, and counts what it was asked for before', async () => {
    const store = await newFolder()
    const down = { ...robots(`Sitemap: ${other}/s.xml`), [`${other}/robots.txt`]: { status: 503 } }
    await crawlOf(down, true, { store, maxRobotsAttempts: 1 })
    vi.useRealTimers()
    const web = openVirtualWeb(({ host, path }) =>
      path === '/robots.txt' ? { body: '' } : path === '/s.xml' ? { body: urlset('/a') } : { body: host },
    )
    const run = crawl(spiderOf(), { ...web.options, store, start: 'resume', maxRobotsAttempts: 1 })
    await passTime(collect(run))
    expect(run.stats).toMatchObject({ stopReason: 'finished', sitemapRequests: 1, fetched: 2, deferred: 0 })
    expectToAddUp(run.stats)
  })

  const spiderOf = () =>
    defineSpider({
      name: 'sitemaps',
      seeds: [`${home}/`],
      sitemaps: true,
      parse: (page) => [{ path: page.url.pathname, depth: page.depth }],
      parsers: { book: (page) => [{ book: page.url.pathname }] },
    })
})
