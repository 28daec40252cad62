/**
 * One exchange on the wire, as undici tells it: collects the answer, keeps to the limits, and knows when the request was sent.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Headers, Timing } from '../outcome.ts'
import { tooLarge } from './body.ts'
import type { BodySink, Receiver } from './body-sink.ts'
import type { Dispatcher } from './connections.ts'
import type { Progress } from './faults.ts'

export interface ExchangeLimits {
  readonly maxBodyBytes: number
  readonly totalTimeoutMs: number
  /** Keep the first `maxBodyBytes` of a longer body, instead of failing (for robots.txt only: RFC 9309 section 2.5). */
  readonly truncate?: boolean
  /** Says where the body goes. Default: into memory. */
  readonly receiver?: Receiver
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** There was more of the body, which was not read. */
  readonly isCut: boolean
}

/** What an exchange is made on. */
export interface Carrier {
  /** Once it is open. */
  socket: Socket | undefined
  /** Whether it leads to the host itself. */
  readonly isAddressKnown: boolean
}

export class TotalTimeout extends Error {}

/** A second request would be one that has no turn. */
const sentTwice = () =>
  Object.assign(new Error('The connection was given up before the request was answered'), { code: 'ECONNRESET' })

/** One exchange on the wire, as undici tells it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answered: Promise<Answer | Error>
  bytes = 0
  /** Of the connection that it was put on; also where that broke. */
  address: string | undefined
  /** What it is made on, for the connections to say. */
  carrier: Carrier | undefined
  readonly #clock: Clock
  readonly #limits: ExchangeLimits
  readonly #startedAt: number
  readonly #timer: NodeJS.Timeout | undefined
  #socket: Socket | undefined
  #resolve: (answer: Answer | Error) => void = () => undefined
  #controller: Dispatcher.DispatchController | undefined
  #gaveUp: Error | undefined
  #sentAt: number | undefined
  #firstByteAt: number | undefined
  #endedAt = 0
  #status = 0
  #headers: Headers = {}
  #chunks: Uint8Array[] = []
  #sink: BodySink | undefined

  constructor(clock: Clock, limits: ExchangeLimits) {
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

  /** Of the answer, whatever becomes of its body; none while there is none. */
  get headers(): Headers {
    return this.#headers
  }

  /** How far it has come. */
  get progress(): Progress {
    return { isSent: this.#sentAt !== undefined, hasHead: this.#status !== 0 }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // undici sends again what an HTTP/2 server refused (REFUSED_STREAM, GOAWAY), and at once.
    if (this.#sentAt !== undefined) {
      controller.abort(sentTwice())
      return
    }
    this.#controller = controller
    this.#sentAt = this.#clock.now()
    this.#socket = this.carrier?.socket
    this.address = this.carrier?.isAddressKnown === true ? this.#socket?.remoteAddress : undefined
    if (this.#gaveUp !== undefined) controller.abort(this.#gaveUp)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // RFC 9110 section 15.2: a 1xx answer is an interim one.
    if (status < 200) return
    this.#firstByteAt = this.#clock.now()
    this.#status = status
    this.#headers = headers
    const flow = { resume: () => controller.resume(), giveUp: (error: Error) => this.#giveUp(error) }
    const sink = this.#limits.receiver?.receive(status, headers, flow)
    if (sink instanceof Error) this.#giveUp(sink)
    else this.#sink = sink
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.bytes += chunk.length
    if (this.#sink !== undefined) {
      if (!this.#sink.write(chunk)) controller.pause()
      return
    }
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

  /**
   * Ends the connection: what the server still sends is read by nobody. undici keeps one of HTTP/2, with all that comes on it.
   * Resolves when it is closed, so that the next request finds a new one.
   */
  async hangUp(): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket.closed) return
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.destroy()
    await closed
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
    this.#sink?.end(answer instanceof Error ? answer : undefined)
    this.#resolve(answer)
  }
}
