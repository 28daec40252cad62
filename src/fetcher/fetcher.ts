/**
 * The fetcher: one request, one outcome. It follows nothing, retries nothing and never throws; what an outcome means for the crawl is the
 * walk's to say.
 *
 * It speaks to undici's dispatcher, below `request`, because that tells when a request was put on an open connection: the moment from
 * which the host's pace is counted.
 */
import type { Clock } from '../clock.ts'
import type { Outcome } from '../outcome.ts'
import { plainGet, type Sending } from '../request.ts'
import { AddressGuard } from './connection/address-guard.ts'
import { Connections, type ConnectionsOptions, type Dispatcher } from './connection/connections.ts'
import { type Lookup, Names, systemLookup } from './connection/names.ts'
import { authorizations, remedyFor } from './credentials/basic-auth.ts'
import type { CookieJar } from './credentials/cookies.ts'
import { Exchange, type ExchangeLimits } from './exchange.ts'
import { type FetchLimits, isPage, outcomeOf } from './outcome-of.ts'

export interface FetcherOptions extends ConnectionsOptions, ExchangeDefaults {
  readonly userAgent: string
  readonly from: string | undefined
  /** `user:password` by origin or host name. */
  readonly basicAuth?: Readonly<Record<string, string>> | undefined
  /** Used where the limits say so. */
  readonly jar?: CookieJar | undefined
  /** Ranges of addresses, besides those on the public net, that any host may be at. */
  readonly allowPrivate: readonly string[]
  /** Hosts that may be at any address: address-guard.ts. */
  readonly typedHosts?: Iterable<string>
  /** From names to addresses. Default: as the system does. */
  readonly lookup?: Lookup | undefined
  /** For tests: what makes the exchanges, instead of connections of our own. */
  readonly transport?: Transport | undefined
}

/** What a request that says nothing of them is held to. */
type ExchangeDefaults = Pick<
  ExchangeLimits,
  'headersTimeoutMs' | 'bodyTimeoutMs' | 'minBytesPerSecond' | 'maxHeaderBytes'
>

export type Transport = Dispatcher

/** For those who have no limit on connections. */
const longestLookupMs = 10_000

const everywhere = ['0.0.0.0/0', '::/0']

export class Fetcher implements AsyncDisposable {
  readonly #connections: Connections
  readonly #names: Names
  readonly #clock: Clock
  readonly #defaults: ExchangeDefaults
  readonly #headers: Readonly<Record<string, string>>
  /** By origin. */
  readonly #authorizations: ReadonlyMap<string, string>
  readonly #jar: CookieJar | undefined

  constructor(options: FetcherOptions, clock: Clock) {
    this.#clock = clock
    const { headersTimeoutMs = 0, bodyTimeoutMs = 0, minBytesPerSecond = 0, maxHeaderBytes } = options
    this.#defaults = { headersTimeoutMs, bodyTimeoutMs, minBytesPerSecond, maxHeaderBytes }
    const lookupLimitMs = options.connectTimeoutMs === 0 ? longestLookupMs : options.connectTimeoutMs
    // What makes no connections has no addresses.
    const allowed = options.transport === undefined ? options.allowPrivate : everywhere
    const guard = new AddressGuard(allowed, options.typedHosts ?? [])
    this.#names = new Names(options.lookup ?? systemLookup, lookupLimitMs, clock, guard)
    this.#connections = new Connections(options, this.#names, guard, options.transport)
    this.#authorizations = authorizations(options.basicAuth)
    this.#jar = options.jar
    this.#headers = {
      'user-agent': options.userAgent,
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-encoding': 'gzip, br, zstd, deflate',
      ...(options.from === undefined ? undefined : { from: options.from }),
    }
  }

  /** Why the address guard lets nobody visit a host, as far as it is known; a fetch finds out what is not. */
  refusalOf(host: string): string | undefined {
    const { areAddressesKnown } = this.#connections
    return areAddressesKnown && this.#connections.isOpenTo(host) ? undefined : this.#names.refusalOf(host)
  }

  /** Whether `addressesOf` has its answer at once. */
  knowsAddressesOf(host: string): boolean {
    const { areAddressesKnown } = this.#connections
    return !areAddressesKnown || this.#connections.isOpenTo(host) || this.#names.isKnown(host)
  }

  /** The address that a host is visited at, or those at which it may be; none when its name cannot be resolved in time. */
  async addressesOf(host: string): Promise<readonly string[]> {
    if (!this.#connections.areAddressesKnown) return []
    const address = this.#connections.addressOf(host)
    return address === undefined ? this.#names.addressesOf(host) : [address]
  }

  /** What is sent with a request, by names in lower case. */
  headersOf(url: string, sending: Sending, limits: FetchLimits): Readonly<Record<string, string>> {
    const authorization = this.#authorizations.get(new URL(url).origin)
    const cookie = limits.cookies === true ? this.#jar?.headerFor(url) : undefined
    // What a request says of itself goes before what all say; who we are is said by nobody else.
    return {
      ...this.#headers,
      ...(authorization === undefined ? undefined : { authorization }),
      ...(cookie === undefined ? undefined : { cookie }),
      ...sending.headers,
      'user-agent': this.#headers['user-agent'] ?? '',
    }
  }

  /** @param sending what is asked of the URL. Default: a plain GET. */
  async fetch(url: string, limits: FetchLimits, sending: Sending = plainGet): Promise<Outcome> {
    const { origin, path, headers: toProxy } = this.#connections.requestOf(url)
    const { method, body = null } = sending
    const jar = limits.cookies === true ? this.#jar : undefined
    const own = { ...limits.headers, ...limits.receiver?.headers, ...toProxy }
    const headers = { ...this.headersOf(url, sending, limits), ...own }
    const makesPage = (status: number) => isPage(status, limits, headers)
    const exchange = new Exchange(this.#clock, { ...this.#defaults, ...limits }, makesPage)
    this.#connections.agent.dispatch({ origin, path, method, headers, body }, exchange)
    const answered = await exchange.answered
    const answer =
      answered instanceof Error ? answered : (this.#connections.proxyFaultIn(url, answered.status) ?? answered)
    if (answer instanceof Error || answer.isCut) await exchange.hangUp()
    // What a proxy says for itself is not the host's.
    if (answer === answered) jar?.take(url, exchange.headers['set-cookie'])
    const file = await limits.receiver?.written()
    const { timing, bytes, address, progress } = exchange
    const base = { timing, bytes, address, ...(progress.isSent ? undefined : { neverLeft: true as const }) }
    const result = await outcomeOf(`${method} ${url}`, url, answer, file, exchange, limits, headers)
    if (result.kind !== 'failed' || result.status !== 401) return { ...base, ...result }
    const challenge = String(result.headers['www-authenticate'])
    const remedy = remedyFor(url, this.#authorizations, headers.authorization, challenge)
    return { ...base, ...result, message: remedy === undefined ? result.message : `${result.message} (${remedy})` }
  }

  /** Closes every connection at once; requests that are out end as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#names[Symbol.dispose]()
    await this.#connections[Symbol.asyncDispose]()
  }
}
