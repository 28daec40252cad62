/**
 * Limits on requests at once to what several hosts share: an address, a registrable domain. Two hundred names may be one small server.
 *
 * The pace of each host is its own (host-pace.ts); this only keeps them from being visited all at the same time.
 */
import { Slots } from '../slots.ts'

export interface CrowdLimits {
  readonly perAddressConcurrency: number
  readonly perDomainConcurrency: number
}

/** Waits without keeping others from work. */
export type Aside = (wait: Promise<void>) => Promise<void>

type Leave = () => void

/** So many times its limit may wait for a crowd: enough to keep it busy. Beyond that, turns are better given back. */
const queueFactor = 4

export class Crowds {
  readonly #limits: CrowdLimits
  readonly #crowds = new Map<string, Slots>()

  constructor(limits: CrowdLimits) {
    this.#limits = limits
  }

  /**
   * Resolves when the host may be visited beside its neighbours.
   * @param addresses all at which it may be visited: which one a connection will take is not known before it is open.
   * @param aside gives up what the visit holds while it waits, so that the hosts of other servers go on.
   * @returns what tells that the visit is over, which may be called again; `undefined` where too many wait already.
   */
  async enter(addresses: readonly string[], domain: string, aside: Aside): Promise<Leave | undefined> {
    const { perAddressConcurrency, perDomainConcurrency } = this.#limits
    const joined: Leave[] = []
    const leave = () => {
      for (const each of joined) each()
    }
    // In one order, so that nobody waits in a ring.
    const crowds: (readonly [name: string, limit: number])[] = [
      [`domain ${domain}`, perDomainConcurrency],
      ...addresses.toSorted().map((address) => [`address ${address}`, perAddressConcurrency] as const),
    ]
    for (const [name, limit] of crowds) {
      const left = await this.#join(name, limit, aside)
      if (left === undefined) {
        leave()
        return undefined
      }
      joined.push(left)
    }
    return leave
  }

  async #join(name: string, limit: number, aside: Aside): Promise<Leave | undefined> {
    if (limit === Number.POSITIVE_INFINITY) return () => undefined
    const slots = this.#crowds.get(name) ?? new Slots(limit)
    if (slots.waiting >= queueFactor * limit) return undefined
    this.#crowds.set(name, slots)
    if (slots.areTaken) await aside(slots.take())
    else await slots.take()
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      slots.give()
      if (slots.isIdle(limit)) this.#crowds.delete(name)
    }
  }
}
