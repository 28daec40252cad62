import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { emptyResult } from '../../src/events.ts'
import type { FrontierOptions, Settlement, Turn } from '../../src/frontier/frontier.ts'
import { SqliteFrontier } from '../../src/frontier/sqlite.ts'
import { type RobotsCopy, type RobotsRecord, unvisited } from '../../src/host.ts'
import type { CrawlRequest } from '../../src/request.ts'
import { migrations } from '../../src/store/schema.ts'
import { Store } from '../../src/store/store.ts'
import {
  defaults,
  deferred,
  describeFrontier,
  done,
  reachable,
  request,
  restingFor,
  sentTo,
  sitemap,
} from './contract.ts'

const stores: Store[] = []
const folders: string[] = []
afterEach(() => {
  for (const store of stores.splice(0)) store[Symbol.dispose]()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-store-'))
  folders.push(folder)
  return folder
}

function open(folder = newFolder(), options: Partial<FrontierOptions> = {}) {
  const store = Store.open(folder)
  stores.push(store)
  return { folder, store, frontier: new SqliteFrontier(store, { ...defaults, ...options }, systemClock) }
}

/** The files of a store as a kill would leave them at this instant. */
function killed(folder: string): string {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('lock') && !path.endsWith('pid') })
  return copy
}

const turnsOf = (frontier: SqliteFrontier) => frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()

async function take(turns: AsyncIterator<Turn>): Promise<Turn> {
  const { value } = await turns.next()
  return value as Turn
}

describeFrontier('SqliteFrontier', (options) => Promise.resolve(open(newFolder(), options).frontier))

