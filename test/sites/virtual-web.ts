/**
 * A made-up web without sockets, on a clock that only moves when everybody waits: a week of crawling takes seconds, and the same seed gives
 * the same week. What is simulated is the wire and the time; all of the crawl is real.
 */
import { setImmediate as realImmediate } from 'node:timers/promises'
import { vi } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import type { CrawlOptions } from '../../src/index.ts'
import type { AccessLine } from './web.ts'

export interface VirtualAnswer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
  /** Until the head of the answer. Default 20. */
  readonly latencyMs?: number
}

export interface VirtualRequest {
  readonly host: string
  readonly origin: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds of the clock. */
  readonly at: number
  /** How often this URL was asked for, this time included. */
  readonly visit: number
}

type Transport = NonNullable<CrawlOptions['transport']>
type Handler = Parameters<Transport['dispatch']>[1]

export interface VirtualWeb {
  /** For `crawl`: a transport for one crawl, and the clock that all crawls of this web share. */
  readonly options: { readonly transport: Transport; readonly clock: Clock }
  readonly log: readonly VirtualLine[]
}

export interface VirtualLine extends AccessLine {
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
}

/** Global timers, and what tells the time, are the virtual ones from here on; `vi.useRealTimers()` ends it. */
export function openVirtualWeb(answer: (request: VirtualRequest) => VirtualAnswer | 'reset'): VirtualWeb {
  vi.useFakeTimers({
    now: Date.UTC(2026, 0, 5),
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'Date', 'performance'],
  })
  const epoch = Date.now()
  const now = () => epoch + performance.now()
  const log: VirtualWeb['log'][number][] = []
  const visits = new Map<string, number>()
  const open = new Map<string, number>()

  const exchange = (origin: string, path: string, headers: Record<string, string>, handler: Handler) => {
    const host = new URL(origin).hostname
    const visit = (visits.get(origin + path) ?? 0) + 1
    visits.set(origin + path, visit)
    open.set(host, (open.get(host) ?? 0) + 1)
    const { 'user-agent': userAgent = '', from } = headers
    const at = now()
    const line = { host, origin, path, at, open: open.get(host) ?? 0, userAgent, from, status: 0, endedAt: 0, headers }
    log.push(line)
    const end = () => {
      clearTimeout(timer)
      if (line.endedAt !== 0) return
      line.endedAt = now()
      open.set(host, (open.get(host) ?? 0) - 1)
    }
    const abort = (reason: Error) => {
      if (line.endedAt !== 0) return
      end()
      handler.onResponseError?.(controller, reason)
    }
    const controller = { abort } as unknown as Parameters<NonNullable<Handler['onRequestStart']>>[0]
    const answered = answer({ host, origin, path, headers, at, visit })
    const { status = 200, headers: given = {}, body = '', latencyMs = 20 } = answered === 'reset' ? {} : answered
    const timer = setTimeout(() => {
      if (answered === 'reset') {
        abort(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
        return
      }
      end()
      line.status = status
      handler.onResponseStart?.(controller, status, given as Record<string, string>, '')
      handler.onResponseData?.(controller, Buffer.from(body))
      handler.onResponseEnd?.(controller, {})
    }, latencyMs)
    handler.onRequestStart?.(controller, {})
    return abort
  }
  const connect = () => {
    const aborts = new Set<(reason: Error) => void>()
    let isDestroyed = false
    return {
      dispatch(
        { origin, path, headers }: { origin: string; path: string; headers: Record<string, string> },
        handler: Handler,
      ) {
        if (isDestroyed) handler.onResponseError?.({} as never, new Error('The client is destroyed'))
        else aborts.add(exchange(origin, path, headers, handler))
        return true
      },
      destroy: () => {
        isDestroyed = true
        for (const abort of aborts) abort(new Error('The client is destroyed'))
        return Promise.resolve()
      },
    } as unknown as Transport
  }
  return {
    get options() {
      return { transport: connect(), clock: { now, sleep } }
    },
    log,
  }
}

/** Lets time pass, as fast as it can, until `work` is done. */
export async function passTime<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const end = () => {
    isDone = true
  }
  work.then(end, end)
  while (!isDone) {
    // What needs no time comes first: promises, and the pauses for the event loop that they come to.
    await realImmediate()
    await realImmediate()
    vi.advanceTimersToNextTimer()
  }
  return work
}

const longestTimerMs = 2 ** 31 - 1

/** With the global timer, which is the virtual one. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    // The virtual timers drop fractions, and time would stand still. Who waits for a settlement only has no timer: time that has nowhere
    // else to go would jump there while work is done that takes none of it (a sitemap that is unpacked and read in pieces).
    const timer = ms > longestTimerMs ? undefined : setTimeout(resolve, Math.ceil(Math.max(ms, 0)))
    const wake = () => {
      clearTimeout(timer)
      resolve()
    }
    signal?.addEventListener('abort', wake, { once: true })
  })
}
