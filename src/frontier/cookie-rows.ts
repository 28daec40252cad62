/** The crawl's cookies as rows of the table `cookie`, there and back. */
import type { StatementSync } from 'node:sqlite'
import type { Cookie, CookieChange } from '../cookie.ts'
import type { Database } from '../store/database.ts'

export class CookieRows {
  readonly #database: Database
  readonly #select: StatementSync
  readonly #put: StatementSync
  readonly #remove: StatementSync

  constructor(database: Database) {
    this.#database = database
    // An old cookie goes before a young one, also when the jar is filled again.
    this.#select = database.prepare('select * from cookie order by created_at')
    this.#put = database.prepare(
      `insert or replace into cookie (domain, is_host_only, path, name, value, is_secure, created_at, expires_at)
        values (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#remove = database.prepare(
      'delete from cookie where domain = ? and is_host_only = ? and path = ? and name = ?',
    )
  }

  get all(): readonly Cookie[] {
    return this.#database
      .read(() => this.#select.all())
      .map((row) => ({
        domain: String(row.domain),
        isHostOnly: row.is_host_only === 1,
        path: String(row.path),
        name: String(row.name),
        value: String(row.value),
        isSecure: row.is_secure === 1,
        createdAt: Number(row.created_at),
        expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
      }))
  }

  /** To be called within a write. */
  apply(change: CookieChange): void {
    const { domain, isHostOnly, path, name } = change.cookie
    const id = [domain, Number(isHostOnly), path, name]
    if (change.kind === 'gone') {
      this.#remove.run(...id)
      return
    }
    const { value, isSecure, createdAt, expiresAt = null } = change.cookie
    this.#put.run(...id, value, Number(isSecure), createdAt, expiresAt)
  }
}
