/** Cookies of a crawl, over real connections: what its sites set comes back to them, and to nobody else. */
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CrawlEvent, type CrawlOptions, crawl, defineSpider } from '../src/index.ts'
import { openSecureWeb, trustAuthority } from './sites/secure-web.ts'
import { openSilentServer } from './sites/silent-server.ts'
import { collect } from './sites/spiders.ts'
import { openWeb, send } from './sites/web.ts'

type Route = (request: IncomingMessage, response: ServerResponse, visit: number) => void

interface Seen {
  /** As the request names it, without the port. */
  readonly host: string
  readonly path: string
  readonly cookie: string | undefined
}

/** A site whose paths set cookies; every request is noted with the cookies that came with it. */
async function openSite(
  setBy: Readonly<Record<string, readonly string[]>>,
  more: Readonly<Record<string, Route>> = {},
) {
  const seen: Seen[] = []
  const noting =
    (route: Route): Route =>
    (request, response, visit) => {
      const host = (request.headers.host ?? '').replace(/:\d+$/, '')
      seen.push({ host, path: request.url ?? '', cookie: request.headers.cookie })
      route(request, response, visit)
    }
  const setting = Object.entries(setBy).map(([path, lines]): [string, Route] => [
    path,
    (_request, response) => {
      response.setHeader('set-cookie', lines)
      send(response, 200, path)
    },
  ])
  const routes = { '/robots.txt': (_: unknown, response: ServerResponse) => send(response, 404, ''), ...more }
  const noted = [...setting, ...Object.entries(routes)].map(([path, route]) => [path, noting(route)] as const)
  const web = await openWeb({ hosts: 2, routes: Object.fromEntries(noted) })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const [here = '', there = ''] = web.urls
  return {
    seen,
    here,
    there,
    cookiesAt: (path: string) => seen.filter((each) => each.path === path).map(({ cookie }) => cookie),
  }
}

/** Visits URLs one after the other: each page follows the next. */
function visitor(urls: readonly string[]) {
  return defineSpider({
    name: 'visitor',
    seeds: [urls[0] ?? ''],
    options: {
      delayMs: 0,
      within: 'anywhere',
      acceptStatuses: [404],
      contact: 'me@a.test',
      maxRetries: 0,
      // What names and redirects lead to here.
      allowPrivate: ['127.0.0.0/8'],
    },
    *parse(page) {
      const next = urls.indexOf(page.redirects[0] ?? page.url.href) + 1
      yield { path: page.url.pathname }
      if (next < urls.length) yield page.follow(urls[next] ?? '')
    },
  })
}

const visit = (urls: readonly string[], options: CrawlOptions = { cookies: true }) =>
  collect(crawl(visitor(urls), options))

const ok: Route = (_request, response) => send(response, 200, 'ok')

describe('a crawl without cookies, the default', () => {
  it('sends none, whatever it is given', async () => {
    const { seen, here } = await openSite({ '/set': ['a=1; Path=/'] }, { '/then': ok })
    await visit([`${here}set`, `${here}then`], {})
    expect(seen.map(({ path, cookie }) => [path, cookie])).toEqual([
      ['/robots.txt', undefined],
      ['/set', undefined],
      ['/then', undefined],
    ])
  })
})

