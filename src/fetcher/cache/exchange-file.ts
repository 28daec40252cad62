/**
 * The database that answers are kept in: one file, `exchanges.db`, in a folder, that only its owner can read. It knows what it is (a cache or a
 * recording of doff's, and of which version), and says in words what is wrong with it.
 *
 * Each write is a transaction of its own (without a sync, which is the write-ahead log's business): after a kill -9 it is opened as if nothing
 * had happened, and several crawls may use it. Who waits for another's write stands still with all that it does, so it waits for a short while
 * only. (Two crawls that write pages of 30 KB are done within 110 ms, each time; but who opens a cache of half a gigabyte with room for a tenth of
 * it writes for 13 s.)
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CacheFailedError, messageOf, reasonOf } from '../../errors.ts'

/** The kinds of file, and what the database's header calls them: "dofc", "dofr". */
const applicationIds = { cache: 0x646f6663, recording: 0x646f6672 } as const
export type ExchangeStoreKind = keyof typeof applicationIds
const flags = { cache: '--cache', recording: '--replay' } as const

const version = 1

const schema = `
  create table exchange (
    id integer primary key,
    key blob not null unique,  -- digest of what was asked
    url text not null,
    status integer not null,
    headers text not null,     -- JSON
    variant text not null,
    asked_at real not null,    -- milliseconds since 1970, as are all times
    used_at real not null
  ) strict;
  create index exchange_used on exchange (used_at);
  create table body (exchange integer primary key, bytes blob not null) strict;
`

export const pageBytes = 4096
const longestWaitMs = 10_000
const shortWaitMs = 250
const memoryKib = 2 * 1024
const fileName = 'exchanges.db'

export class ExchangeFile implements Disposable {
  readonly #folder: string
  readonly #kind: ExchangeStoreKind
  readonly #connection: DatabaseSync
  #waitMs = longestWaitMs
  /** Who has waited for nothing looks in, and does not wait again. */
  #isBusy = false

  /**
   * @param logBytes what its write-ahead log may take.
   * @throws CacheFailedError when it cannot be opened, or is another program's, or of the other kind.
   */
  constructor(folder: string, kind: ExchangeStoreKind, logBytes: number) {
    this.#folder = folder
    this.#kind = kind
    this.#connection = this.#try('open', () => open(folder))
    try {
      this.#try('open', () => this.#makeReady(logBytes))
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** @throws CacheFailedError */
  prepare<Name extends string>(statements: Readonly<Record<Name, string>>): Readonly<Record<Name, StatementSync>> {
    const sources = Object.entries<string>(statements)
    const prepared = this.#try('open', () =>
      sources.map(([name, sql]) => [name, this.#connection.prepare(sql)] as const),
    )
    return Object.fromEntries(prepared) as Record<Name, StatementSync>
  }

  /** @throws CacheFailedError */
  read<T>(work: () => T): T {
    return this.#try('read', work)
  }

  /** All of it, or nothing. @param waitMs for others. @throws CacheFailedError */
  write(work: () => void, waitMs = longestWaitMs): void {
    this.#try('write', () => {
      this.#waitAtMost(waitMs)
      this.#connection.exec('begin immediate')
      this.#inTransaction(work)
    })
  }

  /** The same, but for a short while: `false` if others are at it, and nothing is written. @throws CacheFailedError */
  writeSoon(work: () => void): boolean {
    return this.#try('write', () => {
      this.#waitAtMost(this.#isBusy ? 0 : shortWaitMs)
      try {
        this.#connection.exec('begin immediate')
        this.#isBusy = false
      } catch (error) {
        this.#isBusy = codeOf(error) === busyCode
        if (!this.#isBusy) throw error
        return false
      }
      this.#inTransaction(work)
      return true
    })
  }

  /** Gives room that is free back to the disk. @throws CacheFailedError */
  shrink(): void {
    this.#try('write', () => this.#connection.exec('pragma incremental_vacuum; pragma wal_checkpoint(truncate)'))
  }

