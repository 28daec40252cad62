import type { LookupAddress } from 'node:dns'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../src/clock.ts'
import { AddressGuard } from '../../../src/fetcher/connection/address-guard.ts'
import { type Lookup, Names } from '../../../src/fetcher/connection/names.ts'
import { type CrawlEvent, crawl, defineSpider, OptionError } from '../../../src/index.ts'
import { collect, pagesSpider } from '../../sites/spiders.ts'
import { openWeb } from '../../sites/web.ts'
import { openFetcher } from '../open-fetcher.ts'

const here = new AddressGuard(['127.0.0.0/8', '::1'], [])

function openNames(answer: (name: string) => readonly LookupAddress[] | Error, guard = here) {
  const asked: string[] = []
  let now = 0
  const clock: Clock = { now: () => now, sleep: () => new Promise(() => undefined) }
  const lookup = (name: string) => {
    asked.push(name)
    const answered = answer(name)
    return answered instanceof Error ? Promise.reject(answered) : Promise.resolve(answered)
  }
  return { names: new Names(lookup, 1_000, clock, guard), asked, pass: (ms: number) => (now += ms) }
}

const both: readonly LookupAddress[] = [
  { address: '127.0.0.7', family: 4 },
  { address: '::1', family: 6 },
]

function fail(reason: unknown): never {
  throw reason
}

/** A crawl of one host whose name is known, and of one whose name `lookUp` is asked for. */
async function crawlTwo(lookUp: () => unknown) {
  const web = await openWeb({ pages: 1 })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const { port } = new URL(web.urls[0] ?? '')
  const [known, other] = [`http://known.test:${port}/`, `http://other.test:${port}/`]
  const spider = defineSpider({ name: 'two', seeds: [known, other], parse: (page) => [{ path: page.url.pathname }] })
  const events: CrawlEvent[] = []
  const run = crawl(spider, {
    lookup: (name) =>
      (name === 'known.test' ? Promise.resolve([{ address: '127.0.0.2', family: 4 }]) : lookUp()) as never,
    delayMs: 0,
    maxRobotsAttempts: 1,
    contact: 'me@a.test',
    allowPrivate: ['127.0.0.0/8'],
    observers: [(event) => events.push(event)],
  })
  return { run, other, events }
}

