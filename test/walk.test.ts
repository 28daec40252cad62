import { expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { emptyResult, type OfferResult } from '../src/events.ts'
import { CookieJar } from '../src/fetcher/credentials/cookies.ts'
import type { Frontier, Turn } from '../src/frontier/frontier.ts'
import type { Spent } from '../src/spent.ts'
import type { Visitor } from '../src/visit.ts'
import { Walk } from '../src/walk.ts'
import { request } from './frontier/contract.ts'

it('a visit that waits for its commit keeps nobody from work', async () => {
  const nothing: OfferResult = emptyResult()
  const allVisited = Promise.withResolvers<void>()
  const hosts = ['a.test', 'b.test', 'c.test']
  let visits = 0
  const frontier: Frontier = {
    waiting: 0,
    isEmpty: true,
    counts: {},
    cookies: [],
    offer: () => Promise.resolve(nothing),
    readItems: () => Promise.resolve([]),
    async *turns() {
      for (const [id, host] of hosts.entries())
        yield { id, host, request: request(`http://${host}/`), pace: undefined, robots: undefined }
    },
    // As a store does, whose tick comes later.
    settle: () => allVisited.promise.then(() => nothing),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const spent: Spent = { settlement: { kind: 'ended', end: undefined, items: [], follows: [] }, events: [] }
  const visitor = {
    visit: async (_turn: Turn, _aside: unknown, settle: (spent: Spent) => Promise<void>) => {
      visits += 1
      if (visits === hosts.length) allVisited.resolve()
      await settle(spent)
    },
  } as unknown as Visitor
  const none = Number.POSITIVE_INFINITY
  const options = { concurrency: 1, maxPages: none, maxBytes: none, include: [], exclude: [], maxTimeMs: none }
  const jar = new CookieJar(systemClock)
  const walk = new Walk({ frontier, visitor, jar, options, clock: systemClock, notify: () => undefined })
  const never = new AbortController().signal
  expect(await walk.run(never, never)).toBe('finished')
}, 2_000)
