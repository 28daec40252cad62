import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { systemClock } from '../src/clock.ts'
import {
  type CrawlEvent,
  type CrawlOptions,
  crawl,
  createPage,
  defineSpider,
  FilesFailedError,
  OptionError,
  type Page,
  parsePage,
} from '../src/index.ts'
import { digestOf, type FileRoute, openFileServer } from './sites/file-server.ts'
import { collect } from './sites/spiders.ts'
import { send } from './sites/web.ts'

const megabyte = 1024 * 1024

const page = (body: string): FileRoute => ({ answer: (_request, response) => send(response, 200, body) })

/** A shop of one list, whose links of class `cover` are downloaded. */
async function openShop(routes: Readonly<Record<string, FileRoute>>) {
  const server = await openFileServer(routes)
  const folder = await mkdtemp(join(tmpdir(), 'doff-downloads-'))
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const spider = defineSpider({
    name: 'covers',
    seeds: [server.url],
    *parse(page) {
      for (const url of page.links('a.next')) yield page.follow(url)
      for (const url of page.links('a.cover'))
        yield page.download(url, 'cover', { types: ['image/*'], data: { from: page.url.pathname } })
    },
    parsers: {
      *cover(page: Page<{ from: string }>) {
        yield { ...page.data, ...page.file }
      },
    },
  })
  const events: CrawlEvent[] = []
  const options: CrawlOptions = {
    delayMs: 0,
    files: join(folder, 'files'),
    observers: [(event) => void events.push(event)],
  }
  const messages = () => events.flatMap((event) => (event.kind === 'ended' ? (event.message ?? []) : []))
  const paths = () => server.log.map(({ path }) => path).filter((path) => path !== '/robots.txt')
  return { server, folder, spider, options, messages, paths }
}

const image = { type: 'image/png', bytes: 20_000 }

