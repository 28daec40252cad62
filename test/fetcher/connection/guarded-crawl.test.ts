/**
 * Crawls on real sockets whose links, redirects, robots.txt and sitemaps lead to private addresses. All of these are on this machine, and have
 * a server that counts its connections: there are none.
 */
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import type { Lookup } from '../../../src/fetcher/connection/names.ts'
import { type CrawlEvent, type CrawlOptions, type CrawlStats, crawl, defineSpider } from '../../../src/index.ts'
import { openFolder } from '../../cli/run-doff.ts'
import { collect, pagesSpider } from '../../sites/spiders.ts'

const reachable = ['127.0.0.1', '127.0.0.3', '::1'] as const

interface Trap {
  readonly port: number
  connections: number
}

/** A port that nobody is to come to, at several addresses. */
async function openTrap(): Promise<Trap> {
  const trap = { port: 0, connections: 0 }
  for (const address of reachable) {
    const server = createTcpServer((socket) => {
      trap.connections += 1
      socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    })
    server.listen(trap.port, address)
    await once(server, 'listening')
    trap.port = (server.address() as AddressInfo).port
    onTestFinished(() => void server.close())
  }
  return trap
}

/** The site that the user means. */
async function openSite(
  answers: Readonly<Record<string, string | { readonly location: string }>>,
  address = '127.0.0.2',
): Promise<{ readonly url: string; readonly port: number; readonly paths: readonly string[] }> {
  const paths: string[] = []
  const listener: RequestListener = ({ url = '' }, response) => {
    paths.push(url)
    const answer = answers[url]
    if (answer === undefined) response.writeHead(404).end()
    else if (typeof answer === 'object') response.writeHead(302, { location: answer.location }).end()
    else response.writeHead(200, { 'content-type': 'text/html' }).end(answer)
  }
  const server = createServer(listener)
  server.listen(0, address)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://${address}:${port}/`, port, paths }
}

const links = (urls: readonly string[]) => urls.map((url) => `<a href="${url}">on</a>`).join('')

/** The ways to write a URL that leads to the trap. */
const waysTo = (port: number) => [
  `http://127.0.0.1:${port}/`,
  `http://127.1:${port}/b`,
  `http://0x7f.3:${port}/`,
  `http://2130706435:${port}/b`,
  `http://[::1]:${port}/`,
  `http://[::ffff:127.0.0.1]:${port}/`,
  `http://0:${port}/`,
  `http://[::]:${port}/`,
  `http://localhost:${port}/`,
  `http://localhost.:${port}/b`,
  `http://inner.test:${port}/`,
  `https://127.0.0.1:${port}/`,
  `https://inner.test:${port}/`,
]

const lookup: Lookup = (name) =>
  Promise.resolve([{ address: name === 'site.test' ? '127.0.0.2' : '127.0.0.3', family: 4 }])

const options: CrawlOptions = { delayMs: 0, within: 'anywhere', contact: 'me@a.test', lookup }

interface Crawled {
  readonly stats: CrawlStats
  readonly failures: readonly string[]
  readonly events: readonly CrawlEvent[]
  /** Addresses that a connection was made to, or begun to be. */
  readonly attempted: readonly string[]
}

async function run(spider: Parameters<typeof crawl>[0], more: CrawlOptions = {}): Promise<Crawled> {
  const events: CrawlEvent[] = []
  const attempted = new Set<string>()
  const watch = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket }
    socket.on('connectionAttempt', (address) => attempted.add(address))
  }
  diagnostics.subscribe('net.client.socket', watch)
  const crawled = crawl(spider, { ...options, ...more, observers: [(event) => void events.push(event)] })
  try {
    await collect(crawled)
  } finally {
    diagnostics.unsubscribe('net.client.socket', watch)
  }
  const { stats } = crawled
  // I5.
  expect(stats.added).toBe(stats.fetched + stats.redirected + stats.failed + stats.skipped + stats.deferred)
  const failures = events.flatMap((event) =>
    event.kind === 'ended' && event.end.state === 'failed' ? [event.message ?? ''] : [],
  )
  return { stats, failures, events, attempted: [...attempted] }
}

const faultsIn = (events: readonly CrawlEvent[]) =>
  events.flatMap((event) => (event.kind === 'sitemap' && event.fault !== undefined ? [event.fault] : []))

