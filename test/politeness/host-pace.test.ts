import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HostPace, unvisited } from '../../src/host.ts'
import { type PaceOptions, paceAfter, type Visit } from '../../src/politeness/host-pace.ts'
import { randomFrom } from '../sites/web.ts'

const options: PaceOptions = { delayMs: 1_000, maxRetryAfterMs: 3_600_000, random: () => 0 }

function visit(given: Partial<Visit> & { sentAt?: number; firstByteAt?: number | undefined; endedAt?: number } = {}) {
  const { sentAt = 10_000, endedAt = 10_000, answer = 'good', isRetry = false, retryAfterMs, crawlDelayMs } = given
  const firstByteAt = 'firstByteAt' in given ? given.firstByteAt : sentAt
  return { timing: { sentAt, firstByteAt, endedAt }, answer, isRetry, retryAfterMs, crawlDelayMs } satisfies Visit
}

/** The paces after each of some visits in a row. */
function pacesAfter(visits: readonly Visit[], given: PaceOptions = options): HostPace[] {
  const paces: HostPace[] = []
  for (const each of visits) paces.push(paceAfter(paces.at(-1), each, given))
  return paces
}

const trouble = visit({ answer: 'trouble' as const })
const good = visit()

describe('the gap between two requests', () => {
  it('is the delay, counted from start to start', () => {
    expect(paceAfter(undefined, visit({ endedAt: 10_300 }), options)).toEqual({
      ...unvisited,
      nextVisitAt: 11_000,
      delayMs: 1_000,
      restMs: 300,
    })
  })

  it('counts from the first byte of the answer, for only then is it sure that the request had arrived', () => {
    expect(paceAfter(undefined, visit({ firstByteAt: 10_040, endedAt: 10_050 }), options).nextVisitAt).toBe(11_040)
    expect(paceAfter(undefined, visit({ firstByteAt: 10_400, endedAt: 10_400 }), options).nextVisitAt).toBe(11_400)
  })

  it('counts from the end of a request that got no answer', () => {
    expect(paceAfter(undefined, visit({ firstByteAt: undefined, endedAt: 10_060 }), options).nextVisitAt).toBe(11_060)
    expect(paceAfter(undefined, visit({ firstByteAt: undefined, endedAt: 11_600 }), options).nextVisitAt).toBe(13_200)
  })

  it('gets a jitter that only adds, up to a tenth of the delay', () => {
    const at = (random: number) => paceAfter(undefined, good, { ...options, random: () => random }).nextVisitAt
    expect([at(0), at(1)]).toEqual([11_000, 11_100])
    expect(at(0.5)).toBeGreaterThan(11_000)
    expect(at(0.5)).toBeLessThan(11_100)
  })

  it('gets a small jitter oftener than a large one: a quarter of the tenth on average', () => {
    const draws = Array.from({ length: 1_000 }, (_, index) => (index + 0.5) / 1_000)
    const jitters = draws.map(
      (draw) => paceAfter(undefined, good, { ...options, random: () => draw }).nextVisitAt - 11_000,
    )
    expect(jitters.reduce((sum, jitter) => sum + jitter, 0) / 1_000).toBeCloseTo(100 / 4, 1)
  })

  it('does not add the jitter on top of the way of the request', () => {
    const answered = visit({ firstByteAt: 10_030, endedAt: 10_030 })
    expect(paceAfter(undefined, answered, { ...options, random: () => 1 }).nextVisitAt).toBe(11_100)
    expect(paceAfter(undefined, answered, { ...options, random: () => 0 }).nextVisitAt).toBe(11_030)
  })

  it('draws the jitter of the gap in force', () => {
    const pace = paceAfter(undefined, visit({ crawlDelayMs: 20_000 }), { ...options, random: () => 1 })
    expect(pace.nextVisitAt).toBe(10_000 + 22_000)
  })
})

