/**
 * The throttle: runs a host's requests, one bottleneck limiter a host.
 *
 * The frontier owns the clock: a turn comes when its host's time has come. The limiter is the second lock on the same door, so that a
 * mistake elsewhere costs speed and never politeness: at most `perHostConcurrency` requests at once and the gap in force between starts.
 *
 * bottleneck, measured: it bursts when it holds a backlog over a blocked event loop, so it never gets more than one waiting job;
 * a gap of 2^31 ms or more, or one that is not finite, means none to it, so the gap is capped below; it forgets nothing, so the limiters
 * are kept in a small LRU.
 */
import Bottleneck from 'bottleneck'

/** Limiters of hosts that were visited last; an older host's next time is safe in the frontier. */
const maxLimiters = 1_000
const longestGapMs = 2 ** 31 - 1

interface Limiter {
  readonly bottleneck: Bottleneck
  gapMs: number
}

export class Throttle {
  readonly #perHostConcurrency: number
  readonly #limiters = new Map<string, Limiter>()
  #seenAt = 0

  constructor(perHostConcurrency: number) {
    this.#perHostConcurrency = perHostConcurrency
  }

  /** Runs `fetch` when the host's limiter lets it; `delayMs` is the gap in force. A gap of 0 needs no limiter. */
  run<T>(host: string, delayMs: number, fetch: () => Promise<T>): Promise<T> {
    if (delayMs <= 0) return fetch()
    return this.#limiterOf(host, Math.min(delayMs, longestGapMs)).bottleneck.schedule(fetch)
  }

  /** Drops the jobs that still wait; their `run` rejects. */
  stop(): void {
    for (const { bottleneck } of this.#limiters.values()) {
      bottleneck.stop({ dropWaitingJobs: true }).catch(() => undefined)
    }
  }

  #limiterOf(host: string, gapMs: number): Limiter {
    // bottleneck reads the clock on the wall: one that was set back would hold its jobs until it has caught up.
    const now = Date.now()
    if (now < this.#seenAt) this.#limiters.clear()
    this.#seenAt = now
    const known = this.#limiters.get(host)
    if (known !== undefined) {
      // A Map iterates in order of insertion: putting the entry back makes it the newest.
      this.#limiters.delete(host)
      this.#limiters.set(host, known)
      if (known.gapMs !== gapMs) {
        known.gapMs = gapMs
        known.bottleneck.updateSettings({ minTime: gapMs })
      }
      return known
    }
    const limiter = { bottleneck: new Bottleneck({ maxConcurrent: this.#perHostConcurrency, minTime: gapMs }), gapMs }
    this.#limiters.set(host, limiter)
    if (this.#limiters.size > maxLimiters) {
      const [oldest] = this.#limiters.keys()
      if (oldest !== undefined) this.#limiters.delete(oldest)
    }
    return limiter
  }
}
