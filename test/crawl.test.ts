import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import {
  ArgumentError,
  ContactError,
  type CrawlEvent,
  CrawlInUseError,
  type CrawlOptions,
  type CrawlStats,
  crawl,
  defineSpider,
  OptionError,
  type Page,
  SeedError,
} from '../src/index.ts'
import { collect, pagesSpider } from './sites/spiders.ts'
import { linksOf, openWeb, send, troubleOf, type WebOptions } from './sites/web.ts'

/** No gap: the web here is ours. */
const quick: CrawlOptions = { delayMs: 0, robotsRetryMs: 30 }

/** For crawls that go on to hosts that are no seeds. */
const open: CrawlOptions = { allowPrivate: ['127.0.0.0/8'] }

async function webOf(options: WebOptions) {
  const web = await openWeb(options)
  const [front = ''] = web.urls
  return { ...web, front, paths: () => web.log.map(({ path }) => path) }
}

const html = (body: string) => (_request: unknown, response: Parameters<typeof send>[0]) => send(response, 200, body)

/** I5: every URL offered is in one state, and the counts add up. */
function expectToAddUp(stats: CrawlStats): void {
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0)
  expect(stats.offered).toBe(stats.added + dropped)
  expect(stats.added).toBe(
    stats.fetched + stats.redirected + stats.failed + stats.skipped + stats.deferred + stats.waiting,
  )
}

// What mostly waits, waits at the same time.
describe.concurrent('a crawl', () => {
  it('finds every page that can be reached, each once', async () => {
    await using web = await webOf({ pages: 200 })
    const run = crawl(pagesSpider([web.front]), quick)
    const items = await collect(run)
    expect(new Set(items.map(({ title }) => title)).size).toBe(200)
    expect(items).toHaveLength(200)
    expect(new Set(web.paths()).size).toBe(web.log.length)
    expect(run.stats).toMatchObject({
      fetched: 200,
      items: 200,
      waiting: 0,
      requests: 201,
      robotsRequests: 1,
      stopReason: 'finished',
    })
    expectToAddUp(run.stats)
  })

  it('counts each URL in one end state with its reason, whatever happened to it', async () => {
    const pages = 60
    await using web = await webOf({ pages, troubles: true, robots: 'User-agent: *\nDisallow: /page-5\n' })
    const run = crawl(pagesSpider([web.front]), { ...quick, maxRetries: 1, maxDepth: 30 })
    const items = await collect(run)
    const disallowed = (page: number) => `${page}`.startsWith('5')
    // What can be reached, worked out from the graph alone.
    const reached = new Set([0])
    const leads = (page: number) => !disallowed(page) && !['missing', 'broken'].includes(troubleOf(page))
    for (const page of reached) if (leads(page)) for (const link of linksOf(page, pages, 1)) reached.add(link)
    const count = (is: (page: number) => boolean) => [...reached].filter(is).length
    const inTrouble = (trouble: string) => count((page) => troubleOf(page) === trouble && !disallowed(page))
    expect(run.stats).toMatchObject({
      failedBy: { http_404: inTrouble('missing'), http_500: inTrouble('broken') },
      skippedBy: { disallowed: count(disallowed) },
      redirected: inTrouble('redirect'),
      retries: inTrouble('hiccup') + inTrouble('broken'),
      fetched: count(leads),
    })
    expect(items).toHaveLength(run.stats.fetched)
    expectToAddUp(run.stats)
  }, 60_000)

  it('is typed by what its spider yields', async () => {
    await using web = await webOf({})
    const spider = defineSpider({
      name: 'typed',
      seeds: [web.front],
      *parse(page) {
        yield { depth: page.depth }
        yield page.follow('/page-1', 'second', { data: { rank: 1 } })
      },
      parsers: {
        second: (page: Page<{ rank: number }>) => [{ rank: page.data.rank }],
      },
    })
    const items = await collect(crawl(spider, quick))
    expectTypeOf(items).toEqualTypeOf<({ depth: number } | { rank: number })[]>()
    expect(items).toEqual([{ depth: 0 }, { rank: 1 }])
  })

  it("gives arguments to seeds and pages, through the spider's own schema", async () => {
    await using web = await webOf({})
    const spider = defineSpider({
      name: 'args',
      args: z.object({ site: z.string(), rank: z.coerce.number().default(4) }),
      seeds: (args) => [args.site],
      parse: (page) => [{ rank: page.args.rank }],
    })
    expect(await collect(crawl(spider, { ...quick, args: { site: web.front } }))).toEqual([{ rank: 4 }])
    expect(() => crawl(spider, { args: { rank: 1 } })).toThrow(ArgumentError)
    expect(() => crawl(spider, { args: { rank: 1 } })).toThrow(/Wrong arguments for spider "args": site: /)
  })

  it('goes no deeper than maxDepth, and counts what lies deeper', async () => {
    await using web = await webOf({ pages: 31 })
    const run = crawl(pagesSpider([web.front]), { ...quick, maxDepth: 1 })
    await collect(run)
    expect(run.stats.dropped.too_deep).toBeGreaterThan(0)
    expect(new Set(web.paths().slice(1))).toEqual(
      new Set([
        '/',
        ...linksOf(0, 31, 1)
          .filter((to) => to > 0)
          .map((to) => `/page-${to}`),
      ]),
    )
    expectToAddUp(run.stats)
  })

  it('stays on the hosts of its seeds', async () => {
    await using other = await webOf({ hosts: 2 })
    const [first = '', second = ''] = other.urls
    await using web = await webOf({
      hosts: 1,
      routes: { '/': html(`<a href="${second}">elsewhere</a><a href="/page-1">here</a>`) },
    })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(run.stats.dropped.out_of_scope).toBe(1)
    expect(other.log).toEqual([])
    await collect(crawl(pagesSpider([web.front]), { ...quick, ...open, hosts: [new URL(second).hostname] }))
    expect(other.log.length).toBeGreaterThan(0)
    expect(first).not.toBe(second)
  })

  it('fetches maxPages pages and not one more, then says that it was cut short', async () => {
    await using web = await webOf({ hosts: 3, pages: 30 })
    const run = crawl(pagesSpider(web.urls), { ...quick, maxPages: 17 })
    expect(await collect(run)).toHaveLength(17)
    expect(run.stats).toMatchObject({ fetched: 17, stopReason: 'max_pages' })
    expect(web.paths().filter((path) => path !== '/robots.txt')).toHaveLength(17)
    expect(run.stats.waiting).toBeGreaterThan(0)
    expectToAddUp(run.stats)
  })

  it('does not say so when there were no more pages', async () => {
    await using web = await webOf({ pages: 5 })
    const run = crawl(pagesSpider([web.front]), { ...quick, maxPages: 5 })
    await collect(run)
    expect(run.stats.stopReason).toBe('finished')
  })

  it('says who it is on every request', async () => {
    await using web = await webOf({ pages: 3 })
    await collect(crawl(pagesSpider([web.front]), { ...quick, contact: 'me@a.test', productToken: 'AcmeBot' }))
    for (const line of web.log) {
      expect(line.userAgent).toMatch(/^AcmeBot\/\d+\.\d+\.\d+ \(\+mailto:me@a\.test\)$/)
      expect(line.from).toBe('me@a.test')
    }
  })
})