describe('the rest after an answer', () => {
  it('is as long as a download took, and the answers after it are not measured by that', () => {
    const download = { ...visit({ sentAt: 10_000, endedAt: 610_000 }), isFile: true }
    const page = visit({ sentAt: 1_210_000, endedAt: 1_210_050 })
    const paces = pacesAfter([download, page])
    expect(paces.map(({ nextVisitAt }) => nextVisitAt)).toEqual([610_000 + 600_000, 1_210_000 + options.delayMs])
  })

  it('is as long as the answer took, so that a slow host is never more than half busy with us', () => {
    expect(paceAfter(undefined, visit({ endedAt: 13_000 }), options)).toMatchObject({
      nextVisitAt: 16_000,
      waitsFor: 'rest after a slow answer',
    })
  })

  it('does not show while the delay is longer', () => {
    expect(paceAfter(undefined, visit({ endedAt: 10_499 }), options).nextVisitAt).toBe(11_000)
    expect(paceAfter(undefined, visit({ endedAt: 10_501 }), options).nextVisitAt).toBe(11_002)
  })
})

describe('a Crawl-delay', () => {
  it('slows down', () => {
    expect(paceAfter(undefined, visit({ crawlDelayMs: 5_000 }), options)).toMatchObject({
      nextVisitAt: 15_000,
      delayMs: 5_000,
      waitsFor: 'Crawl-delay',
    })
  })

  it.each([0, 1, 999])('of %i ms does not speed up', (crawlDelayMs) => {
    expect(paceAfter(undefined, visit({ crawlDelayMs }), options)).toMatchObject({ delayMs: 1_000, waitsFor: 'delay' })
  })

  it('counts for a crawl that has no delay of its own', () => {
    const pace = paceAfter(undefined, visit({ crawlDelayMs: 2_000 }), { ...options, delayMs: 0 })
    expect(pace).toMatchObject({ nextVisitAt: 12_000, waitsFor: 'Crawl-delay' })
  })
})

