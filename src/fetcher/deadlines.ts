/**
 * The limits of time of an exchange: for all of it, for the head of the answer, between two pieces of the body, and the least of bytes a
 * second. They are not undici's, whose timer for the head is set back by every interim answer.
 *
 * What has come while the event loop was busy is read before a time is called over, and while it is us who keep the server waiting, none is.
 */
import { FaultError } from './faults.ts'

/** As with the other limits, 0 is none. */
export interface DeadlineLimits {
  /** For one request in all. */
  readonly totalTimeoutMs: number
  /** From the request to the whole head of the answer. */
  readonly headersTimeoutMs?: number | undefined
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs?: number
  /** The least, averaged over twice `bodyTimeoutMs`, so that a pause that is let pass is no fault. */
  readonly minBytesPerSecond?: number
}

/** What is timed. */
export interface Timed {
  readonly bytes: number
  readonly isPaused: boolean
  giveUp(error: Error): void
}

/** Where there is no limit between two pieces to average over. */
const longestPauseMs = 30_000

/** A longer one would be over at once. */
const longestTimerMs = 2 ** 31 - 1

export class Deadlines {
  readonly #limits: DeadlineLimits
  readonly #timed: Timed
  readonly #total: NodeJS.Timeout | undefined
  /** For the head, then for the next piece of the body. */
  #phase: NodeJS.Timeout | undefined
  #floor: NodeJS.Timeout | undefined
  /** The phase has had its time. */
  #isLate: NodeJS.Immediate | undefined

  /** The time in all begins. */
  constructor(limits: DeadlineLimits, timed: Timed) {
    this.#limits = limits
    this.#timed = timed
    const { totalTimeoutMs } = limits
    if (totalTimeoutMs === 0) return
    // Made when it is needed: an error costs as much as a tenth of a page.
    const giveUp = () => timed.giveUp(new FaultError('total_timeout', `No full answer within ${totalTimeoutMs} ms`))
    this.#total = setTimeout(() => setImmediate(giveUp), totalTimeoutMs)
  }

  beginHead(): void {
    const { headersTimeoutMs = 0 } = this.#limits
    this.#begin(headersTimeoutMs, 'headers_timeout', `No head of an answer within ${headersTimeoutMs} ms`)
  }

  beginBody(): void {
    const { bodyTimeoutMs = 0, minBytesPerSecond = 0 } = this.#limits
    this.#begin(bodyTimeoutMs, 'body_timeout', `No more of the body within ${bodyTimeoutMs} ms`)
    if (minBytesPerSecond === 0) return
    const windowMs = Math.min(2 * (bodyTimeoutMs === 0 ? longestPauseMs : bodyTimeoutMs), longestTimerMs)
    let before = 0
    const check = () => {
      const came = this.#timed.bytes - before
      before = this.#timed.bytes
      if (this.#timed.isPaused || came * 1_000 >= minBytesPerSecond * windowMs) return
      const message = `Body came at less than ${minBytesPerSecond} bytes a second`
      this.#timed.giveUp(new FaultError('body_too_slow', message))
    }
    this.#floor = setInterval(check, windowMs)
  }

  /** For a body that nobody wants. */
  beginUnwanted(ms: number, stop: () => void): void {
    this.#endPhase()
    this.#phase = setTimeout(stop, ms)
  }

  /** A piece of the body has come, or may come again. */
  refresh(): void {
    this.#phase?.refresh()
    clearImmediate(this.#isLate)
  }

  end(): void {
    this.#endPhase()
    clearTimeout(this.#total)
    clearInterval(this.#floor)
  }

  #begin(ms: number, fault: 'headers_timeout' | 'body_timeout', message: string): void {
    this.#endPhase()
    const giveUp = () => this.#timed.giveUp(new FaultError(fault, message))
    if (ms === 0) return
    this.#phase = setTimeout(() => {
      if (this.#timed.isPaused) this.#phase?.refresh()
      else this.#isLate = setImmediate(giveUp)
    }, ms)
  }

  #endPhase(): void {
    clearTimeout(this.#phase)
    clearImmediate(this.#isLate)
    this.#phase = undefined
  }
}
