import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { PageDirectives } from '../../src/directives.ts'
import { combine, readMetaRobots, readRobotsTag } from '../../src/politeness/page-directives.ts'

const now = Date.UTC(2026, 5, 7)
const nothing: PageDirectives = { noindex: false, nofollow: false, all: [], unavailableAfter: undefined }
const read = (lines: string | readonly string[] | undefined, token = 'doff') => readRobotsTag(lines, token, now)
const meta = (...metas: (readonly [name: string, content: string])[]) =>
  readMetaRobots(
    metas.map(([name, content]) => ({ name, content })),
    'doff',
    now,
  )

/** In short: what is asked, as a reader would say it. */
const short = ({ noindex, nofollow }: PageDirectives) =>
  [noindex && 'noindex', nofollow && 'nofollow'].filter(Boolean).join(' ')

describe('E1 (Google, robots meta tag page): X-Robots-Tag', () => {
  it.each<[lines: string | readonly string[] | undefined, asks: string]>([
    [undefined, ''],
    [[], ''],
    ['', ''],
    [' , ,', ''],
    ['noindex', 'noindex'],
    ['nofollow', 'nofollow'],
    ['noindex, nofollow', 'noindex nofollow'],
    ['noindex,nofollow', 'noindex nofollow'],
    [' NoIndex\t,\tNOFOLLOW ', 'noindex nofollow'],
    ['none', 'noindex nofollow'],
    ['all', ''],
    ['index, follow', ''],
    ['noarchive', ''],
    ['noindexing', ''],
    [['noindex', 'nofollow'], 'noindex nofollow'],
    [['all', 'noindex'], 'noindex'],
    // A token, in any case, speaks for its line and no further.
    ['doff: noindex', 'noindex'],
    ['DOFF :noindex, nofollow', 'noindex nofollow'],
    ['otherbot: noindex, nofollow', ''],
    ['doffer: noindex', ''],
    ['do: noindex', ''],
    ['other_bot-x: noindex', ''],
    [['otherbot: noindex', 'nofollow'], 'nofollow'],
    [['nofollow', 'otherbot: noindex'], 'nofollow'],
    [['doff: nofollow', 'otherbot: noindex, nofollow'], 'nofollow'],
    ['otherbot: noindex, doff: nofollow', ''],
    ['doff: nofollow, otherbot: noindex', 'nofollow'],
    ['noindex, otherbot: nofollow', 'noindex'],
    // Rules with a colon are not tokens.
    ['max-snippet: 20, noindex', 'noindex'],
    ['Max-Image-Preview: large, nofollow', 'nofollow'],
    ['max-video-preview:-1, noindex', 'noindex'],
    ['unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow', 'nofollow'],
    ['doff: max-snippet: 20, noindex', 'noindex'],
    ['otherbot: max-snippet: 20, noindex', ''],
  ])('%j asks for %j', (lines, asks) => {
    expect(short(read(lines))).toBe(asks)
  })

  it('is read with our token as it is configured, in any case', () => {
    expect(short(read('acme_bot: noindex', 'Acme_Bot'))).toBe('noindex')
  })

  it.each(['*: noindex', 'robots: noindex'])('ours: %j means everybody', (line) => {
    expect(short(read(line))).toBe('noindex')
  })

  it('ours: what has other characters than a product token (RFC 9309 section 2.2.1) is no token', () => {
    expect(read('bot2: noindex, nofollow')).toMatchObject({ noindex: false, nofollow: true })
  })

  it.each([
    ['noindex nofollow', 'noindex nofollow'],
    ['noindex; nofollow', 'noindex nofollow'],
    ['max-snippet: 20 noindex', 'noindex'],
    ['noindex unavailable_after: 25 Jun 2030', 'noindex'],
    ['unavailable_after: 25 Jun 2030; noindex', 'noindex'],
  ])('ours: blanks and semicolons part rules, too: %j', (line, asks) => {
    expect(short(read(line))).toBe(asks)
  })
})

