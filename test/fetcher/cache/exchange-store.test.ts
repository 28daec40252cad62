import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CacheFailedError } from '../../../src/errors.ts'
import type { ExchangeStoreKind } from '../../../src/fetcher/cache/exchange-file.ts'
import { ExchangeStore } from '../../../src/fetcher/cache/exchange-store.ts'

const MiB = 1024 ** 2

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open(folder: string, maxBytes = 64 * MiB, kind: ExchangeStoreKind = 'cache'): ExchangeStore {
  const store = new ExchangeStore(folder, kind, maxBytes)
  onTestFinished(() => store[Symbol.dispose]())
  return store
}

const key = (n: number) => Buffer.from(`key ${n}`)
const exchange = (n: number) => ({
  url: `http://h.test/${n}`,
  status: 200,
  headers: { n: `${n}` },
  askedAt: n,
  variant: '',
})
const body = (n: number, bytes = 100 * 1024) => Buffer.alloc(bytes, `body ${n}.`)

const sizeOf = (folder: string) =>
  readdirSync(folder).reduce((total, file) => total + statSync(join(folder, file)).size, 0)

describe('a store of exchanges', () => {
  it('gives back what was put, also when it is opened again', () => {
    const folder = folderOf()
    {
      using store = new ExchangeStore(folder, 'cache', 64 * MiB)
      store.put(key(1), exchange(1), body(1), 1)
      store.put(key(2), { ...exchange(2), status: 301 }, undefined, 1)
    }
    const store = open(folder)
    const found = store.find(key(1))
    expect(found).toMatchObject({ ...exchange(1), hasBody: true })
    expect(found && Buffer.from(store.bodyOf(found) ?? []).equals(body(1))).toBe(true)
    expect(store.find(key(2))).toMatchObject({ status: 301, hasBody: false })
    expect(store.find(key(3))).toBeUndefined()
  })

  it('has one answer of each key: the last', () => {
    const store = open(folderOf())
    store.put(key(1), exchange(1), body(1), 1)
    store.put(key(1), exchange(2), body(2, 10), 1)
    const found = store.find(key(1))
    expect(found).toMatchObject(exchange(2))
    expect(found && store.bodyOf(found)).toHaveLength(10)
    store.remove(key(1))
    expect(store.find(key(1))).toBeUndefined()
    expect(found && store.bodyOf(found)).toBeUndefined()
  })

  it('renews headers, and leaves the body alone', () => {
    const store = open(folderOf())
    store.put(key(1), exchange(1), body(1), 1)
    const found = store.find(key(1))
    if (found === undefined) throw new Error('it was put')
    store.renew(found, { n: 'new' }, 7, 7)
    expect(store.find(key(1))).toMatchObject({ headers: { n: 'new' }, askedAt: 7, hasBody: true })
  })

  it('stays under its size, with its log: what was used least recently goes', () => {
    const folder = folderOf()
    const store = open(folder, 5 * MiB)
    let largest = 0
    for (let n = 0; n < 200; n += 1) {
      store.put(key(n), exchange(n), body(n), n)
      const first = store.find(key(0))
      if (first !== undefined) store.touch(first, n + 0.5)
      largest = Math.max(largest, sizeOf(folder))
    }
    expect(largest).toBeLessThan(5 * MiB)
    expect(largest).toBeGreaterThan(3 * MiB)
    const kept = Array.from({ length: 200 }, (_, n) => n).filter((n) => store.find(key(n)) !== undefined)
    // The first was used all the time; of the others, the last ones are there without a gap.
    expect(kept[0]).toBe(0)
    expect(kept.length).toBeGreaterThan(30)
    expect(kept.slice(1)).toEqual(Array.from({ length: kept.length - 1 }, (_, i) => 200 - (kept.length - 1) + i))
  })

  it('does not keep what would leave no room for others', () => {
    const store = open(folderOf(), MiB)
    store.put(key(1), exchange(1), body(1), 1)
    store.put(key(2), exchange(2), body(2, MiB / 4), 1)
    expect(store.find(key(1))).toBeDefined()
    expect(store.find(key(2))).toBeUndefined()
  })

  it('is made smaller when it is opened with less room', () => {
    const folder = folderOf()
    {
      using store = new ExchangeStore(folder, 'cache', 64 * MiB)
      for (let n = 0; n < 200; n += 1) store.put(key(n), exchange(n), body(n), n)
    }
    expect(sizeOf(folder)).toBeGreaterThan(19 * MiB)
    const store = open(folder, 5 * MiB)
    expect(sizeOf(folder)).toBeLessThan(5 * MiB)
    expect(store.find(key(199))).toBeDefined()
    expect(store.find(key(0))).toBeUndefined()
  })

  it('can be used by two at once', () => {
    const folder = folderOf()
    const [one, two] = [open(folder, 5 * MiB), open(folder, 5 * MiB)]
    for (let n = 0; n < 100; n += 1) (n % 2 === 0 ? one : two).put(key(n), exchange(n), body(n), n)
    expect(one.find(key(99))).toMatchObject(exchange(99))
    expect(two.find(key(98))).toMatchObject(exchange(98))
    const gone = { ...exchange(0), id: 1, hasBody: true }
    expect(two.bodyOf(gone)).toBeUndefined()
    expect(sizeOf(folder)).toBeLessThan(5 * MiB)
  })

  it('passes over what it cannot write while another does, and has no older answer from then on', () => {
    const folder = folderOf()
    const store = open(folder)
    for (const n of [1, 2, 3]) store.put(key(n), exchange(n), body(n), n)
    const found = store.find(key(3))
    if (found === undefined) throw new Error('it was put')
    const other = new DatabaseSync(join(folder, 'exchanges.db'))
    other.exec('begin immediate')
    store.put(key(1), exchange(10), body(10), 10)
    store.remove(key(2))
    store.renew(found, { n: 'new' }, 7, 7)
    store.touch(found, 8)
    store.put(key(4), exchange(4), body(4), 10)
    expect([1, 2, 3, 4].map((n) => store.find(key(n))?.headers)).toEqual([undefined, undefined, { n: '3' }, undefined])
    other.exec('rollback')
    other.close()
    store.put(key(4), exchange(4), body(4), 11)
    const left = () => [1, 2, 3, 4].map((n) => open(folder).find(key(n))?.headers)
    expect(left()).toEqual([undefined, undefined, { n: '3' }, { n: '4' }])
    store.put(key(1), exchange(10), body(10), 12)
    expect(left()).toEqual([{ n: '10' }, undefined, { n: '3' }, { n: '4' }])
  })

  it('removes at its end what it could not while another wrote', () => {
    const folder = folderOf()
    {
      using store = new ExchangeStore(folder, 'cache', 64 * MiB)
      store.put(key(1), exchange(1), body(1), 1)
      const other = new DatabaseSync(join(folder, 'exchanges.db'))
      other.exec('begin immediate')
      store.remove(key(1))
      other.close()
    }
    expect(open(folder).find(key(1))).toBeUndefined()
  })

  it('has failed when another writes without end', () => {
    const folder = folderOf()
    const store = open(folder)
    using other = new DatabaseSync(join(folder, 'exchanges.db'))
    other.exec('begin immediate')
    for (let n = 0; n < 10_000; n += 1) store.put(key(n), exchange(n), undefined, n)
    expect(() => store.put(key(-1), exchange(-1), undefined, 1)).toThrow(CacheFailedError)
    expect(() => store.put(key(-1), exchange(-1), undefined, 1)).toThrow(/another program keeps it locked/)
  })

  it('can be read by its owner only', () => {
    const folder = folderOf()
    open(folder).put(key(1), exchange(1), body(1), 1)
    const modes = readdirSync(folder).map((file) => statSync(join(folder, file)).mode & 0o777)
    expect(new Set(modes)).toEqual(new Set([0o600]))
  })

  it('is opened after a kill -9 as if nothing had happened', async () => {
    const folder = folderOf()
    const source = fileURLToPath(new URL('../../../src/fetcher/cache/exchange-store.ts', import.meta.url))
    const program = `
      import { ExchangeStore } from ${JSON.stringify(source)}
      const store = new ExchangeStore(${JSON.stringify(folder)}, 'cache', ${5 * MiB})
      for (let n = 0; ; n += 1) {
        const exchange = { url: 'u', status: 200, headers: { n: String(n) }, askedAt: n, variant: '' }
        store.put(Buffer.from('key ' + n), exchange, Buffer.alloc(20_000 + (n % 7) * 30_000, 'x'), n)
        if (n === 20) console.log('many')
      }`
    for (const afterMs of [0, 30, 100]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program])
      await once(child.stdout, 'data')
      await sleep(afterMs)
      child.kill('SIGKILL')
      await once(child, 'close')
      const store = new ExchangeStore(folder, 'cache', 5 * MiB)
      const last = Array.from({ length: 20_000 }, (_, n) => n).findLast((n) => store.find(key(n)) !== undefined) ?? -1
      expect(last).toBeGreaterThanOrEqual(20)
      const found = store.find(key(last))
      expect(found?.headers).toEqual({ n: String(last) })
      expect(found && store.bodyOf(found)).toHaveLength(20_000 + (last % 7) * 30_000)
      store.put(key(-1), exchange(-1), body(-1), 1e9)
      expect(store.find(key(-1))).toBeDefined()
      store[Symbol.dispose]()
      using database = new DatabaseSync(join(folder, 'exchanges.db'))
      expect(Object.values(database.prepare('pragma integrity_check').get() ?? {})).toEqual(['ok'])
    }
  })
})