describe.concurrent('a parser', () => {
  const spiderOf = (seed: string, parse: (page: Page) => object[]) =>
    defineSpider({ name: 'p', seeds: [seed], parse: (page) => parse(page) })
  const eventsOf = async (spider: ReturnType<typeof spiderOf>) => {
    const events: CrawlEvent[] = []
    const run = crawl(spider, { ...quick, observers: [(event) => events.push(event)] })
    return { items: await collect(run), events, stats: run.stats }
  }

  it('that throws costs its page, items and follows included, and nothing else', async () => {
    await using web = await webOf({ pages: 20 })
    const spider = defineSpider({
      name: 'thrower',
      seeds: [web.front],
      async *parse(page) {
        yield { url: page.url.href }
        for (const url of page.links()) yield page.follow(url)
        if (page.url.pathname === '/page-2') throw new Error('no price')
      },
    })
    const events: CrawlEvent[] = []
    const run = crawl(spider, { ...quick, observers: [(event) => events.push(event)] })
    const items = await collect(run)
    expect(items.some(({ url }) => url.endsWith('/page-2'))).toBe(false)
    expect(run.stats).toMatchObject({ failed: 1, failedBy: { parser: 1 }, stopReason: 'finished' })
    const ended = events.find((event) => event.kind === 'ended' && event.end.state === 'failed')
    expect(ended).toMatchObject({ request: { url: `${web.front}page-2`, parser: 'parse' } })
    expect(ended).toHaveProperty('message', `Parser \`parse\` failed: no price: ${web.front}page-2`)
    expectToAddUp(run.stats)
  })

  it('that yields what is no item loses that item, aloud', async () => {
    await using web = await webOf({})
    const { items, events, stats } = await eventsOf(
      spiderOf(web.front, (page) => [
        { good: 1 },
        { price: { amount: Number.NaN } },
        [] as unknown as object,
        page.url,
      ]),
    )
    expect(items).toEqual([{ good: 1 }])
    expect(stats).toMatchObject({ items: 1, itemsRefused: 3 })
    const messages = events.flatMap((event) => (event.kind === 'item_refused' ? [event.message] : []))
    expect(messages).toEqual([
      'item.price.amount is NaN',
      'a list is no item: yield a plain object',
      'a URL is no item: yield a plain object',
    ])
  })

  it('that returns nothing fails with a message that says what it should', async () => {
    await using web = await webOf({})
    const { events } = await eventsOf(spiderOf(web.front, () => undefined as unknown as object[]))
    const ended = events.find((event) => event.kind === 'ended')
    expect(ended).toHaveProperty('message', expect.stringContaining('it returned undefined, not a generator or a list'))
  })

  it('that follows a link to a parser that is not there fails with its name', async () => {
    await using web = await webOf({})
    const { events } = await eventsOf(spiderOf(web.front, (page) => [page.follow('/page-1', 'nobody')]))
    expect(events.find((event) => event.kind === 'ended')).toHaveProperty(
      'message',
      expect.stringContaining('`nobody`'),
    )
  })

  it('that never stops finding is stopped by a named bound', async () => {
    await using web = await webOf({})
    const spider = defineSpider({
      name: 'endless',
      seeds: [web.front],
      *parse(page) {
        for (let n = 0; ; n++) yield page.follow(`/page-${n}`)
      },
    })
    const run = crawl(spider, { ...quick, maxFindsPerPage: 500 })
    await collect(run)
    expect(run.stats.failedBy).toEqual({ parser: 1 })
  })

  it('passes over links that are not crawlable, and they are counted', async () => {
    await using web = await webOf({
      routes: { '/': html('<a href="mailto:a@b.test">m</a><a href="javascript:void 0">j</a><a href="/page-1">p</a>') },
    })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(run.stats).toMatchObject({ skippedLinks: 2, offered: expect.any(Number) })
    expectToAddUp(run.stats)
  })
})

