import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoreFailedError, StoreInUseError, StoreNotFoundError, StoreVersionError } from '../../src/errors.ts'
import { Database } from '../../src/store/database.ts'
import { migrate, migrations } from '../../src/store/schema.ts'
import { Store } from '../../src/store/store.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function openStore(folder: string, options = {}): Store {
  const store = Store.open(folder, options)
  onTestFinished(() => store[Symbol.dispose]())
  return store
}

const count = (folder: string, sql: string) => {
  using database = new DatabaseSync(join(folder, 'crawl.db'), { readOnly: true })
  return Object.values(database.prepare(sql).get() ?? {})[0]
}

describe('a store', () => {
  it('is made with its folder, and only its owner can read it', () => {
    const folder = join(newFolder(), 'deep/inside')
    const store = openStore(folder)
    expect(store.state).toBe('new')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    store.setFacts({ seeds: [] }).catch(() => undefined)
    store.database.commit()
    for (const file of ['crawl.db', 'crawl.db-wal', 'crawl.db-shm', 'lock', 'pid'])
      expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600])
  })

  it('keeps its facts, and leaves one file and the lock when it is closed', async () => {
    const folder = newFolder()
    const store = Store.open(folder)
    await store.setFacts({ seeds: ['http://a.test/'], spider: 'a', gone: 1 })
    await store.setFacts({ gone: undefined })
    store[Symbol.dispose]()
    const again = openStore(folder)
    expect([again.fact('seeds'), again.fact('spider'), again.fact('gone')]).toEqual([
      ['http://a.test/'],
      'a',
      undefined,
    ])
    expect(again.state).toBe('unfinished')
    await again.setFacts({ finished_at: 'now' })
    expect(again.state).toBe('finished')
  })

  it('is empty after a fresh start', async () => {
    const folder = newFolder()
    const store = Store.open(folder)
    await store.setFacts({ seeds: [] })
    store[Symbol.dispose]()
    expect(openStore(folder, { fresh: true }).state).toBe('new')
  })

  it('can be looked at while its owner is at work', async () => {
    const folder = newFolder()
    const store = openStore(folder)
    await store.setFacts({ spider: 'a' })
    using reader = Store.openToRead(folder)
    expect(reader.fact('spider')).toBe('a')
    expect(() => Store.openToRead(newFolder())).toThrow(StoreNotFoundError)
  })
})

