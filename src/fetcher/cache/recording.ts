/**
 * A recording, for the development of a spider: every exchange is kept once, and the site is not asked for it again. Nothing is ever stale,
 * and nothing goes: it grows with what is asked.
 *
 * What speaks of a passing state is not kept, and is asked for again. Where cookies are taken, that is what brings some, for it may be what
 * logs the crawl in: cookies of another run would be of no use by then to what is not recorded yet, and a page that says `please log in` would
 * be recorded for good.
 */
import { hash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Outcome } from '../../outcome.ts'
import { isPassingStatus } from '../retry-policy.ts'
import { ExchangeStore } from './exchange-store.ts'
import { type Asked, exchangeOf, type KeptAnswers, outcomeOfKept, type Recalled } from './kept-answers.ts'
import { linesOf } from './kept-headers.ts'

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
    if (found === undefined || (asked.limits.cookies === true && found.variant === mayLogIn)) return {}
    const body = found.hasBody ? this.#store.bodyOf(found) : undefined
    return { outcome: await outcomeOfKept(asked, found, body, this.#clock) }
  }

  keep(asked: Asked, outcome: Outcome): Promise<Outcome> {
    // A redirect may lead back to where it came from because of cookies that another has set.
    const logsIn = outcome.kind === 'redirect' || bringsCookies(outcome, asked)
    // It is as good as passing: the password may be given by the next run.
    const wantsPassword = outcome.kind === 'failed' && outcome.status === 401
    const isPassing = (logsIn && asked.limits.cookies === true) || wantsPassword
    const exchange = isPassing ? undefined : exchangeOf(outcome)
    if (exchange !== undefined && exchange.status < 500 && !isPassingStatus(exchange.status)) {
      const { status, headers, body } = exchange
      const url = asked.sending.method === 'GET' ? asked.url : `${asked.sending.method} ${asked.url}`
      const kept = { url, status, headers, variant: logsIn ? mayLogIn : '', askedAt: outcome.timing.sentAt }
      this.#store.put(keyOf(asked), kept, body, this.#clock.now())
    }
    return Promise.resolve(outcome)
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]()
  }
}

/** Of what is of no use to a crawl that takes cookies. */
const mayLogIn = 'may log in'

/** Some servers send the session's cookie with each of their answers: that is no news. */
function bringsCookies({ headers }: Outcome, asked: Asked): boolean {
  const known = new Set(asked.headers.cookie?.split('; '))
  return linesOf(headers['set-cookie']).some((line) => !known.has(line.split(';', 1)[0]?.trim() ?? ''))
}

/** As with what was seen (request.ts), headers make no difference. */
const keyOf = ({ url, sending: { method, body = '' } }: Asked) =>
  hash('sha256', `${method} ${url}\n${body}`, 'buffer').subarray(0, 16)