describe.concurrent('redirects', () => {
  const to = (location: string) => (_request: unknown, response: Parameters<typeof send>[0]) => {
    response.writeHead(302, { location }).end()
  }

  it('go back through the frontier and keep the parser, the data and the depth', async () => {
    await using web = await webOf({ routes: { '/a': to('/b'), '/b': to('/page-1'), '/': html('<a href="/a">a</a>') } })
    const spider = defineSpider({
      name: 'r',
      seeds: [web.front],
      parse: (page) => [page.follow('/a', 'end', { data: 'kept' })],
      parsers: {
        end: ({ url, redirects, depth, data }: Page<string>) => [
          { path: url.pathname, redirects: redirects.map((from) => new URL(from).pathname), depth, data },
        ],
      },
    })
    const items = await collect(crawl(spider, quick))
    expect(items).toEqual([{ path: '/page-1', redirects: ['/a', '/b'], depth: 1, data: 'kept' }])
  })

  it('to what robots.txt disallows are not followed', async () => {
    await using web = await webOf({ robots: 'User-agent: *\nDisallow: /private', routes: { '/': to('/private/x') } })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt', '/'])
    expect(run.stats).toMatchObject({ redirected: 1, skippedBy: { disallowed: 1 } })
  })

  it('to another host wait for its robots.txt', async () => {
    await using target = await webOf({ hosts: 2, robots: 'User-agent: *\nDisallow: /' })
    const [, second = ''] = target.urls
    await using web = await webOf({ routes: { '/': to(`${second}x`) } })
    const run = crawl(pagesSpider([web.front]), { ...quick, ...open, hosts: ['127.0.0.3'] })
    await collect(run)
    expect(target.paths()).toEqual(['/robots.txt'])
  })

  it('out of scope are counted, not followed', async () => {
    await using web = await webOf({ routes: { '/': to('http://127.0.0.99:1/') } })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(run.stats).toMatchObject({ redirected: 1, dropped: { out_of_scope: 1 } })
  })

  it.each([
    ['another host', to('http://127.0.0.99:1/'), {}, 'out of scope (hosts=127.0.0.99 opens it)'],
    ['what is excluded', to('/x'), { exclude: [/x$/] }, 'out of scope (exclude matches it)'],
    ['what is too long', to('/x'.repeat(400)), { maxUrlLength: 500 }, 'longer than maxUrlLength'],
    ['what was seen', to('/seen'), {}, 'seen before'],
  ])('to %s are named, with what keeps them from being followed', async (_name, redirect, options, why) => {
    await using web = await webOf({ routes: { '/from': redirect, '/seen': html('') } })
    const said: string[] = []
    const observers = [(event: CrawlEvent) => event.kind === 'redirect_dropped' && said.push(event.message)]
    await collect(crawl(pagesSpider([`${web.front}seen`, `${web.front}from`]), { ...quick, ...options, observers }))
    expect(said).toEqual([expect.stringContaining(`${web.front}from redirects to http://127.0.0.`)])
    expect(said[0]?.endsWith(`, which is not visited: ${why}`)).toBe(true)
    expect(said[0]?.length).toBeLessThan(400)
  })

  it('of pages found on the way say so as well, and those that are followed say nothing', async () => {
    await using web = await webOf({
      routes: { '/': html('<a href="/a">a</a>'), '/a': to('/b'), '/b': to('//127.0.0.9/') },
    })
    const said: unknown[] = []
    const observers = [(event: CrawlEvent) => event.kind === 'redirect_dropped' && said.push(event)]
    await collect(crawl(pagesSpider([web.front]), { ...quick, observers }))
    const request = expect.objectContaining({ url: `${web.front}b`, depth: 1 })
    expect(said).toMatchObject([{ request, target: 'http://127.0.0.9/', reason: 'out_of_scope' }])
  })

  it('in a loop, too many or without a target end in a failure with that name', async () => {
    const chain = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`/c${n}`, to(`/c${n + 1}`)]))
    await using web = await webOf({
      routes: { '/': to('/l'), '/l': to('/'), '/c': to('/c0'), ...chain, '/n': to('mailto:x@y.test') },
    })
    const seeds = ['', 'c', 'n'].map((path) => web.front + path)
    const run = crawl(pagesSpider(seeds), { ...quick, maxRedirects: 5 })
    await collect(run)
    expect(run.stats.failedBy).toEqual({ redirect_loop: 1, too_many_redirects: 1, redirect_without_target: 1 })
    expect(web.paths()).toContain('/c4')
    expect(web.paths()).not.toContain('/c5')
    expectToAddUp(run.stats)
  })
})

