/** Each promise is broken in turn, in rows that are made by hand, and found. What a real crawl writes is audited in test/cli. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RobotsRecord } from '../../src/host.ts'
import {
  type AuditOptions,
  auditAddresses,
  auditHosts,
  type Breach,
  maxTold,
  type Promised,
} from '../../src/politeness/audit.ts'
import type { SentRequest } from '../../src/sent-request.ts'

const delayMs = 200
const site = 'http://127.0.0.2:8080'

const promised: Promised = {
  delayMs,
  perHostConcurrency: 1,
  perAddressConcurrency: 4,
  maxCrawlDelayMs: 60_000,
  ignoreRobotsOf: new Set(),
}

const rules: RobotsRecord = {
  kind: 'rules',
  origin: site,
  rules: { rules: [{ allow: false, pattern: '/private', line: 2 }], crawlDelayMs: undefined, sitemaps: [] },
  note: '200',
  expiresAt: 1e15,
  fetchedAt: 0,
  validators: undefined,
  version: 'v1',
  failures: 0,
}

const optionsWith = (change: Partial<Promised> = {}, crawlDelayMs?: number): AuditOptions => ({
  promisedFor: () => ({ ...promised, ...change }),
  rulesOf: (origin, version) =>
    origin === site && version === 'v1' ? { ...rules, rules: { ...rules.rules, crawlDelayMs } } : undefined,
})

interface Row {
  readonly id: number
  readonly sent: SentRequest
}

/** Rows of one host, `delayMs` apart and 50 ms long, robots.txt first. */
function rowsOf(...changes: readonly Partial<SentRequest>[]): Row[] {
  return changes.map((change, index) => {
    const sentAt = change.sentAt ?? 1_000 + index * delayMs
    const isRobots = index === 0 && change.purpose === undefined
    return {
      id: index + 1,
      sent: {
        host: '127.0.0.2',
        address: '127.0.0.2',
        purpose: isRobots ? 'robots' : 'page',
        url: isRobots ? `${site}/robots.txt` : `${site}/page-${index}`,
        endedAt: sentAt + 50,
        notBefore: 0,
        gapMs: index === 0 ? undefined : delayMs,
        delayMs,
        delayFrom: 'delayMs',
        rule: 'no rule',
        rulesVersion: isRobots ? undefined : 'v1',
        status: 200,
        fault: undefined,
        bytes: 100,
        retryAfterMs: undefined,
        ...change,
        sentAt,
      },
    }
  })
}

const audited = (rows: readonly Row[], options = optionsWith()) => [...auditHosts(rows, options)]
const breachesIn = (rows: readonly Row[], options = optionsWith()): [Breach['promise'], number][] =>
  audited(rows, options).flatMap(({ breaches }) => breaches.map(({ promise, id }) => [promise, id]))

it('a breach of a request that is no GET tells its method', () => {
  const url = `${site}/private`
  const [host] = audited(rowsOf({}, { url, method: 'POST' }, { url }))
  expect(host?.breaches.map(({ message }) => message)).toEqual([
    `Line 2 of robots.txt says Disallow: /private: page POST ${url}`,
    `Line 2 of robots.txt says Disallow: /private: page ${url}`,
  ])
})

describe('a ledger in which every promise was kept', () => {
  it('is clean, and tells of each host what a server would see', () => {
    const rows = rowsOf({}, { retryAfterMs: 500, status: 429 }, { sentAt: 1_750 }, { sentAt: 1_960 })
    const [host, ...others] = audited(rows)
    expect(others).toEqual([])
    expect(host).toEqual({
      host: '127.0.0.2',
      requests: 4,
      leastGapMs: 200,
      promisedGapMs: 200,
      delayFrom: 'delayMs',
      mostAtOnce: 1,
      isRobotsFirst: true,
      disallowed: 0,
      ignored: 0,
      retryAfters: 1,
      retryAftersKept: 1,
      bytes: 400,
      broken: 0,
      breaches: [],
    })
  })

  it('one request has no gap', () => {
    expect(audited(rowsOf({}))).toMatchObject([{ requests: 1, leastGapMs: undefined, broken: 0 }])
  })

  it('nothing was sent', () => {
    expect(audited([])).toEqual([])
  })

  it('the least gap is told with what was promised there, and not elsewhere', () => {
    const rows = rowsOf({}, {}, { sentAt: 3_200, delayMs: 2_000, delayFrom: 'back-off' })
    expect(audited(rows)).toMatchObject([
      { leastGapMs: 200, promisedGapMs: 200, delayFrom: 'delayMs', broken: 0, breaches: [] },
    ])
  })

  it('hosts are looked at one by one', () => {
    const other = rowsOf({}, {}).map(({ id, sent }) => ({
      id: id + 2,
      sent: { ...sent, host: '127.0.0.3', rulesVersion: undefined, purpose: 'robots' as const },
    }))
    expect(audited([...rowsOf({}, {}), ...other]).map(({ host, broken }) => [host, broken])).toEqual([
      ['127.0.0.2', 0],
      ['127.0.0.3', 0],
    ])
  })
})