describe('what is no store of exchanges is said to be none', () => {
  const opening = (folder: string, kind: ExchangeStoreKind = 'cache') => {
    try {
      open(folder, MiB, kind)
    } catch (error) {
      expect(error).toBeInstanceOf(CacheFailedError)
      return error instanceof Error ? error.message.replaceAll(folder, 'DIR') : ''
    }
    return undefined
  }

  it('a file of something else', () => {
    const folder = folderOf()
    writeFileSync(
      join(folder, 'exchanges.db'),
      'no database at all, but a text that is long enough to be one. '.repeat(100),
    )
    expect(opening(folder)).toBe(
      'Cannot open the cache DIR: its file exchanges.db is damaged, or no database (remove it)',
    )
  })

  it('a database of another program', () => {
    const folder = folderOf()
    using database = new DatabaseSync(join(folder, 'exchanges.db'))
    database.exec('create table notes (text)')
    expect(opening(folder)).toBe(
      "DIR/exchanges.db is no cache of doff's, but another program's database: name another folder (--cache)",
    )
  })

  it('a recording where a cache is asked for, and the other way round', () => {
    const [cache, recording] = [folderOf(), folderOf()]
    open(cache)
    open(recording, MiB, 'recording')
    expect(opening(recording)).toBe(
      "DIR/exchanges.db is no cache of doff's, but a recording (--replay): name another folder (--cache)",
    )
    expect(opening(cache, 'recording')).toBe(
      "DIR/exchanges.db is no recording of doff's, but a cache (--cache): name another folder (--replay)",
    )
  })

  it('a cache of a later doff', () => {
    const folder = folderOf()
    open(folder)[Symbol.dispose]()
    {
      using database = new DatabaseSync(join(folder, 'exchanges.db'))
      database.exec('pragma user_version = 9')
    }
    expect(opening(folder)).toBe('The cache DIR was written by another version of doff: name another folder')
  })

  it('a folder that cannot be made', () => {
    const folder = folderOf()
    writeFileSync(join(folder, 'file'), '')
    expect(opening(join(folder, 'file', 'cache'))).toContain(
      'a part of its path is no folder (see to it, or go on without: --cache none)',
    )
  })
})
