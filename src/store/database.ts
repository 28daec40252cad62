/**
 * A connection to SQLite, and the tick: what is written within a tick is one transaction, committed when the tick is over, when it has
 * grown large, or when nothing more comes. Whoever writes is told when it is safe.
 *
 * In WAL mode with `synchronous=NORMAL` a commit survives the death of the process at any instant. It can be lost with the machine's
 * power, never torn: the state is then that of an earlier commit, and goes together with cursors that point to what was synced.
 */
import { statSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { messageOf, StoreFailedError } from '../errors.ts'

/** A tick is over after this, or when nothing was written for `idleMs`, or after so many writes. */
const tickMs = 100
const idleMs = 20
const maxWritesPerTick = 200

/** How long another program (an open `sqlite3` shell, say) may hold the file before we give up. */
const busyTimeoutMs = 60_000
/** Pages of the file that are kept in memory. */
const cacheKib = 16 * 1024
const walLimitBytes = 64 * 1024 ** 2

/** How often it is seen to that the file is still there. */
const presenceIntervalMs = 1_000

interface Tick {
  readonly committed: PromiseWithResolvers<void>
  readonly end: NodeJS.Timeout
  readonly idle: NodeJS.Timeout
  writes: number
}

interface CommitHooks {
  /** Writes what belongs to the tick. */
  readonly before?: () => void
  readonly after?: () => void
}

export class Database {
  /** For messages: the folder that the user named. */
  readonly #name: string
  readonly #path: string
  readonly #connection: DatabaseSync
  readonly #inode: number
  #lookedAt = performance.now()
  readonly #hooks: CommitHooks[] = []
  #tick: Tick | undefined
  #failure: StoreFailedError | undefined

  /** @throws StoreFailedError when the file cannot be opened or is no database. */
  constructor(path: string, name: string, mode: 'write' | 'read' = 'write') {
    this.#name = name
    this.#path = path
    const connection = this.#translate('open', () => {
      return new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly: mode === 'read' })
    })
    try {
      this.#translate('open', () => {
        if (mode === 'write') connection.exec('pragma journal_mode = wal; pragma synchronous = normal')
        connection.exec(`pragma cache_size = -${cacheKib}; pragma journal_size_limit = ${walLimitBytes}`)
        connection.prepare('select count(*) from sqlite_schema').get()
      })
    } catch (error) {
      connection.close()
      throw error
    }
    this.#connection = connection
    this.#inode = inodeOf(path)
  }

  prepare(sql: string): StatementSync {
    return this.#translate('read', () => this.#connection.prepare(sql))
  }

  /** For what is no part of a tick: schema and pragmas. */
  execute(sql: string): void {
    this.#translate('write', () => this.#connection.exec(sql))
  }

  /** Runs `work`, which only reads. @throws StoreFailedError when the file cannot be read. */
  read<T>(work: () => T): T {
    return this.#translate('read', work)
  }

  /**
   * Runs `work` in the transaction of this tick. Its writes can be read at once, and `committed` resolves when they are safe. Nobody has
   * to await it: a failure is thrown again at the next write.
   * @throws StoreFailedError when it cannot be written. Nothing of the tick is kept then, and the database takes no more.
   */
  write<T>(work: () => T): { readonly result: T; readonly committed: Promise<void> } {
    if (this.#failure !== undefined) throw this.#failure
    try {
      const tick = this.#openTick()
      const result = this.#translate('write', work)
      tick.writes += 1
      tick.idle.refresh()
      if (tick.writes >= maxWritesPerTick) this.commit()
      return { result, committed: tick.committed.promise }
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Ends the tick now, if there is one. A failure is told to those who wrote in it, and at the next write. */
  commit(): void {
    const tick = this.#tick
    if (tick === undefined) return
    try {
      this.#translate('write', () => {
        for (const { before } of this.#hooks) before?.()
        this.#connection.exec('commit')
      })
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#tick = undefined
    clearTimers(tick)
    for (const { after } of this.#hooks) after?.()
    tick.committed.resolve()
  }

  /** What is to be thrown when the file holds what was never written to it. */
  damage(what: string, cause: unknown): StoreFailedError {
    return new StoreFailedError(`Cannot read the store ${this.#name}: ${damaged.reason}, ${what} (${damaged.remedy})`, {
      cause,
    })
  }

  onCommit(hooks: CommitHooks): void {
    this.#hooks.push(hooks)
  }

  /** Commits what is open, and closes. */
  close(): void {
    if (!this.#connection.isOpen) return
    this.commit()
    this.#connection.close()
  }

  #openTick(): Tick {
    if (this.#tick !== undefined) return this.#tick
    this.#checkPresence()
    this.#translate('write', () => this.#connection.exec('begin immediate'))
    const committed = Promise.withResolvers<void>()
    committed.promise.catch(() => undefined)
    const commit = () => this.commit()
    this.#tick = { committed, end: setTimeout(commit, tickMs), idle: setTimeout(commit, idleMs), writes: 0 }
    return this.#tick
  }

  /** A file that was deleted, or replaced, can be written to for days, and all of it is lost: SQLite does not tell in WAL mode. */
  #checkPresence(): void {
    const now = performance.now()
    if (now - this.#lookedAt < presenceIntervalMs) return
    this.#lookedAt = now
    if (inodeOf(this.#path) === this.#inode) return
    throw new StoreFailedError(
      `The store ${this.#name} was lost: its file was deleted or replaced (start anew with --fresh)`,
      {
        cause: undefined,
      },
    )
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof StoreFailedError ? error : this.#failed('write', error)
    const tick = this.#tick
    this.#tick = undefined
    if (tick !== undefined) clearTimers(tick)
    // After a full disk SQLite has rolled back by itself.
    if (this.#connection.isTransaction) this.#connection.exec('rollback')
    tick?.committed.reject(this.#failure)
  }

  #translate<T>(verb: Verb, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw isSqliteError(error) ? this.#failed(verb, error) : error
    }
  }

  #failed(verb: Verb, error: unknown): StoreFailedError {
    const { reason, remedy } = explain(error)
    return new StoreFailedError(`Cannot ${verb} the store ${this.#name}: ${reason} (${remedy})`, { cause: error })
  }
}

function clearTimers({ end, idle }: Tick): void {
  clearTimeout(end)
  clearTimeout(idle)
}

/** NaN, which is not equal to itself, for a file that is not there. */
function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? Number.NaN
}

type Verb = 'open' | 'read' | 'write'

interface SqliteError extends Error {
  readonly errcode: number
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
}

const makeRoom = 'make room, then go on with --resume'
export const damaged = {
  reason: 'its file is damaged',
  remedy:
    'put a copy of it back, without the crawl.db-wal and crawl.db-shm that are there, save what can be read with the `.recover` of sqlite3, or start anew with --fresh; files that were exported are not touched',
}

/** https://www.sqlite.org/rescode.html, primary codes. */
const explanations: Readonly<Record<number, { reason: string; remedy: string }>> = {
  5: { reason: 'another program keeps it locked', remedy: 'close that program, then go on with --resume' },
  8: { reason: 'it is read-only', remedy: 'see its permissions, then go on with --resume' },
  10: { reason: 'the disk refused', remedy: 'see that it has room and works, then go on with --resume' },
  11: damaged,
  13: { reason: 'the disk is full', remedy: makeRoom },
  14: { reason: 'its file cannot be opened', remedy: 'see the permissions of the folder and its files' },
  26: damaged,
}

function explain(error: unknown): { reason: string; remedy: string } {
  const code = isSqliteError(error) ? error.errcode & 0xff : -1
  return explanations[code] ?? { reason: messageOf(error), remedy: 'then go on with --resume' }
}