describe('a crawl with cookies', () => {
  it('gives back what was set, several of one answer too, by path', async () => {
    const { here, cookiesAt } = await openSite(
      { '/in/set': ['a=1; Path=/', 'b=2', 'c=3; Path=/elsewhere'] },
      { '/in/then': ok, '/then': ok, '/elsewhere': ok, '/inner': ok },
    )
    await visit(['in/set', 'in/then', 'then', 'elsewhere', 'inner'].map((path) => here + path))
    expect(cookiesAt('/in/then')).toEqual(['b=2; a=1'])
    expect(cookiesAt('/then')).toEqual(['a=1'])
    expect(cookiesAt('/elsewhere')).toEqual(['c=3; a=1'])
    expect(cookiesAt('/inner')).toEqual(['a=1'])
  })

  it('gives octets back as they came', async () => {
    const { here, cookiesAt } = await openSite({ '/set': ['a="x y"; Path=/', 'b=\xfc\xa4'] }, { '/then': ok })
    await visit([`${here}set`, `${here}then`])
    expect(cookiesAt('/then')).toEqual(['a="x y"; b=\xfc\xa4'])
  })

  it('forgets what a server takes back', async () => {
    const { here, cookiesAt } = await openSite(
      { '/set': ['a=1', 'b=2'], '/out': ['a=; Max-Age=0', 'b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'] },
      { '/then': ok },
    )
    await visit(['set', 'out', 'then'].map((path) => here + path))
    expect([cookiesAt('/out'), cookiesAt('/then')]).toEqual([['a=1; b=2'], [undefined]])
  })

  it('never shows them to another host', async () => {
    const { seen, here, there } = await openSite(
      { '/set': ['a=1', 'b=2; Domain=127.0.0.2', 'c=3; Domain=0.0.3'] },
      { '/then': ok },
    )
    await visit([`${here}set`, `${there}then`, `${here}then`])
    expect(seen.filter(({ path }) => path === '/then').map(({ host, cookie }) => [host, cookie])).toEqual([
      ['127.0.0.3', undefined],
      ['127.0.0.2', 'a=1; b=2'],
    ])
  })

  it('takes them from redirects and errors, and gives each hop its own', async () => {
    const { seen, here, there } = await openSite(
      {},
      {
        '/moved': (_request, response) =>
          void response.writeHead(302, { location: `${there}landing`, 'set-cookie': 'a=redirect' }).end(),
        '/landing': (_request, response) =>
          void response.writeHead(404, { 'set-cookie': 'b=error', 'content-type': 'text/html' }).end('gone'),
        '/then': ok,
        '/there': ok,
      },
    )
    await visit([`${here}moved`, `${here}then`, `${there}there`])
    const pages = seen.filter(({ path }) => path !== '/robots.txt')
    expect(pages.map(({ path, cookie }) => [path, cookie])).toEqual([
      ['/moved', undefined],
      ['/landing', undefined],
      ['/then', 'a=redirect'],
      ['/there', 'b=error'],
    ])
  })

  it('takes them also from an answer whose body cannot be had', async () => {
    const { here, cookiesAt } = await openSite(
      {},
      {
        '/cut': (_request, response, visit) => {
          if (visit > 1) return send(response, 200, 'ok')
          response.writeHead(200, { 'set-cookie': 'a=1', 'content-length': '100' }).write('x')
          setTimeout(() => response.destroy(), 20)
        },
      },
    )
    await visit([`${here}cut`], { cookies: true, maxRetries: 1, maxRetryAfterMs: 0 })
    expect(cookiesAt('/cut')).toEqual([undefined, 'a=1'])
  })

  /** Lets in who has a cookie, and gives one to everybody else by way of `via`. */
  const wall = (via: string, gives: string | undefined): Route => {
    return (request, response) => {
      if (request.headers.cookie === 'ok=1') return send(response, 200, 'inside')
      const cookies = gives === undefined ? undefined : { 'set-cookie': gives }
      response.writeHead(302, { location: via, ...cookies }).end()
    }
  }
  const back: Route = (_request, response) =>
    void response.writeHead(302, { location: '/page', 'set-cookie': 'ok=1; Path=/' }).end()

  it.each<[string, Readonly<Record<string, Route>>, string[]]>([
    ['to itself', { '/page': wall('/page', 'ok=1') }, ['/page', '/page']],
    ['there and back', { '/page': wall('/check', undefined), '/check': back }, ['/page', '/check', '/page']],
  ])('comes through a door that redirects %s to see whether they come back', async (_name, routes, asked) => {
    const { seen, here } = await openSite({}, routes)
    const run = crawl(visitor([`${here}page`]), { cookies: true })
    expect(await collect(run)).toEqual([{ path: '/page' }])
    expect(seen.map(({ path }) => path).slice(1)).toEqual(asked)
    expect(run.stats).toMatchObject({ fetched: 1, redirected: asked.length - 1, failed: 0, waiting: 0 })
  })

  it.each<[string, CrawlOptions, string, number]>([
    ['cookies that never do, for ever: too many redirects', { cookies: true }, 'too_many_redirects', 6],
    ['cookies, and gets none: a loop', {}, 'redirect_loop', 1],
  ])('ends before a door that wants %s', async (_name, options, reason, asked) => {
    const { seen, here } = await openSite({}, { '/page': wall('/page', 'no=1') })
    const run = crawl(visitor([`${here}page`]), options)
    await collect(run)
    expect(run.stats.failedBy).toEqual({ [reason]: 1 })
    expect(seen.filter(({ path }) => path === '/page')).toHaveLength(asked)
  })

  it('ours: asks for robots.txt and sitemaps without them, and takes none from there', async () => {
    const set: Route = (request, response) => {
      response.setHeader('set-cookie', `from=${request.url === '/robots.txt' ? 'robots' : 'sitemap'}; Path=/`)
      send(response, request.url === '/robots.txt' ? 404 : 200, '<urlset></urlset>')
    }
    const { seen, here, cookiesAt } = await openSite(
      { '/set': ['a=1; Path=/'] },
      { '/robots.txt': set, '/sitemap.xml': set, '/then': ok },
    )
    const asking = defineSpider({
      name: 'asking',
      seeds: [`${here}set`],
      sitemaps: true,
      options: { delayMs: 0, cookies: true },
      *parse(page) {
        yield { path: page.url.pathname }
        if (page.url.pathname === '/set') yield page.follow(`${here}then`)
      },
    })
    await collect(crawl(asking))
    expect(cookiesAt('/then')).toEqual(['a=1'])
    expect(seen.filter(({ path }) => /robots|sitemap/.test(path)).every(({ cookie }) => cookie === undefined)).toBe(
      true,
    )
    expect(cookiesAt('/sitemap.xml')).toHaveLength(1)
  })

  it.each([true, false])("ours: a follow's own go instead of the jar's, with cookies %s", async (cookies) => {
    const { here, cookiesAt } = await openSite({ '/set': ['a=1; Path=/'] }, { '/then': ok })
    const own = defineSpider({
      name: 'own',
      seeds: [`${here}set`],
      options: { delayMs: 0, cookies },
      parse: (page) => (page.url.pathname === '/set' ? [page.follow('/then', { headers: { Cookie: 'own=2' } })] : []),
    })
    await collect(crawl(own))
    expect(cookiesAt('/then')).toEqual(['own=2'])
  })

  it('takes none from a proxy that answers for itself', async () => {
    const { here, cookiesAt } = await openSite(
      {},
      {
        'http://a.test/robots.txt': (_request, response) => send(response, 404, ''),
        'http://a.test/one': (_request, response) =>
          void response.writeHead(407, { 'set-cookie': 'a=proxy; Path=/', 'proxy-authenticate': 'Basic' }).end(),
        'http://a.test/two': ok,
      },
    )
    const spider = { ...visitor(['http://a.test/one']), seeds: ['http://a.test/one', 'http://a.test/two'] }
    await collect(crawl(spider, { cookies: true, proxy: here }))
    expect(cookiesAt('http://a.test/one')).toEqual([undefined])
    expect(cookiesAt('http://a.test/two')).toEqual([undefined])
  })

  it('tells no observer of them', async () => {
    const { here } = await openSite({ '/set': ['a=s3cret'] }, { '/then': ok })
    const events: CrawlEvent[] = []
    await visit([`${here}set`, `${here}then`], { cookies: true, observers: [(event) => events.push(event)] })
    expect(events.length).toBeGreaterThan(5)
    expect(JSON.stringify(events)).not.toContain('s3cret')
  })
})

