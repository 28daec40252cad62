/**
 * Answers on disk, for the HTTP cache and for recordings, in a database of their own (exchange-file.ts).
 *
 * It is as large as it may be, and no larger: before an answer is added, those that were used least recently go until there is room. What
 * counts is the file itself, with its write-ahead log. No answers are held in memory.
 *
 * A write that others are in the way of is passed over: an answer that is not kept is asked for again. What was there of it is of no use from
 * then on, and goes with the next write.
 */
import type { StatementSync } from 'node:sqlite'
import type { Headers } from '../../outcome.ts'
import { ExchangeFile, type ExchangeStoreKind, pageBytes } from './exchange-file.ts'

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

/** Shares of the whole: the database may have three quarters, one answer an eighth; the rest is for the log. */
const databaseShare = 3 / 4
const answerShare = 1 / 8
const logShare = 1 / 16
const longestLogBytes = 4 * 1024 ** 2
/** Pages that a row, its keys and the halves of split pages may take besides what they hold. */
const sparePages = 8

/** As many writes that were passed over are more than others being in the way. */
const maxOutdated = 10_000

export class ExchangeStore implements Disposable {
  readonly #maxPages: number
  readonly #maxAnswerBytes: number
  readonly #file: ExchangeFile
  readonly #sql: Readonly<Record<keyof typeof statements, StatementSync>>
  /** Keys of what is to be removed, by the same in hexadecimal. */
  readonly #outdated = new Map<string, Uint8Array>()

  /**
   * @param maxBytes what all of it may take on disk; `Infinity` for no limit.
   * @throws CacheFailedError when it cannot be opened, or is another program's, or of the other kind.
   */
  constructor(folder: string, kind: ExchangeStoreKind, maxBytes: number) {
    this.#maxPages = Math.floor((maxBytes * databaseShare) / pageBytes)
    this.#maxAnswerBytes = maxBytes * answerShare
    this.#file = new ExchangeFile(folder, kind, Math.min(maxBytes * logShare, longestLogBytes))
    try {
      this.#sql = this.#file.prepare(statements)
      this.#shrink()
    } catch (error) {
      this.#file[Symbol.dispose]()
      throw error
    }
  }

  find(key: Uint8Array): FoundExchange | undefined {
    if (this.#outdated.has(nameOf(key))) return undefined
    const row = this.#file.read(() => this.#sql.find.get(key))
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
    const bytes = this.#file.read(() => this.#sql.body.get(id))?.bytes
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  /** In place of what is there; what is too large to be kept beside others is not. */
  put(key: Uint8Array, exchange: KeptExchange, body: Uint8Array | undefined, now: number): void {
    const headers = JSON.stringify(exchange.headers)
    const bytes = headers.length + exchange.url.length + (body?.length ?? 0)
    const isTooLarge = bytes > this.#maxAnswerBytes
    this.#write(key, () => {
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
    this.#write(undefined, () => this.#sql.renew.run(JSON.stringify(headers), askedAt, now, id))
  }

  /** It was used: others go first. */
  touch({ id }: FoundExchange, now: number): void {
    this.#write(undefined, () => this.#sql.touch.run(now, id))
  }

  remove(key: Uint8Array): void {
    const row = this.#file.read(() => this.#sql.idOf.get(key))
    if (row !== undefined) this.#write(key, () => this.#remove(row.id))
  }

  [Symbol.dispose](): void {
    try {
      if (this.#outdated.size > 0) this.#write(undefined, () => undefined)
    } catch {
      // The crawl is over: what it has of a cache that has failed is no concern of its any more.
    }
    this.#file[Symbol.dispose]()
  }

  /** @param key of what is not there any more, if it is passed over. */
  #write(key: Uint8Array | undefined, work: () => void): void {
    const removing = () => {
      for (const outdated of this.#outdated.values()) this.#remove(this.#sql.idOf.get(outdated)?.id)
      work()
    }
    if (this.#outdated.size >= maxOutdated) this.#file.write(removing, 0)
    else if (!this.#file.writeSoon(removing)) {
      if (key !== undefined) this.#outdated.set(nameOf(key), key)
      return
    }
    this.#outdated.clear()
  }

  /** The file may have been allowed to be larger. */
  #shrink(): void {
    if (this.#file.read(() => this.#pages) <= this.#maxPages) return
    this.#file.write(() => this.#makeRoomFor(0))
    this.#file.shrink()
  }

  #makeRoomFor(pages: number): void {
    if (this.#maxPages === Number.POSITIVE_INFINITY) return
    while (this.#pagesInUse + pages > this.#maxPages) {
      const oldest = this.#sql.oldest.get()
      if (oldest === undefined) return
      this.#remove(oldest.id)
    }
  }

  get #pages(): number {
    return Number(this.#sql.pages.get()?.page_count)
  }

  get #pagesInUse(): number {
    return this.#pages - Number(this.#sql.freePages.get()?.freelist_count)
  }

  #remove(id: unknown): void {
    if (typeof id !== 'number') return
    this.#sql.removeBody.run(id)
    this.#sql.remove.run(id)
  }
}

const nameOf = (key: Uint8Array) => Buffer.from(key).toString('hex')

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
