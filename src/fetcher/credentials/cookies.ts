/**
 * The cookie jar of a crawl: what servers set is sent back to them, and to nobody else (RFC 6265bis; set-cookie.ts has the rules). It is
 * bounded, whatever a server sends: of a registrable domain, and in all, the cookie that was used longest ago goes.
 *
 * It is in memory, and hands over what has changed in it, for the crawl's state to be brought up to date with.
 */
import type { Clock } from '../../clock.ts'
import { type Cookie, type CookieChange, type CookieId, cookieKey } from '../../cookie.ts'
import { registrableDomain } from '../../registrable-domain.ts'
import { isFor, readSetCookie, standsAgainst } from './set-cookie.ts'

/** RFC 6265bis section 6.1 asks for 50 of a domain and 3,000 in all at least. Those of all its sub-domains count as one domain's. */
export const maxCookiesPerDomain = 150
export const maxCookies = 3_000
/** Names and values of a domain's: more would not fit into the head of a request. */
export const maxBytesPerDomain = 32_768

/** The cookies of a registrable domain by key, the one first that was used longest ago. */
type Shelf = Map<string, Cookie>

export class CookieJar {
  readonly #clock: Clock
  /** By registrable domain, the one first that was used longest ago. */
  readonly #shelves = new Map<string, Shelf>()
  readonly #changed = new Map<string, CookieId>()
  #count = 0

  /** @param kept those of a crawl that goes on. */
  constructor(clock: Clock, kept: Iterable<Cookie> = []) {
    this.#clock = clock
    for (const cookie of kept) this.#put(cookie)
    this.#changed.clear()
  }

  /** The value of `Cookie` for a request; `undefined` if none goes with it. */
  headerFor(url: string): string | undefined {
    const to = new URL(url)
    const shelf = this.#shelves.get(registrableDomain(to.hostname))
    if (shelf === undefined) return undefined
    this.#dropExpired(shelf)
    const sent = [...shelf.values()].filter((cookie) => isFor(cookie, to))
    if (sent.length === 0) return undefined
    for (const cookie of sent) this.#touch(cookie)
    // RFC 6265bis section 5.8.3, step 2: longer paths first, then what is older.
    sent.sort((a, b) => b.path.length - a.path.length || a.createdAt - b.createdAt)
    return sent.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  /** Takes what an answer sets. @param lines its `Set-Cookie` headers. */
  take(url: string, lines: string | readonly string[] = []): void {
    const now = this.#clock.now()
    for (const line of typeof lines === 'string' ? [lines] : lines) {
      const cookie = readSetCookie(line, url, now)
      if (cookie !== undefined) this.#set(cookie, now, url.startsWith('https:'))
    }
  }

  /**
   * Hands to `commit` what has become of cookies since they were last committed, as it is now. If it fails, that comes again: no change is
   * lost on the way.
   */
  async handOver<T>(commit: (changes: readonly CookieChange[]) => Promise<T>): Promise<T> {
    const changed = [...this.#changed]
    this.#changed.clear()
    try {
      return await commit(changed.map(([key, id]) => this.#changeOf(key, id)))
    } catch (error) {
      for (const [key, id] of changed) this.#changed.set(key, id)
      throw error
    }
  }

  #changeOf(key: string, id: CookieId): CookieChange {
    const cookie = this.#shelves.get(registrableDomain(id.domain))?.get(key)
    return cookie === undefined ? { kind: 'gone', cookie: id } : { kind: 'kept', cookie }
  }

  #set(cookie: Cookie, now: number, isFromSecure: boolean): void {
    const shelf = this.#shelves.get(registrableDomain(cookie.domain))
    const before = shelf?.get(cookieKey(cookie))
    if (!isFromSecure && shelf?.values().some((other) => standsAgainst(other, cookie)) === true) return
    if (cookie.expiresAt !== undefined && cookie.expiresAt <= now) {
      if (before !== undefined) this.#remove(before)
    } else {
      this.#put({ ...cookie, createdAt: before?.createdAt ?? cookie.createdAt })
      this.#makeRoom(cookie)
    }
  }

  #put(cookie: Cookie): void {
    const domain = registrableDomain(cookie.domain)
    const shelf = this.#shelves.get(domain) ?? new Map<string, Cookie>()
    const key = cookieKey(cookie)
    if (!shelf.has(key)) this.#count += 1
    shelf.delete(key)
    this.#shelves.delete(domain)
    this.#shelves.set(domain, shelf.set(key, cookie))
    this.#changed.set(key, cookie)
  }

  #remove(cookie: Cookie): void {
    const domain = registrableDomain(cookie.domain)
    const shelf = this.#shelves.get(domain)
    const key = cookieKey(cookie)
    if (shelf?.delete(key) !== true) return
    this.#count -= 1
    if (shelf.size === 0) this.#shelves.delete(domain)
    this.#changed.set(key, cookie)
  }

  /** Moves a cookie behind those that were not used since; that is no change to be kept. */
  #touch(cookie: Cookie): void {
    const key = cookieKey(cookie)
    const wasChanged = this.#changed.has(key)
    this.#put(cookie)
    if (!wasChanged) this.#changed.delete(key)
  }

  #makeRoom({ domain }: CookieId): void {
    const shelf = this.#shelves.get(registrableDomain(domain)) ?? new Map<string, Cookie>()
    const isFull = () => shelf.size > maxCookiesPerDomain || bytesOf(shelf) > maxBytesPerDomain
    if (isFull()) this.#dropExpired(shelf)
    while (isFull()) this.#dropOldest(shelf)
    while (this.#count > maxCookies) {
      const [longestUnused = shelf] = this.#shelves.values()
      this.#dropOldest(longestUnused)
    }
  }

  #dropExpired(shelf: Shelf): void {
    const now = this.#clock.now()
    for (const cookie of shelf.values())
      if (cookie.expiresAt !== undefined && cookie.expiresAt <= now) this.#remove(cookie)
  }

  /** RFC 6265bis section 5.7, at its end: those that are not Secure go first, so that nobody on http drives out those that are. */
  #dropOldest(shelf: Shelf): void {
    const cookie = shelf.values().find(({ isSecure }) => !isSecure) ?? shelf.values().next().value
    if (cookie !== undefined) this.#remove(cookie)
  }
}

const bytesOf = (shelf: Shelf) => shelf.values().reduce((sum, { name, value }) => sum + name.length + value.length, 0)
