import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { parseRetryAfter } from '../../src/politeness/retry-after.ts'

const now = Date.UTC(2026, 5, 7, 8, 49, 37)
const in4Seconds = 'Sun, 07 Jun 2026 08:49:41 GMT'

describe('RFC 9110 section 10.2.3: Retry-After', () => {
  it.each<[value: string | undefined, ms: number | undefined]>([
    ['4', 4_000],
    ['0', 0],
    ['007', 7_000],
    ['120', 120_000],
    [' 120\t', 120_000],
    ['99999999999', 99_999_999_999_000],
    ['9'.repeat(400), Number.POSITIVE_INFINITY],
    ['-1', undefined],
    ['+1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['5 s', undefined],
    ['soon', undefined],
    ['', undefined],
    [' ', undefined],
    [undefined, undefined],
  ])('%j asks for %j ms', (value, ms) => {
    expect(parseRetryAfter(value, undefined, now)).toBe(ms)
  })

  it('takes any number of seconds at its word', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seconds, at) => {
        expect(parseRetryAfter(`${seconds}`, in4Seconds, at)).toBe(seconds * 1000)
      }),
    )
  })
})

describe('RFC 9110 section 5.6.7: an HTTP-date', () => {
  it.each([
    ['IMF-fixdate', in4Seconds],
    ['the obsolete RFC 850 form', 'Sunday, 07-Jun-26 08:49:41 GMT'],
    ['the obsolete asctime form', 'Sun Jun  7 08:49:41 2026'],
  ])('%s is read', (_form, value) => {
    expect(parseRetryAfter(value, undefined, now)).toBe(4_000)
  })

  it('asctime names no zone and means GMT, wherever we are', () => {
    vi.stubEnv('TZ', 'Asia/Tokyo')
    try {
      expect(new Date(0).getTimezoneOffset()).toBe(-540)
      expect(parseRetryAfter('Sun Jun  7 08:49:41 2026', undefined, now)).toBe(4_000)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('asctime with a day of two digits is read', () => {
    expect(parseRetryAfter('Wed Jun 17 08:49:37 2026', undefined, now)).toBe(10 * 24 * 3_600_000)
  })

  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'ours: %j is in the past, so it asks for nothing',
    (value) => expect(parseRetryAfter(value, undefined, now)).toBe(0),
  )

  it('ours: is read against the Date of the answer, as the clocks may differ', () => {
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:41 GMT', 'Sun, 06 Nov 1994 08:49:37 GMT', now)).toBe(4_000)
    expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:41 GMT', 'Sun Nov  6 08:49:31 1994', now)).toBe(10_000)
    expect(parseRetryAfter(in4Seconds, 'Sun, 07 Jun 2026 09:00:00 GMT', now)).toBe(0)
  })

  it.each(['yesterday', '', '2026-06-07T08:49:37Z'])('is read against our clock when the Date is %j', (date) => {
    expect(parseRetryAfter(in4Seconds, date, now)).toBe(4_000)
  })

  it.each([
    '2026-06-07',
    '2026-06-07T08:49:41Z',
    'Sun, 7 Jun 2026 08:49:41 GMT',
    'Sun, 07 Jun 2026 08:49:41',
    'Sun, 07 Jun 2026 08:49:41 +0200',
    'Sun, 07 Jun 2026 08:49:41 CET',
    'Sun, 07 Jun 2026 25:00:00 GMT',
    'Sun, 07 Xyz 2026 08:49:41 GMT',
    'sun, 07 jun 2026 08:49:41 gmt',
    'Sun, 07 Jun 2026 08:49:41 GMT, 4',
    'tomorrow',
  ])('%j is none, and no answer', (value) => {
    expect(parseRetryAfter(value, undefined, now)).toBeUndefined()
  })

  it('never asks for less than nothing', () => {
    const dates = fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(dates, dates, (until, date) => {
        const ms = parseRetryAfter(until.toUTCString(), date.toUTCString(), now) ?? -1
        const seconds = Math.floor(until.getTime() / 1000) - Math.floor(date.getTime() / 1000)
        expect(ms).toBe(Math.max(0, seconds * 1000))
      }),
    )
  })
})