describe('downloads of a crawl', () => {
  it('go to disk, and what they are goes into items, with what the follow brought along', async () => {
    const { server, spider, options, folder } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a><a class=cover href=/b.png>B</a>'),
      '/a.png': image,
      '/b.png': { ...image, seed: 2 },
    })
    const run = crawl(spider, options)
    const items = await collect(run)
    expectTypeOf(items[0]?.path).toEqualTypeOf<string | undefined>()
    expect(items).toEqual(
      ['a', 'b'].map((name, index) => {
        const sha256 = digestOf(20_000, index + 1)
        const path = join(folder, 'files', sha256.slice(0, 2), `${sha256}.png`)
        return { from: '/', url: `${server.url}${name}.png`, path, bytes: 20_000, sha256, type: 'image/png' }
      }),
    )
    for (const { path } of items) expect(await readFile(path)).toHaveLength(20_000)
    expect(run.stats).toMatchObject({ fetched: 3, files: 2, fileBytes: 40_000, items: 2, stopReason: 'finished' })
    expect(run.stats.bytes).toBeGreaterThan(40_000)
  })

  it('follow redirects, and are known by the URL that was asked for', async () => {
    const { server, spider, options } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': { answer: (_request, response) => response.writeHead(302, { location: '/b' }).end() },
      '/b': image,
    })
    const items = await collect(crawl(spider, options))
    expect(items).toMatchObject([{ url: `${server.url}a.png`, sha256: digestOf(20_000, 1), from: '/' }])
  })

  it('are made once for a URL, and besides a visit to it', async () => {
    const { spider, options, paths } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a><a class=next href=/a.png>A</a><a class=next href=/2>2</a>'),
      '/2': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': image,
    })
    const run = crawl(spider, options)
    expect(await collect(run)).toHaveLength(1)
    expect(paths().toSorted()).toEqual(['/', '/2', '/a.png', '/a.png'])
    expect(run.stats.dropped.seen).toBe(1)
  })

  it('keep to the scope, which `hosts` widens', async () => {
    const { server, spider, options, paths } = await openShop({
      '/': page('<a class=cover href=http://127.0.0.9:1/a.png>A</a>'),
      '/a.png': image,
    })
    const run = crawl(spider, options)
    expect(await collect(run)).toEqual([])
    expect(run.stats.dropped.out_of_scope).toBe(1)
    expect(paths()).toEqual(['/'])
    const { port } = new URL(server.url)
    const elsewhere = defineSpider({
      name: 'elsewhere',
      seeds: [server.url],
      options: { hosts: ['localhost'], allowPrivate: ['127.0.0.0/8', '::1'] },
      *parse(page) {
        yield page.download(`http://localhost:${port}/a.png`, 'cover')
      },
      parsers: {
        *cover(page) {
          yield page.file
        },
      },
    })
    expect(await collect(crawl(elsewhere, options))).toMatchObject([{ url: `http://localhost:${port}/a.png` }])
  })

  it('obey robots.txt', async () => {
    const { spider, options, paths } = await openShop({
      '/': page('<a class=cover href=/private/a.png>A</a>'),
      '/robots.txt': {
        answer: (_request, response) => response.end('User-agent: *\nDisallow: /private/'),
      },
      '/private/a.png': image,
    })
    const run = crawl(spider, options)
    expect(await collect(run)).toEqual([])
    expect(run.stats.skippedBy).toEqual({ disallowed: 1 })
    expect(paths()).toEqual(['/'])
  })

  it('of another type, or too large, are failures that say so', async () => {
    const { spider, options, messages } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a><a class=cover href=/b.png>B</a>'),
      '/a.png': { ...image, type: 'text/html' },
      '/b.png': image,
    })
    const run = crawl(spider, { ...options, maxFileBytes: 19_999 })
    expect(await collect(run)).toEqual([])
    expect(run.stats.failedBy).toEqual({ file_type: 1, body_too_large: 1 })
    expect(messages()).toEqual([
      expect.stringMatching(/^text\/html is not image\/\*: GET .*\/a.png$/),
      expect.stringMatching(/^Body exceeded 19999 bytes: GET .*\/b.png \(raise maxFileBytes/),
    ])
  })

  it('that say noindex give no items', async () => {
    const routes = (): Readonly<Record<string, FileRoute>> => ({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': {
        answer: (_request, response) =>
          response.writeHead(200, { 'content-type': 'image/png', 'x-robots-tag': 'noindex' }).end('picture'),
      },
    })
    const shop = await openShop(routes())
    const run = crawl(shop.spider, shop.options)
    expect(await collect(run)).toEqual([])
    expect(run.stats).toMatchObject({ itemsWithheld: 1, files: 1 })
    expect(await collect(crawl(shop.spider, { ...shop.options, keepNoindex: true }))).toHaveLength(1)
  })

  it('are not limited in time as pages are', async () => {
    const { spider, options } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': {
        answer: (_request, response) => {
          response.writeHead(200, { 'content-type': 'image/png' }).write('slow')
          setTimeout(() => response.end(), 700)
        },
      },
    })
    const run = crawl(spider, { ...options, totalTimeoutMs: 400, maxRetries: 0 })
    expect(await collect(run)).toMatchObject([{ bytes: 4 }])
  })

  it('that get further each time do not use up `maxRetries`', async () => {
    const bytes = 4 * megabyte
    const cutAfter = (visit: number) => (visit <= 2 ? 1.5 * megabyte : undefined)
    const { spider, options, server } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': { ...image, bytes, cutAfter },
    })
    const run = crawl(spider, { ...options, maxRetries: 0 })
    expect(await collect(run)).toMatchObject([{ sha256: digestOf(bytes, 1) }])
    expect(run.stats.retries).toBe(2)
    expect(server.log.slice(-3).map(({ status }) => status)).toEqual([200, 206, 206])
  })

  it('that get nowhere, after some that got further, have all of `maxRetries`', async () => {
    const { spider, options } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': { ...image, bytes: 4 * megabyte, cutAfter: (visit) => [2 * megabyte, 1_000][visit - 1] },
    })
    const run = crawl(spider, { ...options, maxRetries: 1 })
    expect(await collect(run)).toHaveLength(1)
    expect(run.stats).toMatchObject({ failed: 0, retries: 2 })
  })

  it('that get nowhere do', async () => {
    const { spider, options } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': { ...image, bytes: 4 * megabyte, etag: undefined, cutAfter: () => 1.5 * megabyte },
    })
    const run = crawl(spider, { ...options, maxRetries: 1 })
    expect(await collect(run)).toEqual([])
    expect(run.stats).toMatchObject({ failed: 1, retries: 1 })
  })

  it('that a crawl was stopped in go on when it is resumed, and those that are done are not made again', async () => {
    const bytes = 30 * megabyte
    const { spider, options, server, folder } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a><a class=cover href=/b.png>B</a>'),
      '/a.png': { ...image, seed: 2 },
      '/b.png': { ...image, bytes },
    })
    const { files: _, ...rest } = options
    const stopping = new AbortController()
    const store = join(folder, 'store')
    const first = crawl(spider, { ...rest, store, signal: stopping.signal })
    const read = collect(first)
    while (!server.log.some(({ path, sentBytes }) => path === '/b.png' && sentBytes > 5 * megabyte))
      await new Promise((resolve) => setImmediate(resolve))
    stopping.abort(new Error('stop'))
    await expect(read).rejects.toThrow('stop')
    const second = crawl(spider, { ...rest, store, start: 'resume' })
    const items = await collect(second)
    expect(items.at(-1)).toMatchObject({ sha256: digestOf(bytes, 1), bytes })
    expect(items.at(-1)?.path.startsWith(join(store, 'files'))).toBe(true)
    const asked = server.log.map(({ path, range }) => [path, range?.replace(/[1-9]\d*/, 'N')])
    expect(asked.filter(([path]) => path?.endsWith('.png') === true)).toEqual([
      ['/a.png', undefined],
      ['/b.png', undefined],
      ['/b.png', 'bytes=N-'],
    ])
    expect(await readdir(join(store, 'files', '.part'))).toEqual([])
  })
})