describe('back-off', () => {
  it('doubles the gap with each failure', () => {
    const paces = pacesAfter([trouble, trouble, trouble])
    expect(paces.map((pace) => pace.backOffMs)).toEqual([2_000, 4_000, 8_000])
    expect(paces.map((pace) => pace.delayMs)).toEqual([2_000, 4_000, 8_000])
    expect(paces.map((pace) => pace.nextVisitAt)).toEqual([12_000, 14_000, 18_000])
    expect(paces.map((pace) => pace.waitsFor)).toEqual(['back-off', 'back-off', 'back-off'])
  })

  it('doubles a Crawl-delay, too', () => {
    expect(paceAfter(undefined, visit({ answer: 'trouble' as const, crawlDelayMs: 5_000 }), options).delayMs).toBe(
      10_000,
    )
  })

  it.each([0, 1, 499])('is at least a second, also after a delay of %i ms', (delayMs) => {
    expect(paceAfter(undefined, trouble, { ...options, delayMs }).delayMs).toBe(1_000)
  })

  it('is at most a minute', () => {
    expect(pacesAfter(Array(12).fill(trouble)).map((pace) => pace.delayMs)).toEqual([
      2_000,
      4_000,
      8_000,
      16_000,
      32_000,
      ...Array(7).fill(60_000),
    ])
  })

  it('C9: is not undone at once: each good answer takes a tenth of its height off', () => {
    const paces = pacesAfter([trouble, trouble, trouble, ...Array(10).fill(good)])
    expect(paces.slice(2, 6).map((pace) => pace.delayMs)).toEqual([8_000, 7_200, 6_400, 5_600])
    expect(paces.at(-1)).toMatchObject({ backOffMs: 0, delayMs: 1_000, waitsFor: 'delay' })
  })

  it('never undercuts a delay that is longer than its own cap', () => {
    const long = { ...options, delayMs: 90_000 }
    expect(pacesAfter([trouble, trouble, good], long).map((pace) => pace.delayMs)).toEqual([90_000, 90_000, 90_000])
    expect(pacesAfter([trouble], long)[0]?.waitsFor).toBe('delay')
  })

  it('goes back to no gap at all where the delay is 0', () => {
    const paces = pacesAfter([trouble, trouble, ...Array(10).fill(good)], { ...options, delayMs: 0 })
    expect(paces.map((pace) => pace.delayMs).slice(0, 3)).toEqual([1_000, 2_000, 1_800])
    expect(paces.at(-1)?.delayMs).toBe(0)
  })

  it('ours: a gap at which a request failed that then came through is not gone near to for ten minutes', () => {
    const cameThrough = visit({ isRetry: true })
    const paces = pacesAfter([trouble, cameThrough, ...Array(30).fill(good)])
    expect(paces.at(-1)).toMatchObject({ delayMs: 1_500, waitsFor: 'back-off' })
    const later = visit({ sentAt: 10_000 + 600_000, endedAt: 10_000 + 600_000 })
    expect(paceAfter(paces.at(-1), later, options).delayMs).toBe(1_300)
  })

  it('ours: a page that fails whatever the pace says nothing of the pace', () => {
    const paces = pacesAfter([trouble, visit({ answer: 'trouble', isRetry: true }), ...Array(30).fill(good)])
    expect(paces.at(-1)).toMatchObject({ delayMs: 1_000, backOffMs: 0 })
  })

  it.each([1, 2, 3])(
    'C9: below what a server can bear the pace settles, and does not swing about it (seed %i)',
    (seed) => {
      const random = randomFrom(seed)
      const given = { ...options, delayMs: 100, random }
      // Fails what comes sooner than half a second after the last.
      let [now, lastAt, wasTrouble, pace] = [0, Number.NEGATIVE_INFINITY, false, undefined as HostPace | undefined]
      const failedAt: number[] = []
      while (now < 30 * 60_000) {
        now = Math.max(now, pace?.nextVisitAt ?? 0)
        const isTrouble = now - lastAt < 500
        if (isTrouble) failedAt.push(now)
        const answered = visit({ sentAt: now, firstByteAt: now + 5, endedAt: now + 5, isRetry: wasTrouble })
        pace = paceAfter(pace, { ...answered, answer: isTrouble ? 'trouble' : 'good' }, given)
        ;[lastAt, wasTrouble] = [now, isTrouble]
      }
      // A few to find the limit, and one each ten minutes to see whether it still holds.
      expect(failedAt.filter((at) => at < 60_000).length).toBeLessThanOrEqual(3)
      expect(failedAt.filter((at) => at >= 60_000).length).toBeLessThanOrEqual(3)
      expect(pace?.delayMs).toBeGreaterThanOrEqual(500)
      expect(pace?.delayMs).toBeLessThan(1_000)
    },
  )
})

describe('C9: the circuit breaker', () => {
  /** Each is sent as soon as it may be. */
  function inTrouble(count: number): { pace: HostPace | undefined; at: number } {
    let [pace, at]: [HostPace | undefined, number] = [undefined, 10_000]
    for (let failure = 0; failure < count; failure += 1) {
      at = pace?.nextVisitAt ?? at
      pace = paceAfter(pace, visit({ answer: 'trouble', sentAt: at, firstByteAt: at, endedAt: at }), options)
    }
    return { pace, at }
  }

  it('gives a host a pause of five minutes after five failures in a row, and then one request', () => {
    expect(inTrouble(4).pace).toMatchObject({ waitsFor: 'back-off', pauses: 0 })
    for (const [count, pauses] of [
      [5, 1],
      [6, 2],
    ] as const) {
      const { pace, at } = inTrouble(count)
      expect(pace).toMatchObject({ nextVisitAt: at + 300_000, waitsFor: 'pause after failures', pauses, asideUntil: 0 })
    }
  })

  it('ours: several that fail at once, having been sent before the pause, are one round', () => {
    expect(pacesAfter(Array(8).fill(trouble)).at(-1)).toMatchObject({ failures: 8, pauses: 1, asideUntil: 0 })
  })

  it('closes with the first good answer', () => {
    const paces = pacesAfter([...Array(7).fill(trouble), good, trouble])
    expect(paces.at(-2)).toMatchObject({ failures: 0, pauses: 0 })
    expect(paces.at(-1)).toMatchObject({ failures: 1, waitsFor: 'back-off' })
  })

  it('puts a host aside that three pauses did not help', () => {
    expect(inTrouble(7).pace).toMatchObject({ pauses: 3, asideUntil: 0 })
    const { pace, at } = inTrouble(8)
    expect(pace).toMatchObject({ asideUntil: at + 3_600_000, asideReason: 'keeps_failing' })
  })

  it('puts a host aside that refuses us ten times in a row, and looks for no way round', () => {
    const refusal = visit({ answer: 'refusal' })
    expect(pacesAfter(Array(9).fill(refusal)).at(-1)).toMatchObject({ refusals: 9, asideUntil: 0, delayMs: 1_000 })
    expect(pacesAfter(Array(10).fill(refusal)).at(-1)).toMatchObject({
      asideUntil: 3_610_000,
      asideReason: 'keeps_refusing',
    })
    expect(pacesAfter([...Array(9).fill(refusal), good, refusal]).at(-1)).toMatchObject({ refusals: 1, asideUntil: 0 })
  })
})

