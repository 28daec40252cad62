/**
 * The progress line: how fast, how much is done, how much waits, and what the host that waits longest is waiting for. On a terminal it is
 * redrawn in place; elsewhere it is a log line now and then.
 */
import type { CrawlEvent } from '../events.ts'
import type { HostPace } from '../host.ts'
import type { CrawlStats } from './stats.ts'

/** Waits shorter than this are the ordinary pace of a host that nothing is wrong with. */
const notableWaitMs = 2_000

export class Progress {
  readonly #now: () => number
  #slowest: { readonly host: string; readonly pace: HostPace } | undefined
  /** For the rate: since when pages are counted, and how many there were. */
  #since = performance.now()
  #fetched = 0
  #rate = 0

  /** @param now the crawl's clock. */
  constructor(now: () => number) {
    this.#now = now
  }

  observe(event: CrawlEvent): void {
    if (event.kind === 'ended' && event.end.reason === 'fetched') this.#fetched += 1
    if (event.kind !== 'requested') return
    const { host, pace } = event
    const slowest = this.#slowest
    if (slowest === undefined || slowest.host === host || pace.nextVisitAt >= slowest.pace.nextVisitAt)
      this.#slowest = { host, pace }
  }

  line(stats: CrawlStats): string {
    const parts = [
      `${this.#pagesPerSecond().toFixed(1)} pages/s`,
      `${count(stats.fetched)} fetched`,
      `${count(stats.waiting)} queued`,
      `${count(stats.hosts)} ${stats.hosts === 1 ? 'host' : 'hosts'}`,
      `${count(stats.items)} items`,
      `${count(stats.failed)} failed`,
    ]
    const waitMs = (this.#slowest?.pace.nextVisitAt ?? 0) - this.#now()
    if (this.#slowest !== undefined && waitMs >= notableWaitMs) {
      parts.push(`${this.#slowest.host} waits ${Math.ceil(waitMs / 1000)} s (${this.#slowest.pace.waitsFor})`)
    }
    return parts.join(' · ')
  }

  /** Over the last few seconds. */
  #pagesPerSecond(): number {
    const elapsedMs = performance.now() - this.#since
    if (elapsedMs < 2_000 && this.#rate > 0) return this.#rate
    const rate = elapsedMs > 0 ? (this.#fetched * 1000) / elapsedMs : 0
    if (elapsedMs < 2_000) return rate
    this.#rate = rate
    this.#since = performance.now()
    this.#fetched = 0
    return rate
  }
}

const count = (value: number) => value.toLocaleString('en-US')