describe('what there is of a file that did not come whole', () => {
  const cut = { ...image, bytes: 4 * megabyte, cutAfter: () => 100_000 }

  /** A shop with a store, and what is in `.part` by now. */
  async function openStored(routes: Readonly<Record<string, FileRoute>>) {
    const shop = await openShop(routes)
    const { files: _, ...rest } = shop.options
    const options = { ...rest, store: join(shop.folder, 'store') }
    const folder = join(shop.folder, 'store', 'files', '.part')
    const parts = () => readdir(folder).catch(() => [])
    return { ...shop, options, parts, partsFolder: folder }
  }

  it('is removed when it has failed for good, while the crawl goes on', async () => {
    const kept: Promise<string[]>[] = []
    const { spider, options, parts } = await openStored({
      '/': page('<a class=cover href=/a.png>A</a><a class=cover href=/b.png>B</a><a class=cover href=/c.png>C</a>'),
      '/a.png': cut,
      '/b.png': {
        answer: (_request, response) => {
          kept.push(parts())
          response.writeHead(404).end()
        },
      },
      '/c.png': image,
    })
    const run = crawl(spider, { ...options, maxRetries: 0, perHostConcurrency: 1 })
    expect(await collect(run)).toHaveLength(1)
    expect(run.stats.failedBy).toEqual({ body_cut_off: 1, http_404: 1 })
    expect(await Promise.all(kept)).toEqual([[]])
    expect(await parts()).toEqual([])
  })

  it('stays until its last retry', async () => {
    const { server, spider, options, parts } = await openStored({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': cut,
    })
    const run = crawl(spider, { ...options, maxRetries: 2 })
    expect(await collect(run)).toEqual([])
    expect(server.log.slice(-3).map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])
    expect(await parts()).toEqual([])
  })

  it('stays where its request is put off, and is gone on with when the crawl is resumed', async () => {
    const { server, spider, options, parts } = await openStored({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': { ...cut, cutAfter: (visit) => (visit === 1 ? 100_000 : undefined) },
    })
    const first = crawl(spider, { ...options, maxPagesPerHost: 2 })
    expect(await collect(first)).toEqual([])
    expect(first.stats).toMatchObject({ deferredBy: { over_budget: 1 }, stopReason: 'deferred' })
    expect(await parts()).toHaveLength(2)
    expect(await collect(crawl(spider, { ...options, start: 'resume' }))).toHaveLength(1)
    expect(server.log.at(-1)).toMatchObject({ path: '/a.png', range: 'bytes=100000-', status: 206 })
    expect(await parts()).toEqual([])
  })

  it('is removed where it is disallowed by now', async () => {
    let rules = 'User-agent: *\nDisallow:'
    const { spider, options, parts } = await openStored({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/robots.txt': { answer: (_request, response) => response.end(rules) },
      '/a.png': cut,
    })
    await collect(crawl(spider, { ...options, maxPagesPerHost: 2 }))
    expect(await parts()).toHaveLength(2)
    rules = 'User-agent: *\nDisallow: /a.png'
    const clock = { ...systemClock, now: () => Date.now() + 48 * 3_600_000 }
    const run = crawl(spider, { ...options, start: 'resume', clock })
    await collect(run)
    expect(run.stats).toMatchObject({ skippedBy: { disallowed: 1 }, stopReason: 'finished' })
    expect(await parts()).toEqual([])
  })

  it('that a kill has left is removed when the crawl has finished, and that of other crawls is not', async () => {
    const { spider, options, parts, partsFolder } = await openStored({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': cut,
    })
    await collect(crawl(spider, { ...options, maxPagesPerHost: 2 }))
    const [left = ''] = await parts()
    const copies = [`${left}.json`, `${left}b`, `${left.replace(/^./, (first) => (first === '0' ? '1' : '0'))}c`]
    await collect(crawl(spider, { ...options, start: 'resume', maxRetries: 0 }))
    expect(await parts()).toEqual([])
    for (const copy of copies) await writeFile(join(partsFolder, copy), '')
    const run = crawl(spider, { ...options, start: 'resume' })
    await collect(run)
    expect(run.stats.stopReason).toBe('finished')
    expect(await parts()).toEqual(copies.slice(-1))
  })
})

