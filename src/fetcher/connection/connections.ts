/**
 * The connections that requests leave on: one agent for all hosts. It knows which of them are open, and to which address.
 *
 * A certificate is always verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says, but for the hosts of `ignoreCertificateOf`.
 */
import { isIP, type Socket } from 'node:net'
import { Agent, buildConnector, Client, type Dispatcher, Pool } from 'undici'
import { hostOf, isLoopback } from '../../canonical-url.ts'
import { type Carrier, Exchange } from '../exchange.ts'
import { FaultError } from '../faults.ts'
import { AddressBlocked, type AddressGuard, withoutBrackets } from './address-guard.ts'
import type { Names } from './names.ts'
import { isForwarding, proxyAuthorization, throughProxy, wantsPassword } from './proxy.ts'
import { type ProxyAddress, parseProxy } from './proxy-url.ts'

/** What undici tells of an exchange, and the ways to make one: this is undici's one door. */
export type { Dispatcher }

export interface ConnectionsOptions {
  /** Connections to one origin, with one request at a time on each. */
  readonly perHostConcurrency: number
  readonly connectTimeoutMs: number
  /** How long an HTTP/2 server may let no stream begin; 0, which is the default, is for ever. */
  readonly headersTimeoutMs?: number | undefined
  /** Default 64 KiB. */
  readonly maxHeaderBytes?: number | undefined
  /** For a connection that its server offers to keep for longer. Default 15 s. */
  readonly longestIdleMs?: number | undefined
  /** HTTP/2 is spoken with servers that offer it. Default true. */
  readonly http2?: boolean | undefined
  /** Hosts whose certificates are not verified. Default: none. */
  readonly ignoreCertificateOf?: readonly string[] | undefined
  /** The URL of a proxy, or `none`, which is the default. */
  readonly proxy?: string | undefined
}

/** Opens a socket. */
export type Connect = buildConnector.connector
export type ConnectTarget = buildConnector.Options

/** undici gives back the socket, and does not say so. */
type OpenSocket = (...given: Parameters<Connect>) => Socket

/** After the exchange's own limit. */
const lateMs = 1_000

export class Connections implements AsyncDisposable {
  /** What makes the exchanges. */
  readonly agent: Dispatcher
  readonly #names: Names
  readonly #guard: AddressGuard
  readonly #proxy: ProxyAddress | undefined
  /** By host, of those that are open. */
  readonly #open = new Map<string, Set<Socket>>()
  readonly #sockets = new Set<Socket>()

  /** @param transport for tests: what makes the exchanges, instead of connections of our own. */
  constructor(options: ConnectionsOptions, names: Names, guard: AddressGuard, transport: Dispatcher | undefined) {
    this.#names = names
    this.#guard = guard
    this.#proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy)
    this.agent = transport ?? this.#agentOf(options)
  }

  /** Behind a proxy nobody here knows, or need know, to which address a host's name leads. */
  get areAddressesKnown(): boolean {
    return this.#proxy === undefined
  }