describe('a crawl that is stopped at once', () => {
  it.each([
    ['its address', 'nowhere.test'],
    ['its connection', 'silent.test'],
  ])('keeps what a page has set, though a request that waits for %s is given up before', async (_name, other) => {
    const { here, cookiesAt } = await openSite({ '/in': ['session=2'] })
    const silent = await openSilentServer()
    const asked = Promise.withResolvers<void>()
    const lookup: CrawlOptions['lookup'] = (name) => {
      const address = name === 'here.test' ? '127.0.0.2' : silent.address
      if (name !== 'nowhere.test') return Promise.resolve([{ address, family: 4 }])
      asked.resolve()
      return new Promise(() => undefined)
    }
    const stopping = new AbortController()
    const parsing = Promise.withResolvers<void>()
    const first = `http://here.test:${new URL(here).port}/in`
    const spider = defineSpider({
      name: 'stopped',
      seeds: [first, `https://${other}:${silent.port}/`],
      options: { delayMs: 0, contact: 'me@a.test', allowPrivate: ['127.0.0.0/8'] },
      async *parse(page) {
        yield { path: page.url.pathname }
        parsing.resolve()
        // It is at work when all else is given up.
        while (!stopping.signal.aborted) await sleep(5)
        await sleep(50)
      },
    })
    const store = await mkdtemp(join(tmpdir(), 'doff-cookies-'))
    onTestFinished(() => rm(store, { recursive: true, force: true }))
    const options: CrawlOptions = { cookies: true, store, lookup }
    const reading = collect(crawl(spider, { ...options, signal: stopping.signal }))
    await Promise.all([parsing.promise, Promise.race([asked.promise, silent.visited])])
    stopping.abort()
    await expect(reading).rejects.toThrow()

    // Nobody listens at the other's port of this address.
    const home: CrawlOptions['lookup'] = () => Promise.resolve([{ address: '127.0.0.2', family: 4 }])
    await collect(crawl(spider, { ...options, lookup: home, start: 'resume', maxPages: 1 }))
    expect(cookiesAt('/in')).toEqual([undefined, 'session=2'])
  })
})