describe('broken contracts', () => {
  it('without a store, there must be a folder for them', async () => {
    const { spider, options } = await openShop({ '/': page('<a class=cover href=/a.png>A</a>') })
    const read = collect(crawl(spider, { ...options, files: undefined }))
    await expect(read).rejects.toThrow(OptionError)
    await expect(read).rejects.toThrow(/^The parser `parse` downloads files, and there is no folder .*--files DIR/)
  })

  it('a folder that cannot be written to ends the crawl', async () => {
    const { spider, options, folder } = await openShop({
      '/': page('<a class=cover href=/a.png>A</a>'),
      '/a.png': image,
    })
    await mkdir(join(folder, 'files'))
    await writeFile(join(folder, 'files', '.part'), '')
    const run = crawl(spider, options)
    await expect(collect(run)).rejects.toThrow(FilesFailedError)
    expect(run.stats).toMatchObject({ stopReason: 'failed', waiting: 1 })
  })
})

describe('a page that was downloaded', () => {
  const file = { path: 'files/ab/ab.png', bytes: 3, sha256: 'ab', type: 'image/png' }
  const downloaded = createPage({ url: 'https://shop.test/b', redirects: ['https://shop.test/a'], file })
  const visited = createPage({ url: 'https://shop.test/b', body: '<h1>One</h1>' })

  it('has its file', () => {
    expect([downloaded.isFile, visited.isFile]).toEqual([true, false])
    expect(downloaded.file).toEqual({ url: 'https://shop.test/a', ...file })
    expect(() => visited.file).toThrow('this page was not downloaded')
  })

  it.each<[string, (page: Page<unknown>) => unknown]>([
    ['body', (page) => page.body],
    ['text', (page) => page.text],
    ['$', (page) => page.$('h1')],
    ['links', (page) => page.links()],
    ['json', (page) => page.json()],
    ['extract', (page) => page.extract({ title: 'h1' })],
  ])('has no %s in memory, and says where it is', (_name, read) => {
    expect(() => read(downloaded)).toThrow('its body is not in memory but in files/ab/ab.png (page.file.path)')
  })

  it('can follow links of its own making', () => {
    expect(downloaded.follow('c').url).toBe('https://shop.test/c')
    expect(downloaded.directives.noindex).toBe(false)
    expect(downloaded.canonical).toBeUndefined()
  })

  it('is asked for by a follow that says what it may be', async () => {
    const spider = defineSpider({
      name: 'one',
      seeds: ['https://shop.test/'],
      *parse(page) {
        yield page.download('cover.png', 'parse', { types: ['image/*'], maxBytes: 10, priority: 2, data: { n: 1 } })
      },
    })
    const { follows } = await parsePage(spider, visited)
    expect(follows).toMatchObject([
      { url: 'https://shop.test/cover.png', file: { types: ['image/*'], maxBytes: 10 }, priority: 2, data: { n: 1 } },
    ])
  })

  it.each<[string, object]>([
    ['types', { types: ['image'] }],
    ['types', { types: 'image/*' }],
    ['types', { types: ['image/png, text/html'] }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxBytes', { maxBytes: '10MiB' }],
  ])('is not asked for with wrong `%s`', (name, options) => {
    expect(() => visited.download('a', 'parse', options)).toThrow(`the \`${name}\` of a download`)
  })
})
