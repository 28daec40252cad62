/**
 * One exchange on the wire, as undici tells it: collects the answer, keeps to the limits, and knows when the request was sent. Every way it can
 * end is an answer or an error, once; nothing that comes later changes it, and its connection is not left half read.
 *
 * The body of an answer that makes no page is read if it is short, so that the connection can be kept: a new one costs the host more. If it is
 * long or slow, closing the connection is cheaper for both. Whatever is wrong with such a body, the status is what the exchange came to.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Headers, Timing } from '../outcome.ts'
import { tooLarge } from './body.ts'
import type { Dispatcher } from './connection/connections.ts'
import { expectStream } from './connection/cut-streams.ts'
import { type DeadlineLimits, Deadlines, type Timed } from './deadlines.ts'
import type { BodySink, Receiver } from './download/body-sink.ts'
import { FaultError, type Progress } from './faults.ts'
import { Pieces } from './pieces.ts'

export interface ExchangeLimits extends DeadlineLimits {
  readonly maxBodyBytes: number
  /** The parser of HTTP/1.1 counts for itself; nobody does for HTTP/2. Default: no limit. */
  readonly maxHeaderBytes?: number | undefined
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

/** RFC 9110 section 15.2 sets no bound; nobody has reason to send more. */
const maxInterimAnswers = 16

/** How much of a body that nobody wants is read, and for how long. */
const unwantedBytes = 64 * 1024
const unwantedMs = 1_000

/** A second request would be one that has no turn. */
const sentTwice = () =>
  Object.assign(new Error('The connection was given up before the request was answered'), { code: 'ECONNRESET' })

const streamCut = () =>
  Object.assign(new Error('The stream was reset before the answer was whole'), { code: 'ECONNRESET' })

/** As in HTTP/1.1: names, values, and what stands in between. */
function sizeOf(headers: Headers): number {
  let bytes = 0
  for (const name in headers) {
    const lines = headers[name] ?? []
    for (const line of typeof lines === 'string' ? [lines] : lines) bytes += name.length + line.length + ': \r\n'.length
  }
  return bytes
}

export class Exchange implements Dispatcher.DispatchHandler, Timed {
  readonly answered: Promise<Answer | Error>
  bytes = 0
  isStreamCut = false
  /** Of the connection that it was put on; also where that broke. */
  address: string | undefined
  /** What it is made on, for the connections to say. */
  carrier: Carrier | undefined
  readonly #clock: Clock
  readonly #limits: ExchangeLimits
  readonly #wants: (status: number) => boolean
  readonly #startedAt: number
  readonly #deadlines: Deadlines
  #socket: Socket | undefined
  #resolve: (answer: Answer | Error) => void = () => undefined
  #controller: Dispatcher.DispatchController | undefined
  #gaveUp: Error | undefined
  #sentAt: number | undefined
  #firstByteAt: number | undefined
  #endedAt = 0
  #interimAnswers = 0
  #status = 0
  #headers: Headers = {}
  #sink: BodySink | undefined
  #isWanted = true
  #pieces = new Pieces()

  /** @param wants whether the body of an answer with that status is of use. */
  constructor(clock: Clock, limits: ExchangeLimits, wants: (status: number) => boolean) {
    this.#clock = clock
    this.#limits = limits
    this.#wants = wants
    this.#startedAt = clock.now()
    this.answered = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#deadlines = new Deadlines(limits, this)
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

  /** Of the time that the request may take in all. */
  get leftMs(): number {
    return this.#limits.totalTimeoutMs - (this.#clock.now() - this.#startedAt)
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
    if (this.#socket !== undefined && 'alpnProtocol' in this.#socket && this.#socket.alpnProtocol === 'h2')
      expectStream(this)
    this.address = this.carrier?.isAddressKnown === true ? this.#socket?.remoteAddress : undefined
    if (this.#gaveUp !== undefined) controller.abort(this.#gaveUp)
    if (this.#endedAt !== 0) return
    this.#deadlines.beginHead()
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.#endedAt !== 0) return
    if (status < 200) {
      this.#interimAnswers += 1
      if (this.#interimAnswers <= maxInterimAnswers) return
      this.giveUp(new FaultError('protocol', `More than ${maxInterimAnswers} interim answers`))
      return
    }
    this.#firstByteAt = this.#clock.now()
    this.#status = status
    this.#headers = headers
    const { maxHeaderBytes = Number.POSITIVE_INFINITY } = this.#limits
    if (sizeOf(headers) > maxHeaderBytes) {
      this.giveUp(new FaultError('headers_too_large', `The headers exceeded ${maxHeaderBytes} bytes`))
      return
    }
    const resume = () => {
      controller.resume()
      this.#deadlines.refresh()
    }
    const flow = { resume, giveUp: (error: Error) => this.giveUp(error) }
    const sink = this.#limits.receiver?.receive(status, headers, flow)
    if (sink instanceof Error) {
      this.giveUp(sink)
      return
    }
    this.#sink = sink
    this.#isWanted = sink !== undefined || this.#wants(status)
    if (this.#isWanted) this.#deadlines.beginBody()
    else this.#deadlines.beginUnwanted(unwantedMs, () => this.#stop())
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#endedAt !== 0) return
    this.bytes += chunk.length
    if (!this.#isWanted) {
      if (this.bytes > unwantedBytes) this.#stop()
      return
    }
    this.#deadlines.refresh()
    if (this.#sink !== undefined) {
      if (!this.#sink.write(chunk)) controller.pause()
      return
    }
    this.#pieces.add(chunk)
    if (this.bytes <= this.#limits.maxBodyBytes) return
    if (this.#limits.truncate === true) this.#stop()
    else this.giveUp(tooLarge(this.#limits.maxBodyBytes))
  }

  onResponseEnd(): void {
    // A body without a length ends with its connection; undici takes a broken one for a closed one.
    const broken = this.isStreamCut ? streamCut() : this.#socket?.errored
    this.#finish((this.#isWanted ? broken : null) ?? this.#answer(false))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish(this.#isWanted ? error : this.#answer(true))
  }

  /** It is us who keep the server waiting. */
  get isPaused(): boolean {
    return this.#controller?.paused === true
  }

  giveUp(error: Error): void {
    if (this.#endedAt !== 0) return
    this.#finish(error)
    this.#abort(error)
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

  #answer(isCut: boolean): Answer {
    return { status: this.#status, headers: this.#headers, body: this.#pieces.whole(), isCut }
  }

  /** What is here is enough. */
  #stop(): void {
    this.#finish(this.#answer(true))
    this.#abort(new Error('The rest of the body is not wanted'))
  }

  #abort(error: Error): void {
    this.#gaveUp = error
    this.#controller?.abort(error)
  }

  /** The first end is the end; an abort that comes back as an error is not news. */
  #finish(answer: Answer | Error): void {
    if (this.#endedAt !== 0) return
    this.#endedAt = this.#clock.now()
    this.#deadlines.end()
    this.#pieces = new Pieces()
    this.#sink?.end(answer instanceof Error ? answer : undefined)
    this.#resolve(answer)
  }
}