  [Symbol.dispose](): void {
    if (this.#connection.isOpen) this.#connection.close()
  }

  #inTransaction(work: () => void): void {
    try {
      work()
      this.#connection.exec('commit')
    } catch (error) {
      // After a full disk SQLite has rolled back by itself.
      if (this.#connection.isTransaction) this.#connection.exec('rollback')
      throw error
    }
  }

  #waitAtMost(ms: number): void {
    if (this.#waitMs !== ms) this.#connection.exec(`pragma busy_timeout = ${ms}`)
    this.#waitMs = ms
  }

  #makeReady(logBytes: number): void {
    const connection = this.#connection
    connection.exec(`pragma cache_size = -${memoryKib}; pragma synchronous = normal`)
    if (numberOf(connection, 'select count(*) from sqlite_schema') === 0 && this.#isUnnamed) this.#create()
    const id = numberOf(connection, 'pragma application_id')
    if (id !== applicationIds[this.#kind]) throw this.#foreign(id)
    if (numberOf(connection, 'pragma user_version') !== version)
      throw new CacheFailedError(`${this.#name} was written by another version of doff: name another folder`)
    connection.exec(`pragma journal_mode = wal; pragma journal_size_limit = ${Math.floor(logBytes)}`)
    connection.exec(`pragma wal_autocheckpoint = ${Math.max(1, Math.floor(logBytes / pageBytes))}`)
  }

  get #isUnnamed(): boolean {
    return numberOf(this.#connection, 'pragma application_id') === 0
  }

  /** Another crawl may be about to do the same. */
  #create(): void {
    const connection = this.#connection
    // Only before there are tables.
    connection.exec(`pragma page_size = ${pageBytes}; pragma auto_vacuum = incremental; begin immediate`)
    if (this.#isUnnamed)
      connection.exec(
        `${schema}; pragma user_version = ${version}; pragma application_id = ${applicationIds[this.#kind]}`,
      )
    connection.exec('commit')
  }

  get #name(): string {
    return `The ${this.#kind} ${this.#folder}`
  }

  #foreign(id: number): CacheFailedError {
    const other = id === applicationIds.cache ? 'cache' : id === applicationIds.recording ? 'recording' : undefined
    const isWhat = other === undefined ? "another program's database" : `a ${other} (${flags[other]})`
    const path = join(this.#folder, fileName)
    return new CacheFailedError(
      `${path} is no ${this.#kind} of doff's, but ${isWhat}: name another folder (${flags[this.#kind]})`,
    )
  }

  #try<T>(verb: 'open' | 'read' | 'write', work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof CacheFailedError) throw error
      const { reason, remedy } = explain(error, this.#kind)
      throw new CacheFailedError(`Cannot ${verb} the ${this.#kind} ${this.#folder}: ${reason} (${remedy})`, {
        cause: error,
      })
    }
  }
}

function open(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, fileName)
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  return new DatabaseSync(path, { timeout: longestWaitMs })
}

function numberOf(connection: DatabaseSync, sql: string): number {
  return Number(Object.values(connection.prepare(sql).get() ?? {})[0])
}

/** https://www.sqlite.org/rescode.html: primary codes. */
const busyCode = 5
const reasonsByCode: Readonly<Record<number, string>> = {
  [busyCode]: 'another program keeps it locked',
  8: 'it is read-only',
  10: 'the disk refused',
  13: 'the disk is full',
  14: 'its file cannot be opened',
}

const codeOf = (error: unknown) => (error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1)

function explain(error: unknown, kind: ExchangeStoreKind): { reason: string; remedy: string } {
  const code = codeOf(error)
  const remedy = `see to it, or go on without: ${flags[kind]} none`
  // Corrupt, and no database at all.
  if (code === 11 || code === 26)
    return { reason: `its file ${fileName} is damaged, or no database`, remedy: 'remove it' }
  const reason = reasonsByCode[code]
  if (reason !== undefined) return { reason, remedy }
  return { reason: code === -1 ? reasonOf(error) : messageOf(error), remedy }
}