describe('after a kill', () => {
  it('gives again what was out, in its place, and with its attempts', async () => {
    const { folder, frontier } = open()
    await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`, { data: { rank: [path] } })))
    const first = await take(turnsOf(frontier))
    await frontier.settle(first, {
      kind: 'again',
      request: { ...first.request, attempt: 2 },
      notBefore: 0,
      follows: [],
    })
    const out = await take(turnsOf(frontier))
    await frontier.offer([request('http://b.test/')])
    const again = open(killed(folder)).frontier
    expect(again.waiting).toBe(4)
    const turns = turnsOf(again)
    const taken = [await take(turns), await take(turns)].toSorted((a, b) => a.host.localeCompare(b.host))
    expect(taken.map((turn) => turn.request)).toEqual([out.request, request('http://b.test/')])
    expect(out.request).toMatchObject({ url: 'http://a.test/1', attempt: 2, data: { rank: ['1'] } })
  })

  it('gives again all turns of a host that had several out', async () => {
    const { folder, frontier } = open(newFolder(), { perHostConcurrency: 2 })
    await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
    const turns = turnsOf(frontier)
    await take(turns)
    await take(turns)
    await frontier.offer([request('http://b.test/')])
    const again = open(killed(folder)).frontier
    const urls: string[] = []
    for await (const turn of again.turns(new AbortController().signal)) {
      urls.push(turn.request.url)
      await again.settle(turn, done())
    }
    expect(urls.toSorted()).toEqual(['http://a.test/1', 'http://a.test/2', 'http://b.test/'])
  })

  it('keeps all of a settlement, or nothing of it', async () => {
    const id = { domain: 'a.test', isHostOnly: true, path: '/', name: 'sid' }
    const cookie = { ...id, value: '1', isSecure: true, createdAt: 5, expiresAt: undefined }
    const { folder, frontier, store } = open()
    await frontier.offer([request('http://a.test/1'), request('http://b.test/1')])
    const turns = turnsOf(frontier)
    const turn = await take(turns)
    await take(turns)
    store.database.commit()
    const robots: RobotsRecord = { kind: 'redirected', origin: 'http://a.test', attempts: 3, expiresAt: 5 }
    const settled = frontier.settle(turn, {
      ...done({ items: [{ at: new Date(7) }], follows: [request(`http://${turn.host}/2`)], robots }),
      pace: restingFor(0, { backOffMs: 9 }),
      counts: { fetched: 1 },
      cookies: [{ kind: 'kept', cookie }],
    })
    expect(await frontier.readItems(0, 5)).toEqual([])
    const before = open(killed(folder))
    expect(before.frontier.cookies).toEqual([])
    expect([before.frontier.waiting, before.frontier.counts.fetched, before.store.items.lastId]).toEqual([
      2,
      undefined,
      0,
    ])
    await settled
    const after = open(killed(folder))
    expect([after.frontier.waiting, after.frontier.counts.fetched, after.store.items.lastId]).toEqual([2, 1, 1])
    expect(after.frontier.cookies).toEqual([cookie])
    expect(await after.frontier.readItems(0, 5)).toEqual([{ id: 1, item: { at: new Date(7) } }])
    const again = turnsOf(after.frontier)
    const given = [await take(again), await take(again)].find(({ host }) => host === turn.host)
    expect(given).toMatchObject({ request: { url: `http://${turn.host}/2` }, pace: { backOffMs: 9 } })
    expect((await after.frontier.offer([request(`http://${turn.host}/2`)])).seen).toBe(1)
  })

  it('leaves each host alone for its delay, for it may have been visited just before', async () => {
    const { folder, frontier } = open(newFolder(), { delayMs: 120 })
    await frontier.offer([request('http://slow.test/1'), request('http://slow.test/2'), request('http://new.test/1')])
    const turns = turnsOf(frontier)
    for (const turn of [await take(turns), await take(turns)]) {
      if (turn.host === 'slow.test') await frontier.settle(turn, done({ pace: { ...restingFor(300), nextVisitAt: 0 } }))
    }
    const copy = killed(folder)
    const openedAt = systemClock.now()
    const again = turnsOf(open(copy, { delayMs: 120 }).frontier)
    expect((await take(again)).host).toBe('new.test')
    expect(systemClock.now() - openedAt).toBeGreaterThanOrEqual(120)
    expect((await take(again)).host).toBe('slow.test')
    expect(systemClock.now() - openedAt).toBeGreaterThanOrEqual(300)
  })

  it('does not let a new crawl wait', async () => {
    const { frontier } = open(newFolder(), { delayMs: 60_000 })
    await frontier.offer([request('http://a.test/')])
    expect((await take(turnsOf(frontier))).host).toBe('a.test')
  })

  it('keeps what a site asked for from the moment it is settled', async () => {
    const { folder, frontier } = open()
    await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
    await frontier.offer([request('http://b.test/')])
    const turns = turnsOf(frontier)
    const [first] = [await take(turns), await take(turns)]
    const until = systemClock.now() + 5_000
    const pace = restingFor(5_000, { nextVisitAt: until, waitsFor: 'Retry-After' })
    frontier.settle(first, done({ pace })).catch(() => undefined)
    const { store } = open(killed(folder))
    const row = store.database.prepare('select next_visit_at from host where name = ?').get(first.host)
    expect(row?.next_visit_at).toBe(until)
  })

  it('property: killed at any instant and as often, each page ends once, with its items', async () => {
    const url = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 9 }))
    const plan = fc.record({
      perHost: fc.integer({ min: 1, max: 3 }),
      links: fc.array(fc.array(url, { maxLength: 5 }), { minLength: 8, maxLength: 8 }),
      // What is done with a turn: it is settled, left out for a while, made again; or all is committed, or killed.
      steps: fc.array(fc.constantFrom('settle', 'settle', 'leave', 'retry', 'commit', 'kill'), { maxLength: 40 }),
    })
    const address = ([host, path]: readonly [number, number]) => `http://h${host}.test/${path}`
    await fc.assert(
      fc.asyncProperty(plan, async ({ perHost, links, steps }) => {
        const linksFrom = (from: string) => (links[Number(from.at(-1)) % 8] ?? []).map(address)
        const settlementOf = (turn: Turn) =>
          done({
            items: [{ url: turn.request.url }],
            follows: linksFrom(turn.request.url).map((link) => request(link)),
            counts: { fetched: 1 },
          })
        let { folder, store, frontier } = open(newFolder(), { perHostConcurrency: perHost })
        await frontier.offer([request(address([0, 0]))])
        let turns = turnsOf(frontier)
        let pending: Promise<IteratorResult<Turn>> | undefined
        let out: Turn[] = []
        let isOver = false
        for (const step of [...steps, ...new Array<string>(300).fill('settle')]) {
          if (isOver) break
          if (step === 'kill') {
            ;({ folder, store, frontier } = open(killed(folder), { perHostConcurrency: perHost }))
            turns = turnsOf(frontier)
            pending = undefined
            out = []
            continue
          }
          if (step === 'commit') store.database.commit()
          pending ??= turns.next()
          const late = new Promise<undefined>((resolve) => setTimeout(resolve, 3, undefined))
          const next = await Promise.race([pending, late])
          if (next !== undefined) pending = undefined
          if (next?.done === false) out.push(next.value)
          isOver = next?.done === true
          const turn = step === 'leave' ? undefined : out.shift()
          if (turn === undefined) continue
          const again = { kind: 'again', request: { ...turn.request, attempt: 1 }, notBefore: 0, follows: [] } as const
          frontier.settle(turn, step === 'retry' ? again : settlementOf(turn)).catch(() => undefined)
        }
        expect(isOver).toBe(true)
        store.database.commit()
        const expected = [...reachable([address([0, 0])], linksFrom)].toSorted()
        const rows = store.database.prepare('select url from page order by url').all()
        expect(rows.map((row) => row.url)).toEqual(expected)
        const items = await frontier.readItems(0, 1_000)
        expect(items.map(({ item }) => (item as { url: string }).url).toSorted()).toEqual(expected)
        expect(frontier.counts).toMatchObject({ fetched: expected.length, added: expected.length, waiting: 0 })
      }),
      { numRuns: 120 },
    )
  }, 60_000)
})

