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
  /** For the rate: pages that were fetched some seconds ago. A crawl that goes on does not begin with none. */
  #mark: { readonly at: number; readonly fetched: number } | undefined
  #rate = 0

  /** @param now the crawl's clock. */
  constructor(now: () => number) {
    this.#now = now
  }

  observe(event: CrawlEvent): void {
    if (event.kind !== 'requested') return
    const { host, pace } = event
    const slowest = this.#slowest
    if (slowest === undefined || slowest.host === host || pace.nextVisitAt >= slowest.pace.nextVisitAt)
      this.#slowest = { host, pace }
  }

  line(stats: CrawlStats): string {
    const parts = [
      `${this.#pagesPerSecond(stats.fetched).toFixed(1)} pages/s`,
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
  #pagesPerSecond(fetched: number): number {
    this.#mark ??= { at: performance.now(), fetched }
    const elapsedMs = performance.now() - this.#mark.at
    if (elapsedMs >= 2_000) {
      this.#rate = ((fetched - this.#mark.fetched) * 1000) / elapsedMs
      this.#mark = { at: performance.now(), fetched }
    } else if (this.#rate === 0 && elapsedMs > 0) {
      return ((fetched - this.#mark.fetched) * 1000) / elapsedMs
    }
    return this.#rate
  }
}

const count = (value: number) => value.toLocaleString('en-US')