describe('a crawl that is led to private addresses', () => {
  it('by links: each of them fails with its reason, and no connection is made', async () => {
    const trap = await openTrap()
    const site = await openSite({ '/': links(waysTo(trap.port)) })
    const { stats, failures, attempted } = await run(pagesSpider([site.url]))
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2'])
    expect(site.paths).toEqual(['/robots.txt', '/'])
    const count = waysTo(trap.port).length
    expect(stats).toMatchObject({
      fetched: 1,
      failed: count,
      failedBy: { address_blocked: count },
      requests: 2,
      robotsRequests: 1,
    })
    expect(stats).toMatchObject({ stopReason: 'finished', hosts: 1 })
    expect(failures).toContain(
      `127.0.0.1 is a loopback address (127.0.0.0/8, RFC 1122): GET http://127.0.0.1:${trap.port}/b (allowPrivate opens it)`,
    )
    expect(failures).toContain(
      `inner.test is at 127.0.0.3, a loopback address (127.0.0.0/8, RFC 1122): GET http://inner.test:${trap.port}/ (allowPrivate opens it)`,
    )
  })

  it('by redirects of its pages', async () => {
    const trap = await openTrap()
    const ways = waysTo(trap.port)
    const moved = Object.fromEntries(ways.map((location, index) => [`/${index}`, { location }]))
    const site = await openSite({ '/': links(Object.keys(moved)), ...moved })
    const { stats, attempted } = await run(pagesSpider([site.url]))
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2'])
    expect(stats).toMatchObject({ fetched: 1, redirected: ways.length, failedBy: { address_blocked: ways.length } })
  })

  it.each(waysTo(0).map((_, index) => index))(
    'by the redirect of its robots.txt: RFC 9309 section 2.3.1.4 disallows everything, at once (way %i)',
    async (index) => {
      const trap = await openTrap()
      const site = await openSite({ '/robots.txt': { location: waysTo(trap.port)[index] ?? '' }, '/': 'never read' })
      const { stats, events, attempted } = await run(pagesSpider([site.url]))
      expect(trap.connections).toBe(0)
      expect(attempted).toEqual(['127.0.0.2'])
      expect(site.paths).toEqual(['/robots.txt'])
      expect(stats).toMatchObject({ deferredBy: { robots_unreachable: 1 }, stopReason: 'deferred' })
      expect(stats.elapsedMs).toBeLessThan(30_000)
      const deferred = events.find((event) => event.kind === 'deferred')
      expect(deferred?.message).toMatch(/^\S+ is .*: GET http.*\(allowPrivate opens it\)$/)
    },
  )

  it('by its sitemaps: those that robots.txt names, their redirects, and what they list', async () => {
    const trap = await openTrap()
    const ways = waysTo(trap.port)
    const entries = ways.map((url) => `<url><loc>${url}</loc></url>`)
    const site = await openSite({
      '/robots.txt': [...ways.map((url) => `Sitemap: ${url}s.xml`), 'Sitemap: /moved.xml', 'Sitemap: /s.xml'].join(
        '\n',
      ),
      '/moved.xml': { location: ways[0] ?? '' },
      '/s.xml': `<urlset>${entries.join('')}<url><loc>/listed</loc></url></urlset>`,
      '/': 'home',
      '/listed': 'page',
    })
    const spider = defineSpider({ name: 'maps', seeds: [site.url], sitemaps: true, parse: () => [] })
    const { stats, events, attempted } = await run(spider)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2'])
    const blocked = faultsIn(events).filter((fault) => /is (at )?\S.* \(allowPrivate opens it\)$/.test(fault))
    expect(blocked).toHaveLength(ways.length + 1)
    expect(stats).toMatchObject({ failed: 0, stopReason: 'finished' })
    expect(site.paths).toEqual(expect.arrayContaining(['/', '/moved.xml', '/s.xml']))
  })

  it('by a sitemap that is named, and may list URLs of any host', async () => {
    const trap = await openTrap()
    const ways = waysTo(trap.port)
    const site = await openSite({
      '/s.xml': `<urlset>${ways.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`,
      '/': 'home',
    })
    const spider = defineSpider({ name: 'maps', seeds: [site.url], sitemaps: [`${site.url}s.xml`], parse: () => [] })
    const { stats, attempted } = await run(spider)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2'])
    expect(stats).toMatchObject({ fetched: 1, failedBy: { address_blocked: ways.length } })
  })

  it('by seeds that were read from a file', async () => {
    const trap = await openTrap()
    const folder = await openFolder({})
    const path = join(folder, 'seeds.txt')
    await writeFile(path, waysTo(trap.port).join('\n'))
    const { readFileSync } = await import('node:fs')
    const seeds = ({ list }: { readonly list?: string | undefined }) => readFileSync(list ?? '', 'utf8').split('\n')
    const spider = defineSpider({ name: 'listed', seeds, sitemaps: true, parse: () => [] })
    const { stats, attempted } = await run(spider, { args: { list: path } })
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual([])
    expect(stats).toMatchObject({ requests: 0, fetched: 0, failedBy: { address_blocked: stats.added } })
  })
})

/** Runs on by more than a name is good for whenever a name has been looked up. */
function clockThatLeaps(): Clock & { leap: () => void } {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    leap: () => {
      ahead += 61_000
    },
  }
}

