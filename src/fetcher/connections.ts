/**
 * The connections that requests leave on: one agent for all hosts. It knows which of them are open, and to which address.
 */
import type { Socket } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { type Names, withoutBrackets } from './names.ts'

/** What undici tells of an exchange, and the ways to make one: this is undici's one door. */
export type { Dispatcher }

export interface ConnectionsOptions {
  /** Connections to one origin. */
  readonly perHostConcurrency: number
  readonly connectTimeoutMs: number
  /** From the request to the first byte of the answer. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
}

export class Connections implements AsyncDisposable {
  /** What makes the exchanges. */
  readonly agent: Dispatcher
  readonly #names: Names
  /** By host, of those that are open. */
  readonly #open = new Map<string, Set<Socket>>()
  readonly #sockets = new Set<Socket>()

  /** @param transport for tests: what makes the exchanges, instead of connections of our own. */
  constructor(options: ConnectionsOptions, names: Names, transport: Dispatcher | undefined) {
    this.#names = names
    this.agent =
      transport ??
      new Agent({
        connections: options.perHostConcurrency,
        pipelining: 1,
        allowH2: false,
        connect: this.#connectorOf(options.connectTimeoutMs),
        headersTimeout: options.headersTimeoutMs,
        bodyTimeout: options.bodyTimeoutMs,
      })
  }

  isOpenTo(host: string): boolean {
    return this.#open.has(withoutBrackets(host))
  }

  /** That of the connection that was opened last. @param port if it matters to which. */
  addressOf(host: string, port?: number): string | undefined {
    const sockets = [...(this.#open.get(withoutBrackets(host)) ?? [])]
    return sockets.findLast(({ remotePort }) => port === undefined || remotePort === port)?.remoteAddress
  }

  /** Closes every connection at once; requests that are out end as failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.destroy()
    for (const socket of this.#sockets) socket.destroy()
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
        const sockets = this.#open.get(host) ?? new Set()
        this.#open.set(host, sockets.add(socket))
      })
      socket.once('close', () => {
        this.#sockets.delete(socket)
        const sockets = this.#open.get(host)
        sockets?.delete(socket)
        if (sockets?.size === 0) this.#open.delete(host)
      })
      return socket
    }
  }
}
