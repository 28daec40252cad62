/**
 * A peer that nobody here wrote: Debian's python3-httpbin, which answers in most of the ways that HTTP has. `.ci/run` installs it; where it
 * is not there, this is skipped.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FetcherOptions } from '../../src/fetcher/fetcher.ts'
import type { FetchLimits } from '../../src/fetcher/outcome-of.ts'
import { type CrawlOptions, crawl, defineSpider } from '../../src/index.ts'
import type { Outcome } from '../../src/outcome.ts'
import type { Sending } from '../../src/request.ts'
import { openFetcher } from '../fetcher/open-fetcher.ts'
import { collect } from '../sites/spiders.ts'

const python = '/usr/bin/python3'
const hasHttpbin = spawnSync(python, ['-c', 'import httpbin']).status === 0
/** A thread for each request. */
const serve = "from httpbin import app; app.run(host='127.0.0.1', port=0, threaded=True)"

let server: ChildProcess | undefined
let origin = ''

beforeAll(async () => {
  if (!hasHttpbin) return
  server = spawn(python, ['-c', serve], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  for await (const chunk of server.stderr ?? []) {
    said += String(chunk)
    const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
    if (found === undefined) continue
    origin = found
    break
  }
  server.stderr?.resume()
}, 60_000)

afterAll(async () => {
  if (server === undefined || server.exitCode !== null) return
  const ended = once(server, 'exit')
  server.kill()
  await ended
})

const limits: FetchLimits = { maxBodyBytes: 100_000, totalTimeoutMs: 10_000 }

function fetchFrom(
  path: string,
  given: Partial<FetcherOptions & FetchLimits> = {},
  sending?: Sending,
): Promise<Outcome> {
  const fetcher = openFetcher({ from: 'owner@a.test', ...given })
  return fetcher.fetch(origin + path, { ...limits, ...given }, sending)
}

const textOf = (outcome: Outcome) => (outcome.kind === 'page' ? Buffer.from(outcome.body).toString() : outcome.kind)
const jsonOf = (outcome: Outcome) => JSON.parse(textOf(outcome)) as Record<string, Record<string, unknown> & string>

describe.skipIf(!hasHttpbin)('httpbin', () => {
  it.each<[path: string, expected: object]>([
    ['/status/200', { kind: 'page', status: 200 }],
    ['/status/204', { kind: 'page', status: 204 }],
    ['/status/304', { kind: 'unchanged', status: 304 }],
    ['/status/400', { kind: 'failed', reason: 'http_400' }],
    ['/status/404', { kind: 'failed', reason: 'http_404' }],
    ['/status/407', { kind: 'failed', reason: 'http_407' }],
    ['/status/418', { kind: 'failed', reason: 'http_418' }],
    ['/status/429', { kind: 'retry', reason: 'http_429' }],
    ['/status/500', { kind: 'retry', reason: 'http_500' }],
    ['/status/501', { kind: 'failed', reason: 'http_501' }],
    ['/status/503', { kind: 'retry', reason: 'http_503' }],
    ['/status/301', { kind: 'redirect', status: 301 }],
    ['/status/302', { kind: 'redirect', status: 302 }],
    ['/status/307', { kind: 'redirect', status: 307 }],
    ['/basic-auth/ada/lovelace', { kind: 'failed', reason: 'http_401' }],
    ['/hidden-basic-auth/ada/lovelace', { kind: 'failed', reason: 'http_404' }],
    ['/digest-auth/auth/ada/lovelace', { kind: 'failed', reason: 'http_401' }],
    ['/bearer', { kind: 'failed', reason: 'http_401' }],
    ['/drip?duration=0.2&numbytes=5&code=200', { kind: 'page', bytes: 5 }],
    ['/drip?duration=0&numbytes=5&code=503', { kind: 'retry', reason: 'http_503', bytes: 5 }],
    ['/delay/0.1', { kind: 'page' }],
    ['/bytes/1000?seed=1', { kind: 'page', bytes: 1_000 }],
    ['/stream-bytes/1000?seed=1&chunk_size=10', { kind: 'page', bytes: 1_000 }],
    ['/stream/5', { kind: 'page' }],
    ['/range/1000', { kind: 'page', bytes: 1_000 }],
    ['/bytes/100001', { kind: 'failed', reason: 'body_too_large' }],
    ['/stream-bytes/102400', { kind: 'failed', reason: 'body_too_large' }],
    ['/cache', { kind: 'page' }],
    ['/etag/one', { kind: 'page' }],
    ['/image/png', { kind: 'page', bytes: 8_090 }],
  ])('answers %s, which comes to %j', async (path, expected) => {
    expect(await fetchFrom(path)).toMatchObject({ address: '127.0.0.1', ...expected })
  })

  it.each(['gzip', 'deflate', 'brotli'])('sends %s, and it is undone', async (encoding) => {
    const outcome = await fetchFrom(`/${encoding}`)
    expect(outcome.headers['content-encoding']).toBe(encoding === 'brotli' ? 'br' : encoding)
    expect(jsonOf(outcome)[encoding === 'gzip' ? 'gzipped' : encoding === 'deflate' ? 'deflated' : 'brotli']).toBe(true)
  })

  it('dawdles over a head and over a body, and is left at the limits', async () => {
    expect(await fetchFrom('/delay/2', { headersTimeoutMs: 300 })).toMatchObject({
      kind: 'retry',
      reason: 'headers_timeout',
    })
    const drip = '/drip?duration=8&numbytes=4&code=200&delay=0'
    expect(await fetchFrom(drip, { bodyTimeoutMs: 500 })).toMatchObject({ kind: 'retry', reason: 'body_timeout' })
    expect(await fetchFrom(drip, { totalTimeoutMs: 700 })).toMatchObject({ kind: 'retry', reason: 'total_timeout' })
  })

  it('hears who asks, and nothing that a browser would say', async () => {
    const headers = jsonOf(await fetchFrom('/headers')).headers ?? {}
    expect(headers).toMatchObject({ 'User-Agent': 'doff/0 (+test)', From: 'owner@a.test' })
    expect(Object.keys(headers).filter((name) => /^(Sec-|Cookie|Referer|Authorization)/.test(name))).toEqual([])
  })

  it('lets in who has the password', async () => {
    const basicAuth = { [origin]: 'ada:lovelace' }
    expect(jsonOf(await fetchFrom('/basic-auth/ada/lovelace', { basicAuth }))).toMatchObject({ user: 'ada' })
    expect(jsonOf(await fetchFrom('/hidden-basic-auth/ada/lovelace', { basicAuth }))).toMatchObject({ user: 'ada' })
    expect(await fetchFrom('/basic-auth/ada/byron', { basicAuth })).toMatchObject({ reason: 'http_401' })
  })

  it('knows a page by its ETag and its date', async () => {
    const ask = (path: string, headers: Record<string, string>) => fetchFrom(path, { headers })
    expect(await ask('/etag/one', { 'if-none-match': '"one"' })).toMatchObject({ status: 304 })
    expect(await ask('/etag/one', { 'if-none-match': '"two"' })).toMatchObject({ kind: 'page', status: 200 })
    expect(await ask('/cache', { 'if-modified-since': new Date(0).toUTCString() })).toMatchObject({ status: 304 })
  })

  it('gives headers as they are, several of one name too', async () => {
    const { headers } = await fetchFrom('/response-headers?X-One=1&X-Two=a&X-Two=b&Content-Type=text%2Fplain')
    expect(headers).toMatchObject({ 'x-one': '1', 'x-two': ['a', 'b'] })
  })

  it.each<[what: string, contentType: string, body: string, expected: object]>([
    ['a form', 'application/x-www-form-urlencoded', 'q=a+b&q=%C3%A9', { form: { q: ['a b', 'é'] } }],
    ['JSON', 'application/json', '{"a":[1,"é"]}', { json: { a: [1, 'é'] } }],
    [
      'multipart',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\ntwo\r\n--x--\r\n',
      { form: { a: 'one' }, files: { f: 'two' } },
    ],
  ])('reads %s that is posted', async (_what, contentType, body, expected) => {
    const sending: Sending = { method: 'POST', headers: { 'content-type': contentType }, body, isIdempotent: false }
    expect(jsonOf(await fetchFrom('/post', {}, sending))).toMatchObject(expected)
    expect(await fetchFrom('/get', {}, sending)).toMatchObject({ kind: 'failed', reason: 'http_405' })
  })
})

/** A crawl of some paths; it yields what it sees of each page. */
async function crawlOf(paths: readonly string[], options: CrawlOptions = {}) {
  const spider = defineSpider({
    name: 'httpbin',
    seeds: paths.map((path) => origin + path),
    *parse(page) {
      const { pathname } = page.url
      const redirects = page.redirects.map((url) => new URL(url).pathname)
      const title = page.kind === 'html' ? page.$('h1').text() : undefined
      yield { path: pathname, redirects, text: page.text.slice(0, 2_000), title }
      for (const url of page.links()) yield page.follow(url)
    },
  })
  const run = crawl(spider, { delayMs: 0, maxRetries: 0, ...options })
  const items = await collect(run)
  return { items, stats: run.stats, pathsDone: items.map(({ path }) => path).sort() }
}

describe.skipIf(!hasHttpbin)('a crawl of httpbin', () => {
  it('obeys its robots.txt', async () => {
    const { stats, pathsDone } = await crawlOf(['/deny', '/html'])
    expect(pathsDone).toEqual(['/html'])
    expect(stats.skippedBy).toEqual({ disallowed: 1 })
  })

  it('follows its links to the last, each page once', async () => {
    const { pathsDone, stats } = await crawlOf(['/links/12/0'])
    expect(pathsDone).toEqual(Array.from({ length: 12 }, (_, page) => `/links/12/${page}`).sort())
    expect(stats).toMatchObject({ failed: 0, stopReason: 'finished' })
  })

  it('follows redirects, absolute, relative and to a page of its choice, up to the limit', async () => {
    const { items, stats } = await crawlOf([
      '/absolute-redirect/3',
      '/relative-redirect/2',
      '/redirect-to?url=/html&status_code=307',
      '/redirect/9',
      '/redirect-to?url=http%3A%2F%2Fother.localhost%2F',
    ])
    // Three ways lead to /get, which is asked for once.
    expect(items.map(({ path }) => path).sort()).toEqual(['/get', '/html'])
    expect(items.find(({ path }) => path === '/html')?.redirects).toEqual(['/redirect-to'])
    expect(stats).toMatchObject({ failedBy: { too_many_redirects: 1 } })
  })

  it('reads its text, XML, HTML and JSON', async () => {
    const { items } = await crawlOf(['/encoding/utf8', '/xml', '/html', '/get?x=%C3%A9', '/robots.txt'])
    const of = (path: string) => items.find((item) => item.path === path)
    expect(of('/html')?.title).toBe('Herman Melville - Moby-Dick')
    expect(of('/xml')?.text).toContain('<slideshow')
    expect(JSON.parse(of('/get')?.text ?? '')).toMatchObject({ args: { x: 'é' } })
    expect(of('/robots.txt')?.text).toContain('Disallow: /deny')
    expect(items).toHaveLength(5)
  })

  it('gives cookies back where they are on, and nowhere else', async () => {
    const paths = ['/cookies/set?a=b&c=d']
    const on = await crawlOf(paths, { cookies: true })
    expect(JSON.parse(on.items.find(({ path }) => path === '/cookies')?.text ?? '')).toEqual({
      cookies: { a: 'b', c: 'd' },
    })
    const off = await crawlOf(paths)
    expect(JSON.parse(off.items.find(({ path }) => path === '/cookies')?.text ?? '')).toEqual({ cookies: {} })
  })

  // Each failure doubles the gap: two crawls wait no longer than one.
  it.concurrent.each<[paths: string[], failedBy: Record<string, number>]>([
    [['/status/404', '/status/503', '/status/418', '/bytes/3'], { http_404: 1, http_503: 1, http_418: 1 }],
    [['/status/500', '/bytes/3'], { http_500: 1 }],
  ])('goes by what %j ask of pace, and counts what fails by its reason', async (paths, failedBy) => {
    const { stats } = await crawlOf(paths, { maxRetries: 1 })
    expect(stats).toMatchObject({ failedBy, retries: 1, fetched: 1 })
    expect(Object.keys(stats.failedBy)).toHaveLength(Object.keys(failedBy).length)
  })
})