describe('Retry-After', () => {
  it('holds the host from the end of the answer', () => {
    expect(paceAfter(undefined, visit({ endedAt: 10_200, retryAfterMs: 4_000 }), options)).toMatchObject({
      nextVisitAt: 14_200,
      waitsFor: 'Retry-After',
      asideUntil: 0,
    })
  })

  it('does not shorten a gap that is longer', () => {
    expect(paceAfter(undefined, visit({ retryAfterMs: 500 }), options)).toMatchObject({
      nextVisitAt: 11_000,
      waitsFor: 'delay',
    })
  })

  it('does not change the gap in force', () => {
    expect(paceAfter(undefined, visit({ retryAfterMs: 4_000 }), options).delayMs).toBe(1_000)
  })

  it('counts beside the back-off: the later one holds', () => {
    const busy = { answer: 'trouble' as const, retryAfterMs: 1_500 }
    expect(paceAfter(undefined, visit(busy), options)).toMatchObject({ nextVisitAt: 12_000, waitsFor: 'back-off' })
    expect(paceAfter(undefined, visit({ ...busy, retryAfterMs: 9_000 }), options)).toMatchObject({
      nextVisitAt: 19_000,
      backOffMs: 2_000,
      waitsFor: 'Retry-After',
    })
  })

  it('is kept when it is just as long as the crawl has patience for', () => {
    const pace = paceAfter(undefined, visit({ retryAfterMs: 3_600_000 }), options)
    expect(pace).toMatchObject({ nextVisitAt: 3_610_000, asideUntil: 0 })
  })

  it.each([3_600_001, 99_999_999_999_000, Number.POSITIVE_INFINITY])('of %d ms puts the host aside', (retryAfterMs) => {
    const pace = paceAfter(undefined, visit({ retryAfterMs }), options)
    expect(pace.asideReason).toBe('retry_after_too_long')
    expect(pace.asideUntil).toBe(10_000 + Math.min(retryAfterMs, 1_000 * 365 * 24 * 3_600_000))
    // Nobody waits for it.
    expect(pace.nextVisitAt).toBe(10_000)
  })

  it('keeps a host aside that was put aside, whatever a visit that was still out brings', () => {
    const paces = pacesAfter([visit({ retryAfterMs: 4_000_000 }), good])
    expect(paces[1]).toMatchObject({ asideUntil: 4_010_000, asideReason: 'retry_after_too_long' })
  })
})

describe('a delay of 0', () => {
  const none = { ...options, delayMs: 0, random: () => 1 }

  it('gives neither gap nor rest', () => {
    const pace = paceAfter(undefined, visit({ firstByteAt: 11_000, endedAt: 12_000 }), none)
    expect(pace).toMatchObject({ nextVisitAt: 12_000, delayMs: 0 })
  })

  it('still knows Retry-After', () => {
    expect(paceAfter(undefined, visit({ retryAfterMs: 4_000 }), none)).toMatchObject({
      nextVisitAt: 14_000,
      waitsFor: 'Retry-After',
    })
  })
})