describe('E2 (draft-illyes-repext, Google): <meta name="robots">', () => {
  it.each<[metas: (readonly [string, string])[], asks: string]>([
    [[], ''],
    [[['robots', 'noindex']], 'noindex'],
    [[['ROBOTS', 'NOINDEX,NOFOLLOW']], 'noindex nofollow'],
    [[[' robots\n', '\n noindex ,\n nofollow']], 'noindex nofollow'],
    [[['Doff', 'nofollow']], 'nofollow'],
    [[['otherbot', 'noindex']], ''],
    [[['description', 'noindex']], ''],
    [[['robots', 'otherbot: noindex']], ''],
    [[['robots', 'none']], 'noindex nofollow'],
    [[['robots', 'all']], ''],
    [[['robots', '']], ''],
  ])('%j asks for %j', (metas, asks) => {
    expect(short(meta(...metas))).toBe(asks)
  })

  it.each<[metas: (readonly [string, string])[], asks: string]>([
    [
      [
        ['robots', 'noindex'],
        ['doff', 'nofollow'],
      ],
      'noindex nofollow',
    ],
    [
      [
        ['robots', 'none'],
        ['doff', 'all'],
      ],
      'noindex nofollow',
    ],
    [
      [
        ['robots', 'index, noindex'],
        ['robots', 'follow'],
      ],
      'noindex',
    ],
  ])('several add up, and the more restrictive wins: %j', (metas, asks) => {
    expect(short(meta(...metas))).toBe(asks)
  })

  it('header and page add up', () => {
    const header = read(['noindex, max-snippet: 20', 'unavailable_after: 25 Jun 2030'])
    const page = meta(['robots', 'nofollow, MAX-SNIPPET:20'], ['doff', 'unavailable_after: 25 Jun 2029'])
    expect(combine(header, page)).toEqual({
      noindex: true,
      nofollow: true,
      all: [
        'noindex',
        'max-snippet: 20',
        'unavailable_after: 25 jun 2030',
        'nofollow',
        'unavailable_after: 25 jun 2029',
      ],
      unavailableAfter: Date.UTC(2029, 5, 25),
    })
    expect(combine(page, read(undefined))).toEqual(page)
    expect(combine()).toEqual(nothing)
  })
})

