/**
 * Errands, answered: by what was kept of an earlier exchange, if a cache or a recording has it, or by a request.
 *
 * An answer that was kept costs its host nothing, so it makes no request: no pace is spent, and neither the ledger nor the log hears of one.
 */
import type { CrawlEvent } from './events.ts'
import type { Asked, KeptAnswers, Recalled } from './fetcher/cache/kept-answers.ts'
import type { Fetcher } from './fetcher/fetcher.ts'
import type { Turn } from './frontier/frontier.ts'
import type { Errand, HostVisits, Made } from './host-visits.ts'
import { type Answered, answeredBy } from './outcome.ts'
import { plainGet } from './request.ts'
import type { SentRequest } from './sent-request.ts'

export interface Answer {
  /** `undefined`: a 304 that speaks of what is not kept. It is to be asked for again. */
  readonly outcome: Answered | undefined
  /** It was kept: no request was made. */
  readonly isCached: boolean
  /** What observers hear, and the ledger keeps, of the request. */
  readonly events: readonly CrawlEvent[]
  readonly sent: SentRequest | undefined
}

interface ErrandsParts {
  readonly hosts: HostVisits
  /** `undefined`: nothing is kept. */
  readonly kept: KeptAnswers | undefined
  readonly fetcher: Pick<Fetcher, 'headersOf'>
}

export class Errands {
  readonly #parts: ErrandsParts

  constructor(parts: ErrandsParts) {
    this.#parts = parts
  }

  /** What is kept of an errand, if anything. */
  async recall(errand: Errand): Promise<Recalled> {
    const kept = this.#keptFor(errand)
    return kept === undefined ? {} : kept.recall(this.#askedFor(errand))
  }

  /** Makes the request; `undefined` if the host is to be left alone after all. */
  async send(turn: Turn, errand: Errand, { conditions }: Recalled): Promise<Answer | undefined> {
    const { hosts } = this.#parts
    const kept = this.#keptFor(errand)
    let asked: Asked | undefined
    // As it is sent: answers to others may bring cookies until then, and its own does after that.
    const onSending = () => {
      asked = kept === undefined ? undefined : this.#askedFor(errand)
    }
    const headers = { ...errand.limits.headers, ...conditions }
    const made = await hosts.request(turn, { ...errand, limits: { ...errand.limits, headers } }, onSending)
    if (made === undefined) return undefined
    // At once: what the host asks for is to hold before anybody else goes there.
    const { event, sent } = hosts.paceAfter(turn, made, hosts.latestRobots(turn))
    const meant = asked === undefined ? made.outcome : await kept?.keep(asked, made.outcome, conditions)
    const outcome = meant === undefined ? undefined : answeredBy(meant)
    const isUnchanged = made.outcome.kind === 'unchanged' && meant !== undefined && meant !== made.outcome
    return { outcome, isCached: false, events: [{ ...event, isUnchanged }], sent }
  }

  /** Keeps what came of a request that was made for its own sake. */
  async keep(errand: Errand, { outcome }: Made): Promise<void> {
    await this.#keptFor(errand)?.keep(this.#askedFor(errand), outcome, undefined)
  }

  /** Downloads have a folder of their own. */
  #keptFor({ limits }: Errand): KeptAnswers | undefined {
    return limits.receiver === undefined ? this.#parts.kept : undefined
  }

  #askedFor({ purpose, url, limits, sending = plainGet }: Errand): Asked {
    return { purpose, url, limits, sending, headers: this.#parts.fetcher.headersOf(url, sending, limits) }
  }
}

/** An answer that was kept. */
export const cached = (outcome: Answered): Answer => ({ outcome, isCached: true, events: [], sent: undefined })
