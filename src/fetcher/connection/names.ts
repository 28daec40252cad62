/**
 * From host names to addresses: asked once a minute for each name, however many connections are opened to it, and by one door for the
 * connection and for the limit on its address. Only addresses that the guard admits come out.
 */
import { type LookupAddress, type LookupOptions, promises } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { inspect } from 'node:util'
import type { Clock } from '../../clock.ts'
import { messageOf, OptionError } from '../../errors.ts'
import { FaultError, faultOf } from '../faults.ts'
import { AddressBlocked, type AddressGuard, withoutBrackets } from './address-guard.ts'

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
  /** Once they are known. */
  found: readonly LookupAddress[] | undefined
}

export class Names implements Disposable {
  readonly #lookup: Lookup
  readonly #clock: Clock
  readonly #guard: AddressGuard
  readonly #limitMs: number
  readonly #known = new Map<string, Known>()
  readonly #waits = new Set<AbortController>()
  #isClosed = false

  /** @param limitMs how long `addressesOf` waits for an answer. */
  constructor(lookup: Lookup, limitMs: number, clock: Clock, guard: AddressGuard) {
    this.#lookup = lookup
    this.#limitMs = limitMs
    this.#clock = clock
    this.#guard = guard
  }

  /** Whether `addressesOf` has its answer at once. */
  isKnown(host: string): boolean {
    const known = this.#known.get(host)
    return isIP(withoutBrackets(host)) !== 0 || (known?.found !== undefined && known.expiresAt > this.#clock.now())
  }

  /** Why a host may not be visited at any of the addresses that were found last; `undefined` if it may, or nothing is known. */
  refusalOf(host: string): string | undefined {
    const literal = withoutBrackets(host)
    return isIP(literal) === 0
      ? this.#refusalAt(host, this.#known.get(host)?.found ?? [])
      : this.#guard.refusalOf(host, literal)
  }

  /**
   * The addresses that a host may be visited at; none when its name is not resolved, or not in time, which a fetch will tell better.
   * @throws OptionError when the look-up gives what are no addresses.
   */
  async addressesOf(host: string): Promise<readonly string[]> {
    const literal = withoutBrackets(host)
    if (isIP(literal) !== 0) return this.#guard.refusalOf(host, literal) === undefined ? [literal] : []
    if (this.#isClosed) return []
    const wait = new AbortController()
    this.#waits.add(wait)
    const tooLate = this.#clock.sleep(this.#limitMs, wait.signal).then(() => [])
    const found = this.#resolve(host).then(
      (addresses) => this.#guard.admit(host, addresses).map(({ address }) => address),
      (error: unknown) => {
        if (error instanceof OptionError) throw error
        return []
      },
    )
    return Promise.race([found, tooLate]).finally(() => {
      this.#waits.delete(wait)
      wait.abort()
    })
  }

  /** Nobody waits any more: a name server may never answer. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const wait of this.#waits) wait.abort()
  }

  /** For `net.connect`, which opens the socket to what is given here, and asks nobody else. */
  readonly connectLookup: LookupFunction = (name, options, callback) => {
    const admit = (found: readonly LookupAddress[]) => {
      const refusal = this.#refusalAt(name, found)
      if (refusal !== undefined) throw new AddressBlocked(refusal)
      return this.#guard.admit(name, found)
    }
    this.#answer(name, options, admit, callback)
  }

  /** The same for a proxy, which the user has chosen. */
  readonly proxyLookup: LookupFunction = (name, options, callback) => {
    this.#answer(name, options, (found) => found, callback)
  }

  #answer(
    name: string,
    options: LookupOptions,
    admit: (found: readonly LookupAddress[]) => readonly LookupAddress[],
    callback: Parameters<LookupFunction>[2],
  ): void {
    this.#resolve(name)
      .then(admit)
      .then(
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

  #refusalAt(name: string, found: readonly LookupAddress[]): string | undefined {
    const [first] = found
    if (first === undefined || this.#guard.admit(name, found).length > 0) return undefined
    return this.#guard.refusalOf(name, first.address)
  }

  #resolve(name: string): Promise<readonly LookupAddress[]> {
    const now = this.#clock.now()
    const known = this.#known.get(name)
    if (known !== undefined && known.expiresAt > now) return known.addresses
    if (this.#known.size >= maxNames) this.#known.clear()
    const addresses = this.#ask(name)
    const asked: Known = { addresses, expiresAt: now + freshForMs, found: undefined }
    this.#known.set(name, asked)
    addresses.then(
      (found) => {
        asked.found = found
      },
      // A failure is not kept: the next one asks again.
      () => this.#known.delete(name),
    )
    return addresses
  }

  /** Whatever a look-up of the user's throws, the name has no address; what it gives is looked at before anybody connects to it. */
  async #ask(name: string): Promise<readonly LookupAddress[]> {
    const found: unknown = await this.#tryLookup(name)
    if (isAddressList(found)) return found
    const expected = "addresses like `[{ address: '127.0.0.1', family: 4 }]`"
    throw new OptionError(
      'lookup',
      `Expected \`lookup\` to give ${expected}, got ${inspect(found, shortly)} for ${name}`,
    )
  }

  async #tryLookup(name: string): Promise<unknown> {
    try {
      return await this.#lookup(name)
    } catch (error) {
      throw faultOf(error) === 'dns' ? error : new FaultError('dns', messageOf(error), error)
    }
  }
}

const shortly = { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 3, maxStringLength: 100 }

const isAddressList = (found: unknown): found is readonly LookupAddress[] =>
  Array.isArray(found) && found.every(isAddress)

function isAddress(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null || !('address' in entry) || !('family' in entry)) return false
  return typeof entry.address === 'string' && entry.family !== 0 && isIP(entry.address) === entry.family
}

const notFound = (name: string) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: name,
  })