/** Takes and settles every turn; gives the requests in order. */
async function walk(frontier: SqliteFrontier, settle = (_turn: Turn): Settlement => done()): Promise<CrawlRequest[]> {
  const requests: CrawlRequest[] = []
  for await (const turn of frontier.turns(new AbortController().signal)) {
    requests.push(turn.request)
    await frontier.settle(turn, settle(turn))
  }
  return requests
}

describe('what was put off', () => {
  const all: CrawlRequest[] = [
    sitemap('http://a.test/s.xml', { origin: 'http://a.test', level: 2, attempt: 1, redirects: ['http://a.test/old'] }),
    sitemap('http://a.test/sitemap.xml', { origin: 'http://a.test', isDiscovery: true }),
    request('http://a.test/3', {
      priority: 2.5,
      depth: 4,
      parser: 'book',
      referrer: 'http://a.test/',
      data: { n: [1] },
    }),
    request('http://a.test/1', { attempt: 1, redirects: ['http://a.test/0'], data: null }),
    request('http://a.test/2', { priority: -1 }),
  ]

  it('goes back to its line when the store is opened again: in its order, with all its fields, and counted', async () => {
    const { folder, frontier } = open()
    await frontier.offer(all)
    const reasons = ['over_budget', 'keeps_failing'] as const
    let pages = 0
    await walk(frontier, ({ request: { kind } }) => {
      const reason = kind === 'page' ? (reasons[pages++ % 2] ?? 'over_budget') : 'robots_unreachable'
      return deferred({ reason, counts: kind === 'page' ? { [`deferred.${reason}`]: 1 } : {} })
    })
    expect(frontier.waiting).toBe(0)
    expect(frontier.counts).toMatchObject({ 'deferred.over_budget': 2, 'deferred.keeps_failing': 1, added: 3 })

    const again = open(killed(folder))
    expect(again.frontier.waiting).toBe(3)
    expect(again.frontier.counts).toMatchObject({ 'deferred.over_budget': 0, 'deferred.keeps_failing': 0, added: 3 })
    expect(again.store.database.prepare('select count(*) as n from deferred').get()).toEqual({ n: 0 })
    expect(await walk(again.frontier)).toEqual(all)
    expect(again.frontier.waiting).toBe(0)
    // Not a second time.
    expect(await walk(open(killed(again.folder)).frontier)).toEqual([])
  })

  it('stays put off while the store is open, and is put off again as often as it takes', async () => {
    let { folder, frontier } = open()
    await frontier.offer([request('http://a.test/1'), request('http://b.test/1')])
    for (let round = 0; round < 3; round += 1) {
      const settle = ({ host }: Turn) =>
        host === 'a.test' ? deferred({ counts: { 'deferred.over_budget': 1 } }) : done()
      expect(await walk(frontier, settle)).toHaveLength(round === 0 ? 2 : 1)
      expect(frontier.counts['deferred.over_budget']).toBe(1)
      ;({ folder, frontier } = open(killed(folder)))
      expect(frontier.counts['deferred.over_budget']).toBe(0)
      expect(frontier.waiting).toBe(1)
    }
  })

  it('waits for the time of its host, which outlives the process', async () => {
    const { folder, frontier } = open()
    await frontier.offer([request('http://a.test/1')])
    const pace = restingFor(250, { delayMs: 0 })
    await walk(frontier, () => deferred({ pace }))
    const again = open(killed(folder)).frontier
    await take(turnsOf(again))
    expect(systemClock.now()).toBeGreaterThanOrEqual(pace.nextVisitAt)
  })

  it('finds an origin asked again whose robots.txt was given up, and no other', async () => {
    const { folder, frontier } = open()
    await frontier.offer(['a', 'b', 'c'].map((name) => request(`http://${name}.test/1`)))
    const unreachable = { kind: 'unreachable', note: 'x', attempts: 3, expiresAt: 9e15 } as const
    await walk(frontier, ({ host }) => {
      const origin = `http://${host}`
      if (host === 'a.test') return deferred({ robots: { ...unreachable, origin, retryAt: undefined } })
      if (host === 'b.test') return deferred({ robots: { ...unreachable, origin, retryAt: 8e15 } })
      return deferred({ robots: { kind: 'redirected', origin, attempts: 0, expiresAt: 5 } })
    })
    const known = new Map<string, unknown>()
    await walk(open(killed(folder)).frontier, (turn) => {
      known.set(turn.host, turn.robots?.kind)
      return done()
    })
    expect(Object.fromEntries(known)).toEqual({ 'a.test': undefined, 'b.test': 'unreachable', 'c.test': 'redirected' })
  })
})