describe.concurrent('robots.txt', () => {
  it('of each origin is asked once, before anything else of it', async () => {
    await using web = await webOf({ hosts: 3, pages: 10 })
    await collect(crawl(pagesSpider(web.urls), quick))
    for (const host of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) {
      const paths = web.log.filter((line) => line.host === host).map(({ path }) => path)
      expect(paths[0]).toBe('/robots.txt')
      expect(paths.filter((path) => path === '/robots.txt')).toHaveLength(1)
    }
  })

  it('is asked once also when several requests of the host may be out', async () => {
    await using web = await webOf({ pages: 10, latencyMs: 20 })
    const seeds = Array.from({ length: 8 }, (_, page) => `${web.front}page-${page + 1}`)
    await collect(crawl(pagesSpider(seeds), { ...quick, perHostConcurrency: 4 }))
    expect(web.paths().filter((path) => path === '/robots.txt')).toHaveLength(1)
    expect(web.paths()[0]).toBe('/robots.txt')
  })

  it('is followed over a redirect to another host, whose turn that hop takes; its rules hold for the first', async () => {
    await using rules = await webOf({ hosts: 2, robots: 'User-agent: *\nDisallow: /page-1' })
    const [, second = ''] = rules.urls
    await using web = await webOf({
      pages: 3,
      routes: {
        '/robots.txt': (_request, response) => response.writeHead(301, { location: `${second}robots.txt` }).end(),
      },
    })
    const run = crawl(pagesSpider([web.front]), { ...quick, ...open })
    await collect(run)
    expectToAddUp(run.stats)
    expect(run.stats.waiting).toBe(0)
    expect(rules.paths()).toEqual(['/robots.txt'])
    expect(web.paths().slice(0, 2)).toEqual(['/robots.txt', '/'])
    expect(web.paths()).not.toContain('/page-1')
    expect(web.paths()).toContain('/page-2')
  })

  it('that redirects to what cannot be reached is given up after maxRobotsAttempts, and holds no other host', async () => {
    await using other = await webOf({
      hosts: 2,
      pages: 5,
      routes: { '/r': (_request, response) => send(response, 503, '') },
    })
    const second = other.urls[1] ?? ''
    await using web = await webOf({
      routes: { '/robots.txt': (_request, response) => response.writeHead(301, { location: `${second}r` }).end() },
    })
    const run = crawl(pagesSpider([web.front, second]), { ...quick, maxRobotsAttempts: 2 })
    await collect(run)
    expect(other.paths().filter((path) => path === '/r')).toHaveLength(2)
    expect(run.stats).toMatchObject({ deferredBy: { robots_unreachable: 1 }, fetched: 5, stopReason: 'deferred' })
    expectToAddUp(run.stats)
  })

  it('is asked again no sooner than robotsRetryMs', async () => {
    await using web = await webOf({
      routes: { '/robots.txt': (_request, response, visit) => send(response, visit === 1 ? 503 : 200, '') },
    })
    await collect(crawl(pagesSpider([web.front]), { ...quick, robotsRetryMs: 2_500 }))
    const [first, again] = web.log.filter(({ path }) => path === '/robots.txt')
    expect((again?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(2_500)
  })

  it('that was read at another host sets the pace of its own', async () => {
    await using rules = await webOf({ hosts: 2, robots: 'User-agent: *\nCrawl-delay: 0.5' })
    const location = `${rules.urls[1]}robots.txt`
    await using web = await webOf({
      pages: 3,
      routes: { '/robots.txt': (_request, response) => response.writeHead(301, { location }).end() },
    })
    const seeds = ['', 'page-1', 'page-2'].map((path) => web.front + path)
    await collect(crawl(pagesSpider(seeds), { ...quick, ...open, perHostConcurrency: 3 }))
    const times = web.log.map(({ at }) => at)
    for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(495)
  })

  it('is not followed to a host that is not this machine without a contact, and then gives no leave', async () => {
    await using web = await webOf({
      routes: {
        '/robots.txt': (_request, response) => response.writeHead(301, { location: 'http://shop.test/r' }).end(),
      },
    })
    const notes: string[] = []
    const run = crawl(pagesSpider([web.front]), {
      ...quick,
      observers: [
        (event) => event.kind === 'robots' && event.record.kind === 'unreachable' && notes.push(event.record.note),
      ],
    })
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt'])
    expect(notes).toEqual(['no `contact` is set: GET http://shop.test/r'])
    expect(run.stats).toMatchObject({ requests: 1, deferredBy: { robots_unreachable: 1 } })
  })

  it('after five redirects in a row is taken as unavailable, which allows', async () => {
    const hop = (n: number) => (_request: unknown, response: Parameters<typeof send>[0]) => {
      response.writeHead(302, { location: `/hop-${n}` }).end()
    }
    const hops = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`/hop-${n}`, hop(n + 1)]))
    await using web = await webOf({ pages: 1, routes: { '/robots.txt': hop(0), ...hops } })
    await collect(crawl(pagesSpider([web.front]), quick))
    expect(web.paths()).toEqual(['/robots.txt', '/hop-0', '/hop-1', '/hop-2', '/hop-3', '/hop-4', '/'])
  })

  it('that cannot be read holds its host back until it can', async () => {
    await using web = await webOf({
      hosts: 1,
      pages: 3,
      routes: { '/robots.txt': (_request, response, visit) => send(response, visit < 3 ? 503 : 200, '') },
    })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(web.paths().slice(0, 4)).toEqual(['/robots.txt', '/robots.txt', '/robots.txt', '/'])
    expect(run.stats.fetched).toBe(3)
  })

  it('that does not come in time says by which option', async () => {
    await using web = await webOf({ routes: { '/robots.txt': () => undefined } })
    const notes: unknown[] = []
    const observe = (event: CrawlEvent) =>
      event.kind === 'robots' && event.record.kind === 'unreachable' && notes.push(event.record.note)
    const options = { ...quick, robotsTimeoutMs: 100, maxRobotsAttempts: 1, observers: [observe] }
    await collect(crawl(pagesSpider([web.front]), options))
    expect(notes).toEqual([`No full answer within 100 ms: GET ${web.front}robots.txt (raise robotsTimeoutMs)`])
  })

  it('that never can be read puts its pages off, and other hosts go on', async () => {
    await using web = await webOf({ hosts: 1, robots: 503 })
    await using fine = await webOf({ hosts: 2, pages: 4 })
    const [, second = ''] = fine.urls
    const run = crawl(pagesSpider([web.front, `${web.front}page-1`, second]), { ...quick, maxRobotsAttempts: 2 })
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt', '/robots.txt'])
    expect(run.stats).toMatchObject({ deferredBy: { robots_unreachable: 2 }, fetched: 4 })
    expectToAddUp(run.stats)
  })

  it('that asks for longer gaps than maxCrawlDelayMs puts its pages off', async () => {
    await using web = await webOf({ robots: 'User-agent: *\nCrawl-delay: 9999999' })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt'])
    expect(run.stats.deferredBy).toEqual({ crawl_delay_too_long: 1 })
  })
})