describe('a name that changes its address between look-up and connect', () => {
  // An address for documentation stands for the public net here: nothing is there, and nothing comes that far.
  const outside = '192.0.2.1'
  const asPublic = { allowPrivate: [outside] }

  function rebinding(first: string, then: string) {
    const clock = clockThatLeaps()
    const asked: string[] = []
    const rebound: Lookup = (name) => {
      asked.push(name)
      const address = asked.length === 1 ? first : then
      clock.leap()
      return Promise.resolve([{ address, family: 4 }])
    }
    return { clock, lookup: rebound, asked }
  }

  it.each(['127.0.0.1', '127.0.0.3'])('to %s gains nothing as a link', async (address) => {
    const trap = await openTrap()
    const site = await openSite({ '/': links([`http://rebind.test:${trap.port}/`]) })
    const { asked, ...names } = rebinding(outside, address)
    const { stats, failures, attempted } = await run(pagesSpider([site.url]), { ...asPublic, ...names })
    expect(asked.length).toBeGreaterThanOrEqual(2)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2'])
    expect(stats).toMatchObject({ fetched: 1, failedBy: { address_blocked: 1 }, stopReason: 'finished' })
    expect(failures).toEqual([expect.stringContaining(`rebind.test is at ${address}, a loopback address`)])
  })

  it('gains nothing by having been typed', async () => {
    const trap = await openTrap()
    const { asked, ...names } = rebinding(outside, '127.0.0.1')
    const rebind = pagesSpider([`http://rebind.test:${trap.port}/`])
    const { stats, attempted } = await run(rebind, { ...asPublic, ...names })
    expect(asked.length).toBeGreaterThanOrEqual(2)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual([])
    expect(stats).toMatchObject({ fetched: 0, failedBy: { address_blocked: 1 } })
  })

  it('gains nothing by having been typed with another private address', async () => {
    const trap = await openTrap()
    const { asked, ...names } = rebinding('127.0.0.2', '127.0.0.1')
    const { stats, attempted } = await run(pagesSpider([`http://rebind.test:${trap.port}/`]), names)
    expect(asked.length).toBeGreaterThanOrEqual(2)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual([])
    expect(stats).toMatchObject({ fetched: 0, failedBy: { address_blocked: 1 } })
  })

  it('gains nothing by the addresses that it has besides', async () => {
    const trap = await openTrap()
    const site = await openSite({ '/': links([`http://both.test:${trap.port}/`]) })
    // No host answers at the one that may be asked, and none is asked at the others.
    const both: Lookup = () =>
      Promise.resolve([
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.4', family: 4 },
        { address: '::1', family: 6 },
      ])
    const more = { lookup: both, allowPrivate: ['127.0.0.4'], maxRobotsAttempts: 1 }
    const { stats, attempted } = await run(pagesSpider([site.url]), more)
    expect(trap.connections).toBe(0)
    expect(attempted).toEqual(['127.0.0.2', '127.0.0.4'])
    expect(stats).toMatchObject({ fetched: 1, deferredBy: { robots_unreachable: 1 } })
  })
})

describe('what the user means to visit', () => {
  it.each(['http://127.0.0.2', 'http://site.test', 'http://127.2', 'http://[::ffff:127.0.0.2]'])(
    'is visited at a private address: %s as a seed that was typed',
    async (origin) => {
      const site = await openSite({ '/': links(['/a']), '/a': 'a' })
      const url = `${origin}:${site.port}/`
      for (const spider of [
        pagesSpider([url]),
        defineSpider({
          name: 'by-argument',
          seeds: ({ site: given }) => [given ?? ''],
          *parse(page) {
            for (const link of page.links()) yield page.follow(link)
          },
        }),
      ]) {
        const { stats } = await run(spider, { args: { site: url } })
        expect(stats).toMatchObject({ fetched: 2, failed: 0 })
      }
    },
  )

  it.each(['http://0.0.0.0', 'http://0'])(
    'is visited on this machine: %s, as development servers call themselves',
    async (origin) => {
      const site = await openSite({ '/': links(['/a']), '/a': 'a' }, '127.0.0.1')
      const { stats } = await run(pagesSpider([`${origin}:${site.port}/`]))
      expect(stats).toMatchObject({ fetched: 2, failed: 0 })
    },
  )

  it('is not this machine where a name server says that a name has no place', async () => {
    const trap = await openTrap()
    const lookup: Lookup = () => Promise.resolve([{ address: '0.0.0.0', family: 4 }])
    const { stats, attempted } = await run(pagesSpider([`http://blocked.test:${trap.port}/`]), { lookup })
    expect([stats.fetched, attempted, trap.connections]).toEqual([0, [], 0])
  })

  it('is visited on every port of the host that was typed', async () => {
    const [one, two] = [await openSite({ '/': 'one' }), await openSite({ '/': 'two' })]
    const front = await openSite({ '/': links([one.url, two.url]) })
    const { stats } = await run(pagesSpider([front.url]))
    expect(stats).toMatchObject({ fetched: 3, failed: 0 })
  })

  it('is visited where allowPrivate opens it, and only there', async () => {
    const trap = await openTrap()
    const neighbour = await openSite({ '/': 'neighbour' }, '127.0.0.3')
    const names = [neighbour.url, `http://inner.test:${neighbour.port}/`]
    const site = await openSite({ '/': links([...names, `http://127.0.0.1:${trap.port}/`]) })
    const { stats, attempted } = await run(pagesSpider([site.url]), { allowPrivate: ['127.0.0.3/32'] })
    expect(stats).toMatchObject({ fetched: 3, failed: 1, failedBy: { address_blocked: 1 } })
    expect(attempted.toSorted()).toEqual(['127.0.0.2', '127.0.0.3'])
    expect(trap.connections).toBe(0)
  })
})
