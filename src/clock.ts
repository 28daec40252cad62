/**
 * Time, passed in wherever the crawl waits, so that a test can hold it still.
 *
 * `now()` is in milliseconds since the Unix epoch, but monotonic: it starts at the wall clock and then only counts elapsed time. A clock
 * that is set back, or a laptop that slept, makes no host's time come early.
 */
export interface Clock {
  now(): number
  /** Resolves after `ms`, or at once when `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Node turns longer timers into 1 ms ones; a sleeper that wakes early looks at the clock and sleeps on. */
const longestTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  // Not that of node:timers/promises, which makes an error, with its stack, each time a sleeper is woken.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(Math.max(ms, 0), longestTimerMs))
      signal?.addEventListener('abort', wake)
    }),
}