describe.concurrent('a host in trouble', () => {
  it.each([503, 529])('that answers %i is left alone for longer and longer', async (status) => {
    await using web = await webOf({ pages: 1, routes: { '/': (_request, response) => send(response, status, '') } })
    const seeds = [web.front, `${web.front}page-0`]
    await collect(crawl(pagesSpider(seeds), { ...quick, delayMs: 10, maxRetries: 0 }))
    const pages = web.log.filter(({ path }) => path !== '/robots.txt')
    expect((pages[1]?.at ?? 0) - (pages[0]?.at ?? 0)).toBeGreaterThanOrEqual(1_000)
  })
})

describe.concurrent('a fetch', () => {
  it('is one of at most `concurrency` in all', async () => {
    await using web = await webOf({ hosts: 12, pages: 6, latencyMs: 20 })
    await collect(crawl(pagesSpider(web.urls), { ...quick, concurrency: 3 }))
    const open = web.log.map((line) => web.log.filter(({ at, endedAt }) => at <= line.at && endedAt > line.at).length)
    expect(Math.max(...open)).toBe(3)
  })

  it('follows a Location in raw UTF-8 to where it was meant', async () => {
    await using web = await webOf({
      routes: {
        '/': (request, response) =>
          request.socket.end(
            'HTTP/1.1 302 Found\r\nLocation: /caf\u00e9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
            () => response.destroy(),
          ),
        '/caf%C3%A9': (_request, response) => send(response, 200, 'here'),
      },
    })
    const run = crawl(pagesSpider([web.front]), quick)
    expect(await collect(run)).toHaveLength(1)
  })

  it('that is over its limits fails with a reason and a remedy', async () => {
    await using web = await webOf({
      routes: {
        '/big': html('x'.repeat(5_000)),
        '/slow': () => undefined,
        '/cut': (_request, response) =>
          response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy()),
        '/garbled': (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
      },
    })
    const messages: (string | undefined)[] = []
    const seeds = ['big', 'slow', 'cut', 'garbled'].map((path) => web.front + path)
    const run = crawl(pagesSpider(seeds), {
      ...quick,
      maxBodyBytes: 1_000,
      totalTimeoutMs: 2_000,
      maxRetries: 0,
      observers: [(event) => event.kind === 'ended' && messages.push(event.message)],
    })
    await collect(run)
    expect(run.stats.failedBy).toMatchObject({
      body_too_large: 1,
      total_timeout: 1,
      bad_encoding: 1,
      body_cut_off: 1,
    })
    expect(messages).toContain(`Body exceeded 1000 bytes: GET ${web.front}big (raise maxBodyBytes)`)
  })

  it('of a dead host is retried, then failed or unreachable, and named', async () => {
    const web = await webOf({})
    const { front } = web
    await web[Symbol.asyncDispose]()
    const run = crawl(pagesSpider([front]), { ...quick, maxRobotsAttempts: 1 })
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 0, deferredBy: { robots_unreachable: 1 } })
  })

  it('of a status that the spider accepts is a page', async () => {
    await using web = await webOf({})
    const run = crawl(pagesSpider([`${web.front}nowhere`]), { ...quick, acceptStatuses: [404] })
    expect(await collect(run)).toHaveLength(1)
  })
})

