import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Throttle } from '../../src/politeness/throttle.ts'

/** Runs jobs of one host at once, against the throttle's use, and says when each started. */
async function starts(throttle: Throttle, gaps: readonly number[], jobMs = 0, host = 'a.test'): Promise<number[]> {
  const begun = performance.now()
  return Promise.all(
    gaps.map((gapMs) =>
      throttle.run(host, gapMs, async () => {
        const at = performance.now() - begun
        await sleep(jobMs)
        return at
      }),
    ),
  )
}

describe('the second lock on a host', () => {
  it('keeps the gap between starts, should the frontier not', async () => {
    const [first = 0, second = 0, third = 0] = await starts(new Throttle(1), [80, 80, 80])
    // bottleneck keeps the gap between planned starts, so the real ones are some milliseconds off: why the frontier owns the clock.
    expect(second - first).toBeGreaterThanOrEqual(65)
    expect(third - second).toBeGreaterThanOrEqual(65)
  })

  it('runs no more than perHostConcurrency at once', async () => {
    const [first = 0, second = 0, third = 0] = await starts(new Throttle(2), [1, 1, 1], 100)
    expect(second - first).toBeLessThan(90)
    expect(third - first).toBeGreaterThanOrEqual(90)
  })

  it('is one for each host', async () => {
    const throttle = new Throttle(1)
    const [[a = 0], [b = 0]] = await Promise.all([
      starts(throttle, [300], 0, 'a.test'),
      starts(throttle, [300], 0, 'b.test'),
    ])
    expect(Math.abs(a - b)).toBeLessThan(200)
  })

  it('takes a new gap from the next job on', async () => {
    const throttle = new Throttle(1)
    await starts(throttle, [10])
    const [first = 0, second = 0] = await starts(throttle, [120, 120])
    expect(second - first).toBeGreaterThanOrEqual(105)
  })

  it('measured: a gap of 2^31 ms or more does not mean none', async () => {
    const throttle = new Throttle(1)
    let runs = 0
    const run = () => throttle.run('a.test', 2 ** 40, () => Promise.resolve(runs++)).catch(() => undefined)
    const all = Promise.all([run(), run()])
    await sleep(150)
    expect(runs).toBe(1)
    throttle.stop()
    await all
  })

  it('drops what waits when it is stopped', async () => {
    const throttle = new Throttle(1)
    await throttle.run('a.test', 60_000, () => Promise.resolve())
    const waiting = throttle.run('a.test', 60_000, () => Promise.resolve('ran'))
    await sleep(20)
    throttle.stop()
    await expect(waiting).rejects.toThrow()
  })

  it('is not there for a gap of 0', async () => {
    const [first = 0, second = 0] = await starts(new Throttle(1), [0, 0], 50)
    expect(Math.abs(second - first)).toBeLessThan(40)
  })
})
