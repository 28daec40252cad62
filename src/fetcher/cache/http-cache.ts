/**
 * A private HTTP cache (RFC 9111) for pages and sitemaps: what is fresh is not asked for, what is not is asked for by its version. robots.txt
 * has rules of its own for this (RFC 9309 section 2.4), and is left to them.
 *
 * One answer is kept for a URL, the last one; which is the newest for those headers that Vary names.
 */
import { hash } from 'node:crypto'
import { canonicalUrl, originOf } from '../../canonical-url.ts'
import type { Clock } from '../../clock.ts'
import type { Outcome, UnchangedOutcome } from '../../outcome.ts'
import { conditionsOf, isFresh, mayKeep, renewedHeaders, variantOf } from './cache-policy.ts'
import { ExchangeStore, type FoundExchange } from './exchange-store.ts'
import { type Asked, exchangeOf, type KeptAnswers, outcomeOfKept, type Recalled } from './kept-answers.ts'
import { linesOf } from './kept-headers.ts'

export class HttpCache implements KeptAnswers {
  readonly #store: ExchangeStore
  readonly #clock: Clock

  /** @param maxBytes what the folder may take on disk. @throws CacheFailedError */
  constructor(folder: string, maxBytes: number, clock: Clock) {
    this.#store = new ExchangeStore(folder, 'cache', maxBytes)
    this.#clock = clock
  }

  async recall(asked: Asked): Promise<Recalled> {
    if (!isCacheable(asked)) return {}
    const found = this.#find(asked)
    if (found === undefined) return {}
    if (!isFresh(found, asked.headers, this.#clock.now())) {
      // Without its body, a 304 would be of no use.
      return found.hasBody ? { conditions: conditionsOf(found) } : {}
    }
    const outcome = await this.#outcomeOf(asked, found)
    if (outcome !== undefined) this.#store.touch(found, this.#clock.now())
    return { outcome }
  }

  async keep(asked: Asked, outcome: Outcome, conditions: Recalled['conditions']): Promise<Outcome | undefined> {
    if (isUnsafe(asked)) this.#invalidate(asked, outcome)
    if (!isCacheable(asked)) return outcome
    const wasConditional = conditions !== undefined && Object.keys(conditions).length > 0
    if (outcome.kind === 'unchanged') return wasConditional ? this.#renew(asked, outcome) : outcome
    const exchange = exchangeOf(outcome)
    if (exchange === undefined) return outcome
    const { status, headers, body } = exchange
    const variant = variantOf(headers, asked)
    const key = keyOf(asked.url)
    const now = this.#clock.now()
    const mark = outcome.headers['set-cookie'] === undefined ? '' : hadCookies
    const kept = { url: asked.url, status, headers, variant: `${variant}${mark}`, askedAt: outcome.timing.sentAt }
    if (variant !== undefined && mayKeep(kept, asked, now)) this.#store.put(key, kept, body, now)
    // Section 4.3.3: what was kept is no longer what the server has.
    else this.#store.remove(key)
    return outcome
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]()
  }

  async #renew(asked: Asked, outcome: UnchangedOutcome): Promise<Outcome | undefined> {
    const found = this.#find(asked)
    const headers = found === undefined ? undefined : renewedHeaders(found.headers, outcome.headers)
    if (found !== undefined && headers !== undefined) {
      const page = await this.#outcomeOf(asked, { ...found, headers })
      if (page !== undefined) {
        const { timing, bytes, address } = outcome
        this.#store.renew(found, headers, timing.sentAt, this.#clock.now())
        return { ...page, timing, bytes, address }
      }
    }
    this.#store.remove(keyOf(asked.url))
    return undefined
  }

  #find(asked: Asked): FoundExchange | undefined {
    const found = this.#store.find(keyOf(asked.url))
    if (found === undefined) return undefined
    const variant = variantOf(found.headers, asked)
    const takesCookies = asked.limits.cookies === true
    const isUsable = found.variant === variant || (!takesCookies && found.variant === `${variant}${hadCookies}`)
    return isUsable ? found : undefined
  }

  #outcomeOf(asked: Asked, found: FoundExchange) {
    return outcomeOfKept(asked, found, found.hasBody ? this.#store.bodyOf(found) : undefined, this.#clock)
  }

  /** Section 4.4: what a request may have changed is not what it was, nor are the places of the same origin that its answer names. */
  #invalidate({ url }: Asked, outcome: Outcome): void {
    if (outcome.kind !== 'page' && outcome.kind !== 'redirect') return
    const named = ['location', 'content-location'].flatMap((name) => linesOf(outcome.headers[name]))
    const places = named.map((place) => canonicalUrl(place, url)).filter((place) => place !== undefined)
    for (const place of new Set([url, ...places]))
      if (originOf(place) === originOf(url)) this.#store.remove(keyOf(place))
  }
}

/** Of an answer that set cookies. They are not kept with it, so it is of no use to a crawl that takes some. */
const hadCookies = ' and cookies'

const keyOf = (url: string) => hash('sha256', `GET ${url}`, 'buffer').subarray(0, 16)

/** RFC 9110 section 9.2.1. */
const isUnsafe = ({ sending: { method } }: Asked) => method !== 'GET' && method !== 'HEAD'

/** Who asks for a part, or under conditions of its own, is to get what the server says to that. */
const ownConditions = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']

const isCacheable = ({ purpose, sending, headers }: Asked) =>
  purpose !== 'robots' && sending.method === 'GET' && !ownConditions.some((name) => headers[name] !== undefined)
