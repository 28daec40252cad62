/** Crawls with a cache, and with a recording, of real servers whose access log tells what was asked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CrawlEvent, type CrawlOptions, crawl, defineSpider, OptionError, type Page } from '../src/index.ts'
import { expectToAddUp } from './sites/counts.ts'
import { collect, pagesSpider } from './sites/spiders.ts'
import { openWeb, type Web, type WebOptions } from './sites/web.ts'

type Route = (request: IncomingMessage, response: ServerResponse, visit: number) => void

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function webOf(routes: Readonly<Record<string, Route>>, options: WebOptions = {}): Promise<Web> {
  const web = await openWeb({ ...options, routes })
  onTestFinished(() => web[Symbol.asyncDispose]())
  return web
}

/** What a crawl found, with the lines that it left in the access log, robots.txt apart. */
async function crawlOf(web: Web, options: CrawlOptions, spider = pagesSpider(web.urls)) {
  const before = web.log.length
  const events: CrawlEvent[] = []
  const run = crawl(spider, { delayMs: 0, observers: [(event) => events.push(event)], ...options })
  const items = await collect(run)
  const log = web.log.slice(before)
  const pages = log.filter(({ path }) => path !== '/robots.txt')
  const { stats } = run
  expectToAddUp(stats)
  expect(stats.requests).toBe(log.length)
  expect(events.filter(({ kind }) => kind === 'requested')).toHaveLength(log.length)
  const asked = stats.fetched + stats.redirected + stats.failed + stats.retries - stats.cached
  expect(stats.requests).toBe(stats.robotsRequests + stats.sitemapRequests + asked)
  const robots = log.length - pages.length
  return { items, asked: pages.map(({ path, status }) => `${status} ${path}`), robots, stats, events }
}

const etagOf = (text: string) => `"${Buffer.from(text).toString('hex')}"`

/** A page with an ETag, which answers 304 to who has it. */
const versioned =
  (text: () => string, headers: Readonly<Record<string, string>> = {}): Route =>
  ({ headers: { 'if-none-match': version } }, response) => {
    const etag = etagOf(text())
    if (version === etag) response.writeHead(304, { etag, ...headers }).end()
    else response.writeHead(200, { 'content-type': 'text/html', etag, ...headers }).end(text())
  }

const fresh = (text: string): Route => versioned(() => text, { 'cache-control': 'max-age=3600' })

const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).toSorted()

/** A redirect gives a cookie, and leads back to where it came from, at once or by way of a door. */
const behindADoor = (direct: boolean): Readonly<Record<string, Route>> => ({
  '/': ({ headers: { cookie } }, response) => {
    if (cookie === 'sid=1') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>In</h1>')
    else if (direct) response.writeHead(302, { ...freshFor, location: '/', 'set-cookie': 'sid=1' }).end()
    else response.writeHead(302, { location: '/door' }).end()
  },
  '/door': (_request, response) => response.writeHead(302, { ...freshFor, location: '/', 'set-cookie': 'sid=1' }).end(),
})
const freshFor = { 'cache-control': 'max-age=3600' }

describe.each(['cache', 'replay'] as const)('a redirect that sets a cookie, with `%s`', (name) => {
  it.each([
    ['to itself', true],
    ['by way of another page', false],
  ])('leads back to where it came from, %s', async (_way, direct) => {
    const web = await webOf(behindADoor(direct))
    const folder = folderOf()
    for (let run = 0; run < 2; run += 1) {
      const { items, stats } = await crawlOf(web, { [name]: folder, cookies: true })
      expect(items).toHaveLength(1)
      expect(stats.failed).toBe(0)
    }
  })
})

