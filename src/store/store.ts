/**
 * A store: the folder that holds the state of one crawl.
 *
 *     crawl.db   the lines, what was seen, hosts and their pace, the item log, counters and cursors (schema.ts)
 *     lock, pid  whose it is (owner.ts)
 *
 * Only its owner's user can read it. A request is deleted only when it comes to its end, in one transaction with what came of it, so
 * going on after a kill is opening the file.
 */
import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CrawlInUseError, reasonOf, StoreFailedError, StoreNotFoundError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { Counters } from './counters.ts'
import { Cursors } from './cursors.ts'
import { Database, damaged } from './database.ts'
import { ItemLog } from './item-log.ts'
import { Ledger } from './ledger.ts'
import { ownStore } from './owner.ts'
import { checkVersion, migrate } from './schema.ts'

/** In the order in which a fresh start removes them: whatever is left after a kill is a state, an older one or none. */
const files = ['crawl.db-wal', 'crawl.db-shm', 'crawl.db']

export interface StoreOptions {
  /** Removes the crawl that is there. Default false. */
  readonly fresh?: boolean
}

export class Store implements Disposable {
  /** As the user named it. */
  readonly folder: string
  readonly database: Database
  readonly items: ItemLog
  readonly cursors: Cursors
  readonly counters: Counters
  readonly ledger: Ledger
  readonly #owner: Disposable | undefined
  #isTaken = false

  private constructor(folder: string, database: Database, owner: Disposable | undefined) {
    this.folder = folder
    this.database = database
    this.#owner = owner
    this.items = new ItemLog(database)
    this.cursors = new Cursors(database, folder)
    this.counters = new Counters(database)
    this.ledger = new Ledger(database)
  }

  /**
   * Opens the store in a folder, which is made if there is none, and becomes its owner.
   * @throws StoreInUseError, StoreVersionError, StoreFailedError
   */
  static open(folder: string, { fresh = false }: StoreOptions = {}): Store {
    using undo = new DisposableStack()
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const owner = undo.use(ownStore(folder, folder))
      if (fresh) for (const file of files) rmSync(join(folder, file), { force: true })
      const path = join(folder, 'crawl.db')
      if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
      checkSize(path, folder)
      const database = new Database(path, folder)
      undo.defer(() => database.close())
      migrate(database, folder)
      const store = new Store(folder, database, owner)
      // Of a crawl that never began: what is in its files is not of its log.
      if (store.state === 'new') store.cursors.forget()
      undo.move()
      return store
    } catch (error) {
      throw isSystemError(error) ? cannotOpen(folder, error) : error
    }
  }

  /**
   * Opens a store to look at it, also while its owner is at work.
   * @param asOf `once`: as it is at this moment, whatever its owner does meanwhile. It keeps the write-ahead log from being emptied, so not
   * for long.
   * @throws StoreNotFoundError, StoreVersionError, StoreFailedError
   */
  static openToRead(folder: string, asOf: 'each read' | 'once' = 'each read'): Store {
    const path = join(folder, 'crawl.db')
    if (!existsSync(path))
      throw new StoreNotFoundError(`There is no store in ${folder} (name its folder with --store DIR)`)
    const database = new Database(path, folder, 'read')
    try {
      if (asOf === 'once') database.execute('begin')
      checkVersion(database, folder)
      return new Store(folder, database, undefined)
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** Whether the folder holds a store, of whatever state. */
  static exists(folder: string): boolean {
    return existsSync(join(folder, 'crawl.db'))
  }

  /** A crawl is there once its seeds are. */
  get state(): 'new' | 'unfinished' | 'finished' {
    if (this.fact('seeds') === undefined) return 'new'
    return this.fact('finished_at') === undefined ? 'unfinished' : 'finished'
  }

  /** For a crawl: one at a time, and once. @throws CrawlInUseError */
  take(): void {
    if (this.#isTaken) throw new CrawlInUseError('A store that was opened is for one crawl: open it again for another')
    this.#isTaken = true
  }

  /** One of the facts about the crawl (the table `crawl`). */
  fact(name: string): JsonValue | undefined {
    const row = this.database.read(() => this.database.prepare('select value from crawl where name = ?').get(name))
    return row === undefined ? undefined : (JSON.parse(String(row.value)) as JsonValue)
  }

  /** Writes facts; `undefined` takes one away. They are committed with the tick. */
  setFacts(facts: Readonly<Record<string, JsonValue | undefined>>): Promise<void> {
    const { committed } = this.database.write(() => {
      for (const [name, value] of Object.entries(facts)) {
        if (value === undefined) this.database.prepare('delete from crawl where name = ?').run(name)
        else
          this.database
            .prepare('insert or replace into crawl (name, value) values (?, ?)')
            .run(name, JSON.stringify(value))
      }
    })
    return committed
  }

  /** Commits what is open and gives the store up. */
  [Symbol.dispose](): void {
    try {
      this.database.close()
    } finally {
      this.#owner?.[Symbol.dispose]()
    }
  }
}

/**
 * SQLite would tell of a file that was cut short only when it comes to the missing part, perhaps days later. The size in the header is
 * right when there is no write-ahead log to go with it (sqlite.org/fileformat2.html, section 1.3).
 */
function checkSize(path: string, folder: string): void {
  const { size } = statSync(path)
  if (size === 0 || existsSync(`${path}-wal`)) return
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  const length = readSync(file, header)
  closeSync(file)
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  if (length === 100 && size >= pageSize * header.readUInt32BE(28)) return
  throw new StoreFailedError(
    `Cannot open the store ${folder}: ${damaged.reason}, it was cut short (${damaged.remedy})`,
    { cause: undefined },
  )
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error

const cannotOpen = (folder: string, error: unknown) =>
  new StoreFailedError(
    `Cannot open the store ${folder}: ${reasonOf(error)} (see the folder's permissions, or name another with --store DIR)`,
    { cause: error },
  )
