import { describe, expect, it } from 'vitest'
import { parseRfc822Date, parseW3cDate } from '../../../src/spider/sitemap/dates.ts'

const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString())

describe('W3C date and time formats (NOTE-datetime)', () => {
  it.each<[text: string, expected: string | undefined]>([
    ['2024', '2024-01-01T00:00:00.000Z'],
    ['2024-05', '2024-05-01T00:00:00.000Z'],
    ['2024-05-31', '2024-05-31T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['0050-01-01', '0050-01-01T00:00:00.000Z'],
    ['2024-05-01T12:30Z', '2024-05-01T12:30:00.000Z'],
    ['2024-05-01T12:30:45+02:00', '2024-05-01T10:30:45.000Z'],
    ['2024-05-01T12:30:45.5-09:30', '2024-05-01T22:00:45.500Z'],
    ['2024-05-01T12:30:45.123456789Z', '2024-05-01T12:30:45.123Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.000Z'],
    ['2023-02-29', undefined],
    ['2024-13', undefined],
    ['2024-00-01', undefined],
    ['2024-05-32', undefined],
    ['2024-05-01T24:00Z', undefined],
    ['2024-05-01T12:60Z', undefined],
    ['2024-05-01T12:30', undefined],
    ['2024-05-01 12:30:00Z', undefined],
    ['24-05-01', undefined],
    ['page 1', undefined],
    ['Wed, 01 May 2024 12:30:00 GMT', undefined],
    ['', undefined],
  ])('%s', (text, expected) => expect(iso(parseW3cDate(text))).toBe(expected))
})

describe('RFC 822 section 5', () => {
  it.each<[text: string, expected: string | undefined]>([
    ['Wed, 01 May 2024 12:30:45 GMT', '2024-05-01T12:30:45.000Z'],
    ['Wed, 1 May 2024 12:30:45 +0200', '2024-05-01T10:30:45.000Z'],
    ['1 May 2024 12:30 EST', '2024-05-01T17:30:00.000Z'],
    ['01 May 24 12:30:00 PDT', '2024-05-01T19:30:00.000Z'],
    ['01 May 94 12:30:00 UT', '1994-05-01T12:30:00.000Z'],
    ['01 May 2024 12:30:00 Z', '2024-05-01T12:30:00.000Z'],
    ['Wed, 01 May 2024 12:30:45 -0930', '2024-05-01T22:00:45.000Z'],
    ['31 Apr 2024 12:30:00 GMT', undefined],
    ['01 Mai 2024 12:30:00 GMT', undefined],
    ['01 May 2024 12:30:00 CET', undefined],
    ['01 May 2024 12:30:00 A', undefined],
    ['01 May 2024 12:30:00', undefined],
    ['2024-05-01', undefined],
    ['yesterday', undefined],
  ])('%s', (text, expected) => expect(iso(parseRfc822Date(text))).toBe(expected))
})