describe('a promise that was broken is found, at its row', () => {
  const cases: [string, readonly Partial<SentRequest>[], Breach['promise'], number, AuditOptions?][] = [
    ['a gap that is too small', [{}, {}, { sentAt: 1_399 }], 'gap', 3],
    ['a gap smaller than a back-off', [{}, { delayMs: 400, delayFrom: 'back-off' }], 'gap', 2],
    ['a request before the next time of its host', [{}, { notBefore: 1_201 }], 'next time', 2],
    ['two requests at once', [{ endedAt: 1_201 }, {}], 'at once', 2],
    ['a page without a robots.txt', [{ purpose: 'page', url: `${site}/`, rulesVersion: 'v1' }, {}], 'robots first', 1],
    [
      'a robots.txt of another place than that of the origin',
      [{ purpose: 'robots', url: `${site}/a/robots.txt` }, {}],
      'robots first',
      2,
    ],
    ['a page that is disallowed', [{}, { url: `${site}/private/1` }], 'disallowed', 2],
    ['a sitemap that is disallowed', [{}, { url: `${site}/private.xml`, purpose: 'sitemap' }], 'disallowed', 2],
    [
      'a page that says itself that robots.txt is ignored',
      [{}, { url: `${site}/private`, rule: 'ignored' }],
      'disallowed',
      2,
    ],
    ['a page that no rules are kept for', [{}, { rulesVersion: 'v2' }], 'ledger', 2],
    ['a page that was judged by no rules', [{}, { rulesVersion: undefined }], 'ledger', 2],
    ['a request before a Retry-After is over', [{ retryAfterMs: 151 }, {}], 'Retry-After', 2],
    ['a gap shorter than the Crawl-delay', [{}, {}], 'Crawl-delay', 2, optionsWith({}, 201)],
    [
      'a visit to an origin whose Crawl-delay is beyond the patience',
      [{}, { delayMs: 99_999, sentAt: 101_000 }],
      'Crawl-delay',
      2,
      optionsWith({}, 60_001),
    ],
    ['a promise smaller than the delay of the crawl', [{}, { delayMs: 199 }], 'delayMs', 2],
  ]
  it.each(cases)('%s', (_name, changes, promise, id, options) => {
    expect(breachesIn(rowsOf(...changes), options)).toContainEqual([promise, id])
  })

  it.each(cases.filter(([, , promise]) => promise !== 'robots first'))('%s, and nothing else', (...given) => {
    const [, changes, promise, id, options] = given
    expect(breachesIn(rowsOf(...changes), options)).toEqual([[promise, id]])
  })

  it('two at once are also too close to one another', () => {
    expect(breachesIn(rowsOf({ endedAt: 1_200 }, { sentAt: 1_100 }))).toEqual([
      ['at once', 2],
      ['gap', 2],
    ])
  })

  it('each is counted, and the first are told', () => {
    const rows = rowsOf(...Array.from({ length: 31 }, (_, index) => ({ sentAt: 1_000 + index * 100 })))
    const [host] = audited(rows)
    expect(host).toMatchObject({ broken: 30, leastGapMs: 100 })
    expect(host?.breaches).toHaveLength(maxTold)
    expect(host?.breaches[0]).toEqual({
      promise: 'gap',
      id: 2,
      message: `A gap of 100 ms where 200 ms were promised: page ${site}/page-1`,
    })
  })

  it('a Retry-After that was broken twice is one that was not kept', () => {
    const rows = rowsOf({}, { retryAfterMs: 1_000 }, {}, {}, { sentAt: 3_000, retryAfterMs: 10 }, { sentAt: 3_200 })
    expect(audited(rows)).toMatchObject([{ retryAfters: 2, retryAftersKept: 1, broken: 2 }])
  })
})