describe('the ledger', () => {
  it('gets the row of a request in the transaction of its settlement, whatever that is', async () => {
    const { folder, frontier, store } = open()
    await frontier.offer(['1', '2', '3'].map((path) => request(`http://a.test/${path}`)))
    const turns = turnsOf(frontier)
    const settlements: Settlement[] = [
      {
        kind: 'again',
        request: request('http://a.test/1'),
        notBefore: 0,
        follows: [],
        sent: sentTo('a.test', { gapMs: 1.5 }),
      },
      deferred({ sent: sentTo('a.test', { purpose: 'robots', status: undefined, fault: 'dns', address: undefined }) }),
      done({ sent: sentTo('a.test', { rule: 'Allow: /"é\u2028', rulesVersion: 'v', retryAfterMs: 0.1 }) }),
    ]
    for (const [index, settlement] of settlements.entries()) {
      const turn = await take(turns)
      store.database.commit()
      const settled = frontier.settle(turn, settlement)
      expect([...open(killed(folder)).store.ledger.rows()]).toHaveLength(index)
      await settled
      const rows = [...open(killed(folder)).store.ledger.rows()]
      expect(rows.map(({ id, isGenuine }) => [id, isGenuine])).toEqual(
        Array.from({ length: index + 1 }, (_, n) => [n + 1, true]),
      )
      expect(rows.map(({ sent }) => sent)).toEqual(settlements.slice(0, index + 1).map(({ sent }) => sent))
    }
  })

  it('has a settlement without a request go by', async () => {
    const { store, frontier } = open()
    await frontier.offer([request('http://a.test/1')])
    await walk(frontier, () => done())
    expect([...store.ledger.rows()]).toEqual([])
  })

  it('goes on with its chain when the store is opened again, and shows a row that was changed or taken out', async () => {
    const { folder, frontier } = open()
    await frontier.offer(['1', '2'].map((path) => request(`http://a.test/${path}`)))
    await walk(frontier, ({ host, request: { url } }) => done({ sent: sentTo(host, { url }) }))
    const again = open(killed(folder))
    await again.frontier.offer(['3', '4'].map((path) => request(`http://a.test/${path}`)))
    await walk(again.frontier, ({ host, request: { url } }) => done({ sent: sentTo(host, { url }) }))
    const genuine = (change: string) => {
      const { store } = open(killed(again.folder))
      if (change !== '') store.database.execute(change)
      return [...store.ledger.rows()].map(({ isGenuine }) => isGenuine)
    }
    expect(genuine('')).toEqual([true, true, true, true])
    expect(genuine('update ledger set gap_ms = 5000 where id = 3')).toEqual([true, true, false, true])
    expect(genuine('delete from ledger where id = 2')).toEqual([true, false, true])
    expect(genuine("update host set name = 'b.test'")[0]).toBe(false)
  })
})

