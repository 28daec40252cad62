/**
 * What the frontier on disk knows by heart of what is on disk: the numbers of hosts, and the rules of origins. Of fixed size: when there is
 * more, all of it is forgotten and read again.
 */
import type { RobotsRecord } from '../host.ts'
import type { Statements } from './statements.ts'

const maxHosts = 10_000
const maxRobotsChars = 8 * 1024 * 1024

export class HostIds {
  readonly #sql: Statements
  readonly #ids = new Map<string, number>()

  constructor(sql: Statements) {
    this.#sql = sql
  }

  idOf(name: string): number | undefined {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const row = this.#sql.hostByName.get(name)
    return row === undefined ? undefined : this.#know(name, Number(row.id))
  }

  /** Adds a host to the table; to be called within a write. */
  add(name: string): number {
    return this.#know(name, Number(this.#sql.addHost.run(name).lastInsertRowid))
  }

  #know(name: string, id: number): number {
    if (this.#ids.size >= maxHosts) this.#ids.clear()
    this.#ids.set(name, id)
    return id
  }
}

export class RobotsRecords {
  readonly #sql: Statements
  readonly #records = new Map<string, RobotsRecord>()
  #chars = 0

  constructor(sql: Statements) {
    this.#sql = sql
  }

  /** The same record for as long as it is known: what is worked out of its rules is kept with it. */
  of(origin: string): RobotsRecord | undefined {
    const known = this.#records.get(origin)
    if (known !== undefined) return known
    const row = this.#sql.robots.get(origin)
    if (row === undefined) return undefined
    const text = String(row.record)
    return this.#know(JSON.parse(text) as RobotsRecord, text)
  }

  /** Saves a record; to be called within a write. */
  set(record: RobotsRecord): void {
    const text = JSON.stringify(record)
    this.#know(record, text)
    this.#sql.setRobots.run(record.origin, text)
    // The ledger's rows name the version that they were judged by.
    if (record.kind === 'rules') this.#sql.addRules.run(record.origin, record.version, record.fetchedAt, text)
  }

  #know(record: RobotsRecord, { length }: string): RobotsRecord {
    if (this.#chars + length > maxRobotsChars) {
      this.#records.clear()
      this.#chars = 0
    }
    this.#records.set(record.origin, record)
    this.#chars += length
    return record
  }
}