describe('a crawl with a cache', () => {
  it('asks for nothing that is fresh, and for the rest by its version', async () => {
    const web = await webOf({
      '/': versioned(() => '<h1>Front</h1><a href="/a">a</a><a href="/b">b</a>'),
      '/a': fresh('<h1>A</h1>'),
      '/b': ({ headers }, response) => {
        const date = 'Mon, 05 Jan 2026 00:00:00 GMT'
        const headersOf = { 'last-modified': date, 'cache-control': 'no-cache', 'content-type': 'text/html' }
        if (headers['if-modified-since'] === date) response.writeHead(304).end()
        else response.writeHead(200, headersOf).end('<h1>B</h1>')
      },
    })
    const cache = folderOf()
    const first = await crawlOf(web, { cache })
    expect(first.asked.toSorted()).toEqual(['200 /', '200 /a', '200 /b'])
    expect(first.stats).toMatchObject({ fetched: 3, cached: 0, revalidated: 0 })

    const second = await crawlOf(web, { cache })
    expect(second.asked.toSorted()).toEqual(['304 /', '304 /b'])
    expect(second.stats).toMatchObject({ fetched: 3, cached: 1, revalidated: 2, failed: 0 })
    expect(sorted(second.items)).toEqual(sorted(first.items))
    const ended = second.events.filter((event) => event.kind === 'ended')
    expect(ended.filter(({ isCached }) => isCached).map(({ request }) => request.url)).toEqual([`${web.urls[0]}a`])
    const unchanged = second.events.filter((event) => event.kind === 'requested' && event.isUnchanged)
    expect(unchanged).toHaveLength(2)
    // robots.txt is none of the cache's business.
    expect([first.robots, second.robots]).toEqual([1, 1])
  })

  it('gives a parser what it had: the body, and the headers as the 304 has them', async () => {
    let visits = 0
    const route: Route = (request, response, visit) =>
      versioned(() => 'bytes', { 'x-visit': `${visit}`, 'set-cookie': 'a=secret' })(request, response, visit)
    const web = await webOf({ '/': route })
    const seen: object[] = []
    const spider = defineSpider({
      name: 'looks',
      seeds: web.urls,
      parse(page: Page) {
        visits += 1
        const { status, text, headers } = page
        seen.push({ status, text, visit: headers['x-visit'], type: headers['content-type'] })
        return []
      },
    })
    const cache = folderOf()
    for (let run = 1; run <= 3; run += 1) await crawlOf(web, { cache }, spider as never)
    expect(visits).toBe(3)
    const base = { status: 200, text: 'bytes', type: 'text/html' }
    expect(seen).toEqual([1, 2, 3].map((visit) => ({ ...base, visit: `${visit}` })))
  })

  it('sees what has changed', async () => {
    let title = 'one'
    const web = await webOf({ '/': versioned(() => `<h1>${title}</h1>`) })
    const cache = folderOf()
    await crawlOf(web, { cache })
    title = 'two'
    const changed = await crawlOf(web, { cache })
    expect(changed.asked).toEqual(['200 /'])
    expect(changed.items).toMatchObject([{ title: 'two' }])
    expect((await crawlOf(web, { cache })).asked).toEqual(['304 /'])
  })

  it('RFC 9110 section 13.1.3: leaves it to the server which of two validators counts', async () => {
    const date = 'Mon, 05 Jan 2026 00:00:00 GMT'
    let version = 1
    const web = await webOf({
      '/': ({ headers }, response) => {
        const etag = `"${version}"`
        expect(headers['if-modified-since'] ?? date).toBe(date)
        if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
        else response.writeHead(200, { etag, 'last-modified': date, 'cache-control': 'no-cache' }).end(`${version}`)
      },
    })
    const cache = folderOf()
    await crawlOf(web, { cache })
    version = 2
    expect((await crawlOf(web, { cache })).asked).toEqual(['200 /'])
    expect((await crawlOf(web, { cache })).asked).toEqual(['304 /'])
  })

  it('RFC 9111 section 5.2.2.5: writes nothing to disk that is not to be stored, and no cookie', async () => {
    const web = await webOf({
      '/': (_request, response) => {
        const headers = { 'cache-control': 'no-store', etag: '"x"', 'content-type': 'text/html' }
        response.writeHead(200, headers).end('<a href="/b">sesame-page</a>')
      },
      '/b': (_request, response) => {
        const headers = { 'cache-control': 'max-age=60', 'set-cookie': 'id=sesame-cookie' }
        response.writeHead(200, headers).end('an open secret')
      },
    })
    const cache = folderOf()
    await crawlOf(web, { cache })
    const kept = readdirSync(cache).map((file) => readFileSync(join(cache, file), 'latin1'))
    expect(kept.some((text) => text.includes('an open secret'))).toBe(true)
    expect(kept.some((text) => text.includes('sesame'))).toBe(false)
    expect((await crawlOf(web, { cache })).asked).toEqual(['200 /'])
  })

  it.each(['cache', 'replay'] as const)('goes on while another program keeps its `%s` locked', async (name) => {
    const web = await webOf({ '/': fresh('<h1>Front</h1><a href="/a">a</a>'), '/a': fresh('<h1>A</h1>') })
    const folder = folderOf()
    await crawlOf(web, { [name]: folder, exclude: [/a$/] })
    const other = new DatabaseSync(join(folder, 'exchanges.db'))
    other.exec('begin immediate')
    for (let run = 0; run < 2; run += 1) {
      const { asked, items } = await crawlOf(web, { [name]: folder })
      expect([asked, items.length]).toEqual([['200 /a'], 2])
    }
    other.close()
    expect((await crawlOf(web, { [name]: folder })).asked).toEqual(['200 /a'])
    expect((await crawlOf(web, { [name]: folder })).asked).toEqual([])
  })

  it('keeps no downloads, which have a folder of their own', async () => {
    const text = 'To doff is to lift one’s hat.'
    const web = await webOf({
      '/': fresh('<h1>Front</h1>'),
      '/a.txt': (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=3600' }).end(text),
    })
    const spider = defineSpider({
      name: 'both',
      seeds: web.urls,
      *parse(page) {
        yield page.follow('/a.txt', 'text', { priority: 1 })
        yield page.download('/a.txt', 'file')
      },
      parsers: {
        *text(page) {
          yield { text: page.text }
        },
        *file(page) {
          yield { bytes: page.file.bytes }
        },
      },
    })
    const options = { cache: folderOf(), files: folderOf() }
    for (const asked of [['200 /', '200 /a.txt', '200 /a.txt'], ['200 /a.txt']]) {
      const run = await crawlOf(web, options, spider as never)
      expect(run.items).toEqual([{ text }, { bytes: Buffer.byteLength(text) }])
      expect(run.asked).toEqual(asked)
    }
  })

  it('asks for what sets cookies where they are taken: they are not kept with it', async () => {
    const web = await webOf({
      '/': (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'text/html', 'cache-control': 'max-age=3600', 'set-cookie': 'sid=1' })
          .end('<h1>Front</h1><a href="/in">in</a>'),
      '/in': ({ headers: { cookie } }, response) => response.writeHead(cookie === 'sid=1' ? 200 : 403).end(),
    })
    const cache = folderOf()
    const asked: string[][] = []
    for (const cookies of [false, true, true, false]) asked.push((await crawlOf(web, { cache, cookies })).asked)
    expect(asked).toEqual([['200 /', '403 /in'], ['200 /', '200 /in'], ['200 /', '200 /in'], ['403 /in']])
  })

  it.each([
    ['nothing of it', {}],
    ['private', { 'cache-control': 'private, max-age=3600' }],
    ['must-revalidate', { 'cache-control': 'must-revalidate, max-age=3600' }],
  ])('gives what a session or a key has opened to nobody else, where its site says %s', async (_says, headersOf) => {
    const web = await webOf({
      '/': (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'text/html', 'cache-control': 'no-store', 'set-cookie': 'sid=ada' })
          .end('<a href="/account">a</a>'),
      '/account': ({ headers }, response) => {
        const head = { 'content-type': 'text/html', 'last-modified': 'Mon, 05 Jan 2026 00:00:00 GMT', ...headersOf }
        response.writeHead(200, head).end(`<h1>${headers['x-api-key'] ?? headers.cookie ?? 'nobody'}</h1>`)
      },
    })
    const url = new URL('/account', web.urls[0]).href
    const accountWith = (headers: Record<string, string>) =>
      defineSpider({ name: 'account', seeds: [{ url, headers }], parse: (page) => [{ title: page.$('h1').text() }] })
    const cache = folderOf()
    const last = async (options: CrawlOptions, spider?: ReturnType<typeof accountWith>) =>
      (await crawlOf(web, { cache, ...options }, spider as never)).items.at(-1)
    expect(await last({ cookies: true })).toMatchObject({ title: 'sid=ada' })
    expect(await last({}, accountWith({}))).toEqual({ title: 'nobody' })
    expect(await last({}, accountWith({ 'x-api-key': 'ada' }))).toEqual({ title: 'ada' })
    expect(await last({}, accountWith({ 'x-api-key': 'bob' }))).toEqual({ title: 'bob' })
    expect(await last({}, accountWith({ cookie: 'sid=bob' }))).toEqual({ title: 'sid=bob' })
    expect(await last({}, accountWith({}))).toEqual({ title: 'nobody' })
  })

  it.each<[what: string, sid: (visit: number) => string, headers: Record<string, string>, second: string[]]>([
    ['for the same cookies, where its site says nothing of it', () => 'sid=same', {}, ['304 /page']],
    [
      'for those of any session, where its site calls it public',
      (visit) => `sid=${visit}`,
      { 'cache-control': 'public, max-age=60' },
      [],
    ],
    [
      'for the same cookies, where it varies by them',
      (visit) => `sid=${visit}`,
      { 'cache-control': 'public, max-age=60', vary: 'cookie' },
      ['200 /page'],
    ],
  ])('is of use to crawls that send cookies: %s', async (_what, sid, headers, second) => {
    const web = await webOf({
      '/': (_request, response, visit) =>
        response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': sid(visit) }).end('<a href="/page">p</a>'),
      '/page': versioned(() => '<h1>Page</h1>', headers),
    })
    const cache = folderOf()
    expect((await crawlOf(web, { cache, cookies: true })).asked).toEqual(['200 /', '200 /page'])
    const { asked, items } = await crawlOf(web, { cache, cookies: true })
    expect(asked).toEqual(['200 /', ...second])
    expect(items.at(-1)).toMatchObject({ title: 'Page' })
  })

  it('asks again without a condition when a 304 speaks of another version', async () => {
    const web = await webOf({
      '/': ({ headers }, response) => {
        if (headers['if-none-match'] !== undefined) response.writeHead(304, { etag: '"other"' }).end()
        else response.writeHead(200, { etag: '"mine"' }).end('<h1>whole</h1>')
      },
    })
    const cache = folderOf()
    await crawlOf(web, { cache })
    const { asked, items, stats } = await crawlOf(web, { cache })
    expect(asked).toEqual(['304 /', '200 /'])
    expect(items).toMatchObject([{ title: 'whole' }])
    expect(stats).toMatchObject({ revalidated: 0, retries: 1, fetched: 1 })
  })

  it('takes a 304 to its own condition for no page, also where a parser is to have those', async () => {
    const web = await webOf({
      '/': versioned(() => '<h1>Page</h1>'),
      '/own': (_request, response) => response.writeHead(304).end(),
    })
    const [front = ''] = web.urls
    const cache = folderOf()
    for (const status of [200, 304, 304]) {
      const { items, asked } = await crawlOf(web, { cache, acceptStatuses: [304] })
      expect([items, asked]).toEqual([[{ url: front, title: 'Page' }], [`${status} /`]])
    }
    const spider = defineSpider({
      name: 'own',
      seeds: [new URL('/own', front).href, { url: front, headers: { 'if-none-match': etagOf('<h1>Page</h1>') } }],
      parse: (page) => [{ status: page.status, text: page.text }],
    })
    const { items } = await crawlOf(web, { cache, acceptStatuses: [304] }, spider as never)
    expect(items).toEqual([304, 304].map((status) => ({ status, text: '' })))
  })

  it('takes a 304 that nobody asked for as no answer', async () => {
    const web = await webOf({ '/': (_request, response) => response.writeHead(304).end() })
    const { stats } = await crawlOf(web, { cache: folderOf() })
    expect(stats.failedBy).toEqual({ http_304: 1 })
  })

  it('keeps redirects that say for how long, and no others', async () => {
    const web = await webOf({
      '/': fresh('<a href="/moved">m</a><a href="/now">n</a>'),
      '/moved': (_request, response) =>
        response.writeHead(301, { location: '/there', 'cache-control': 'max-age=60' }).end(),
      '/now': (_request, response) => response.writeHead(302, { location: '/here' }).end(),
      '/there': fresh('there'),
      '/here': fresh('here'),
    })
    const cache = folderOf()
    await crawlOf(web, { cache })
    const second = await crawlOf(web, { cache })
    expect(second.asked).toEqual(['302 /now'])
    expect(second.stats).toMatchObject({ cached: 4, redirected: 2, fetched: 3 })
  })

  it('keeps sitemaps', async () => {
    const web = await webOf({
      '/': fresh('<h1>front</h1>'),
      '/page': fresh('<h1>page</h1>'),
      '/sitemap.xml': (request, response, visit) => {
        const entry = `<url><loc>http://${request.headers.host}/page</loc></url>`
        const set = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${entry}</urlset>`
        fresh(set)(request, response, visit)
      },
    })
    const spider = defineSpider({ name: 'maps', seeds: web.urls, sitemaps: true, parse: () => [] })
    const cache = folderOf()
    const first = await crawlOf(web, { cache }, spider as never)
    expect(first.asked.toSorted()).toEqual(['200 /', '200 /page', '200 /sitemap.xml'])
    const second = await crawlOf(web, { cache }, spider as never)
    expect(second.asked).toEqual([])
    expect(second.stats).toMatchObject({ sitemaps: 1, sitemapPages: 1, sitemapRequests: 0, fetched: 2, cached: 2 })
  })

  it('leaves a host alone for its delay between requests, and not where none is made', async () => {
    const page = (n: number): Route => (n % 5 === 0 ? versioned(() => `<h1>${n}</h1>`) : fresh(`<h1>${n}</h1>`))
    const links = Array.from({ length: 40 }, (_, n) => `<a href="/p${n}">p</a>`).join('')
    const pages = Array.from({ length: 40 }, (_, n) => [`/p${n}`, page(n)] as const)
    const web = await webOf({ '/': fresh(links), ...Object.fromEntries(pages) })
    const cache = folderOf()
    await crawlOf(web, { cache })
    const before = web.log.length
    const { asked, stats } = await crawlOf(web, { cache, delayMs: 150 })
    expect(asked).toHaveLength(8)
    expect(stats).toMatchObject({ cached: 33, revalidated: 8, fetched: 41 })
    const times = web.log.slice(before).map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(149)
    // Were each page to wait for its turn, it would take six seconds.
    expect(stats.elapsedMs).toBeLessThan(5_000)
  })

  it('ends at maxPages, wherever the pages came from', async () => {
    const web = await webOf({ '/': fresh('<a href="/a">a</a><a href="/b">b</a>'), '/a': fresh('a'), '/b': fresh('b') })
    const cache = folderOf()
    await crawlOf(web, { cache })
    const { stats } = await crawlOf(web, { cache, maxPages: 2 })
    expect(stats).toMatchObject({ fetched: 2, cached: 2, waiting: 1, stopReason: 'max_pages' })
  })
})

describe('a crawl with a recording', () => {
  it('asks nobody the second time, and waits for nobody: the site may be gone', async () => {
    const links = Array.from({ length: 30 }, (_, n) => `<a href="/page-${n}">p</a>`).join('')
    const web = await openWeb({
      pages: 25,
      robots: 'User-agent: *\nDisallow: /page-8\nCrawl-delay: 0.1\n',
      routes: {
        '/': (_request, response) => response.end(`${links}<a href="/old">o</a>`),
        '/old': (_request, response) => response.writeHead(302, { location: '/page-24' }).end(),
        '/page-3': (_request, response) => response.writeHead(200, { 'cache-control': 'no-store' }).end('<h1>3</h1>'),
      },
    })
    const replay = folderOf()
    const first = await crawlOf(web, { replay, delayMs: 50 }).finally(() => web[Symbol.asyncDispose]())
    expect(first.stats).toMatchObject({ fetched: 25, failedBy: { http_404: 5 }, redirected: 1, cached: 0 })
    const second = await crawlOf(web, { replay, delayMs: 2_000_000 })
    expect(sorted(second.items)).toEqual(sorted(first.items))
    const { fetched, failedBy, redirected, skippedBy } = first.stats
    expect(second.stats).toMatchObject({ fetched, failedBy, redirected, skippedBy, cached: 31, requests: 0, bytes: 0 })
  })

  it('asks again for what was answered in passing', async () => {
    const web = await webOf({
      '/': (_request, response) => response.end('<a href="/busy">b</a><a href="/gone">g</a><a href="/cut">c</a>'),
      '/busy': (_request, response) => response.writeHead(429, { 'cache-control': 'max-age=9' }).end(),
      '/gone': (_request, response) => response.writeHead(404).end(),
      '/cut': (request) => request.socket.destroy(),
    })
    const options = { replay: folderOf(), maxRetries: 0 }
    await crawlOf(web, options)
    const second = await crawlOf(web, options)
    expect(second.asked.map((line) => line.split(' ')[1]).toSorted()).toEqual(['/busy', '/cut'])
    expect(second.stats).toMatchObject({ cached: 2, failed: 3 })
  })

  it('asks again for what wanted a password, which may be given by then', async () => {
    const web = await webOf({
      '/': (request, response) => {
        if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
        else response.end('<h1>inside</h1>')
      },
    })
    const replay = folderOf()
    expect((await crawlOf(web, { replay })).stats.failedBy).toEqual({ http_401: 1 })
    const opened = { replay, basicAuth: { [new URL(web.urls[0] ?? '').origin]: 'ada:s3cret' } }
    expect((await crawlOf(web, opened)).stats).toMatchObject({ fetched: 1, cached: 0 })
    expect((await crawlOf(web, opened)).stats).toMatchObject({ fetched: 1, cached: 1 })
  })

  it('logs in anew, so that what is not recorded yet is asked for by who is logged in', async () => {
    let logins = 0
    const sid = () => `sid=${logins}`
    const page: Route = ({ headers: { cookie } }, response) =>
      response.end(`<h1>${cookie === sid() ? 'member' : 'please log in'}</h1>`)
    const web = await webOf({
      '/login': (_request, response) => {
        logins += 1
        response.writeHead(200, { 'set-cookie': `${sid()}; Path=/; HttpOnly` }).end('{}')
      },
      '/a': page,
      // A session that lasts for as long as it is used.
      '/b': (request, response, visit) => page(request, response.setHeader('set-cookie', `${sid()}; Path=/`), visit),
      '/c': page,
    })
    const spiderOf = (paths: readonly string[]) =>
      defineSpider({
        name: 'members',
        seeds: [{ url: new URL('/login', web.urls[0]).href, json: { name: 'ada' } }],
        *parse(page) {
          for (const path of paths) yield page.follow(path, 'inside')
        },
        parsers: { inside: (page) => [{ title: page.$('h1').text() }] },
      })
    const replay = folderOf()
    const askedFor = async (...paths: string[]) => {
      const { items, asked } = await crawlOf(web, { replay, cookies: true }, spiderOf(paths) as never)
      expect(items).toEqual(paths.map(() => ({ title: 'member' })))
      return asked
    }
    expect(await askedFor('/a', '/b')).toEqual(['200 /login', '200 /a', '200 /b'])
    expect(await askedFor('/a', '/b', '/c')).toEqual(['200 /login', '200 /c'])
    expect(await askedFor('/a', '/b', '/c')).toEqual(['200 /login'])
  })

  it('logs in also where a crawl without cookies has recorded what does', async () => {
    const web = await webOf(behindADoor(false))
    const replay = folderOf()
    expect((await crawlOf(web, { replay })).stats.failedBy).toEqual({ redirect_loop: 1 })
    expect((await crawlOf(web, { replay })).asked).toEqual([])
    expect((await crawlOf(web, { replay, cookies: true })).items).toHaveLength(1)
  })

  it('asks for robots.txt before it sends anything, whatever was recorded of it', async () => {
    let rules = 'User-agent: *\nDisallow:\n'
    const web = await webOf({
      '/robots.txt': (_request, response) => response.end(rules),
      '/': (_request, response) => response.end('<a href="/a">a</a><a href="/b">b</a>'),
      '/a': (_request, response) => response.end('a'),
      '/b': (_request, response) => response.end('b'),
    })
    const replay = folderOf()
    await crawlOf(web, { replay, maxPages: 2 })
    rules = 'User-agent: *\nDisallow: /b\n'
    const second = await crawlOf(web, { replay })
    expect(second.robots).toBe(1)
    expect(second.asked).toEqual([])
    expect(second.stats).toMatchObject({ fetched: 2, cached: 2, skippedBy: { disallowed: 1 } })
  })

  it.each([
    ['rules', 'User-agent: *\nDisallow:\n'],
    ['that there are none', 404],
  ])(
    'puts off what was not recorded where the site is gone, and goes on with what was (of robots.txt: %s)',
    async (_what, robots) => {
      const links = ['a', 'b', 'c', 'd'].map((path) => `<a href="/${path}">${path}</a>`).join('')
      const routes: Record<string, Route> = { '/': (_request, response) => response.end(links) }
      for (const path of ['a', 'b', 'c', 'd']) routes[`/${path}`] = (_request, response) => response.end(path)
      const web = await openWeb({ robots, routes })
      const replay = folderOf()
      await crawlOf(web, { replay, exclude: [/[bc]$/] }).finally(() => web[Symbol.asyncDispose]())
      const run = crawl(pagesSpider(web.urls), { delayMs: 0, replay })
      await collect(run)
      expectToAddUp(run.stats)
      expect(run.stats).toMatchObject({
        fetched: 3,
        cached: 3,
        deferredBy: { robots_unreachable: 2 },
        robotsRequests: 1,
        stopReason: 'deferred',
      })
    },
  )

  it('asks for robots.txt once where it says that it has not changed', async () => {
    const rules = 'User-agent: *\nDisallow: /no\n'
    const web = await webOf({
      '/robots.txt': versioned(() => rules),
      '/': (_request, response) => response.end('<a href="/a">a</a><a href="/b">b</a><a href="/no">n</a>'),
      '/a': (_request, response) => response.end('a'),
      '/b': (_request, response) => response.end('b'),
    })
    const replay = folderOf()
    await crawlOf(web, { replay, maxPages: 1 })
    const second = await crawlOf(web, { replay })
    expect([second.robots, second.asked]).toEqual([1, ['200 /a', '200 /b']])
    expect(second.stats).toMatchObject({ fetched: 3, cached: 1, skippedBy: { disallowed: 1 } })
  })

  it('asks for robots.txt once where it redirects, too', async () => {
    const web = await webOf({
      '/robots.txt': (_request, response) => response.writeHead(302, { location: '/rules.txt' }).end(),
      '/rules.txt': (_request, response) => response.end('User-agent: *\nDisallow: /no\n'),
      '/': (_request, response) => response.end('<a href="/a">a</a><a href="/no">n</a>'),
      '/a': (_request, response) => response.end('a'),
    })
    const replay = folderOf()
    const first = await crawlOf(web, { replay, maxPages: 1 })
    expect(first.asked).toEqual(
      ['302 /robots.txt', '200 /rules.txt', '200 /'].filter((line) => !line.includes('robots')),
    )
    const second = await crawlOf(web, { replay, maxPages: 1 })
    expect([second.robots, second.asked]).toEqual([0, []])
    const third = await crawlOf(web, { replay })
    expect([third.robots, third.asked]).toEqual([1, ['200 /rules.txt', '200 /a']])
    expect(third.stats).toMatchObject({ fetched: 2, skippedBy: { disallowed: 1 } })
  })

  it('holds to maxBodyBytes also where more was recorded', async () => {
    const web = await webOf({ '/': (_request, response) => response.end('x'.repeat(5_000)) })
    const replay = folderOf()
    await crawlOf(web, { replay })
    const { stats, asked } = await crawlOf(web, { replay, maxBodyBytes: 1_000 })
    expect([stats.failedBy, asked]).toEqual([{ body_too_large: 1 }, []])
  })

  it('asks for an error page whose body was not recorded when a parser is to have it', async () => {
    const web = await webOf({ '/': (_request, response) => response.writeHead(404).end('<h1>none</h1>') })
    const replay = folderOf()
    expect((await crawlOf(web, { replay })).items).toEqual([])
    const { items, asked } = await crawlOf(web, { replay, acceptStatuses: [404] })
    expect([items.length, asked]).toEqual([1, ['404 /']])
    expect((await crawlOf(web, { replay, acceptStatuses: [404] })).asked).toEqual([])
  })

  it('and a cache are not for the same crawl', () => {
    const options = { cache: 'a', replay: 'b' }
    expect(() => crawl(pagesSpider(['http://127.0.0.1/']), options)).toThrow(OptionError)
  })
})
