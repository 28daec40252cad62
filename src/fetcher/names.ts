/**
 * From host names to addresses: asked once a minute for each name, however many connections are opened to it, and by one door for the
 * connection and for the limit on its address.
 */
import { type LookupAddress, type LookupOptions, promises } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { Clock } from '../clock.ts'

/** All addresses of a name, the best first. */
export type Lookup = (name: string) => Promise<readonly LookupAddress[]>

/** As the system has it: its hosts file, its name servers. */
export const systemLookup: Lookup = (name) => promises.lookup(name, { all: true })

/** The system does not tell how long a name is good for. */
const freshForMs = 60_000
const maxNames = 10_000

interface Known {
  readonly addresses: Promise<readonly LookupAddress[]>
  readonly expiresAt: number
  isAnswered: boolean
}

export class Names {
  readonly #lookup: Lookup
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #known = new Map<string, Known>()

  /** @param limitMs how long `addressesOf` waits for an answer. */
  constructor(lookup: Lookup, limitMs: number, clock: Clock) {
    this.#lookup = lookup
    this.#limitMs = limitMs
    this.#clock = clock
  }

  /** Whether `addressesOf` has its answer at once. */
  isKnown(host: string): boolean {
    const known = this.#known.get(host)
    return isIP(withoutBrackets(host)) !== 0 || (known?.isAnswered === true && known.expiresAt > this.#clock.now())
  }

  /** The addresses that a host may be visited at; none when its name is not resolved, or not in time, which a fetch will tell better. */
  async addressesOf(host: string): Promise<readonly string[]> {
    const literal = withoutBrackets(host)
    if (isIP(literal) !== 0) return [literal]
    const answered = new AbortController()
    const tooLate = this.#clock.sleep(this.#limitMs, answered.signal).then(() => [])
    const found = this.#resolve(host).then(
      (addresses) => addresses.map(({ address }) => address),
      () => [],
    )
    return Promise.race([found, tooLate]).finally(() => answered.abort())
  }

  /** For `net.connect`. */
  readonly connectLookup: LookupFunction = (name: string, options: LookupOptions, callback) => {
    this.#resolve(name).then(
      (addresses) => {
        const family = options.family === 4 || options.family === 6 ? options.family : undefined
        const found = addresses.filter((each) => family === undefined || each.family === family)
        const [first] = found
        if (first === undefined) callback(notFound(name), '', 0)
        else if (options.all === true) callback(null, [...found])
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    )
  }

  #resolve(name: string): Promise<readonly LookupAddress[]> {
    const now = this.#clock.now()
    const known = this.#known.get(name)
    if (known !== undefined && known.expiresAt > now) return known.addresses
    if (this.#known.size >= maxNames) this.#known.clear()
    const addresses = this.#lookup(name)
    const asked: Known = { addresses, expiresAt: now + freshForMs, isAnswered: false }
    this.#known.set(name, asked)
    addresses.then(
      () => {
        asked.isAnswered = true
      },
      // A failure is not kept: the next one asks again.
      () => this.#known.delete(name),
    )
    return addresses
  }
}

/** As a URL writes an IPv6 address, and as the rest of the world does. */
export const withoutBrackets = (host: string) => host.replace(/^\[|\]$/g, '')

const notFound = (name: string) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: name,
  })