describe('Retry-After', () => {
  const saying = (value: string) => (_request: unknown, response: Parameters<typeof send>[0], visit: number) => {
    if (visit === 1) response.writeHead(429, { 'retry-after': value }).end()
    else send(response, 200, '')
  }

  it('holds the whole host for as long as it says', async () => {
    await using web = await webOf({ pages: 4, routes: { '/': saying('2') } })
    await collect(crawl(pagesSpider([web.front, `${web.front}page-1`]), { ...quick, maxPages: 2 }))
    const [first, next] = web.log.slice(1)
    expect(first).toMatchObject({ path: '/', status: 429 })
    expect((next?.at ?? 0) - (first?.endedAt ?? 0)).toBeGreaterThanOrEqual(1_990)
  })

  it("that is longer than the crawl's patience puts the host aside", async () => {
    await using web = await webOf({ pages: 4, routes: { '/': saying('99999999999') } })
    const run = crawl(pagesSpider([web.front, `${web.front}page-1`]), quick)
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt', '/'])
    expect(run.stats.deferredBy).toEqual({ retry_after_too_long: 2 })
    expectToAddUp(run.stats)
  })

  it('that puts a host aside is kept to, whatever its other turns come to', async () => {
    await using web = await webOf({
      pages: 9,
      routes: {
        '/page-2': (_request, response) =>
          setTimeout(() => response.writeHead(429, { 'retry-after': '99999' }).end(), 60),
      },
    })
    const spider = defineSpider({
      name: 'slow',
      seeds: [1, 2, 3, 4, 5, 6].map((n) => `${web.front}page-${n}`),
      // Its page was fetched before the 429, and settles after it.
      async parse(page) {
        await sleep(200)
        return [{ url: page.url.href }]
      },
    })
    const run = crawl(spider, { ...quick, perHostConcurrency: 2 })
    await collect(run)
    expect(web.paths()).toEqual(['/robots.txt', '/page-1', '/page-2'])
    expect(run.stats.deferredBy).toEqual({ retry_after_too_long: 5 })
    expectToAddUp(run.stats)
  })
})

// Alone, for others would hold the event loop, too.
describe('robots.txt', () => {
  it('on its way leaves the event loop to others, however long the line that waits for it', async () => {
    await using rules = await webOf({ hosts: 2, robots: '', latencyMs: 300 })
    const location = `${rules.urls[1]}robots.txt`
    await using web = await webOf({
      pages: 5_001,
      routes: { '/robots.txt': (_request, response) => response.writeHead(301, { location }).end() },
    })
    await using slow = await webOf({ pages: 5_001, latencyMs: 300 })
    for (const [front, perHostConcurrency] of [
      [web.front, 1],
      [slow.front, 3],
    ] as const) {
      const seeds = Array.from({ length: 5_000 }, (_, n) => `${front}page-${n + 1}`)
      let ticks = 0
      const ticking = setInterval(() => ticks++, 10)
      const run = crawl(pagesSpider(seeds), { ...quick, ...open, perHostConcurrency, maxPages: 20 })
      expect(await collect(run)).toHaveLength(20)
      clearInterval(ticking)
      expect(ticks).toBeGreaterThan(10)
      expectToAddUp(run.stats)
    }
  })

  it('that disallows a long line leaves the event loop to others', async () => {
    await using web = await webOf({ robots: 'User-agent: *\nDisallow: /page' })
    const seeds = Array.from({ length: 20_000 }, (_, n) => `${web.front}page-${n}`)
    let longestMs = 0
    let last = performance.now()
    const watching = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last)
      last = performance.now()
    }, 1)
    let offered = false
    const run = crawl(pagesSpider(seeds), {
      ...quick,
      observers: [
        (event) => {
          // Before that, the seeds are made canonical and offered in one go.
          if (!offered && event.kind === 'requested') [offered, longestMs, last] = [true, 0, performance.now()]
        },
      ],
    })
    const startedAt = performance.now()
    await collect(run)
    clearInterval(watching)
    longestMs = Math.max(longestMs, performance.now() - last)
    expect(run.stats.skippedBy).toEqual({ disallowed: 20_000 })
    expect(longestMs).toBeLessThan((performance.now() - startedAt) / 4)
  })
})

