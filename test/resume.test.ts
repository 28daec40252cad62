/** A crawl with a store from a program: left in the middle, and gone on with. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Crawl,
  CrawlChangedError,
  type CrawlEvent,
  CrawlExistsError,
  crawl,
  defineSpider,
  type Page,
  StoreInUseError,
} from '../src/index.ts'
import { Store } from '../src/store/store.ts'
import { openSilentServer } from './sites/silent-server.ts'
import { collect, pagesSpider } from './sites/spiders.ts'
import { openWeb } from './sites/web.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-crawl-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function openPages(pages: number, latencyMs = 0) {
  const web = await openWeb({ pages, latencyMs })
  onTestFinished(() => web[Symbol.asyncDispose]())
  return { web, spider: pagesSpider(web.urls) }
}

const resume = (store: string) => ({ store, start: 'resume', delayMs: 0 }) as const

async function take<T>(run: Crawl<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of run) {
    taken.push(item)
    if (taken.length === count) break
  }
  return taken
}

describe('a crawl that is stopped at once', () => {
  const ledgerIn = (folder: string) => {
    using store = Store.openToRead(folder)
    expect(store.counters.totals.requests).toBe([...store.ledger.rows()].length)
    return [...store.ledger.rows()].map(({ sent }) => sent)
  }

  it('writes down what was out, too, and makes it again when it is resumed', async () => {
    const { web, spider } = await openPages(12, 300)
    const folder = newFolder()
    const stopping = new AbortController()
    const run = crawl(spider, { ...resume(folder), signal: stopping.signal, perHostConcurrency: 3 })
    const reading = collect(run)
    while (web.log.length < 6) await sleep(5)
    stopping.abort()
    await expect(reading).rejects.toThrow()

    const sent = ledgerIn(folder)
    expect(sent.map(({ url }) => new URL(url).pathname).toSorted()).toEqual(web.log.map(({ path }) => path).toSorted())
    const cutOff = sent.filter(({ fault }) => fault === 'stopped')
    expect(cutOff.length).toBeGreaterThan(0)
    expect(run.stats.requests).toBe(web.log.length)
    const goneOn = crawl(spider, resume(folder))
    await collect(goneOn)
    expect(goneOn.stats).toMatchObject({ fetched: 12, items: 12, failed: 0, retries: 0, waiting: 0 })
    expect(ledgerIn(folder)).toHaveLength(web.log.length)
  })

  it.each([
    ['its name', 'http'],
    ['its handshake', 'https'],
  ])('does not write down a request that was given up while its connection waited for %s', async (_name, scheme) => {
    const { web, spider } = await openPages(1)
    const [here = ''] = web.urls
    const silent = await openSilentServer()
    const asked = Promise.withResolvers<void>()
    let lookUps = 0
    // The first look-up is for the limit on addresses; the second is for the connection that the request is to go on.
    const lookup = () => {
      if (scheme === 'https') return Promise.resolve([{ address: silent.address, family: 4 }])
      if (++lookUps === 1) return Promise.reject(new Error('not now'))
      asked.resolve()
      return new Promise<never>(() => undefined)
    }
    const folder = newFolder()
    const stopping = new AbortController()
    const seeds = [here, `${scheme}://slow.test:${silent.port}/`]
    const options = { ...resume(folder), contact: 'me@a.test', allowPrivate: ['127.0.0.0/8'] }
    const run = crawl({ ...spider, seeds }, { ...options, lookup, signal: stopping.signal })
    const reading = collect(run)
    await Promise.race([asked.promise, silent.visited])
    while (run.stats.fetched < 1) await sleep(5)
    stopping.abort()
    await expect(reading).rejects.toThrow()
    expect(ledgerIn(folder).map(({ url }) => url)).toEqual([`${here}robots.txt`, here])
    expect(run.stats).toMatchObject({ requests: 2, hosts: 1, waiting: 1 })
  })

  it('does not wait for a parser that never returns', async () => {
    const { web } = await openPages(2)
    const spider = defineSpider({ name: 'stuck', seeds: web.urls, parse: () => new Promise<object[]>(() => undefined) })
    const stopping = new AbortController()
    const reading = collect(crawl(spider, { ...resume(newFolder()), signal: stopping.signal }))
    while (web.log.length < 2) await sleep(5)
    const stoppedAt = performance.now()
    stopping.abort()
    await expect(reading).rejects.toThrow()
    expect(performance.now() - stoppedAt).toBeLessThan(5_000)
  })
})

describe('a crawl with a store', () => {
  it('goes on after `break`: the item in hand comes again, for nobody knows whether it was used, and no other', async () => {
    const { web, spider } = await openPages(40)
    const store = newFolder()
    const first = await take(crawl(spider, resume(store)), 10)
    const second = await take(crawl(spider, resume(store)), 10)
    const run = crawl(spider, resume(store))
    const rest = await collect(run)
    expect(second[0]).toEqual(first[9])
    expect(rest[0]).toEqual(second[9])
    const all = [...first, ...second.slice(1), ...rest.slice(1)].map(({ url }) => url)
    expect(all).toHaveLength(40)
    expect(new Set(all).size).toBe(40)
    expect(run.stats).toMatchObject({ stopReason: 'finished', fetched: 40, items: 40, waiting: 0, hosts: 1 })
    // What was fetched and committed is not fetched again, though its items were not read yet.
    const paths = web.log.map(({ path }) => path)
    expect(paths.length - new Set(paths).size).toBeLessThan(10)
  })

  it('drained, goes on as if nothing had been, and says that it does', async () => {
    const { spider } = await openPages(30, 10)
    const store = newFolder()
    const whole = await collect(crawl(spider, { delayMs: 0 }))
    const run = crawl(spider, resume(store))
    const first: unknown[] = []
    for await (const item of run) {
      first.push(item)
      run.drain()
    }
    expect(run.stats.stopReason).toBe('drained')
    const events: CrawlEvent[] = []
    const again = crawl(spider, { ...resume(store), observers: [(event) => events.push(event)] })
    const rest = await collect(again)
    expect([...first, ...rest]).toHaveLength(30)
    expect(new Set([...first, ...rest].map((item) => JSON.stringify(item)))).toEqual(
      new Set(whole.map((item) => JSON.stringify(item))),
    )
    expect(events[0]).toMatchObject({ kind: 'started', changes: [] })
    // Its seeds were offered when it was begun.
    expect(again.stats.offered).toBe(run.stats.offered + events.reduce((sum, event) => sum + offeredBy(event), 0))
  })

  it('gives items back with their types', async () => {
    const { web } = await openPages(3)
    const spider = defineSpider({
      name: 'typed',
      seeds: web.urls,
      *parse(page) {
        yield { at: new Date(86_400_000), big: 2n ** 64n, url: page.url.href }
      },
    })
    for await (const item of crawl(spider, { ...resume(newFolder()), maxPages: 1 }))
      expect(item).toEqual({ at: new Date(86_400_000), big: 2n ** 64n, url: web.urls[0] })
  })

  it('loses a page, and not itself, to a follow with a priority that is none', async () => {
    const { web } = await openPages(1)
    const spider = defineSpider({
      name: 'nan',
      seeds: web.urls,
      *parse(page) {
        yield { url: page.url.href }
        yield page.follow('/a', 'parse', { priority: Number.NaN })
      },
    })
    const run = crawl(spider, resume(newFolder()))
    expect(await collect(run)).toEqual([])
    expect(run.stats).toMatchObject({ stopReason: 'finished', failedBy: { parser: 1 } })
  })

  it('keeps a slow reader to its bound, also with a backlog', async () => {
    const { spider } = await openPages(60)
    const store = newFolder()
    await take(crawl(spider, { ...resume(store), maxBufferedItems: 50 }), 1)
    const run = crawl(spider, { ...resume(store), maxBufferedItems: 5 })
    let read = 0
    for await (const _ of run) {
      read += 1
      if (read % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(read).toBe(60)
  })

  it('is not overwritten, nor gone on with, unasked', async () => {
    const { spider } = await openPages(5)
    const store = newFolder()
    await take(crawl(spider, { store, delayMs: 0 }), 1)
    const refusal = await collect(crawl(spider, { store, delayMs: 0 })).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(CrawlExistsError)
    expect(refusal).toMatchObject({ state: 'unfinished' })
    expect(await collect(crawl(spider, { store, delayMs: 0, start: 'fresh' }))).toHaveLength(5)
    await expect(collect(crawl(spider, { store, delayMs: 0 }))).rejects.toMatchObject({ state: 'finished' })
    expect(await collect(crawl(spider, resume(store)))).toEqual([])
  })

  it('opened by its user, is for one crawl', async () => {
    const { spider } = await openPages(5)
    using store = Store.open(newFolder())
    const [first, second] = [crawl(spider, { store, delayMs: 0 }), crawl(spider, { store, delayMs: 0 })]
    expect(await collect(first)).toHaveLength(5)
    await expect(collect(second)).rejects.toThrow('is for one crawl')
    expect(() => crawl(spider, { store, start: 'bogus' as 'new' })).toThrow(
      'Expected `start` to be one of new, resume, fresh',
    )
  })

  it('takes a new seed of the same host, and refuses one of another: links to that were dropped', async () => {
    const { web, spider } = await openPages(5)
    const store = newFolder()
    await collect(crawl(spider, resume(store)))
    const [site = ''] = web.urls
    const more = pagesSpider([site, `${site}page-99`])
    const run = crawl(more, resume(store))
    await collect(run)
    expect(run.stats.failedBy).toEqual({ http_404: 1 })
    const elsewhere = pagesSpider([site, site.replace('127.0.0.2', '127.0.0.3')])
    await expect(collect(crawl(elsewhere, resume(store)))).rejects.toThrow(CrawlChangedError)
  })

  it('that is disposed of from elsewhere has ended when its loop has', async () => {
    const { web } = await openPages(2)
    const parsing = Promise.withResolvers<void>()
    const spider = defineSpider({
      name: 'slow',
      seeds: web.urls,
      async *parse() {
        parsing.resolve()
        await sleep(600_000, undefined, { ref: false })
        yield { never: true }
      },
    })
    const folder = newFolder()
    const run = crawl(spider, resume(folder))
    const reading = collect(run)
    await parsing.promise
    const disposing = run[Symbol.asyncDispose]()
    await reading
    const next = crawl(spider, { ...resume(folder), signal: AbortSignal.abort() })
    await expect(collect(next)).rejects.not.toThrow(StoreInUseError)
    using store = Store.open(folder)
    expect(store.counters.totals.requests).toBeGreaterThan(0)
    await disposing
  })

  it('has its store for itself, and gives it up however it ends', async () => {
    const { spider } = await openPages(20)
    const store = newFolder()
    const run = crawl(spider, resume(store))
    const items = run[Symbol.asyncIterator]()
    await items.next()
    await expect(collect(crawl(spider, resume(store)))).rejects.toThrow(StoreInUseError)
    await run[Symbol.asyncDispose]()
    const thrown = collect(
      crawl(spider, {
        ...resume(store),
        signal: AbortSignal.abort(new Error('enough')),
      }),
    )
    await expect(thrown).rejects.toThrow('enough')
    expect((await collect(crawl(spider, resume(store)))).length).toBeGreaterThanOrEqual(19)
    Store.open(store)[Symbol.dispose]()
  })
})

function offeredBy(event: CrawlEvent): number {
  return event.kind === 'offered' ? Object.values(event.result).reduce((sum, count) => sum + count, 0) : 0
}

it('cannot go on without a parser that a page asks for which was put off', async () => {
  const { web } = await openPages(3)
  const store = newFolder()
  const seeds = [...web.urls]
  const parse = (page: Page) => page.links().map((url) => page.follow(url, 'book'))
  const book = (page: Page) => [{ url: page.url.href }]
  const before = crawl(defineSpider({ name: 'shop', seeds, parse, parsers: { book } }), {
    store,
    delayMs: 0,
    maxPagesPerHost: 1,
  })
  await collect(before)
  expect(before.stats).toMatchObject({ stopReason: 'deferred', deferredBy: { over_budget: 2 } })
  const without = defineSpider({ name: 'shop', seeds, parse: (page) => [{ url: page.url.href }] })
  await expect(collect(crawl(without, resume(store)))).rejects.toThrow(/requests wait for the parser `book` \(http.*\)/)
  const after = crawl(defineSpider({ name: 'shop', seeds, parse, parsers: { book } }), resume(store))
  expect(await collect(after)).toHaveLength(2)
})