  /** What is asked for by a URL, as it is written on the wire. */
  requestOf(url: string): {
    readonly origin: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
  } {
    const { origin, protocol, pathname, search } = new URL(url)
    const path = pathname + search
    return this.#proxy === undefined || !isForwarding(this.#proxy, protocol)
      ? { origin, path, headers: {} }
      : { origin, path: origin + path, headers: proxyAuthorization(this.#proxy) }
  }

  /** What the proxy itself has to say in an answer, if it is its own. */
  proxyFaultIn(url: string, status: number): Error | undefined {
    const isAsked = this.#proxy !== undefined && isForwarding(this.#proxy, new URL(url).protocol)
    return isAsked && this.#proxy !== undefined && status === 407 ? wantsPassword(this.#proxy) : undefined
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
    const { perHostConcurrency, headersTimeoutMs = 0, maxHeaderBytes = 64 * 1024, http2 = true } = options
    const { longestIdleMs = 15_000 } = options
    const connect = this.#connectorOf(options)
    const openLine = (origin: string | URL, given: object) => new Line(origin, given, connect, this.areAddressesKnown)
    return new Agent({
      pipelining: 1,
      allowH2: http2,
      // A stream is a request like any other: with more of them at once, there are more connections, as on HTTP/1.1.
      h2Options: { maxConcurrentStreams: 1 },
      maxHeaderSize: maxHeaderBytes,
      // Those are an exchange's own, which knows what its time is spent on. But where a server lets no stream begin, no exchange does.
      headersTimeout: headersTimeoutMs === 0 ? 0 : headersTimeoutMs + lateMs,
      bodyTimeout: 0,
      // A server may offer to keep a connection for an hour, and there are many servers.
      keepAliveMaxTimeout: longestIdleMs,
      factory: (origin, given) =>
        perHostConcurrency === 1
          ? openLine(origin, given)
          : new Pool(origin, { ...given, connections: perHostConcurrency, factory: openLine }),
    })
  }

  #connectorOf(options: ConnectionsOptions): Connect {
    const { connectTimeoutMs: timeout, http2 = true } = options
    const offered = { allowH2: http2, preferH2: http2 }
    if (this.#proxy === undefined)
      // undici's timers run late where the event loop is busy.
      return this.#guarded(
        this.#verifying({ timeout: 0, lookup: this.#names.connectLookup, ...offered }, options),
        timeout,
      )
    // Whoever names a proxy knows where it is.
    const open = this.#verifying({ timeout, lookup: this.#names.proxyLookup, allowH2: false }, options)
    const secure = this.#verifying({ timeout, ...offered }, options)
    const through = throughProxy(this.#proxy, open, secure, timeout)
    return this.#refusing(through, (host) => this.#refusalBehindProxy(host))
  }

  /** Verifies certificates where it should, and keeps the sockets: the agent does not close those that are still connecting. */
  #verifying(common: buildConnector.BuildOptions, { ignoreCertificateOf = [] }: ConnectionsOptions): OpenSocket {
    const verified = buildConnector({ ...common, rejectUnauthorized: true }) as OpenSocket
    const unverified = buildConnector({ ...common, rejectUnauthorized: false }) as OpenSocket
    const trusted = new Set(ignoreCertificateOf.map((host) => withoutBrackets(hostOf(`https://${host}/`))))
    return (target, callback) => {
      const isTrusted = trusted.has(withoutBrackets(target.hostname))
      const socket = (isTrusted ? unverified : verified)(target, callback)
      this.#sockets.add(socket)
      return socket.once('close', () => this.#sockets.delete(socket))
    }
  }

  /** Names are checked when they are resolved; an address is not. */
  #guarded(open: OpenSocket, timeoutMs: number): Connect {
    const connect: Connect = (target, callback) => {
      const host = withoutBrackets(target.hostname)
      const socket = open(target, callback)
      giveUpAfter(timeoutMs, socket, target.protocol === 'https:' ? 'secureConnect' : 'connect')
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
        const sockets = this.#open.get(host)
        sockets?.delete(socket)
        if (sockets?.size === 0) this.#open.delete(host)
      })
    }
    return this.#refusing(connect, (host) => (isIP(host) === 0 ? undefined : this.#guard.refusalOf(host, host)))
  }

  #refusing(connect: Connect, refusalOf: (host: string) => string | undefined): Connect {
    return (target, callback) => {
      const refusal = refusalOf(withoutBrackets(target.hostname))
      if (refusal === undefined) connect(target, callback)
      else queueMicrotask(() => callback(new AddressBlocked(refusal), null))
    }
  }

  /** Where a name leads is known to the proxy alone, but for addresses, and for names that need no server (RFC 6761 section 6.3). */
  #refusalBehindProxy(host: string): string | undefined {
    const address = isIP(host) === 0 ? (isLoopback(host) ? '127.0.0.1' : undefined) : host
    if (address === undefined || this.#guard.admit(host, [{ address }]).length > 0) return undefined
    return this.#guard.refusalOf(host, address)
  }
}

function giveUpAfter(ms: number, socket: Socket, opened: 'connect' | 'secureConnect'): void {
  if (ms === 0) return
  const giveUp = () => socket.destroy(new FaultError('connect_timeout', `No connection within ${ms} ms`))
  const timer = setTimeout(giveUp, ms)
  for (const event of [opened, 'close']) socket.once(event, () => clearTimeout(timer))
}

/**
 * A line to an origin: one connection at a time, and one request at a time on it, whichever HTTP it speaks. Exchanges learn what they are
 * made on.
 */
class Line extends Client {
  readonly #carrier: Carrier

  constructor(origin: string | URL, options: object, connect: Connect, isAddressKnown: boolean) {
    const carrier: Carrier = { socket: undefined, isAddressKnown }
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
