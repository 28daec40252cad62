/**
 * Answers on disk, for the HTTP cache and for recordings: an SQLite database in a folder, `exchanges.db`, that only its owner can read.
 *
 * It is as large as it may be, and no larger: before an answer is added, those that were used least recently go until there is room. What
 * counts is the file itself, with its write-ahead log. Nothing is held in memory, each write is a transaction of its own (without a sync,
 * which is the write-ahead log's business): after a kill -9 it is opened as if nothing had happened, and several crawls may use it.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CacheFailedError, messageOf, reasonOf } from '../../errors.ts'
import type { Headers } from '../../outcome.ts'

/** An answer that is kept, without its body. */
export interface KeptExchange {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  /** When the request was sent. */
  readonly askedAt: number
  /** What of the request the answer depends on. */
  readonly variant: string
}

export interface FoundExchange extends KeptExchange {
  readonly id: number
  readonly hasBody: boolean
}

/** The kinds of store, and what the database's header calls them: "dofc", "dofr". */
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

const pageBytes = 4096
/** Shares of the whole: the database may have three quarters, one answer an eighth; the rest is for the log. */
const databaseShare = 3 / 4
const answerShare = 1 / 8
const logShare = 1 / 16
const longestLogBytes = 4 * 1024 ** 2
/** Pages that a row, its keys and the halves of split pages may take besides what they hold. */
const sparePages = 8
const busyTimeoutMs = 10_000
const memoryKib = 2 * 1024

export class ExchangeStore implements Disposable {
  readonly #folder: string
  readonly #kind: ExchangeStoreKind
  readonly #maxPages: number
  readonly #maxAnswerBytes: number
  readonly #connection: DatabaseSync
  readonly #sql: Statements

  /**
   * @param maxBytes what all of it may take on disk; `Infinity` for no limit.
   * @throws CacheFailedError when it cannot be opened, or is another program's, or of the other kind.
   */
  constructor(folder: string, kind: ExchangeStoreKind, maxBytes: number) {
    this.#folder = folder
    this.#kind = kind
    this.#maxPages = Math.floor((maxBytes * databaseShare) / pageBytes)
    this.#maxAnswerBytes = maxBytes * answerShare
    this.#connection = this.#try('open', () => open(folder))
    try {
      this.#sql = this.#try('open', () => {
        this.#prepareFile(Math.min(maxBytes * logShare, longestLogBytes))
        return prepare(this.#connection)
      })
      this.#try('write', () => this.#shrink())
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  find(key: Uint8Array): FoundExchange | undefined {
    const row = this.#try('read', () => this.#sql.find.get(key))
    if (row === undefined) return undefined
    return {
      id: Number(row.id),
      url: String(row.url),
      status: Number(row.status),
      headers: JSON.parse(String(row.headers)) as Headers,
      askedAt: Number(row.asked_at),
      variant: String(row.variant),
      hasBody: row.has_body === 1,
    }
  }

  /** `undefined` if there is none, or another crawl has removed it meanwhile. */
  bodyOf({ id }: FoundExchange): Uint8Array | undefined {
    const bytes = this.#try('read', () => this.#sql.body.get(id))?.bytes
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  /** In place of what is there; what is too large to be kept beside others is not. */
  put(key: Uint8Array, exchange: KeptExchange, body: Uint8Array | undefined, now: number): void {
    const headers = JSON.stringify(exchange.headers)
    const bytes = headers.length + exchange.url.length + (body?.length ?? 0)
    const isTooLarge = bytes > this.#maxAnswerBytes
    this.#write(() => {
      this.#remove(this.#sql.idOf.get(key)?.id)
      if (isTooLarge) return
      this.#makeRoomFor(Math.ceil(bytes / pageBytes) + sparePages)
      const { url, status, variant, askedAt } = exchange
      const { lastInsertRowid } = this.#sql.add.run(key, url, status, headers, variant, askedAt, now)
      if (body !== undefined) this.#sql.addBody.run(lastInsertRowid, body)
    })
  }

  /** Its body is still what the server has, with these headers. */
  renew({ id }: FoundExchange, headers: Headers, askedAt: number, now: number): void {
    this.#write(() => this.#sql.renew.run(JSON.stringify(headers), askedAt, now, id))
  }