describe('what is no breach', () => {
  it('a disallowed page of a host whose owner lets us is counted apart', () => {
    const options = optionsWith({ ignoreRobotsOf: new Set(['127.0.0.2']) })
    const rows = rowsOf({}, { url: `${site}/private` }, { rulesVersion: undefined }, {})
    expect(audited(rows, options)).toMatchObject([{ disallowed: 0, ignored: 2, broken: 0 }])
  })

  it('with several requests at once, one that was out when the answer with a Retry-After came', () => {
    const options = optionsWith({ perHostConcurrency: 2 })
    const rows = rowsOf({}, { endedAt: 1_500, retryAfterMs: 1_000, status: 429 }, {}, { sentAt: 2_500 })
    expect(breachesIn(rows, options)).toEqual([])
    expect(breachesIn(rowsOf({}, { endedAt: 1_300, retryAfterMs: 1_000 }, {}), options)).toEqual([['Retry-After', 3]])
  })

  it('with several requests at once, a gap to one that was out when the turn came', () => {
    const rows = rowsOf({}, {}, { sentAt: 1_380, gapMs: 380 })
    expect(breachesIn(rows, optionsWith({ perHostConcurrency: 2 }))).toEqual([])
    expect(breachesIn(rows)).toEqual([['gap', 3]])
    const known = rowsOf({}, {}, { sentAt: 1_380, gapMs: 180 })
    expect(breachesIn(known, optionsWith({ perHostConcurrency: 2 }))).toEqual([['gap', 3]])
  })

  it('as many at once as were promised', () => {
    const rows = rowsOf({ endedAt: 1_900 }, { endedAt: 1_900 }, { endedAt: 1_900 })
    expect(audited(rows, optionsWith({ perHostConcurrency: 3 }))).toMatchObject([{ mostAtOnce: 3, broken: 0 }])
    expect(breachesIn(rows, optionsWith({ perHostConcurrency: 2 }))).toEqual([['at once', 3]])
  })

  it('what was promised is what held when the row was written', () => {
    const options = { ...optionsWith(), promisedFor: (id: number) => ({ ...promised, delayMs: id > 2 ? 400 : 200 }) }
    expect(breachesIn(rowsOf({}, {}, { delayMs: 400, sentAt: 1_600 }), options)).toEqual([])
    expect(breachesIn(rowsOf({}, {}, {}), options)).toEqual([['delayMs', 3]])
  })
})

describe('addresses', () => {
  it('more requests at once than an address may have, whatever their hosts', () => {
    const rows = rowsOf(...Array.from({ length: 4 }, (_, index) => ({ sentAt: 1_000 + index, host: `h${index}.test` })))
    const breaches = (perAddressConcurrency: number) => [
      ...auditAddresses(rows, optionsWith({ perAddressConcurrency })),
    ]
    expect(breaches(4)).toEqual([])
    expect(breaches(3).map(({ id, promise }) => [promise, id])).toEqual([['at once', 4]])
    expect(breaches(Number.POSITIVE_INFINITY)).toEqual([])
  })

  it('requests that had no connection, and those of another address, are not counted', () => {
    const rows = rowsOf(
      { sentAt: 1_000 },
      { sentAt: 1_001, address: undefined },
      { sentAt: 1_001.5, address: undefined },
      { sentAt: 1_002, address: '127.0.0.3' },
    )
    expect([...auditAddresses(rows, optionsWith({ perAddressConcurrency: 1 }))]).toEqual([])
  })
})

describe('random ledgers', () => {
  const row = fc.record({
    lateMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    tookMs: fc.double({ min: 0.1, max: 3_000, noNaN: true }),
    extraDelayMs: fc.constantFrom(0, 0, 0, 300, 59_800),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
  })

  /** Sent as soon as may be, and a random while later. */
  const cleanLedger = fc.array(row, { minLength: 2, maxLength: 30 }).map((drawn) => {
    let earliest = 1_000
    let last = Number.NEGATIVE_INFINITY
    const dues: number[] = []
    const changes = drawn.map(({ lateMs, tookMs, extraDelayMs, retryAfterMs }) => {
      const delay = delayMs + extraDelayMs
      const due = Math.max(earliest, last + delay)
      const sentAt = due + lateMs
      dues.push(due)
      last = sentAt
      const endedAt = sentAt + tookMs
      earliest = Math.max(endedAt, endedAt + (retryAfterMs ?? 0), earliest)
      return { sentAt, endedAt, delayMs: delay, notBefore: due, retryAfterMs }
    })
    return { rows: rowsOf(...changes), dues }
  })

  it('pass', () => {
    fc.assert(
      fc.property(cleanLedger, ({ rows }) => {
        expect(breachesIn(rows)).toEqual([])
      }),
    )
  })

  it('fail when one row was sent earlier than allowed, though it says nothing of its own next time', () => {
    fc.assert(
      fc.property(cleanLedger, fc.nat(), fc.double({ min: 0.02, max: 1, noNaN: true }), (ledger, place, part) => {
        const { rows, dues } = ledger
        const at = 1 + (place % (rows.length - 1))
        const before = rows[at - 1]
        const row = rows[at]
        if (before === undefined || row === undefined) throw new Error('no row')
        const dueAt = dues[at] ?? 0
        // Before it was due, and still after the one before.
        const sentAt = dueAt - part * (dueAt - before.sent.sentAt)
        fc.pre(dueAt - sentAt > 0.02)
        const shifted = rows.with(at, { ...row, sent: { ...row.sent, sentAt, notBefore: 0 } })
        expect(breachesIn(shifted).map(([, id]) => id)).toContain(row.id)
      }),
    )
  })
})
