/**
 * The ledger: every request that was sent, in the order in which they were settled. Rows are only ever added, each with a digest of itself
 * and of the digest before it, so that a row that was changed, removed or slipped in shows.
 *
 * A row is written with its request's settlement. What was out when the process was killed is not in it.
 */
import { hash } from 'node:crypto'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { SentRequest } from '../sent-request.ts'
import type { Database } from './database.ts'

/** Of the table `ledger`, by field. */
const columnOf: Readonly<Record<keyof Omit<SentRequest, 'host' | 'neverLeft'>, string>> = {
  address: 'address',
  purpose: 'purpose',
  url: 'url',
  sentAt: 'sent_at',
  endedAt: 'ended_at',
  notBefore: 'not_before',
  gapMs: 'gap_ms',
  delayMs: 'delay_ms',
  delayFrom: 'delay_from',
  rule: 'rule',
  rulesVersion: 'rules_version',
  status: 'status',
  fault: 'fault',
  bytes: 'bytes',
  retryAfterMs: 'retry_after_ms',
  method: 'method',
}

const fields = Object.keys(columnOf) as (keyof typeof columnOf)[]
const columns = Object.values(columnOf)

/** A row as it was written. */
export interface LedgerRow {
  readonly id: number
  readonly sent: SentRequest
  /** Whether its digest is the one that it must have; only looked at by `rows()`. */
  readonly isGenuine: boolean
}

export class Ledger {
  readonly #database: Database
  readonly #insert: StatementSync
  #chain: string

  constructor(database: Database) {
    this.#database = database
    this.#insert = database.prepare(
      `insert into ledger (host, ${columns.join(', ')}, chain) values (?, ${columns.map(() => '?').join(', ')}, ?)`,
    )
    const last = database.read(() => database.prepare('select chain from ledger order by id desc limit 1').get())
    this.#chain = last === undefined ? '' : String(last.chain)
  }

  /** Adds a row; to be called within a write. */
  append(host: number, sent: SentRequest): void {
    const values = fields.map((field): SQLInputValue => sent[field] ?? null)
    this.#chain = digestOf(this.#chain, sent.host, values)
    this.#insert.run(host, ...values, this.#chain)
  }

  /** All rows in the order in which they were written. */
  *rows(): Generator<LedgerRow> {
    let chain = ''
    for (const row of this.#select('ledger.id')) {
      const sent = sentOf(row)
      const values = fields.map((field) => sent[field] ?? null)
      const expected = digestOf(chain, sent.host, values)
      chain = String(row.chain)
      yield { id: Number(row.id), sent, isGenuine: chain === expected }
    }
  }

  /** All rows, those of one host, or to one address, together, in the order in which they were sent. */
  *by(what: 'host' | 'address'): Generator<LedgerRow> {
    for (const row of this.#select(`ledger.${what}, ledger.sent_at, ledger.id`))
      yield { id: Number(row.id), sent: sentOf(row), isGenuine: true }
  }

  /** The rules of an origin in one of their versions; JSON. */
  rulesOf(origin: string, version: string): string | undefined {
    const select = this.#database.prepare('select record from rules where origin = ? and version = ?')
    const row = this.#database.read(() => select.get(origin, version))
    return row === undefined ? undefined : String(row.record)
  }

  /** Of the last row; 0 while there is none. */
  get lastId(): number {
    const select = this.#database.prepare('select coalesce(max(id), 0) as id from ledger')
    return Number(this.#database.read(() => select.get())?.id)
  }

  *#select(order: string): Generator<Record<string, unknown>> {
    const select = this.#database.prepare(
      `select ledger.id, host.name as host, ${columns.map((column) => `ledger.${column}`).join(', ')}, chain
        from ledger join host on host.id = ledger.host order by ${order}`,
    )
    const rows = this.#database.read(() => select.iterate())
    for (;;) {
      const step = this.#database.read(() => rows.next())
      if (step.done === true) return
      yield step.value
    }
  }
}

function sentOf(row: Readonly<Record<string, unknown>>): SentRequest {
  const known = fields.map((field) => [field, row[columnOf[field]] ?? undefined])
  return { host: String(row.host), ...Object.fromEntries(known) } as SentRequest
}

/**
 * 64 bits of SHA-1: enough against slips and tampering by hand; nothing keeps its owner from writing a ledger anew. The method, which
 * came later, counts where there is one.
 */
function digestOf(chain: string, host: string, values: readonly unknown[]): string {
  const counted = values.at(-1) === null || values.at(-1) === undefined ? values.slice(0, -1) : values
  return hash('sha1', JSON.stringify([chain, host, ...counted])).slice(0, 16)
}
