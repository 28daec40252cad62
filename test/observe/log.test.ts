import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type CrawlEvent, emptyResult } from '../../src/events.ts'
import type { RobotsCopy } from '../../src/host.ts'
import { createLog, type Log, logEvents } from '../../src/observe/log.ts'
import { request } from '../frontier/contract.ts'

/** What is said, with its level. */
function said(...events: readonly CrawlEvent[]): readonly string[] {
  const lines: string[] = []
  const at =
    (level: string) =>
    (...given: readonly unknown[]) =>
      void lines.push(`${level}: ${String(given.at(-1))}`)
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } as unknown as Log
  const observe = logEvents(log)
  for (const event of events) observe(event)
  return lines
}

const origin = 'http://a.test'
const copy: RobotsCopy = {
  kind: 'rules',
  origin,
  rules: { rules: [], crawlDelayMs: undefined, sitemaps: [] },
  note: '200',
  expiresAt: 0,
  fetchedAt: 0,
  validators: undefined,
  version: '',
  failures: 0,
}
const robots = (record: Partial<RobotsCopy>): CrawlEvent => ({ kind: 'robots', origin, record: { ...copy, ...record } })

describe('the log', () => {
  it('writes no control character to a terminal but those of its own colours', () => {
    const lines: string[] = []
    const terminal = { isInteractive: true, write: (text: string) => void lines.push(text) }
    createLog('info', 'auto', terminal).info(
      { url: 'http://a.test/\x1b[2J' },
      'Disallow: /\x1b]0;x\x07\x9b2J\r\x7f\x00 é\nend',
    )
    const written = stripVTControlCharacters(lines.join(''))
    expect(written.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(written).toContain(' é\n')
  })

  it('POLITENESS B2: warns of a robots.txt that redirects too often, and so allows all', () => {
    expect(said(robots({}), robots({ note: 'too many redirects' }))).toEqual([
      'debug: robots.txt read',
      'warn: robots.txt redirects more than five times, which is taken for none: all is allowed',
    ])
  })

  it('POLITENESS B5: warns while the last copy of a robots.txt holds on', () => {
    expect(said(robots({ failures: 2 }))).toEqual(['warn: robots.txt cannot be read again: the last copy holds on'])
  })

  it('POLITENESS D3: tells of each kind of trap once', () => {
    const offered: CrawlEvent = { kind: 'offered', result: { ...emptyResult(), far_date: 3, seen: 5 } }
    expect(said(offered, offered)).toEqual([
      'warn: URLs of a far date look like a trap, and are not visited (the summary counts them)',
    ])
  })

  it('tells once of an origin that its requests are put off, and the rest to those who look closely', () => {
    const putOff = (path: string): CrawlEvent => {
      const reason = 'robots_unreachable'
      return { kind: 'deferred', request: request(`${origin}/${path}`), reason, message: 'why' }
    }
    expect(said(putOff('1'), putOff('2'))).toEqual([
      'warn: put off until the crawl is resumed: why',
      'debug: put off until the crawl is resumed: why',
    ])
  })

  it.each([
    ['warn', 'a seed', { depth: 0 }, 'out_of_scope'],
    ['debug', 'a seed, to what was seen', { depth: 0 }, 'seen'],
    ['debug', 'another page', { depth: 1 }, 'out_of_scope'],
  ] as const)('says at the level "%s" of %s that its redirect leads nowhere', (level, _name, at, reason) => {
    const page = request(`${origin}/`, at)
    const event: CrawlEvent = { kind: 'redirect_dropped', request: page, target: `${origin}/x`, reason, message: 'why' }
    expect(said(event)).toEqual([`${level}: why`])
  })

  it('POLITENESS B13: warns aloud of a robots.txt that is not obeyed, and of a certificate that is not verified', () => {
    const started: CrawlEvent = {
      kind: 'started',
      spider: 's',
      seeds: 1,
      userAgent: 'doff',
      ignoredRobots: ['a.test'],
      ignoredCertificates: ['b.test'],
      changes: undefined,
    }
    expect(said(started)).toEqual([
      'info: crawl started',
      'warn: robots.txt of a.test is NOT obeyed (ignoreRobotsOf)',
      'warn: the certificate of b.test is NOT verified (ignoreCertificateOf): anybody may answer for it',
    ])
  })

  it('tells the method of a request that is no GET, beside its URL', () => {
    const told: unknown[] = []
    const tell = (facts: unknown) => void told.push(facts)
    const observe = logEvents({ debug: tell, info: tell, warn: tell, error: tell } as unknown as Log)
    const sending = { method: 'POST', headers: {}, body: 'q=1', isIdempotent: true } as const
    for (const asked of [request(`${origin}/s`, { sending }), request(`${origin}/s`)])
      observe({ kind: 'retry', request: asked, reason: 'connection_reset', message: 'why' })
    expect(told).toEqual([
      { method: 'POST', url: `${origin}/s`, attempt: 1 },
      { url: `${origin}/s`, attempt: 1 },
    ])
  })
})