describe('one owner', () => {
  it('a second crawl of the same process is refused', () => {
    const folder = newFolder()
    openStore(folder)
    expect(() => Store.open(folder)).toThrow(StoreInUseError)
    expect(() => Store.open(folder)).toThrow('is in use by another crawl of this process')
    // Being refused must not have taken the lock away.
    expect(() => Store.open(folder)).toThrow(StoreInUseError)
  })

  it('a second process is refused with the pid of the first, whose lock goes with it, also by kill -9', async () => {
    const folder = newFolder()
    const code = `import { Store } from '${new URL('../../src/store/store.ts', import.meta.url).href}'
      Store.open(process.argv[2]); process.send('open'); setInterval(() => globalThis.gc(), 20)`
    const script = join(folder, 'owner.mjs')
    writeFileSync(script, code)
    // Nobody refers to the store there any more, and the garbage is collected: the lock must stay.
    const child = fork(script, [folder], { execArgv: ['--expose-gc'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'message')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(() => Store.open(folder)).toThrow(`is in use by process ${child.pid}: wait for it`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(`${child.pid}\n`)
    openStore(folder)
    expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(`${process.pid}\n`)
  })
})

describe('versions', () => {
  it('a store of a newer doff is refused', () => {
    const folder = newFolder()
    Store.open(folder)[Symbol.dispose]()
    using database = new DatabaseSync(join(folder, 'crawl.db'))
    database.exec('pragma user_version = 99')
    expect(() => Store.open(folder)).toThrow(StoreVersionError)
    expect(() => Store.open(folder)).toThrow('written by a newer doff (its version is 99')
    expect(() => Store.openToRead(folder)).toThrow('update doff')
  })

  it('a store of an older doff is migrated, step by step and all at once', () => {
    const folder = newFolder()
    Store.open(folder)[Symbol.dispose]()
    const database = new Database(join(folder, 'crawl.db'), folder)
    const steps = [...migrations, 'create table newer (a) strict', 'alter table page add column newest text']
    expect(() => migrate(database, folder, steps)).toThrow(StoreFailedError)
    database.close()
    // The step that failed (a strict table wants types) left nothing behind.
    expect(count(folder, 'pragma user_version')).toBe(migrations.length)
    const again = new Database(join(folder, 'crawl.db'), folder)
    migrate(again, folder, [
      ...migrations,
      'create table newer (a integer) strict',
      'alter table page add column newest text',
    ])
    again.close()
    expect(count(folder, 'pragma user_version')).toBe(migrations.length + 2)
    expect(count(folder, 'select count(newest) from page')).toBe(0)
  })

  it("another program's database is refused, and not touched", () => {
    const folder = newFolder()
    using database = new DatabaseSync(join(folder, 'crawl.db'))
    database.exec('create table mine (a integer)')
    expect(() => Store.open(folder)).toThrow("is not a store of doff's: its database is another program's")
    expect(count(folder, "select group_concat(name) from sqlite_schema where type = 'table'")).toBe('mine')
  })
})

describe('damage', () => {
  it.each([
    ['text', (path: string) => writeFileSync(path, 'not a database at all, '.repeat(500))],
    ['a file that was cut short', (path: string) => truncateSync(path, statSync(path).size / 2)],
    ['the first bytes of one', (path: string) => truncateSync(path, 50)],
  ])('%s is told as damage, with what to do', (_name, damage) => {
    const folder = newFolder()
    Store.open(folder)[Symbol.dispose]()
    damage(join(folder, 'crawl.db'))
    expect(() => Store.open(folder)).toThrow(StoreFailedError)
    expect(() => Store.open(folder)).toThrow(/its file is damaged.*start anew with --fresh/)
    expect(openStore(folder, { fresh: true }).state).toBe('new')
  })

  it('a page of it that was overwritten is told when it is read', async () => {
    const folder = newFolder()
    const store = Store.open(folder)
    await store.setFacts({ seeds: ['x'.repeat(100_000)] })
    store[Symbol.dispose]()
    const bytes = readFileSync(join(folder, 'crawl.db'))
    bytes.fill(0xaa, 4096 * 2, bytes.length)
    writeFileSync(join(folder, 'crawl.db'), bytes)
    expect(() => {
      using again = Store.open(folder)
      again.fact('seeds')
    }).toThrow(/its file is damaged/)
  })

  it('a lock that is no lock is told, too', () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'lock'), 'garbage, '.repeat(200))
    expect(() => Store.open(folder)).toThrow(/Cannot open the store .*: its lock cannot be taken/)
  })

  it('a folder that cannot be made is told with its reason', () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    expect(() => Store.open(join(file, 'store'))).toThrow('a part of its path is no folder')
  })
})

describe('a tick', () => {
  it('is one transaction: what was written in it is kept together, and told when it is safe', async () => {
    const folder = newFolder()
    const store = openStore(folder)
    const first = store.database.write(() => store.database.prepare("insert into crawl values ('a', '1')").run())
    const second = store.database.write(() => store.database.prepare("insert into crawl values ('b', '2')").run())
    expect(count(folder, 'select count(*) from crawl')).toBe(0)
    await first.committed
    expect(count(folder, 'select count(*) from crawl')).toBe(2)
    await second.committed
  })

  it('is committed when it has grown large', () => {
    const folder = newFolder()
    const store = openStore(folder)
    const insert = store.database.prepare('insert into crawl values (?, ?)')
    for (let row = 0; row < 250; row += 1) store.database.write(() => insert.run(String(row), '1'))
    expect(count(folder, 'select count(*) from crawl')).toBe(200)
  })

  it('that fails keeps nothing, tells all who wrote in it, and is the last', async () => {
    const folder = newFolder()
    const store = openStore(folder)
    const insert = store.database.prepare('insert into crawl values (?, ?)')
    const { committed } = store.database.write(() => insert.run('a', '1'))
    expect(() => store.database.write(() => insert.run('a', null))).toThrow(StoreFailedError)
    await expect(committed).rejects.toThrow(StoreFailedError)
    expect(() => store.database.write(() => insert.run('c', '1'))).toThrow(StoreFailedError)
    expect(count(folder, 'select count(*) from crawl')).toBe(0)
  })

  it('notices that the store was deleted', async () => {
    const folder = newFolder()
    const store = openStore(folder)
    rmSync(join(folder, 'crawl.db'))
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    expect(() => store.setFacts({ a: 1 })).toThrow('was lost: its file was deleted or replaced')
  })
})