  /** It was used: others go first. */
  touch({ id }: FoundExchange, now: number): void {
    this.#write(() => this.#sql.touch.run(now, id))
  }

  remove(key: Uint8Array): void {
    const row = this.#try('read', () => this.#sql.idOf.get(key))
    if (row !== undefined) this.#write(() => this.#remove(row.id))
  }

  [Symbol.dispose](): void {
    if (this.#connection.isOpen) this.#connection.close()
  }

  #prepareFile(logBytes: number): void {
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

  /** The file may have been allowed to be larger. */
  #shrink(): void {
    if (numberOf(this.#connection, 'pragma page_count') <= this.#maxPages) return
    this.#write(() => this.#makeRoomFor(0))
    this.#connection.exec('pragma incremental_vacuum; pragma wal_checkpoint(truncate)')
  }

  #makeRoomFor(pages: number): void {
    if (this.#maxPages === Number.POSITIVE_INFINITY) return
    while (this.#pagesInUse + pages > this.#maxPages) {
      const oldest = this.#sql.oldest.get()
      if (oldest === undefined) return
      this.#remove(oldest.id)
    }
  }

  get #pagesInUse(): number {
    return Number(this.#sql.pages.get()?.page_count) - Number(this.#sql.freePages.get()?.freelist_count)
  }

  #remove(id: unknown): void {
    if (typeof id !== 'number') return
    this.#sql.removeBody.run(id)
    this.#sql.remove.run(id)
  }

  #write(work: () => void): void {
    this.#try('write', () => {
      this.#connection.exec('begin immediate')
      try {
        work()
        this.#connection.exec('commit')
      } catch (error) {
        // After a full disk SQLite has rolled back by itself.
        if (this.#connection.isTransaction) this.#connection.exec('rollback')
        throw error
      }
    })
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

const fileName = 'exchanges.db'

function open(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, fileName)
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  return new DatabaseSync(path, { timeout: busyTimeoutMs })
}

type Statements = Readonly<Record<keyof typeof statements, StatementSync>>

const statements = {
  find: `select id, url, status, headers, variant, asked_at,
    exists (select 1 from body where exchange = exchange.id) as has_body from exchange where key = ?`,
  idOf: 'select id from exchange where key = ?',
  body: 'select bytes from body where exchange = ?',
  add: 'insert into exchange (key, url, status, headers, variant, asked_at, used_at) values (?, ?, ?, ?, ?, ?, ?)',
  addBody: 'insert into body (exchange, bytes) values (?, ?)',
  renew: 'update exchange set headers = ?, asked_at = ?, used_at = ? where id = ?',
  touch: 'update exchange set used_at = ? where id = ?',
  oldest: 'select id from exchange order by used_at limit 1',
  remove: 'delete from exchange where id = ?',
  removeBody: 'delete from body where exchange = ?',
  pages: 'pragma page_count',
  freePages: 'pragma freelist_count',
} as const

function prepare(connection: DatabaseSync): Statements {
  const prepared = Object.entries(statements).map(([name, sql]) => [name, connection.prepare(sql)] as const)
  return Object.fromEntries(prepared) as Statements
}

function numberOf(connection: DatabaseSync, sql: string): number {
  return Number(Object.values(connection.prepare(sql).get() ?? {})[0])
}

/** https://www.sqlite.org/rescode.html, primary codes. */
const reasonsByCode: Readonly<Record<number, string>> = {
  5: 'another program keeps it locked',
  8: 'it is read-only',
  10: 'the disk refused',
  13: 'the disk is full',
  14: 'its file cannot be opened',
}

function explain(error: unknown, kind: ExchangeStoreKind): { reason: string; remedy: string } {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1
  const remedy = `see to it, or leave out ${flags[kind]}`
  // Corrupt, and no database at all.
  if (code === 11 || code === 26)
    return { reason: `its file ${fileName} is damaged, or no database`, remedy: 'remove it' }
  const reason = reasonsByCode[code]
  if (reason !== undefined) return { reason, remedy }
  return { reason: code === -1 ? reasonOf(error) : messageOf(error), remedy }
}
