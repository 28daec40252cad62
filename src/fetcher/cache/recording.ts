/**
 * A recording, for the development of a spider: every exchange is kept once, and the site is not asked for it again. Nothing is ever stale,
 * and nothing goes: it grows with what is asked.
 *
 * What speaks of a passing state is not kept, and is asked for again.
 */
import { hash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Outcome } from '../../outcome.ts'
import { isPassingStatus } from '../retry-policy.ts'
import { ExchangeStore } from './exchange-store.ts'
import { type Asked, exchangeOf, type KeptAnswers, outcomeOfKept, type Recalled } from './kept-answers.ts'

export class Recording implements KeptAnswers {
  readonly #store: ExchangeStore
  readonly #clock: Clock

  /** @throws CacheFailedError */
  constructor(folder: string, clock: Clock) {
    this.#store = new ExchangeStore(folder, 'recording', Number.POSITIVE_INFINITY)
    this.#clock = clock
  }

  async recall(asked: Asked): Promise<Recalled> {
    const found = this.#store.find(keyOf(asked))
    if (found === undefined) return {}
    const body = found.hasBody ? this.#store.bodyOf(found) : undefined
    return { outcome: await outcomeOfKept(asked, found, body, this.#clock) }
  }

  keep(asked: Asked, outcome: Outcome): Promise<Outcome> {
    // Where cookies are taken, a redirect may set some, or lead back to where it came from because of them.
    const isMoving = outcome.kind === 'redirect' && asked.limits.cookies === true
    // It is as good as passing: the password may be given by the next run.
    const wantsPassword = outcome.kind === 'failed' && outcome.status === 401
    const isPassing = isMoving || wantsPassword
    const exchange = isPassing ? undefined : exchangeOf(outcome)
    if (exchange !== undefined && exchange.status < 500 && !isPassingStatus(exchange.status)) {
      const { status, headers, body } = exchange
      const url = asked.sending.method === 'GET' ? asked.url : `${asked.sending.method} ${asked.url}`
      const kept = { url, status, headers, variant: '', askedAt: outcome.timing.sentAt }
      this.#store.put(keyOf(asked), kept, body, this.#clock.now())
    }
    return Promise.resolve(outcome)
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]()
  }
}

/** As with what was seen (request.ts), headers make no difference. */
const keyOf = ({ url, sending: { method, body = '' } }: Asked) =>
  hash('sha256', `${method} ${url}\n${body}`, 'buffer').subarray(0, 16)
