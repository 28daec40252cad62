/**
 * The fetcher: one request, one outcome. It follows nothing, retries nothing and never throws; what an outcome means for the crawl is the
 * walk's to say.
 *
 * It speaks to undici's dispatcher, below `request`, because that tells when a request was put on an open connection: the moment from
 * which the host's pace is counted.
 */
import type { Socket } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { canonicalUrl } from '../canonical-url.ts'
import type { Clock } from '../clock.ts'
import type { Headers, Outcome, Timing } from '../outcome.ts'
import { BodyError, decodeBody, decodeStart, tooLarge } from './body.ts'
import { type Lookup, Names, systemLookup, withoutBrackets } from './names.ts'
import { isPassing, isPassingStatus, reasonOf } from './retry-policy.ts'

export interface FetcherOptions {
  readonly userAgent: string
  readonly from: string | undefined
  /** Connections to one origin. */
  readonly perHostConcurrency: number
  readonly connectTimeoutMs: number
  /** From the request to the first byte of the answer. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  /** From names to addresses. Default: as the system does. */
  readonly lookup?: Lookup | undefined
  /** For tests: what makes the exchanges, instead of connections of our own. */
  readonly transport?: Transport | undefined
}

export type Transport = Dispatcher

export interface FetchLimits {
  readonly maxBodyBytes: number
  readonly totalTimeoutMs: number
  /** Keep the first `maxBodyBytes` of a longer body, instead of failing (for robots.txt only: RFC 9309 section 2.5). */
  readonly truncate?: boolean
  /** To be sent besides our own. */
  readonly headers?: Readonly<Record<string, string>>
  /** Statuses besides 2xx that make a page. */
  readonly acceptStatuses?: readonly number[]
}

/** For those who have no limit on connections. */
const longestLookupMs = 10_000

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

const redirectStatuses = new Set([301, 302, 303, 307, 308])

export class Fetcher implements AsyncDisposable {
  readonly #agent: Dispatcher
  readonly #names: Names
  /** Of the hosts that a connection is open to. */
  readonly #connected = new Map<string, Set<Socket>>()
  readonly #sockets = new Set<Socket>()
  readonly #clock: Clock
  readonly #headers: Record<string, string>

  constructor(options: FetcherOptions, clock: Clock) {
    this.#clock = clock
    const lookupLimitMs = options.connectTimeoutMs === 0 ? longestLookupMs : options.connectTimeoutMs
    this.#names = new Names(options.lookup ?? systemLookup, lookupLimitMs, clock)
    this.#agent =
      options.transport ??
      new Agent({
        connections: options.perHostConcurrency,
        pipelining: 1,
        allowH2: false,
        connect: this.#connectorOf(options.connectTimeoutMs),
        headersTimeout: options.headersTimeoutMs,
        bodyTimeout: options.bodyTimeoutMs,
      })
    this.#headers = {
      'user-agent': options.userAgent,
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-encoding': 'gzip, br, zstd, deflate',
      ...(options.from === undefined ? undefined : { from: options.from }),
    }
  }

  /** Whether `addressesOf` has its answer at once. */
  knowsAddressesOf(host: string): boolean {
    return this.#connected.has(withoutBrackets(host)) || this.#names.isKnown(host)
  }

  /** The address that a host is visited at, or those at which it may be; none when its name cannot be resolved in time. */
  async addressesOf(host: string): Promise<readonly string[]> {
    const address = this.#connectedAddress(host)
    return address === undefined ? this.#names.addressesOf(host) : [address]
  }

  async fetch(url: string, limits: FetchLimits): Promise<Outcome> {
    const { origin, protocol, hostname, port, pathname, search } = new URL(url)
    const exchange = new Exchange(this.#clock, limits, () =>
      this.#connectedAddress(hostname, Number(port) || defaultPorts[protocol]),
    )
    const headers = limits.headers === undefined ? this.#headers : { ...this.#headers, ...limits.headers }
    this.#agent.dispatch({ origin, path: pathname + search, method: 'GET', headers }, exchange)
    const answer = await exchange.answered
    const base = { timing: exchange.timing, bytes: exchange.bytes, address: exchange.address }
    return { ...base, ...(await this.#outcomeOf(url, answer, limits)) }
  }

  async #outcomeOf(url: string, answer: Answer | Error, limits: FetchLimits): Promise<Result> {
    if (answer instanceof Error) return { ...failure(url, answer), status: undefined, headers: {} }

    const { status, headers } = answer
    if (redirectStatuses.has(status)) {
      const location = headers.location
      const target = typeof location === 'string' ? canonicalUrl(fromOctets(location), url) : undefined
      if (target !== undefined) return { kind: 'redirect', status, headers, target }
      const message = `${status} without a usable Location: GET ${url}`
      return { kind: 'failed', reason: 'redirect_without_target', status, headers, message }
    }
    if ((status < 200 || status > 299) && limits.acceptStatuses?.includes(status) !== true) {
      const message = `Status ${status}: GET ${url}`
      const kind = isPassingStatus(status) ? 'retry' : 'failed'
      return { kind, reason: `http_${status}`, status, headers, message }
    }
    try {
      const encoding = String(headers['content-encoding'] ?? '')
      const body =
        limits.truncate === true
          ? await decodeStart(answer.body, encoding, limits.maxBodyBytes, answer.isCut)
          : await decodeBody(answer.body, encoding, limits.maxBodyBytes)
      return { kind: 'page', status, headers, body }
    } catch (error) {
      return { ...failure(url, error), status, headers }
    }
  }

  /** Closes every connection at once; requests that are out end as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** That of the connection that was opened last. @param port if it matters to which. */
  #connectedAddress(host: string, port?: number): string | undefined {
    const sockets = [...(this.#connected.get(withoutBrackets(host)) ?? [])]
    return sockets.findLast(({ remotePort }) => port === undefined || remotePort === port)?.remoteAddress
  }

  /** Keeps the sockets: the agent does not close those that are still connecting. */
  #connectorOf(timeout: number): buildConnector.connector {
    const connect = buildConnector({ timeout, lookup: this.#names.connectLookup }) as (
      ...given: Parameters<buildConnector.connector>
    ) => Socket
    return (options, callback) => {
      const socket = connect(options, callback)
      const host = withoutBrackets(options.hostname)
      this.#sockets.add(socket)
      // Before the listener of undici's, who sends the first request at once.
      socket.prependOnceListener('connect', () => {
        const sockets = this.#connected.get(host) ?? new Set()
        this.#connected.set(host, sockets.add(socket))
      })
      socket.once('close', () => {
        this.#sockets.delete(socket)
        const sockets = this.#connected.get(host)
        sockets?.delete(socket)
        if (sockets?.size === 0) this.#connected.delete(host)
      })
      return socket
    }
  }
}

function failure(url: string, error: unknown) {
  const reason =
    error instanceof BodyError ? error.reason : error instanceof TotalTimeout ? 'total_timeout' : reasonOf(error)
  const what = error instanceof Error && error.message !== '' ? error.message : reason.replaceAll('_', ' ')
  const remedy = reason === 'body_too_large' ? ' (raise maxBodyBytes)' : ''
  const message = `${what}: GET ${url}${remedy}`
  return isPassing(reason) ? { kind: 'retry' as const, reason, message } : { kind: 'failed' as const, reason, message }
}

class TotalTimeout extends Error {}

/** An outcome without what is the same for all. */
type Result = Outcome extends infer Kind
  ? Kind extends Outcome
    ? Omit<Kind, 'timing' | 'bytes' | 'address'>
    : never
  : never

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** There was more of the body, which was not read. */
  readonly isCut: boolean
}

