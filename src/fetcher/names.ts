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
}

export class Names {
  readonly #lookup: Lookup
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(lookup: Lookup, clock: Clock) {
    this.#lookup = lookup
    this.#clock = clock
  }

  /** The address that a host is likely to be visited at; `undefined` when its name cannot be resolved, which a fetch will tell better. */
  async addressOf(host: string): Promise<string | undefined> {
    const literal = host.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0) return literal
    return this.#resolve(host).then(
      ([first]) => first?.address,
      () => undefined,
    )
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
    this.#known.set(name, { addresses, expiresAt: now + freshForMs })
    // A failure is not kept: the next one asks again.
    addresses.catch(() => this.#known.delete(name))
    return addresses
  }
}

const notFound = (name: string) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: name,
  })
