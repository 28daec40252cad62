import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostPace } from '../../src/host.ts'
import { type PaceOptions, paceAfter, type Visit } from '../../src/politeness/host-pace.ts'

const options: PaceOptions = { delayMs: 1_000, maxRetryAfterMs: 3_600_000, random: () => 0 }

function visit(given: Partial<Visit> & { sentAt?: number; firstByteAt?: number | undefined; endedAt?: number } = {}) {
  const { sentAt = 10_000, endedAt = 10_000, isTrouble = false, retryAfterMs, crawlDelayMs } = given
  const firstByteAt = 'firstByteAt' in given ? given.firstByteAt : sentAt
  return { timing: { sentAt, firstByteAt, endedAt }, isTrouble, retryAfterMs, crawlDelayMs } satisfies Visit
}

/** The paces after each of some visits in a row. */
function pacesAfter(visits: readonly Visit[], given: PaceOptions = options): HostPace[] {
  const paces: HostPace[] = []
  for (const each of visits) paces.push(paceAfter(paces.at(-1), each, given))
  return paces
}

const trouble = visit({ isTrouble: true })
const good = visit()

describe('the gap between two requests', () => {
  it('is the delay, counted from start to start', () => {
    expect(paceAfter(undefined, visit({ endedAt: 10_300 }), options)).toEqual({
      nextVisitAt: 11_000,
      delayMs: 1_000,
      crawlDelayMs: 0,
      backOffMs: 0,
      putAside: undefined,
      waitsFor: 'delay',
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

  it('gets a small jitter oftener than a large one: a third of the tenth on average', () => {
    const draws = Array.from({ length: 1_000 }, (_, index) => (index + 0.5) / 1_000)
    const jitters = draws.map(
      (draw) => paceAfter(undefined, good, { ...options, random: () => draw }).nextVisitAt - 11_000,
    )
    expect(jitters.reduce((sum, jitter) => sum + jitter, 0) / 1_000).toBeCloseTo(100 / 3, 1)
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
    expect(paceAfter(undefined, visit({ isTrouble: true, crawlDelayMs: 5_000 }), options).delayMs).toBe(10_000)
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

  it('never undercuts a delay that is longer than its own cap', () => {
    const long = { ...options, delayMs: 90_000 }
    expect(pacesAfter([trouble, trouble, good], long).map((pace) => pace.delayMs)).toEqual([90_000, 90_000, 90_000])
    expect(pacesAfter([trouble], long)[0]?.waitsFor).toBe('delay')
  })

  it('goes back by one second for each good answer', () => {
    const paces = pacesAfter([trouble, trouble, trouble, ...Array(8).fill(good)])
    expect(paces.slice(3).map((pace) => pace.delayMs)).toEqual([7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000, 1_000])
    expect(paces.at(-1)).toMatchObject({ backOffMs: 0, waitsFor: 'delay' })
  })

  it('goes back to no gap at all where the delay is 0', () => {
    const paces = pacesAfter([trouble, trouble, good, good], { ...options, delayMs: 0 })
    expect(paces.map((pace) => pace.delayMs)).toEqual([1_000, 2_000, 1_000, 0])
  })
})

describe('Retry-After', () => {
  it('holds the host from the end of the answer', () => {
    expect(paceAfter(undefined, visit({ endedAt: 10_200, retryAfterMs: 4_000 }), options)).toMatchObject({
      nextVisitAt: 14_200,
      waitsFor: 'Retry-After',
      putAside: undefined,
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
    const busy = { isTrouble: true, retryAfterMs: 1_500 }
    expect(paceAfter(undefined, visit(busy), options)).toMatchObject({ nextVisitAt: 12_000, waitsFor: 'back-off' })
    expect(paceAfter(undefined, visit({ ...busy, retryAfterMs: 9_000 }), options)).toMatchObject({
      nextVisitAt: 19_000,
      backOffMs: 2_000,
      waitsFor: 'Retry-After',
    })
  })

  it('is kept when it is just as long as the crawl has patience for', () => {
    const pace = paceAfter(undefined, visit({ retryAfterMs: 3_600_000 }), options)
    expect(pace).toMatchObject({ nextVisitAt: 3_610_000, putAside: undefined })
  })

  it.each([3_600_001, 99_999_999_999_000, Number.POSITIVE_INFINITY])('of %d ms puts the host aside', (retryAfterMs) => {
    const pace = paceAfter(undefined, visit({ retryAfterMs }), options)
    expect(pace.putAside).toBe('retry_after_too_long')
    expect(Number.isFinite(pace.nextVisitAt)).toBe(true)
  })

  it('keeps a host aside that was put aside, whatever a visit that was still out brings', () => {
    const paces = pacesAfter([visit({ retryAfterMs: 4_000_000 }), good])
    expect(paces[1]?.putAside).toBe('retry_after_too_long')
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
    isTrouble: fc.boolean(),
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
          pace = paceAfter(
            pace,
            { ...told, timing: { sentAt, firstByteAt, endedAt } },
            { ...options, delayMs, random: () => random },
          )
          const { nextVisitAt } = pace
          const gapMs = Math.max(delayMs, told.crawlDelayMs ?? 0)
          expect(nextVisitAt).toBeGreaterThanOrEqual(sentAt + gapMs)
          expect(nextVisitAt).toBeGreaterThanOrEqual(endedAt + (told.retryAfterMs ?? 0))
          if (gapMs > 0) expect(nextVisitAt).toBeGreaterThanOrEqual(endedAt + toEnd)
          expect(pace.delayMs).toBeGreaterThanOrEqual(gapMs)
          expect(pace.delayMs).toBeLessThanOrEqual(Math.max(gapMs, 60_000))
          if (gapMs > 0) expect(nextVisitAt + 1e-3).toBeGreaterThanOrEqual((firstByteAt ?? endedAt) + gapMs)
          // Nor is it later than the formula says.
          const gap = pace.delayMs + Math.max(pace.delayMs / 10, (firstByteAt ?? endedAt) - sentAt)
          const latest = Math.max(sentAt + gap, endedAt + toEnd, endedAt + (told.retryAfterMs ?? 0))
          expect(nextVisitAt).toBeLessThanOrEqual(latest + 1e-3)
        }
      }),
    )
  })
})