/** Some servers send UTF-8 in a Location, which headers give us octet by octet. */
function fromOctets(value: string): string {
  const text = Buffer.from(value, 'latin1').toString()
  return text.includes('\ufffd') ? value : text
}

/** One exchange on the wire, as undici tells it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly answered: Promise<Answer | Error>
  bytes = 0
  /** Of the connection that it was put on; also where that broke. */
  address: string | undefined
  readonly #clock: Clock
  readonly #addressNow: () => string | undefined
  readonly #limits: FetchLimits
  readonly #startedAt: number
  readonly #timer: NodeJS.Timeout | undefined
  #resolve: (answer: Answer | Error) => void = () => undefined
  #controller: Dispatcher.DispatchController | undefined
  #gaveUp: Error | undefined
  #sentAt: number | undefined
  #firstByteAt: number | undefined
  #endedAt = 0
  #status = 0
  #headers: Headers = {}
  #chunks: Uint8Array[] = []

  constructor(clock: Clock, limits: FetchLimits, addressNow: () => string | undefined) {
    this.#addressNow = addressNow
    this.#clock = clock
    this.#limits = limits
    this.#startedAt = clock.now()
    this.answered = new Promise((resolve) => {
      this.#resolve = resolve
    })
    const { totalTimeoutMs } = limits
    // As with the other limits, 0 is none.
    if (totalTimeoutMs === 0) return
    const giveUp = () => this.#giveUp(new TotalTimeout(`No full answer within ${totalTimeoutMs} ms`))
    this.#timer = setTimeout(giveUp, totalTimeoutMs)
  }

  get timing(): Timing {
    return { sentAt: this.#sentAt ?? this.#startedAt, firstByteAt: this.#firstByteAt, endedAt: this.#endedAt }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#sentAt = this.#clock.now()
    this.address = this.#addressNow()
    if (this.#gaveUp !== undefined) controller.abort(this.#gaveUp)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // RFC 9110 section 15.2: a 1xx answer is an interim one.
    if (status < 200) return
    this.#firstByteAt = this.#clock.now()
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.bytes <= this.#limits.maxBodyBytes) return
    if (this.#limits.truncate === true) this.#finish(this.#answer(true))
    this.#giveUp(tooLarge(this.#limits.maxBodyBytes))
  }

  onResponseEnd(): void {
    this.#finish(this.#answer())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(error)
  }

  #answer(isCut = false): Answer {
    const [only] = this.#chunks
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    return { status: this.#status, headers: this.#headers, body, isCut }
  }

  #giveUp(error: Error): void {
    this.#gaveUp = error
    this.#controller?.abort(error)
    this.#finish(error)
  }

  /** The first end is the end; an abort that comes back as an error is not news. */
  #finish(answer: Answer | Error): void {
    if (this.#endedAt !== 0) return
    this.#endedAt = this.#clock.now()
    clearTimeout(this.#timer)
    this.#chunks = []
    this.#resolve(answer)
  }
}
