import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DeadlineLimits, Deadlines } from '../../src/fetcher/deadlines.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const limits: DeadlineLimits = {
  totalTimeoutMs: 60_000,
  headersTimeoutMs: 1_000,
  bodyTimeoutMs: 2_000,
  minBytesPerSecond: 100,
}

function timed(given: Partial<DeadlineLimits> = {}) {
  const exchange = { bytes: 0, isPaused: false, giveUp: vi.fn<(error: Error) => void>() }
  const reasons = () => exchange.giveUp.mock.calls.map(([error]) => ('reason' in error ? error.reason : error))
  return { exchange, reasons, deadlines: new Deadlines({ ...limits, ...given }, exchange) }
}

describe('an exchange is given up', () => {
  it.each([
    ['headers_timeout', 1_000, (deadlines: Deadlines) => deadlines.beginHead()],
    ['body_timeout', 2_000, (deadlines: Deadlines) => deadlines.beginBody()],
    ['total_timeout', 60_000, () => undefined],
  ] as const)('for %s after %i ms, and not before', async (reason, ms, begin) => {
    const { deadlines, reasons } = timed({ minBytesPerSecond: 0 })
    begin(deadlines)
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(reasons()).toEqual([])
    await vi.advanceTimersByTimeAsync(2)
    expect(reasons()).toEqual([reason])
  })

  it('when its body comes too slowly, averaged over twice the longest pause', async () => {
    const { deadlines, exchange, reasons } = timed()
    deadlines.beginBody()
    const drip = async (bytes: number) => {
      for (let second = 0; second < 4; second += 1) {
        await vi.advanceTimersByTimeAsync(1_000)
        exchange.bytes += bytes / 4
        deadlines.refresh()
      }
    }
    await drip(1_000)
    expect(reasons()).toEqual([])
    await drip(100)
    await vi.advanceTimersByTimeAsync(1)
    expect(reasons()).toEqual(['body_too_slow'])
  })

  it('for nothing any more once it has ended', async () => {
    const { deadlines, reasons } = timed()
    deadlines.beginHead()
    deadlines.beginBody()
    deadlines.end()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(reasons()).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('no time is called over', () => {
  it('while it is us who keep the server waiting, whatever comes meanwhile', async () => {
    const { deadlines, exchange, reasons } = timed()
    deadlines.beginBody()
    exchange.isPaused = true
    await vi.advanceTimersByTimeAsync(30_000)
    expect(reasons()).toEqual([])
  })

  it('right after we let it go on: it has the whole time again', async () => {
    const { deadlines, exchange, reasons } = timed({ minBytesPerSecond: 0 })
    deadlines.beginBody()
    exchange.isPaused = true
    await vi.advanceTimersByTimeAsync(3_900)
    exchange.isPaused = false
    deadlines.refresh()
    await vi.advanceTimersByTimeAsync(1_900)
    expect(reasons()).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    expect(reasons()).toEqual(['body_timeout'])
  })

  it('before what has come by then is read', async () => {
    const { deadlines, reasons } = timed({ minBytesPerSecond: 0 })
    deadlines.beginBody()
    // The event loop was busy: the timer comes first, and then the piece that has waited in the socket.
    vi.advanceTimersByTime(2_000)
    deadlines.refresh()
    await vi.advanceTimersByTimeAsync(1_900)
    expect(reasons()).toEqual([])
  })

  it('at once, where the longest pause is so long that twice of it is no time', async () => {
    const { deadlines, reasons } = timed({ bodyTimeoutMs: 2 ** 31 - 1 })
    deadlines.beginBody()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(reasons()).toEqual([])
  })
})
