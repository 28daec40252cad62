/**
 * Cursors of exporters. A cursor says how far an output is, in items of the log and in bytes of the file that were synced before it was
 * committed; so after a kill a file can be cut back to what the cursor says, and gone on with from the log.
 */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { StatementSync } from 'node:sqlite'
import type { Cursor } from '../cursor.ts'
import type { Database } from './database.ts'

export class Cursors {
  readonly #database: Database
  readonly #folder: string
  readonly #select: StatementSync
  readonly #save: StatementSync

  constructor(database: Database, folder: string) {
    this.#database = database
    this.#folder = realpathSync(folder)
    this.#select = database.prepare('select item, bytes, foreign_bytes, columns, is_closed from output where path = ?')
    this.#save = database.prepare(
      'insert or replace into output (path, item, bytes, foreign_bytes, columns, is_closed) values (?, ?, ?, ?, ?, ?)',
    )
  }

  /** @param path of the output, from the working directory; `-` is standard output. */
  get(path: string): Cursor | undefined {
    const row = this.#database.read(() => this.#select.get(this.#key(path)))
    if (row === undefined) return undefined
    return {
      item: Number(row.item),
      bytes: row.bytes === null ? null : Number(row.bytes),
      foreignBytes: Number(row.foreign_bytes),
      columns: row.columns === null ? null : (JSON.parse(String(row.columns)) as readonly string[]),
      isClosed: row.is_closed === 1,
    }
  }

  /** Resolves when it is committed. */
  save(path: string, { item, bytes, foreignBytes, columns, isClosed }: Cursor): Promise<void> {
    const header = columns === null ? null : JSON.stringify(columns)
    const values = [this.#key(path), item, bytes, foreignBytes, header, isClosed ? 1 : 0] as const
    return this.#database.write(() => this.#save.run(...values)).committed
  }

  /** Of a crawl that is begun anew: what is in its files is not of its log. */
  forget(): void {
    this.#database.execute('delete from output')
  }

  /** Relative to the store, so that both can be moved together. */
  #key(path: string): string {
    return path === '-' ? path : relative(this.#folder, realPathOf(path))
  }
}

/** Where a path leads, also that of a file that is not there yet: one file by two spellings is one output. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const folder = dirname(resolve(path))
    return existsSync(folder) ? join(realpathSync(folder), basename(path)) : resolve(path)
  }
}