describe('what tells traps', () => {
  const page = (n: number) => request(`http://a.test/s?page=${n}`, { depth: 1 })

  it('outlives the process: queries of a path, contents of a host, and what was seen before either', async () => {
    const options = { maxQueriesPerPath: 3, maxSameContent: 2 }
    const { folder, frontier } = open(newFolder(), options)
    await frontier.offer([page(1), page(2)])
    await walk(frontier, () => done({ content: 7, follows: [] }))

    const again = open(killed(folder), options).frontier
    expect(await again.offer([page(3), page(4), page(1)])).toMatchObject({ added: 1, too_many_queries: 1, seen: 1 })
    const results: unknown[] = []
    for await (const turn of again.turns(new AbortController().signal))
      results.push(await again.settle(turn, done({ content: 7, follows: [request('http://a.test/n'), page(2)] })))
    expect(results).toEqual([{ ...emptyResult(), same_content: 1, seen: 1 }])
    expect(again.counts).toMatchObject({ added: 3, too_many_queries: 1, same_content: 1, seen: 2 })
  })

  it('calls what was seen before seen, also if it would not be let in any more', async () => {
    const { folder, frontier } = open()
    await frontier.offer([page(1), page(2)])
    const again = open(killed(folder), { admits: () => 'too_deep', maxQueriesPerPath: 1 }).frontier
    expect(await again.offer([page(1), page(3)])).toMatchObject({ added: 0, seen: 1, too_deep: 1 })
    const third = open(killed(folder), { maxQueriesPerPath: 1 }).frontier
    expect(await third.offer([page(2), page(3)])).toMatchObject({ added: 0, seen: 1, too_many_queries: 1 })
  })
})

