/**
 * What every frontier must do, whatever it keeps its state in. Memory and SQLite run it; Redis will, as it stands.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { canonicalUrl } from '../../src/canonical-url.ts'
import { systemClock } from '../../src/clock.ts'
import { StaleTurnError } from '../../src/errors.ts'
import { emptyResult } from '../../src/events.ts'
import type { Deferred, Ended, Frontier, FrontierOptions, Settlement, Turn } from '../../src/frontier/frontier.ts'
import { type HostPace, unvisited } from '../../src/host.ts'
import type { CrawlRequest, PageRequest, SitemapRequest } from '../../src/request.ts'
import type { SentRequest } from '../../src/sent-request.ts'

export type OpenFrontier = (options: FrontierOptions) => Promise<Frontier>

export function request(url: string, more: Partial<PageRequest> = {}): PageRequest {
  const canonical = canonicalUrl(url)
  if (canonical === undefined) throw new Error(url)
  const base = { kind: 'page', priority: 0, attempt: 0, redirects: [], depth: 0, parser: 'parse' } as const
  return { ...base, url: canonical, referrer: undefined, data: undefined, ...more }
}

export function sitemap(url: string, more: Partial<SitemapRequest> = {}): SitemapRequest {
  const base = { kind: 'sitemap', priority: 9, attempt: 0, redirects: [], level: 0, isDiscovery: false } as const
  return { ...base, url, origin: '', ...more }
}

export const deferred = (more: Partial<Deferred> = {}): Deferred => {
  return { kind: 'deferred', reason: 'over_budget', follows: [], ...more }
}

/** For the ledger. */
export const sentTo = (host: string, more: Partial<SentRequest> = {}): SentRequest => {
  return {
    host,
    address: '127.0.0.1',
    purpose: 'page',
    url: `http://${host}/`,
    sentAt: 1_000.25,
    endedAt: 1_001.5,
    notBefore: 1_000,
    gapMs: undefined,
    delayMs: 0,
    delayFrom: 'delayMs',
    rule: 'no rule',
    rulesVersion: undefined,
    status: 200,
    fault: undefined,
    bytes: 7,
    retryAfterMs: undefined,
    ...more,
  }
}

export const done = (more: Partial<Ended> = {}): Ended => {
  return { kind: 'ended', end: { state: 'done', reason: 'fetched' }, follows: [], items: [], ...more }
}

export const restingFor = (ms: number, more: Partial<HostPace> = {}): HostPace => {
  return { ...unvisited, nextVisitAt: systemClock.now() + ms, delayMs: ms, ...more }
}

export const defaults: FrontierOptions = { perHostConcurrency: 1, delayMs: 0, admits: () => 'in' }