describe('names', () => {
  it('are asked for once a minute, however many want to know', async () => {
    const { names, asked, pass } = openNames(() => both)
    expect(await Promise.all([names.addressesOf('a.test'), names.addressesOf('a.test')])).toEqual([
      ['127.0.0.7', '::1'],
      ['127.0.0.7', '::1'],
    ])
    pass(59_999)
    await names.addressesOf('a.test')
    expect(asked).toEqual(['a.test'])
    pass(1)
    await names.addressesOf('a.test')
    expect(asked).toEqual(['a.test', 'a.test'])
  })

  it.each([
    ['127.0.0.9', '127.0.0.9'],
    ['[::1]', '::1'],
  ])('that are addresses, as %s, are not asked for', async (host, address) => {
    const { names, asked } = openNames(() => both)
    expect(await names.addressesOf(host)).toEqual([address])
    expect(asked).toEqual([])
  })

  it('that are not known are asked for again, and have no address', async () => {
    const { names, asked } = openNames(() => new Error('no such name'))
    expect(await names.addressesOf('a.test')).toEqual([])
    expect(await names.addressesOf('a.test')).toEqual([])
    expect(asked).toHaveLength(2)
  })

  it('that are answered too late have no address, and are known once they are', async () => {
    const answered = Promise.withResolvers<readonly LookupAddress[]>()
    const clock: Clock = { now: () => 0, sleep: () => Promise.resolve() }
    const names = new Names(() => answered.promise, 1_000, clock, here)
    expect(await names.addressesOf('a.test')).toEqual([])
    expect(names.isKnown('a.test')).toBe(false)
    answered.resolve(both)
    await setImmediate()
    expect(names.isKnown('a.test')).toBe(true)
  })

  it('are not waited for any more when nobody wants to know', async () => {
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const names = new Names(() => new Promise(() => undefined), 60_000, systemClock, here)
    const addresses = names.addressesOf('a.test')
    names[Symbol.dispose]()
    expect([await addresses, await names.addressesOf('b.test')]).toEqual([[], []])
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(timers)
  })

  it('connect to what is known: all addresses, one, or those of a family', async () => {
    const { names, asked } = openNames(() => both)
    const lookup = (options: object) =>
      new Promise<unknown[]>((resolve) => names.connectLookup('a.test', options, (...found) => resolve(found)))
    expect(await lookup({ all: true })).toEqual([null, both])
    expect(await lookup({})).toEqual([null, '127.0.0.7', 4])
    expect(await lookup({ family: 6 })).toEqual([null, '::1', 6])
    expect(asked).toEqual(['a.test'])
  })

  it('without an address of the family that is wanted are not found', async () => {
    const { names } = openNames(() => [{ address: '::1', family: 6 }])
    const error = await new Promise((resolve) => names.connectLookup('a.test', { family: 4 }, resolve))
    expect(error).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('connect to addresses that the guard admits, and say why there are none', async () => {
    const answers: Record<string, readonly LookupAddress[]> = {
      'both.test': [{ address: '10.0.0.1', family: 4 }, ...both],
      'inner.test': [
        { address: '10.0.0.1', family: 4 },
        { address: 'fd00::1', family: 6 },
      ],
    }
    const { names } = openNames((name) => answers[name] ?? [])
    const lookup = (name: string, options: object) =>
      new Promise<unknown[]>((resolve) => names.connectLookup(name, options, (...found) => resolve(found)))
    expect(await lookup('both.test', { all: true })).toEqual([null, both])
    expect(await lookup('both.test', {})).toEqual([null, '127.0.0.7', 4])
    expect(await names.addressesOf('both.test')).toEqual(['127.0.0.7', '::1'])
    expect(names.refusalOf('both.test')).toBeUndefined()
    const message = 'inner.test is at 10.0.0.1, a private address (10.0.0.0/8, RFC 1918)'
    for (const options of [{ all: true }, {}, { family: 6 }])
      expect((await lookup('inner.test', options))[0]).toMatchObject({ code: 'ERR_ADDRESS_BLOCKED', message })
    expect(await names.addressesOf('inner.test')).toEqual([])
    expect(names.refusalOf('inner.test')).toBe(message)
  })

  it('are not refused before they are known', async () => {
    const { names } = openNames(() => [{ address: '10.0.0.1', family: 4 }])
    expect(names.refusalOf('a.test')).toBeUndefined()
    await names.addressesOf('a.test')
    expect(names.refusalOf('a.test')).toMatch('a.test is at 10.0.0.1')
    expect(names.refusalOf('[::ffff:a00:1]')).toMatch('10.0.0.1 in the form of IPv6')
    expect(await names.addressesOf('10.0.0.1')).toEqual([])
  })

  it.each<[name: string, throws: () => never | Promise<never>, why: string]>([
    ['throws', () => fail(new Error('out of order')), 'out of order'],
    ['rejects', () => Promise.reject(new Error('out of order')), 'out of order'],
    ['throws what is no error', () => fail(undefined), 'undefined'],
    [
      'throws what a connection might',
      () => fail(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })),
      'ECONNREFUSED',
    ],
    ['says that there is none', () => fail(Object.assign(new Error('no'), { code: 'ENOTFOUND' })), 'ENOTFOUND'],
  ])('have no address where a look-up %s, and the others are visited', async (_name, throws, why) => {
    const { run, other, events } = await crawlTwo(throws)
    expect(await collect(run)).toEqual([{ path: '/' }])
    const [message] = events.flatMap((event) => (event.kind === 'deferred' ? [event.message] : []))
    expect(message).toBe(`No address was found for the name other.test (${why}): GET ${other}robots.txt`)
    const fetcher = openFetcher({ lookup: throws as Lookup })
    const outcome = await fetcher.fetch('http://other.test/', { maxBodyBytes: 1_000, totalTimeoutMs: 5_000 })
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'dns' })
  })

  it.each<[given: unknown, shown: string]>([
    [undefined, 'undefined'],
    ['127.0.0.2', "'127.0.0.2'"],
    [['127.0.0.2'], "[ '127.0.0.2' ]"],
    [[{ address: 'x.test', family: 4 }], "[ { address: 'x.test', family: 4 } ]"],
    [[{ address: '127.0.0.2' }], "[ { address: '127.0.0.2' } ]"],
    [[{ address: '127.0.0.2', family: 6 }], "[ { address: '127.0.0.2', family: 6 } ]"],
    [[{ address: '', family: 0 }], "[ { address: '', family: 0 } ]"],
  ])('end the crawl with a clear error where a look-up gives %j', async (given, shown) => {
    const { run } = await crawlTwo(() => given)
    const expected = "Expected `lookup` to give addresses like `[{ address: '127.0.0.1', family: 4 }]`"
    await expect(collect(run)).rejects.toThrow(new OptionError('lookup', `${expected}, got ${shown} for other.test`))
    expect(run.stats.stopReason).toBe('failed')
  })

  it('are looked up by a function, or by the system', () => {
    const spider = pagesSpider(['http://127.0.0.1/'])
    expect(() => crawl(spider, { lookup: 'google' as never })).toThrow(
      'Expected `lookup` to be a function from a host name to its addresses, got string',
    )
  })

  it('are forgotten, all of them, when there are too many', async () => {
    const { names, asked } = openNames(() => both)
    for (let index = 0; index < 10_001; index += 1) await names.addressesOf(`h${index}.test`)
    await names.addressesOf('h0.test')
    expect(asked.filter((name) => name === 'h0.test')).toHaveLength(2)
  })
})