describe('cookies over https', () => {
  it.each([true, false])('that are Secure come back over https, and never over http; with http2 %s', async (http2) => {
    trustAuthority()
    const secure = await openSecureWeb(
      ({ url }, response) => {
        if (url === '/set')
          response.setHeader('set-cookie', ['__Host-a=1; Secure; Path=/', 'b=2; Secure', 'c=3', 'd=\xfc\xa4'])
        response.writeHead(url === '/robots.txt' ? 404 : 200, { 'content-type': 'text/html' }).end('ok')
      },
      { host: '127.0.0.2' },
    )
    const { here, cookiesAt } = await openSite({}, { '/plain': ok })
    const https = `https://127.0.0.2:${secure.port}`
    await visit([`${https}/set`, `${here}plain`, `${https}/then`], { cookies: true, http2 })
    const then = secure.log.find(({ path }) => path === '/then')
    expect([then?.httpVersion, then?.headers.cookie]).toEqual([
      http2 ? '2.0' : '1.1',
      '__Host-a=1; b=2; c=3; d=\xfc\xa4',
    ])
    expect(cookiesAt('/plain')).toEqual(['c=3; d=\xfc\xa4'])
  })
})

describe('cookies of names', () => {
  /** Every name is this machine. */
  const lookup: CrawlOptions['lookup'] = () => Promise.resolve([{ address: '127.0.0.2', family: 4 }])
  const options: CrawlOptions = { cookies: true, lookup }

  it.each<[name: string, from: string, line: string, to: string, sent: string | undefined]>([
    ['for a domain go to its sub-domains', 'shop.test', 'a=1; Domain=shop.test', 'www.shop.test', 'a=1'],
    ['for a domain go up to it', 'www.shop.test', 'a=1; Domain=shop.test', 'shop.test', 'a=1'],
    ['for a domain go beside', 'a.shop.test', 'a=1; Domain=shop.test', 'b.shop.test', 'a=1'],
    ['for a host alone stay there', 'shop.test', 'a=1', 'www.shop.test', undefined],
    ['for a public suffix are refused', 'shop.co.uk', 'a=1; Domain=co.uk', 'other.co.uk', undefined],
    ['for a private suffix are refused', 'me.github.io', 'a=1; Domain=github.io', 'you.github.io', undefined],
    ['for another domain are refused', 'shop.test', 'a=1; Domain=bank.test', 'bank.test', undefined],
    ['that are Secure are refused over http', 'shop.test', 'a=1; Secure', 'shop.test', undefined],
    ['that begin with __Host- need https', 'shop.test', '__Host-a=1; Path=/', 'shop.test', undefined],
    ['that begin with __Secure- need https', 'shop.test', '__Secure-a=1', 'shop.test', undefined],
  ])('%s', async (_name, from, line, to, sent) => {
    const { seen, here } = await openSite({ '/set': [line] }, { '/then': ok })
    const { port } = new URL(here)
    await visit([`http://${from}:${port}/set`, `http://${to}:${port}/then`], options)
    const then = seen.filter(({ path }) => path === '/then')
    expect(then.map(({ host, cookie }) => [host, cookie])).toEqual([[to, sent]])
  })
})
