/** The item log: committed items, numbered from 1 without gaps, kept for every exporter that will ever read them. */
import type { StatementSync } from 'node:sqlite'
import type { Database } from './database.ts'
import { decodeItem, encodeItem, type ItemJson } from './item-json.ts'

export class ItemLog {
  readonly #database: Database
  readonly #insert: StatementSync
  readonly #select: StatementSync
  #lastId: number
  /** Items of the open tick may yet come to nothing. */
  #lastCommittedId: number

  constructor(database: Database) {
    this.#database = database
    this.#insert = database.prepare('insert into item (id, page, value, types) values (?, ?, ?, ?)')
    this.#select = database.prepare('select id, value, types from item where id > ? and id <= ? order by id limit ?')
    const last = database.read(() => database.prepare('select max(id) as id from item').get())
    this.#lastId = Number(last?.id ?? 0)
    this.#lastCommittedId = this.#lastId
    const after = () => {
      this.#lastCommittedId = this.#lastId
    }
    database.onCommit({ after })
  }

  /** The newest item's number. */
  get lastId(): number {
    return this.#lastCommittedId
  }

  /** Adds the items of a page; to be called within a write. */
  append(page: number, items: readonly unknown[]): void {
    for (const item of items) {
      const { value, types } = encodeItem(item)
      this.#insert.run(++this.#lastId, page, value, types)
    }
  }

  /** Up to `limit` committed items after item `after`. */
  read(after: number, limit: number): readonly { readonly id: number; readonly item: unknown }[] {
    const rows = this.#database.read(() => this.#select.all(after, this.#lastCommittedId, limit))
    return rows.map((row) => ({ id: Number(row.id), item: this.#decode(Number(row.id), row as unknown as ItemJson) }))
  }

  #decode(id: number, json: ItemJson): unknown {
    try {
      return decodeItem(json)
    } catch (error) {
      throw this.#database.damage(`item ${id} of its log cannot be read`, error)
    }
  }
}