describe('a store of schema version 1', () => {
  /** As a crawl of that doff would have left it when it was killed: with a host at work, one that was put aside, and rules. */
  function openVersion1(): string {
    const folder = newFolder()
    const database = new DatabaseSync(join(folder, 'crawl.db'))
    database.exec(
      `pragma journal_mode = wal; ${migrations[0]}; pragma user_version = 1; pragma application_id = 1685022310`,
    )
    const rules = { rules: [], crawlDelayMs: undefined, sitemaps: [] }
    const record = { kind: 'rules', origin: 'http://a.test', rules, note: '200', expiresAt: 9e15 }
    const run = (sql: string, ...values: (string | number | null)[]) => database.prepare(sql).run(...values)
    run(`insert into robots values ('http://a.test', ?)`, JSON.stringify(record))
    const host = 'insert into host values (?, ?, ?, ?, ?, ?, ?, ?, ?)'
    run(host, 1, 'a.test', Number.MAX_SAFE_INTEGER, 10_000.5, 50, 20, 7, null, 'back-off')
    run(host, 2, 'b.test', 0, null, null, null, null, null, null)
    run(host, 3, 'c.test', 0, 10_000, 50, 0, 0, 'retry_after_too_long', 'Retry-After')
    const line = 'insert into request values (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)'
    run(line, 1, 0, 0, 'http://a.test/1', 'parse', 0, 1, null, '{"n":1}', '["http://a.test/0"]', null)
    run(line, 1, 5, 3, 'http://a.test/2', 'book', 2, 0, 'http://a.test/1', null, null, null)
    run(line, 2, 9, 1, 'http://b.test/r.txt', null, 0, 0, null, null, '["http://x.test/robots.txt"]', 'http://x.test')
    run(line, 3, 0, 2, 'http://c.test/1', 'parse', 1, 0, 'http://a.test/1', null, null, null)
    run(
      `insert into count values ('places', 4), ('waiting', 3), ('added', 4), ('fetched', 1), ('requests', 6), ('items', 1)`,
    )
    run(`insert into page values (1, 1, 'http://a.test/0', 'done', 'fetched', 5)`)
    run(`insert into item values (1, 1, '{"a":1}', null)`)
    database.close()
    return folder
  }

  it('is brought to this one, and its crawl goes on: lines, paces, counts and items are kept; rules are read again', async () => {
    const folder = openVersion1()
    const { store, frontier } = open(folder)
    expect(frontier.waiting).toBe(3)
    expect(frontier.counts).toMatchObject({ added: 4, fetched: 1, requests: 6, requests_before_ledger: 6, waiting: 3 })
    expect(store.items.lastId).toBe(1)
    const turns = new Map<string, Turn>()
    const walked = await walk(frontier, (turn) => {
      turns.set(turn.request.url, turn)
      return done(
        turn.request.kind === 'page' ? { sent: sentTo(turn.host), directives: ['noarchive'] } : { end: undefined },
      )
    })
    const expected: CrawlRequest[] = [
      request('http://a.test/2', { priority: 5, depth: 2, parser: 'book', referrer: 'http://a.test/1' }),
      request('http://a.test/1', { attempt: 1, data: { n: 1 }, redirects: ['http://a.test/0'] }),
    ]
    expect(walked.filter(({ url }) => url.includes('a.test'))).toEqual(expected)
    expect(turns.get('http://b.test/r.txt')?.request).toEqual({
      kind: 'robots',
      url: 'http://b.test/r.txt',
      origin: 'http://x.test',
      priority: 9,
      attempt: 0,
      redirects: ['http://x.test/robots.txt'],
    })
    const ofA = turns.get('http://a.test/2')
    expect(ofA?.robots).toBeUndefined()
    expect(ofA?.pace).toEqual({
      ...unvisited,
      nextVisitAt: 10_000.5,
      delayMs: 50,
      crawlDelayMs: 20,
      backOffMs: 7,
      sentAt: 9_950.5,
      waitsFor: 'back-off',
    })
    // For how long it was to be left alone was not written down: it is asked again.
    expect(turns.get('http://c.test/1')?.pace).toMatchObject({ asideReason: 'retry_after_too_long', asideUntil: 0 })
    expect([...store.ledger.rows()].map(({ isGenuine }) => isGenuine)).toEqual([true, true, true])
    expect(frontier.waiting).toBe(0)
    const pages = store.database.prepare('select url, directives from page order by id limit 2').all()
    expect(pages.map(({ directives }) => directives)).toEqual([null, '["noarchive"]'])
  })

  it('takes what is new: sitemaps, what is put off, rules with a version', async () => {
    const { folder, frontier } = open(openVersion1())
    const rules: RobotsCopy = {
      kind: 'rules',
      origin: 'http://a.test',
      rules: { rules: [], crawlDelayMs: undefined, sitemaps: [] },
      note: '200',
      expiresAt: 9e15,
      fetchedAt: 5,
      validators: undefined,
      version: 'v1',
      failures: 0,
    }
    await frontier.offer([sitemap('http://a.test/s.xml', { level: 1 })])
    await walk(frontier, ({ request: { kind } }) =>
      kind === 'robots' ? done({ end: undefined }) : deferred({ robots: rules }),
    )
    const { store, frontier: again } = open(killed(folder))
    expect(JSON.parse(store.ledger.rulesOf('http://a.test', 'v1') ?? '')).toEqual(JSON.parse(JSON.stringify(rules)))
    const urls = (await walk(again)).map(({ url }) => url)
    expect(urls.filter((url) => url.includes('a.test'))).toEqual([
      'http://a.test/s.xml',
      'http://a.test/2',
      'http://a.test/1',
    ])
  })
})