describe('whatever a host does', () => {
  const ms = (max: number) => fc.integer({ min: 0, max })
  const visits = fc.record({
    sentAt: ms(1e9),
    toFirstByte: fc.option(ms(30_000), { nil: undefined }),
    toEnd: ms(90_000),
    answer: fc.constantFrom('good' as const, 'trouble' as const, 'refusal' as const),
    isRetry: fc.boolean(),
    retryAfterMs: fc.option(ms(3_600_000), { nil: undefined }),
    crawlDelayMs: fc.option(ms(60_000), { nil: undefined }),
  })
  const settings = fc.record({ delayMs: ms(100_000), random: fc.double({ min: 0, max: 1, noNaN: true }) })

  it('the next visit is never before the delay, the Crawl-delay, the Retry-After and the rest are over', () => {
    fc.assert(
      fc.property(fc.array(visits, { minLength: 1, maxLength: 8 }), settings, (given, { delayMs, random }) => {
        let pace: HostPace | undefined
        for (const { sentAt, toFirstByte, toEnd, ...told } of given) {
          const firstByteAt = toFirstByte === undefined ? undefined : sentAt + Math.min(toFirstByte, toEnd)
          const endedAt = sentAt + toEnd
          const before = pace
          pace = paceAfter(
            pace,
            { ...told, timing: { sentAt, firstByteAt, endedAt } },
            { ...options, delayMs, random: () => random },
          )
          const { nextVisitAt } = pace
          const gapMs = Math.max(delayMs, told.crawlDelayMs ?? 0)
          expect(pace.asideUntil).toBeGreaterThanOrEqual(before?.asideUntil ?? 0)
          // It is aside, and nothing is sent at all.
          if (pace.asideUntil > endedAt) continue
          expect(nextVisitAt).toBeGreaterThanOrEqual(sentAt + gapMs)
          expect(nextVisitAt).toBeGreaterThanOrEqual(endedAt + (told.retryAfterMs ?? 0))
          if (gapMs > 0) expect(nextVisitAt).toBeGreaterThanOrEqual(endedAt + toEnd)
          expect(pace.delayMs).toBeGreaterThanOrEqual(gapMs)
          expect(pace.delayMs).toBeLessThanOrEqual(Math.max(gapMs, 60_000))
          if (gapMs > 0) expect(nextVisitAt + 1e-3).toBeGreaterThanOrEqual((firstByteAt ?? endedAt) + gapMs)
          // Nor is it later than the formula says.
          const gap = pace.delayMs + Math.max(pace.delayMs / 10, (firstByteAt ?? endedAt) - sentAt)
          const restMs = Math.max(toEnd, ((before?.restMs ?? 0) + toEnd) / 2)
          const pauseMs = told.answer === 'trouble' && pace.failures >= 5 ? 300_000 : 0
          const latest = Math.max(sentAt + gap, endedAt + restMs, endedAt + (told.retryAfterMs ?? 0), endedAt + pauseMs)
          expect(nextVisitAt).toBeLessThanOrEqual(latest + 1e-3)
        }
      }),
    )
  })
})

describe('a proxy that fails', () => {
  const unreached = visit({ answer: 'unreached' as const })
  const cameThrough = visit({ isRetry: true })

  it('makes requests wait as a host in trouble does', () => {
    const failed = Array.from({ length: 5 }, () => unreached)
    const troubled = Array.from({ length: 5 }, () => trouble)
    const waits = (visits: readonly Visit[]) => pacesAfter(visits).map(({ nextVisitAt }) => nextVisitAt)
    expect(waits(failed)).toEqual(waits(troubled))
  })

  it('says nothing of what the host can bear: no gap is learnt of it, and none forgotten', () => {
    const learnt = pacesAfter([unreached, cameThrough]).at(-1)
    expect(learnt).toMatchObject({ strainedGapMs: 0, failures: 0 })
    expect(pacesAfter([trouble, cameThrough, unreached, cameThrough]).at(-1)?.strainedGapMs).toBe(1_000)
  })
})