describe('leaving the loop', () => {
  it('by break ends the crawl: no request comes after it', async () => {
    await using web = await webOf({ pages: 300, latencyMs: 2 })
    const run = crawl(pagesSpider([web.front]), quick)
    let items = 0
    for await (const _ of run) if (++items === 3) break
    const requests = web.log.length
    await sleep(100)
    expect(web.log.length).toBeLessThanOrEqual(requests + 1)
    expect(run.stats).toMatchObject({ stopReason: 'stopped' })
    expect(run.stats.waiting).toBeGreaterThan(0)
    expectToAddUp(run.stats)
  })

  it('by an aborted signal throws its reason', async () => {
    await using web = await webOf({ pages: 300, latencyMs: 5 })
    const controller = new AbortController()
    const run = crawl(pagesSpider([web.front]), { ...quick, signal: controller.signal })
    const reason = new Error('enough')
    const reading = (async () => {
      for await (const _ of run) controller.abort(reason)
    })()
    await expect(reading).rejects.toBe(reason)
    expect(run.stats.stopReason).toBe('stopped')
  })

  it('by an aborted signal closes connections at once, also while the reader is busy', async () => {
    await using web = await webOf({ hosts: 1, pages: 3, routes: { '/page-1': () => undefined } })
    const controller = new AbortController()
    const run = crawl(pagesSpider([`${web.front}page-2`, `${web.front}page-1`]), {
      ...quick,
      signal: controller.signal,
    })
    const reader = run[Symbol.asyncIterator]()
    await reader.next()
    await sleep(100)
    controller.abort()
    await sleep(100)
    expect(web.log.find(({ path }) => path === '/page-1')?.endedAt).toBeGreaterThan(0)
    await expect(reader.next()).rejects.toThrow('aborted')
  })

  it('by a signal that was aborted before makes no request', async () => {
    await using web = await webOf({})
    await expect(collect(crawl(pagesSpider([web.front]), { ...quick, signal: AbortSignal.abort() }))).rejects.toThrow(
      'aborted',
    )
    expect(web.log).toEqual([])
  })

  it('by disposal ends it too, also while the reader waits', async () => {
    await using web = await webOf({ pages: 300, latencyMs: 20 })
    const run = crawl(pagesSpider([web.front]), quick)
    const reading = collect(run)
    await sleep(150)
    await run[Symbol.asyncDispose]()
    expect((await reading).length).toBeLessThan(300)
    await run[Symbol.asyncDispose]()
  })

  it('by disposal from inside the loop, or with the reader left in the middle, does not hang', async () => {
    await using web = await webOf({ pages: 300, latencyMs: 2 })
    const inside = crawl(pagesSpider([web.front]), quick)
    let items = 0
    for await (const _ of inside) if (++items === 3) await inside[Symbol.asyncDispose]()
    expect(items).toBe(3)
    {
      await using left = crawl(pagesSpider([web.front]), quick)
      const iterator = left[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next()
    }
    const unread = crawl(pagesSpider([web.front]), quick)
    await unread[Symbol.asyncDispose]()
    expect(unread.stats.stopReason).toBe('stopped')
    expect(() => unread[Symbol.asyncIterator]()).toThrow('not after it was disposed of')
  })

  it('by drain before it was begun makes no request', async () => {
    await using web = await webOf({})
    const run = crawl(pagesSpider([web.front]), quick)
    run.drain()
    expect(await collect(run)).toEqual([])
    expect(web.log).toEqual([])
    expect(run.stats).toMatchObject({ stopReason: 'drained', waiting: 1 })
  })

  it('by drain brings what is out to its end, and keeps its items', async () => {
    await using web = await webOf({ hosts: 5, pages: 300, latencyMs: 30 })
    const run = crawl(pagesSpider(web.urls), quick)
    const items: unknown[] = []
    for await (const item of run) {
      items.push(item)
      if (items.length === 5) run.drain()
    }
    expect(run.stats).toMatchObject({ stopReason: 'drained', items: items.length })
    expect(run.stats.fetched).toBe(items.length)
    expect(web.log.every(({ status }) => status > 0)).toBe(true)
    expectToAddUp(run.stats)
  })

  it('is for one reader, once', async () => {
    await using web = await webOf({ pages: 2 })
    const run = crawl(pagesSpider([web.front]), quick)
    await collect(run)
    await expect(collect(run)).rejects.toThrow(CrawlInUseError)
  })
})

describe('back-pressure', () => {
  it('a reader that sleeps holds at most maxBufferedItems, and the crawl waits', async () => {
    await using web = await webOf({ hosts: 4, pages: 200 })
    let yielded = 0
    const spider = defineSpider({
      name: 'counted',
      seeds: web.urls,
      *parse(page) {
        for (const url of page.links()) yield page.follow(url)
        yielded += 1
        yield { url: page.url.href }
      },
    })
    const maxBufferedItems = 10
    const run = crawl(spider, { ...quick, maxBufferedItems, concurrency: 16 })
    let read = 0
    for await (const _ of run) {
      read += 1
      if (read > 3) continue
      await sleep(150)
      // The reader has one in hand, and each of the hosts may have asked for one place more.
      expect(yielded).toBeLessThanOrEqual(read + maxBufferedItems + 4)
      expect(web.log.length).toBeLessThanOrEqual(read + maxBufferedItems + 4 + 4)
    }
    expect(read).toBe(800)
  })

  it('a page with more items than the bound still comes through', async () => {
    await using web = await webOf({ pages: 6 })
    const spider = defineSpider({
      name: 'many',
      seeds: [web.front],
      *parse(page) {
        for (const url of page.links()) yield page.follow(url)
        for (let n = 0; n < 50; n++) yield { n }
      },
    })
    expect(await collect(crawl(spider, { ...quick, maxBufferedItems: 3, perHostConcurrency: 4 }))).toHaveLength(300)
  })
})

describe('a mistake', () => {
  it('in an option is an OptionError that names it, before anything is fetched', () => {
    expect(() => crawl(pagesSpider(['http://127.0.0.1/']), { maxDepth: -1 })).toThrow(OptionError)
    expect(() => crawl(pagesSpider(['http://127.0.0.1/']), { maxDepht: 1 } as CrawlOptions)).toThrow(
      'did you mean `maxDepth`?',
    )
  })

  it('in a seed is a SeedError that names it', () => {
    expect(() => crawl(pagesSpider(['ftp://a.test/']))).toThrow(SeedError)
    expect(() => crawl(pagesSpider(['shop']))).toThrow('Seed "shop" of spider "pages" is no http(s) URL')
    expect(() => crawl(pagesSpider([]))).toThrow('has no seeds')
    const seeded = (seeds: () => unknown) =>
      defineSpider({ name: 's', seeds: seeds as () => string[], parse: () => [{}] })
    const failing = seeded(() => {
      throw new Error('no file')
    })
    expect(() => crawl(failing)).toThrow(new SeedError(undefined, 'The seeds of spider "s" failed: no file'))
    expect(() => crawl(seeded(() => Promise.reject(new Error('late'))))).toThrow('are a promise: make them a list')
  })

  it('of writing a password into a seed is a SeedError that does not show it', () => {
    const seeded = () => crawl(pagesSpider(['https://ada:s3cret@a.test:8443/x']), { contact: 'me@a.test' })
    expect(seeded).toThrow(
      new SeedError(
        'https://***@a.test:8443/x',
        'Seed "https://***@a.test:8443/x" of spider "pages" has a user name or a password in it: ' +
          "leave them out, and set `basicAuth` to { 'https://a.test:8443': 'user:password' }",
      ),
    )
    for (const seed of ['https://ada:s3cret@a.test/', 'ftp://ada:s3cret@a.test/', 'https://ada:s3cret@a test/'])
      expect(() => crawl(pagesSpider([seed]))).toThrow(
        expect.not.objectContaining({ seed: expect.stringContaining('s3cret') as string }) as Error,
      )
    expect(() => crawl(pagesSpider(['ftp://ada:s3cret@a.test/']))).toThrow('Seed "ftp://***@a.test/" of spider')
  })

  it('of saying no contact is a ContactError, unless all seeds are on this machine', () => {
    expect(() => crawl(pagesSpider(['http://shop.test/']))).toThrow(ContactError)
    expect(() => crawl(pagesSpider(['http://shop.test/']), { contact: 'me@a.test' })).not.toThrow()
    expect(() => crawl(pagesSpider(['http://localhost/', 'http://[::1]/']))).not.toThrow()
  })

  it('of an observer does not end the crawl', async () => {
    await using web = await webOf({ pages: 3 })
    const warnings: string[] = []
    const warn = (warning: Error) => warnings.push(warning.message)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    const items = await collect(
      crawl(pagesSpider([web.front]), {
        ...quick,
        observers: [
          () => {
            throw new Error('oops')
          },
          () => Promise.reject(new Error('later')),
        ],
      }),
    )
    expect(items).toHaveLength(3)
    await sleep(0)
    expect(warnings).toEqual(['An observer failed: oops', 'An observer failed: later'])
  })
})

describe('a plan', () => {
  it('judges what a crawl would begin with, and asks for robots.txt only', async () => {
    await using web = await webOf({ robots: 'User-agent: *\nDisallow: /page-2\n' })
    const run = crawl(pagesSpider(['', 'page-1', 'page-2'].map((path) => web.front + path)), { ...quick, plan: true })
    expect(await collect(run)).toEqual([])
    expect(web.paths()).toEqual(['/robots.txt'])
    expect(run.stats).toMatchObject({ skippedBy: { planned: 2, disallowed: 1 }, fetched: 0, stopReason: 'finished' })
    expectToAddUp(run.stats)
  })

  it.each([
    [{ plan: 'yes' }, 'Expected `plan` to be true or false, got string'],
    [{ store: 5 }, 'Expected `store` to be the path of a folder, got number'],
    [{ observers: 3 }, 'Expected `observers` to be a list of functions, got number'],
  ])('refuses %j, as it does every wrong option', (options, message) => {
    expect(() => crawl(pagesSpider(['http://127.0.0.1/']), options as never)).toThrow(message)
  })

  it('is kept in no store', () => {
    const spider = pagesSpider(['http://127.0.0.1/'])
    expect(() => crawl(spider, { plan: true, store: 'any' })).toThrow(OptionError)
  })
})
