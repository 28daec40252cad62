/**
 * The connections that requests leave on: one agent for all hosts. It knows which of them are open, and to which address.
 *
 * A certificate is always verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says, but for the hosts of `ignoreCertificateOf`.
 */
import { isIP, type Socket } from 'node:net'
import { Agent, buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { hostOf } from '../canonical-url.ts'
import { AddressBlocked, type AddressGuard, withoutBrackets } from './address-guard.ts'
import { Exchange } from './exchange.ts'
import type { Names } from './names.ts'

/** What undici tells of an exchange, and the ways to make one: this is undici's one door. */
export type { Dispatcher }

export interface ConnectionsOptions {
  /** Connections to one origin, with one request at a time on each. */
  readonly perHostConcurrency: number
  readonly connectTimeoutMs: number
  /** From the request to the first byte of the answer. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  /** HTTP/2 is spoken with servers that offer it. Default true. */
  readonly http2?: boolean | undefined
  /** Hosts whose certificates are not verified. Default: none. */
  readonly ignoreCertificateOf?: readonly string[] | undefined
}

/** undici gives back the socket, and does not say so. */
type Connect = (...given: Parameters<buildConnector.connector>) => Socket

export class Connections implements AsyncDisposable {
  /** What makes the exchanges. */
  readonly agent: Dispatcher
  readonly #names: Names
  readonly #guard: AddressGuard
  /** By host, of those that are open. */
  readonly #open = new Map<string, Set<Socket>>()
  readonly #sockets = new Set<Socket>()

  /** @param transport for tests: what makes the exchanges, instead of connections of our own. */
  constructor(options: ConnectionsOptions, names: Names, guard: AddressGuard, transport: Dispatcher | undefined) {
    this.#names = names
    this.#guard = guard
    this.agent = transport ?? this.#agentOf(options)
  }

  isOpenTo(host: string): boolean {
    return this.#open.has(withoutBrackets(host))
  }

  /** That of the connection that was opened last. */
  addressOf(host: string): string | undefined {
    return [...(this.#open.get(withoutBrackets(host)) ?? [])].at(-1)?.remoteAddress
  }

  /** Closes every connection at once; requests that are out end as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  #agentOf(options: ConnectionsOptions): Agent {
    const { perHostConcurrency, headersTimeoutMs, bodyTimeoutMs, http2 = true } = options
    const connect = this.#connectorOf(options)
    const openLine = (origin: string | URL, given: object) => new Line(origin, given, connect)
    return new Agent({
      pipelining: 1,
      allowH2: http2,
      // A stream is a request like any other: with more of them at once, there are more connections, as on HTTP/1.1.
      h2Options: { maxConcurrentStreams: 1 },
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      factory: (origin, given) =>
        perHostConcurrency === 1
          ? openLine(origin, given)
          : new Pool(origin, { ...given, connections: perHostConcurrency, factory: openLine }),
    })
  }

  /** Keeps the sockets: the agent does not close those that are still connecting. */
  #connectorOf({
    connectTimeoutMs,
    http2 = true,
    ignoreCertificateOf = [],
  }: ConnectionsOptions): buildConnector.connector {
    const common = { timeout: connectTimeoutMs, lookup: this.#names.connectLookup, allowH2: http2, preferH2: http2 }
    const verified = buildConnector({ ...common, rejectUnauthorized: true }) as Connect
    const unverified = buildConnector({ ...common, rejectUnauthorized: false }) as Connect
    const trusted = new Set(ignoreCertificateOf.map((host) => withoutBrackets(hostOf(`https://${host}/`))))
    return (options, callback) => {
      const host = withoutBrackets(options.hostname)
      // Names are checked when they are resolved; an address is not.
      const refusal = isIP(host) === 0 ? undefined : this.#guard.refusalOf(options.hostname, host)
      if (refusal !== undefined) {
        queueMicrotask(() => callback(new AddressBlocked(refusal), null))
        return
      }
      const socket = trusted.has(host) ? unverified(options, callback) : verified(options, callback)
      this.#sockets.add(socket)
      // Before the listener of undici's, who sends the first request at once.
      socket.prependOnceListener('connect', () => {
        const { remoteAddress } = socket
        // The last word is the socket's own: where it is open to, and not where it was sent. Without an address it is closed already.
        const slip = remoteAddress === undefined ? undefined : this.#guard.refusalOf(host, remoteAddress)
        if (slip !== undefined) return void socket.destroy(new AddressBlocked(slip))
        const sockets = this.#open.get(host) ?? new Set()
        this.#open.set(host, sockets.add(socket))
      })
      socket.once('close', () => {
        this.#sockets.delete(socket)
        const sockets = this.#open.get(host)
        sockets?.delete(socket)
        if (sockets?.size === 0) this.#open.delete(host)
      })
    }
  }
}

/**
 * A line to an origin: one connection at a time, and one request at a time on it, whichever HTTP it speaks. Exchanges learn what they are
 * made on.
 */
class Line extends Client {
  readonly #carrier: { socket: Socket | undefined }

  constructor(origin: string | URL, options: object, connect: buildConnector.connector) {
    const carrier: { socket: Socket | undefined } = { socket: undefined }
    super(origin, {
      ...options,
      connect: (target, callback) =>
        connect(target, (...opened) => {
          carrier.socket = opened[1] ?? undefined
          callback(...opened)
        }),
    })
    this.#carrier = carrier
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof Exchange) handler.carrier = this.#carrier
    return super.dispatch(options, handler)
  }
}