describe('E3 (Google): what else is asked is passed on', () => {
  it.each([
    ['noarchive', ['noarchive']],
    ['nosnippet, noimageindex, notranslate, indexifembedded', undefined],
    ['max-snippet:20', ['max-snippet: 20']],
    ['Max-Snippet : -1 , max-image-preview:\tLarge', ['max-snippet: -1', 'max-image-preview: large']],
    ['noindex, NOINDEX, noindex', ['noindex']],
    ['all', ['all']],
    ['none', ['none']],
    ['otherbot: noarchive', []],
    ['noodp, noydir, follow:yes, nonsense', ['noodp', 'noydir', 'follow: yes', 'nonsense']],
    ['unavailable_after: Sat, 25 Jun 2010 15:00:00 PST', ['unavailable_after: sat, 25 jun 2010 15:00:00 pst']],
  ])('%j, in lower case and without duplicates', (line, all) => {
    expect(read(line).all).toEqual(all ?? line.split(', '))
  })

  const at = Date.UTC(2010, 5, 25, 15)
  it.each<[form: string, date: string, ms: number]>([
    ['RFC 822', 'Fri, 25 Jun 2010 15:00:00 PST', at + 8 * 3_600_000],
    ['RFC 822', '25 Jun 10 15:00 EST', at + 5 * 3_600_000],
    ['RFC 822', 'Fri, 25 Jun 2010 15:00:00 +0200', at - 2 * 3_600_000],
    ['RFC 850', 'Friday, 25-Jun-10 15:00:00 GMT', at],
    ['RFC 850', '25-Jun-2010 15:00:00 EST', at + 5 * 3_600_000],
    ['RFC 850', 'friday, 25-JUN-10 15:00:00 utc', at],
    ['ISO 8601', '2010-06-25', Date.UTC(2010, 5, 25)],
    ['ISO 8601', '2010-06-25T15:00Z', at],
    ['ISO 8601', '2010-06-25T15:00:00.123Z', at],
    ['ISO 8601', '2010-06-25 15:00:00', at],
    ['ISO 8601', '2010-06-25T15:00:00+02:00', at - 2 * 3_600_000],
    ['in words', '25 June 2010', Date.UTC(2010, 5, 25)],
    ['with commas', 'Fri, 25 Jun 2010, 15:00:00 GMT', at],
    ['RFC 5322 section 4.3, an unknown zone,', 'Fri, 25 Jun 2010 15:00:00 CEST', at],
  ])('unavailable_after: %s date %j is read, and its commas part no rules', (_form, date, ms) => {
    const past = read(`noarchive, unavailable_after: ${date}, nofollow`)
    expect(past).toMatchObject({ noindex: true, nofollow: true, unavailableAfter: ms })
    expect(past.all).toEqual(['noarchive', `unavailable_after: ${date.toLowerCase()}`, 'nofollow'])
    expect(meta(['robots', `unavailable_after:${date}`]).unavailableAfter).toBe(ms)
  })

  it('a date without a zone is UTC, wherever we are', () => {
    vi.stubEnv('TZ', 'Asia/Tokyo')
    try {
      expect(new Date(0).getTimezoneOffset()).toBe(-540)
      for (const date of ['25 Jun 2010', '2010-06-25', '2010-06-25T00:00'])
        expect(read(`unavailable_after: ${date}`).unavailableAfter).toBe(Date.UTC(2010, 5, 25))
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('after unavailable_after, and not before, the page is noindex', () => {
    const lines = 'unavailable_after: 2026-06-07T00:00:00Z'
    expect([now - 1, now, now + 1].map((at) => readRobotsTag(lines, 'doff', at).noindex)).toEqual([false, false, true])
  })

  it('of several dates the first one counts', () => {
    const both = read(['unavailable_after: 2030-01-01', 'unavailable_after: 2010-01-01'])
    expect(both).toMatchObject({ noindex: true, unavailableAfter: Date.UTC(2010, 0, 1) })
  })

  it.each(['', 'soon', '0', '25 Foo 2010', '2010-13-01', '25 Jun 2010 25:00:00 GMT', 'noindex 2010'])(
    'unavailable_after: %j is no date, and only reported',
    (date) => {
      const { noindex, unavailableAfter, all } = read(`unavailable_after: ${date}`)
      expect({ noindex, unavailableAfter, all: all.length }).toEqual({
        noindex: false,
        unavailableAfter: undefined,
        all: 1,
      })
    },
  )

  it('ours: of a page that says a great deal, all is obeyed and some reported', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `rule${index}`)
    const { all, noindex } = meta(['robots', [...many, 'noindex'].join()])
    expect({ noindex, reported: all.length }).toEqual({ noindex: true, reported: 64 })
    // A call has room for so many arguments only.
    expect(meta(['robots', `noindex,${'a,'.repeat(200_000)}`]).noindex).toBe(true)
    expect(read('x'.repeat(10_000)).all).toEqual(['x'.repeat(256)])
  })

  it('ours: takes a header of any size in its stride', () => {
    for (const piece of [' ', ',', ':', ': ', 'a ', 'unavailable_after:', '1,', 'unavailable_after:1,']) {
      const started = performance.now()
      read(`${piece.repeat(200_000 / piece.length)}noindex`)
      read(`unavailable_after:${piece.repeat(200_000 / piece.length)}x`)
      expect(performance.now() - started).toBeLessThan(1_000)
    }
  })
})

describe('E6 (DeviantArt, 2022): noai and noimageai', () => {
  it('are reported, and change nothing else', () => {
    expect(read('noai, noimageai')).toEqual({ ...nothing, all: ['noai', 'noimageai'] })
    expect(meta(['robots', 'NoAI,NoImageAI'])).toEqual({ ...nothing, all: ['noai', 'noimageai'] })
  })
})

describe('whatever a page says', () => {
  const rules = fc.constantFrom(
    'noindex',
    'nofollow',
    'none',
    'all',
    'follow',
    'noai',
    'max-snippet: 20',
    'unavailable_after: Sat, 25 Jun 2010 15:00:00 PST',
    'unavailable_after: 2030-01-01',
    'nonsense',
  )
  const asSets = ({ all, ...rest }: PageDirectives) => ({ ...rest, all: new Set(all) })

  it('reading it never throws', () => {
    const alphabet = fc.constantFrom(...',;:-_* \t0129Tz', 'unavailable_after:', 'noindex', '25 Jun 2010', 'doff:', 'é')
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: alphabet }))
    fc.assert(
      fc.property(fc.array(texts), fc.string(), fc.oneof(fc.integer(), fc.constant(Number.NaN)), (lines, token, at) => {
        const header = readRobotsTag(lines, token, at)
        const metas = readMetaRobots(
          lines.map((line) => ({ name: token, content: line })),
          token,
          at,
        )
        const { all, unavailableAfter } = combine(header, metas)
        expect(all).toEqual([...new Set(all)])
        expect(unavailableAfter).not.toBeNaN()
      }),
    )
  })

  it('order, case and how it is spread over lines make no difference', () => {
    const shuffled = fc
      .array(rules, { minLength: 1, maxLength: 8 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(
      fc.property(shuffled, fc.nat(8), ([list, other], cut) => {
        const whole = asSets(read(list.join(', ')))
        expect(asSets(read(other.join(',').toUpperCase()))).toEqual(whole)
        expect(asSets(read(other))).toEqual(whole)
        expect(asSets(read(other.map((rule) => `Doff: ${rule}`)))).toEqual(whole)
        expect(asSets(combine(read(other.slice(0, cut)), meta(['robots', other.slice(cut).join()])))).toEqual(whole)
      }),
    )
  })

  it('to say more never asks for less', () => {
    fc.assert(
      fc.property(fc.array(rules), rules, (list, more) => {
        const before = read(list)
        const after = read([...list, more])
        expect(after.noindex || !before.noindex).toBe(true)
        expect(after.nofollow || !before.nofollow).toBe(true)
      }),
    )
  })
})
