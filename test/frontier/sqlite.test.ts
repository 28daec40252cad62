import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { FrontierOptions, Turn } from '../../src/frontier/frontier.ts'
import { SqliteFrontier } from '../../src/frontier/sqlite.ts'
import type { RobotsRecord } from '../../src/host.ts'
import { Store } from '../../src/store/store.ts'
import { defaults, describeFrontier, done, reachable, request, restingFor } from './contract.ts'

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
    })
    expect(await frontier.readItems(0, 5)).toEqual([])
    const before = open(killed(folder))
    expect([before.frontier.waiting, before.frontier.counts.fetched, before.store.items.lastId]).toEqual([
      2,
      undefined,
      0,
    ])
    await settled
    const after = open(killed(folder))
    expect([after.frontier.waiting, after.frontier.counts.fetched, after.store.items.lastId]).toEqual([2, 1, 1])
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