export function describeFrontier(name: string, openFrontier: OpenFrontier): void {
  describe(`${name} keeps the frontier's contract`, () => {
    const opened: Frontier[] = []
    const open = async (options: Partial<FrontierOptions> = {}) => {
      const frontier = await openFrontier({ ...defaults, ...options })
      opened.push(frontier)
      return frontier
    }
    afterEach(async () => {
      for (const frontier of opened.splice(0)) await frontier[Symbol.asyncDispose]()
    })

    /** Takes and settles every turn; gives the URLs in order. */
    async function walk(frontier: Frontier, settle: (turn: Turn) => Settlement = () => done()): Promise<string[]> {
      const urls: string[] = []
      for await (const turn of frontier.turns(new AbortController().signal)) {
        urls.push(turn.request.url)
        await frontier.settle(turn, settle(turn))
      }
      return urls
    }

    /** The next turn, or `undefined` if none comes within `ms`. */
    async function nextWithin(turns: AsyncIterator<Turn>, ms: number): Promise<Turn | undefined> {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined))
      return Promise.race([turns.next().then(({ value }) => value as Turn), late])
    }

    describe('order', () => {
      it('gives the requests of a host in order of discovery', async () => {
        const frontier = await open()
        await frontier.offer(['b', 'a', 'c'].map((path) => request(`http://h.test/${path}`)))
        expect(await walk(frontier)).toEqual(['http://h.test/b', 'http://h.test/a', 'http://h.test/c'])
      })

      it('gives higher priorities first, and equal ones in order of discovery', async () => {
        const frontier = await open()
        const paths: [string, number][] = [
          ['a', 0],
          ['b', 5],
          ['c', -1],
          ['d', 5],
        ]
        await frontier.offer(paths.map(([path, priority]) => request(`http://h.test/${path}`, { priority })))
        expect((await walk(frontier)).map((url) => url.at(-1)).join('')).toBe('bdac')
      })

      it('puts a follow of higher priority before what waits already', async () => {
        const frontier = await open()
        await frontier.offer([request('http://h.test/a'), request('http://h.test/b')])
        const urls = await walk(frontier, (turn) =>
          done({ follows: turn.request.url.endsWith('a') ? [request('http://h.test/new', { priority: 1 })] : [] }),
        )
        expect(urls).toEqual(['http://h.test/a', 'http://h.test/new', 'http://h.test/b'])
      })

      it('gives a request back as it was offered, whatever is asked of its URL', async () => {
        const sending = { method: 'POST', headers: { 'x-key': 'ä' }, body: '{"q":1}', isIdempotent: false } as const
        const frontier = await open()
        const asked = request('http://h.test/a', { sending })
        const led = request('http://h.test/c', { redirects: ['http://h.test/a'], redirectedPosts: 1 })
        const offered = [asked, led, request('http://h.test/b')]
        await frontier.offer(offered)
        const given: unknown[] = []
        await walk(frontier, ({ request }) => {
          given.push(request)
          return done()
        })
        expect(given).toEqual(offered)
      })

      it('tells requests for one URL apart by method and body, and not by headers', async () => {
        const frontier = await open()
        const post = (body: string, headers = {}) =>
          request('http://h.test/a', { sending: { method: 'POST', headers, body, isIdempotent: false } })
        const head = request('http://h.test/a', { sending: { method: 'HEAD', headers: {}, isIdempotent: true } })
        const get = request('http://h.test/a', { sending: { method: 'GET', headers: { a: 'b' }, isIdempotent: true } })
        const offered = [request('http://h.test/a'), post('q=1'), post('q=2'), post('q=1', { a: 'b' }), head, get]
        expect(await frontier.offer(offered)).toMatchObject({ added: 4, seen: 2 })
      })

      it('keeps the place of a request that comes again', async () => {
        const frontier = await open()
        await frontier.offer(['a', 'b'].map((path) => request(`http://h.test/${path}`)))
        const urls: string[] = []
        for await (const turn of frontier.turns(new AbortController().signal)) {
          urls.push(turn.request.url)
          const isFirst = urls.length === 1
          await frontier.settle(
            turn,
            isFirst ? { kind: 'again', request: turn.request, notBefore: 0, follows: [] } : done(),
          )
        }
        expect(urls.map((url) => url.at(-1)).join('')).toBe('aab')
      })
    })

    describe('dedupe and scope', () => {
      it('adds a URL once, and counts the others as seen', async () => {
        const frontier = await open()
        const offered = [request('http://h.test/a'), request('http://h.test/a'), request('http://h.test/b')]
        expect(await frontier.offer(offered)).toEqual({ ...emptyResult(), added: 2, seen: 1 })
        expect(await walk(frontier)).toHaveLength(2)
        expect(await frontier.offer(offered)).toMatchObject({ added: 0, seen: 3 })
        expect(await walk(frontier)).toEqual([])
      })

      it('tells what became of the follows of a settlement', async () => {
        const frontier = await open({ admits: ({ url }) => (url.includes('/out') ? 'out_of_scope' : 'in') })
        await frontier.offer([request('http://h.test/a')])
        for await (const turn of frontier.turns(new AbortController().signal)) {
          const follows = turn.request.url.endsWith('/a')
            ? ['a', 'out', 'b'].map((path) => request(`http://h.test/${path}`))
            : []
          const result = await frontier.settle(turn, done({ follows }))
          if (follows.length > 0) expect(result).toMatchObject({ added: 1, seen: 1, out_of_scope: 1 })
        }
      })

      it('forgets a URL that was out of scope, so that a shallower link to it counts', async () => {
        const frontier = await open({
          admits: (offered) => (offered.kind === 'page' && offered.depth > 1 ? 'too_deep' : 'in'),
        })
        expect(await frontier.offer([request('http://h.test/a', { depth: 2 })])).toMatchObject({
          added: 0,
          too_deep: 1,
        })
        expect(await frontier.offer([request('http://h.test/a', { depth: 1 })])).toMatchObject({ added: 1 })
      })

      it('takes robots requests as they come: they are never seen, in scope or counted as waiting', async () => {
        const frontier = await open({ admits: () => 'out_of_scope' })
        const robots: CrawlRequest = {
          kind: 'robots',
          origin: 'http://a.test',
          url: 'http://b.test/r.txt',
          priority: 9,
          attempt: 0,
          redirects: [],
        }
        expect(await frontier.offer([robots, robots])).toMatchObject({ added: 2 })
        expect(frontier.waiting).toBe(0)
        expect(await walk(frontier, () => done({ end: undefined }))).toHaveLength(2)
        expect(frontier.waiting).toBe(0)
      })
    })

    describe('turns of a host', () => {
      it('has one turn of a host out at a time', async () => {
        const frontier = await open()
        await frontier.offer(['http://a.test/1', 'http://a.test/2', 'http://b.test/1'].map((url) => request(url)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const first = await nextWithin(turns, 1_000)
        const second = await nextWithin(turns, 1_000)
        expect(new Set([first?.host, second?.host])).toEqual(new Set(['a.test', 'b.test']))
        const third = turns.next()
        expect(await Promise.race([third, new Promise((resolve) => setTimeout(resolve, 50, 'none'))])).toBe('none')
        if (first === undefined || second === undefined) throw new Error('no turn')
        await frontier.settle(first, done())
        await frontier.settle(second, done())
        expect(((await third).value as Turn).request.url).toBe('http://a.test/2')
      })

      it('has as many out as it is told, a delay apart', async () => {
        const frontier = await open({ perHostConcurrency: 2, delayMs: 60 })
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const start = performance.now()
        expect(await nextWithin(turns, 1_000)).toBeDefined()
        expect(await nextWithin(turns, 1_000)).toBeDefined()
        expect(performance.now() - start).toBeGreaterThanOrEqual(59)
        expect(await nextWithin(turns, 150)).toBeUndefined()
      })

      it('treats the ports and schemes of a host as one', async () => {
        const frontier = await open()
        await frontier.offer(['http://a.test/', 'https://a.test/', 'http://a.test:81/'].map((url) => request(url)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        expect(await nextWithin(turns, 1_000)).toBeDefined()
        expect(await nextWithin(turns, 50)).toBeUndefined()
      })

      it('gives a host no turn before its next time', async () => {
        const frontier = await open()
        await frontier.offer(['http://a.test/1', 'http://a.test/2'].map((url) => request(url)))
        let readyAt = 0
        for await (const turn of frontier.turns(new AbortController().signal)) {
          expect(systemClock.now()).toBeGreaterThanOrEqual(readyAt)
          const pace = restingFor(80)
          readyAt = pace.nextVisitAt
          await frontier.settle(turn, done({ pace }))
        }
        expect(readyAt).toBeGreaterThan(0)
      })

      it("never moves a host's next time back, for one of its turns out may have been told to wait", async () => {
        const frontier = await open({ perHostConcurrency: 2 })
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const [first, second] = [await nextWithin(turns, 1_000), await nextWithin(turns, 1_000)]
        if (first === undefined || second === undefined) throw new Error('no turn')
        const long = restingFor(150)
        await frontier.settle(first, done({ pace: long }))
        await frontier.settle(second, done({ pace: restingFor(0) }))
        await turns.next()
        expect(systemClock.now()).toBeGreaterThanOrEqual(long.nextVisitAt)
      })

      it('keeps a host put aside, whatever its other turns come to', async () => {
        const frontier = await open({ perHostConcurrency: 2 })
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const [first, second] = [await nextWithin(turns, 1_000), await nextWithin(turns, 1_000)]
        if (first === undefined || second === undefined) throw new Error('no turn')
        await frontier.settle(
          first,
          done({ pace: restingFor(0, { asideUntil: 2e15, asideReason: 'retry_after_too_long' }) }),
        )
        await frontier.settle(second, done({ pace: restingFor(0) }))
        expect((await nextWithin(turns, 1_000))?.pace).toMatchObject({
          asideUntil: 2e15,
          asideReason: 'retry_after_too_long',
        })
      })

      it('keeps a pace that a settlement says nothing of, and hands it out with the turn', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const paces: unknown[] = []
        const pace = restingFor(0, { backOffMs: 7 })
        await walk(frontier, (turn) => {
          paces.push(turn.pace?.backOffMs)
          return paces.length === 1 ? done({ pace }) : done()
        })
        expect(paces).toEqual([undefined, 7, 7])
      })

      it("hands out what is known of the rules of the request's origin, wherever it was learnt", async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const robots = { kind: 'redirected', origin: 'http://b.test', attempts: 0, expiresAt: 5 } as const
        const known: unknown[] = []
        await walk(frontier, (turn) => {
          known.push(turn.robots)
          return turn.host === 'a.test'
            ? done({ robots, follows: [request('http://b.test/'), request('http://b.test:81/')] })
            : done()
        })
        expect(known).toEqual([undefined, robots, undefined])
      })

      it('lets other hosts go on while one waits', async () => {
        const frontier = await open()
        await frontier.offer([request('http://slow.test/1'), request('http://slow.test/2')])
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://quick.test/${path}`)))
        const urls = await walk(frontier, (turn) => done(turn.host === 'slow.test' ? { pace: restingFor(120) } : {}))
        expect(urls.at(-1)).toBe('http://slow.test/2')
      })
    })

    describe('requests that come again', () => {
      it('gives a request again, as it was settled, and not before its time', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const attempts: number[] = []
        let notBefore = 0
        for await (const turn of frontier.turns(new AbortController().signal)) {
          expect(systemClock.now()).toBeGreaterThanOrEqual(notBefore)
          attempts.push(turn.request.attempt)
          notBefore = systemClock.now() + 50
          const again = { ...turn.request, attempt: turn.request.attempt + 1 }
          await frontier.settle(
            turn,
            attempts.length < 3 ? { kind: 'again', request: again, notBefore, follows: [] } : done(),
          )
        }
        expect(attempts).toEqual([0, 1, 2])
      })

      it('lets what is found later pass a request that is put off, though it was alone in its line', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const first = await nextWithin(turns, 1_000)
        if (first === undefined) throw new Error('no turn')
        const notBefore = systemClock.now() + 5_000
        await frontier.settle(first, { kind: 'again', request: first.request, notBefore, follows: [] })
        const next = nextWithin(turns, 1_000)
        await frontier.offer([request('http://a.test/2')])
        expect((await next)?.request.url).toBe('http://a.test/2')
      })

      it('lets the rest of the line pass while one request is put off', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
        const urls: string[] = []
        for await (const turn of frontier.turns(new AbortController().signal)) {
          urls.push(turn.request.url)
          const again = {
            kind: 'again',
            request: turn.request,
            notBefore: systemClock.now() + 60,
            follows: [],
          } as const
          await frontier.settle(turn, urls.length === 1 ? again : done())
        }
        expect(urls.map((url) => url.at(-1)).join('')).toBe('121')
      })
    })

    describe('a request that is put off', () => {
      it('takes no further turn and is not waiting: the turns end, and the rest of the line goes on', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const urls = await walk(frontier, (turn) => (turn.request.url.endsWith('2') ? deferred() : done()))
        expect(urls).toEqual(['http://a.test/1', 'http://a.test/2', 'http://a.test/3'])
        expect(frontier.waiting).toBe(0)
        expect(await walk(frontier)).toEqual([])
      })

      it('was seen: it is not added a second time', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        await walk(frontier, () => deferred())
        expect(await frontier.offer([request('http://a.test/1')])).toMatchObject({ added: 0, seen: 1 })
        expect(await walk(frontier)).toEqual([])
      })

      it('keeps the follows, the counts, the pace and the rules of its settlement', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const robots = { kind: 'redirected', origin: 'http://a.test', attempts: 2, expiresAt: 5 } as const
        const known: unknown[] = []
        const results: unknown[] = []
        for await (const turn of frontier.turns(new AbortController().signal)) {
          known.push([turn.request.url, turn.pace?.backOffMs, turn.robots])
          const follows = [request('http://a.test/2'), request('http://a.test/1')]
          const counts = { 'deferred.over_budget': 1, requests: 1 }
          const pace = restingFor(0, { backOffMs: 7 })
          const isFirst = known.length === 1
          results.push(await frontier.settle(turn, isFirst ? deferred({ follows, counts, pace, robots }) : done()))
        }
        expect(known).toEqual([
          ['http://a.test/1', undefined, undefined],
          ['http://a.test/2', 7, robots],
        ])
        expect(results).toEqual([{ ...emptyResult(), added: 1, seen: 1 }, emptyResult()])
        expect(frontier.counts).toMatchObject({ 'deferred.over_budget': 1, requests: 1, added: 2, seen: 1 })
      })

      it('gives its place among those that are out to the next', async () => {
        const frontier = await open({ perHostConcurrency: 2 })
        await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const [first, second] = [await nextWithin(turns, 1_000), await nextWithin(turns, 1_000)]
        if (first === undefined || second === undefined) throw new Error('no turn')
        const third = turns.next()
        await frontier.settle(first, deferred())
        expect(((await third).value as Turn).request.url).toBe('http://a.test/3')
        expect(frontier.waiting).toBe(2)
        await expect(frontier.settle(first, deferred())).rejects.toThrow(StaleTurnError)
      })

      it('may be a sitemap, which is not counted among the pages', async () => {
        const frontier = await open()
        await frontier.offer([sitemap('http://a.test/s.xml'), request('http://a.test/1')])
        expect(await walk(frontier, (turn) => (turn.request.kind === 'sitemap' ? deferred() : done()))).toHaveLength(2)
        expect(frontier.waiting).toBe(0)
      })
    })

    describe('sitemaps', () => {
      it('are asked for once, by a name of their own: a page of the same URL is added as well', async () => {
        const frontier = await open()
        const url = 'http://a.test/feed'
        expect(await frontier.offer([sitemap(url), sitemap(url, { level: 1 })])).toMatchObject({ added: 1, seen: 1 })
        expect(await frontier.offer([request(url), request(url)])).toMatchObject({ added: 1, seen: 1 })
        expect(await walk(frontier, (turn) => done(turn.request.kind === 'page' ? {} : { end: undefined }))).toEqual([
          url,
          url,
        ])
        expect(await frontier.offer([sitemap(url), request(url)])).toMatchObject({ added: 0, seen: 2 })
      })

      it('are no pages: not in scope, not waiting, not counted', async () => {
        const frontier = await open({ admits: () => 'out_of_scope' })
        expect(await frontier.offer([sitemap('http://a.test/s.xml'), sitemap('http://a.test/s.xml')])).toMatchObject({
          added: 1,
          seen: 1,
        })
        expect(frontier.waiting).toBe(0)
        expect(await walk(frontier, () => done({ end: undefined }))).toHaveLength(1)
        expect(frontier.waiting).toBe(0)
        const { added = 0, seen = 0 } = frontier.counts
        expect([added, seen]).toEqual([0, 0])
      })

      it('come back with all that they were offered with, also when they are made again', async () => {
        const frontier = await open()
        const full = sitemap('http://a.test/s.xml?x=1', {
          origin: 'https://b.test:81',
          level: 2,
          attempt: 1,
          redirects: ['http://a.test/old'],
          priority: Number.MAX_SAFE_INTEGER - 1,
        })
        const discovery = sitemap('http://c.test/sitemap.xml', { origin: 'http://c.test', isDiscovery: true })
        await frontier.offer([full, discovery])
        const given: CrawlRequest[] = []
        await walk(frontier, ({ request: taken }) => {
          given.push(taken)
          const isAgain = taken.url === full.url && taken.attempt === 1
          if (!isAgain) return done({ end: undefined })
          return { kind: 'again', request: { ...taken, attempt: 2 }, notBefore: 0, follows: [] }
        })
        const [ofA, ofC] = ['a.test', 'c.test'].map((host) => given.filter(({ url }) => new URL(url).host === host))
        expect(ofA).toEqual([full, { ...full, attempt: 2 }])
        expect(ofC).toEqual([discovery])
      })

      it('go before the pages of their host by their priority', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1', { priority: 5 }), sitemap('http://a.test/s.xml')])
        expect((await walk(frontier, () => done({ end: undefined })))[0]).toBe('http://a.test/s.xml')
      })
    })

    describe('traps', () => {
      const queries = (count: number, more: Partial<PageRequest> = {}) =>
        Array.from({ length: count }, (_, n) => request(`http://a.test/s?page=${n}`, { depth: 1, ...more }))

      it('takes maxQueriesPerPath URLs of one path that differ in their query, and counts the others', async () => {
        const frontier = await open({ maxQueriesPerPath: 3 })
        expect(await frontier.offer(queries(5))).toMatchObject({ added: 3, too_many_queries: 2 })
        // Those that were taken are seen, and do not count twice; those that were not may come again.
        expect(await frontier.offer(queries(5))).toMatchObject({ seen: 3, too_many_queries: 2 })
        const others = [
          'http://a.test/s',
          'http://a.test/t?page=9',
          'http://b.test/s?page=9',
          'https://a.test/s?page=9',
        ]
        expect(await frontier.offer(others.map((url) => request(url, { depth: 1 })))).toMatchObject({ added: 4 })
        expect(await walk(frontier)).toHaveLength(7)
        expect(frontier.counts).toMatchObject({ added: 7, seen: 3, too_many_queries: 4 })
      })

      it('does not count what is out of scope', async () => {
        const frontier = await open({
          maxQueriesPerPath: 2,
          admits: ({ url }) => (/[01]$/.test(url) ? 'out_of_scope' : 'in'),
        })
        expect(await frontier.offer(queries(4))).toMatchObject({ added: 2, out_of_scope: 2 })
      })

      it('takes every seed: what a person wrote is no trap', async () => {
        const frontier = await open({ maxQueriesPerPath: 3 })
        expect(await frontier.offer(queries(5, { depth: 0 }))).toMatchObject({ added: 5, too_many_queries: 0 })
      })

      it('takes every sitemap: they have a limit of their own', async () => {
        const frontier = await open({ maxQueriesPerPath: 1 })
        const sitemaps = [1, 2, 3].map((page) => sitemap(`http://a.test/sitemap.xml?page=${page}`))
        expect(await frontier.offer(sitemaps)).toMatchObject({ added: 3 })
      })

      it('drops the follows of the pages that come after maxSameContent of the same content, on one host', async () => {
        const frontier = await open({ maxSameContent: 2 })
        await frontier.offer(['1', '2', '3', '4'].map((path) => request(`http://a.test/${path}`)))
        await frontier.offer([request('http://b.test/1')])
        const results = new Map<string, unknown>()
        for await (const turn of frontier.turns(new AbortController().signal)) {
          const { url } = turn.request
          // The fourth has another content; a page without any is not looked at.
          const content = /new/.test(url) ? undefined : url.endsWith('a.test/4') ? 6 : 5
          const follows = content === undefined ? [] : [request(`${url}/new`), request('http://a.test/1')]
          const result = await frontier.settle(turn, done({ content, follows }))
          if (content !== undefined) results.set(url, result)
        }
        const taken = { ...emptyResult(), added: 1, seen: 1 }
        // What was seen is not called a trap.
        const dropped = { ...emptyResult(), same_content: 1, seen: 1 }
        expect(Object.fromEntries(results)).toEqual({
          'http://a.test/1': taken,
          'http://a.test/2': taken,
          'http://a.test/3': dropped,
          'http://a.test/4': taken,
          'http://b.test/1': taken,
        })
        expect(frontier.counts).toMatchObject({ same_content: 1 })
        // Not seen: where another page leads there, it is visited.
        expect(await frontier.offer([request('http://a.test/3/new')])).toMatchObject({ added: 1 })
      })

      it('keeps the items of a page whose follows are dropped', async () => {
        const frontier = await open({ maxSameContent: 1 })
        await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
        await walk(frontier, ({ request: { url } }) => done({ content: 5, items: [{ url }] }))
        expect(await frontier.readItems(0, 10)).toHaveLength(2)
      })
    })

    it('takes the request that a turn was spent on with any settlement, whether it keeps a ledger or not', async () => {
      const frontier = await open()
      await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
      let turns = 0
      await walk(frontier, ({ host, request: taken }) => {
        turns += 1
        const sent = sentTo(host)
        if (turns === 1) return { kind: 'again', request: taken, notBefore: 0, follows: [], sent }
        return turns === 2 ? deferred({ sent }) : done({ sent })
      })
      expect(turns).toBe(4)
    })

    describe('the end', () => {
      it('ends when nothing waits and nothing is out', async () => {
        expect(await walk(await open())).toEqual([])
      })

      it('does not end while a turn is out, for it may bring follows', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const turn = await nextWithin(turns, 1_000)
        const next = turns.next()
        await new Promise((resolve) => setTimeout(resolve, 30))
        if (turn === undefined) throw new Error('no turn')
        await frontier.settle(turn, done({ follows: [request('http://a.test/2')] }))
        expect((await next).value).toMatchObject({ request: { url: 'http://a.test/2' } })
      })

      it('ends at once when its signal aborts, also in the middle of a wait', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const controller = new AbortController()
        const turns = frontier.turns(controller.signal)[Symbol.asyncIterator]()
        await nextWithin(turns, 1_000)
        const next = turns.next()
        controller.abort()
        expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 500, 'waits'))])).toMatchObject({
          done: true,
        })
      })

      it('is empty when nothing waits and nothing is out, pages or not, put off or not', async () => {
        const frontier = await open()
        expect(frontier.isEmpty).toBe(true)
        await frontier.offer([sitemap('http://a.test/s.xml')])
        expect([frontier.isEmpty, frontier.waiting]).toEqual([false, 0])
        const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
        const first = await nextWithin(turns, 1_000)
        if (first === undefined) throw new Error('no turn')
        expect(frontier.isEmpty).toBe(false)
        await frontier.settle(first, { kind: 'again', request: first.request, notBefore: 0, follows: [] })
        expect(frontier.isEmpty).toBe(false)
        const again = await nextWithin(turns, 1_000)
        if (again === undefined) throw new Error('no turn')
        await frontier.settle(again, done({ end: undefined, follows: [request('http://a.test/1')] }))
        expect(frontier.isEmpty).toBe(false)
        await walk(frontier, () => deferred())
        expect(frontier.isEmpty).toBe(true)
      })

      it('counts what waits and what is out', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
        expect(frontier.waiting).toBe(2)
        const turn = await nextWithin(frontier.turns(new AbortController().signal)[Symbol.asyncIterator](), 1_000)
        expect(frontier.waiting).toBe(2)
        if (turn === undefined) throw new Error('no turn')
        await frontier.settle(turn, done())
        expect(frontier.waiting).toBe(1)
      })
    })

    describe('settlements', () => {
      it('takes a late settlement: nothing is lost', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const controller = new AbortController()
        const turns = frontier.turns(controller.signal)[Symbol.asyncIterator]()
        const turn = await nextWithin(turns, 1_000)
        controller.abort()
        if (turn === undefined) throw new Error('no turn')
        await frontier.settle(turn, done({ items: [{ a: 1 }], follows: [request('http://a.test/2')] }))
        expect(await walk(frontier)).toEqual(['http://a.test/2'])
        expect((await frontier.readItems(0, 10)).map(({ item }) => item)).toEqual([{ a: 1 }])
      })

      it('keeps a request whose settlement never comes, and gives it to nobody else', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        await nextWithin(frontier.turns(new AbortController().signal)[Symbol.asyncIterator](), 1_000)
        expect(
          await nextWithin(frontier.turns(new AbortController().signal)[Symbol.asyncIterator](), 50),
        ).toBeUndefined()
        expect(frontier.waiting).toBe(1)
      })

      it('refuses a second settlement of a turn, and commits nothing of it', async () => {
        const frontier = await open()
        await frontier.offer([request('http://a.test/1')])
        const turn = await nextWithin(frontier.turns(new AbortController().signal)[Symbol.asyncIterator](), 1_000)
        if (turn === undefined) throw new Error('no turn')
        await frontier.settle(turn, done())
        await expect(
          frontier.settle(turn, done({ items: [{}], follows: [request('http://a.test/2')] })),
        ).rejects.toThrow(StaleTurnError)
        expect(frontier.waiting).toBe(0)
        expect(await frontier.readItems(0, 10)).toEqual([])
      })
    })

    describe('cookies', () => {
      const id = { domain: 'h.test', isHostOnly: true, path: '/', name: 'sid' }
      const cookie = { ...id, value: 'one', isSecure: false, createdAt: 1_000.5, expiresAt: undefined }
      const other = { ...cookie, isHostOnly: false, isSecure: true, value: 'other \xe9', expiresAt: 9_000 }
      const kept = (...cookies: (typeof cookie | typeof other)[]) =>
        cookies.map((each) => ({ kind: 'kept', cookie: each }) as const)

      it('are none at first', async () => {
        expect((await open()).cookies).toEqual([])
      })

      it('are kept as they were settled, whatever became of the request', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2', '3', '4'].map((path) => request(`http://h.test/${path}`)))
        const changes = [kept(cookie), kept(other), kept({ ...cookie, value: 'two' })]
        const states: unknown[] = []
        for await (const turn of frontier.turns(new AbortController().signal)) {
          const cookies = changes.shift() ?? []
          if (cookies.length === 0) await frontier.settle(turn, deferred())
          else if (states.length === 0)
            await frontier.settle(turn, { kind: 'again', request: turn.request, notBefore: 0, follows: [], cookies })
          else await frontier.settle(turn, done({ cookies }))
          states.push(frontier.cookies)
        }
        expect(states[0]).toEqual([cookie])
        expect(states[1]).toHaveLength(2)
        expect(states[1]).toEqual(expect.arrayContaining([cookie, other]))
        expect(states.at(-1)).toEqual(expect.arrayContaining([{ ...cookie, value: 'two' }, other]))
      })

      it('that are gone are gone, and only they', async () => {
        const frontier = await open()
        await frontier.offer([request('http://h.test/1'), request('http://h.test/2')])
        const changes = [kept(cookie, other), [{ kind: 'gone', cookie: id } as const]]
        await walk(frontier, () => done({ cookies: changes.shift() ?? [] }))
        expect(frontier.cookies).toEqual([other])
      })
    })

    describe('the item log', () => {
      it('numbers items from 1 in order of commit, and gives them from any place on', async () => {
        const frontier = await open()
        await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
        await walk(frontier, ({ request: { url } }) =>
          done({
            items: [
              { url, n: 1 },
              { url, n: 2 },
            ],
          }),
        )
        const first = await frontier.readItems(0, 3)
        expect(first.map(({ id }) => id)).toEqual([1, 2, 3])
        expect(first[2]?.item).toEqual({ url: 'http://a.test/2', n: 1 })
        expect((await frontier.readItems(3, 3)).map(({ id }) => id)).toEqual([4])
        expect(await frontier.readItems(4, 3)).toEqual([])
      })
    })

    it('finds its way among thousands of hosts: each once in each round', async () => {
      const frontier = await open()
      const hosts = 3_000
      await frontier.offer(Array.from({ length: hosts }, (_, index) => request(`http://h${index}.test/1`)))
      await frontier.offer(Array.from({ length: hosts }, (_, index) => request(`http://h${index}.test/2`)))
      const urls = await walk(frontier)
      expect(new Set(urls).size).toBe(2 * hosts)
    })

    it('property: whatever is offered, retried and found, each URL ends once, and no host has more out than it may', async () => {
      const url = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 12 }))
      const plan = fc.record({
        seeds: fc.array(url, { maxLength: 8 }),
        perHost: fc.integer({ min: 1, max: 3 }),
        links: fc.array(fc.array(url, { maxLength: 5 }), { minLength: 8, maxLength: 8 }),
        outAtOnce: fc.integer({ min: 1, max: 6 }),
      })
      const address = ([host, path]: [number, number]) => `http://h${host}.test/${path}`
      await fc.assert(
        fc.asyncProperty(plan, async ({ seeds, perHost, links, outAtOnce }) => {
          const frontier = await open({ perHostConcurrency: perHost })
          const linksFrom = (from: string) =>
            (links[from.length % 8 === 0 ? 0 : Number(from.at(-1)) % 8] ?? []).map(address)
          const expected = reachable(seeds.map(address), linksFrom)
          let offered = await frontier.offer(seeds.map((seed) => request(address(seed))))
          let added = offered.added
          const ended: string[] = []
          const out: Turn[] = []
          const outOf = (host: string) => out.filter((turn) => turn.host === host).length
          const settleOne = async () => {
            const turn = out.shift()
            if (turn === undefined) return
            const again = turn.request.attempt === 0 && turn.request.url.endsWith('3')
            offered = await frontier.settle(
              turn,
              again
                ? { kind: 'again', request: { ...turn.request, attempt: 1 }, notBefore: 0, follows: [] }
                : done({ follows: linksFrom(turn.request.url).map((link) => request(link)) }),
            )
            added += offered.added
            if (!again) ended.push(turn.request.url)
          }
          const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
          let pending = turns.next()
          for (;;) {
            const next = await Promise.race([pending, new Promise<'wait'>((resolve) => setImmediate(resolve, 'wait'))])
            if (next === 'wait') {
              await settleOne()
              continue
            }
            if (next.done === true) break
            out.push(next.value)
            expect(outOf(next.value.host)).toBeLessThanOrEqual(perHost)
            if (out.length >= outAtOnce) await settleOne()
            pending = turns.next()
          }
          expect(out).toEqual([])
          expect(ended.toSorted()).toEqual([...expected].toSorted())
          expect(added).toBe(expected.size)
        }),
        { numRuns: 60 },
      )
    })
  })
}

export function reachable(seeds: readonly string[], linksFrom: (url: string) => readonly string[]): Set<string> {
  const found = new Set(seeds)
  for (const url of found) for (const link of linksFrom(url)) found.add(link)
  return found
}
