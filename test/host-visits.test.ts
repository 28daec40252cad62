import { expect, it } from 'vitest'
import type { Clock } from '../src/clock.ts'
import type { Fetcher } from '../src/fetcher/fetcher.ts'
import type { Turn } from '../src/frontier/frontier.ts'
import { type Errand, HostVisits, type Place } from '../src/host-visits.ts'
import { resolveOptions } from '../src/options.ts'
import type { Outcome } from '../src/outcome.ts'
import { Crowds } from '../src/politeness/crowds.ts'
import type { Throttle } from '../src/politeness/throttle.ts'
import { request } from './frontier/contract.ts'

it('RFC 9110 section 10.2.3: what waits to be sent while its host answers 429 with Retry-After is not sent', async () => {
  const clock: Clock = { now: () => 1_000, sleep: () => Promise.resolve() }
  const fetched: string[] = []
  const tooMany = (url: string): Outcome => {
    const timing = { sentAt: 900, firstByteAt: 950, endedAt: 1_000 }
    const headers = { 'retry-after': '60' }
    return { kind: 'retry', reason: 'http_429', status: 429, headers, message: url, timing, bytes: 0 }
  }
  const fetcher = {
    knowsAddressesOf: () => true,
    addressesOf: () => Promise.resolve(['127.0.0.1']),
    fetch: (url: string) => {
      fetched.push(url)
      return Promise.resolve(tooMany(url))
    },
  } as unknown as Fetcher
  // The second of the host's requests is let through when the first has been answered.
  const answered = Promise.withResolvers<void>()
  let runs = 0
  const throttle = {
    run: async <T>(_host: string, _delayMs: number, fetch: () => Promise<T>) => {
      if (++runs === 2) await answered.promise
      return fetch()
    },
  } as unknown as Throttle
  const options = resolveOptions({ perHostConcurrency: 2 })
  const hosts = new HostVisits({
    options,
    fetcher,
    throttle,
    crowds: new Crowds(options),
    clock,
    random: () => 0,
    startedAt: 0,
  })
  const place: Place = { begin: () => Promise.resolve(), aside: (wait) => wait, isOver: () => false }
  const turnOf = (id: number): Turn => {
    return { id, host: 'h.test', request: request(`http://h.test/${id}`), pace: undefined, robots: undefined }
  }
  const errandOf = ({ request: { url } }: Turn): Errand => {
    return { purpose: 'page', url, limits: options, rule: 'no rule', rulesVersion: undefined }
  }
  const [first, second] = [turnOf(1), turnOf(2)]

  const visits = [
    hosts.during(first, place, async () => {
      const made = await hosts.request(first, errandOf(first))
      if (made === undefined) throw new Error('it was to be sent')
      hosts.paceAfter(first, made, undefined)
      answered.resolve()
    }),
    hosts.during(second, place, async () => {
      expect(await hosts.request(second, errandOf(second))).toBeUndefined()
      expect(hosts.latestPace(second)).toMatchObject({ nextVisitAt: 61_000, waitsFor: 'Retry-After', pages: 1 })
    }),
  ]
  await Promise.all(visits)
  expect(fetched).toEqual(['http://h.test/1'])
})
