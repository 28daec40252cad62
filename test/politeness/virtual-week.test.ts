/** A week under a virtual clock: what only shows after hours, in seconds. */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RobotsRecord } from '../../src/host.ts'
import { crawl } from '../../src/index.ts'
import { auditHosts } from '../../src/politeness/audit.ts'
import { Store } from '../../src/store/store.ts'
import { audit } from '../sites/audit.ts'
import { collect, pagesSpider } from '../sites/spiders.ts'
import { openVirtualWeb, passTime, type VirtualAnswer } from '../sites/virtual-web.ts'
import { randomFrom } from '../sites/web.ts'

afterEach(() => vi.useRealTimers())

const hour = 3_600_000

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-week-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A page that leads to the next. */
const nextPage = (path: string): VirtualAnswer => {
  const page = Number(/^\/page-(\d+)$/.exec(path)?.[1] ?? 0)
  return { headers: { 'content-type': 'text/html' }, body: `<title>${page}</title><a href="/page-${page + 1}">on</a>` }
}

describe('a week of polite crawling', () => {
  async function crawlFor(days: number, seed: number) {
    const random = randomFrom(seed)
    const web = openVirtualWeb(({ path }) => {
      if (path === '/robots.txt') return { body: 'User-agent: *\nDisallow: /private\n', latencyMs: 5 + random() * 50 }
      const luck = random()
      if (luck < 0.01) return { status: 503, latencyMs: 100 }
      if (luck < 0.012) return { status: 429, headers: { 'retry-after': '600' } }
      return { ...nextPage(path), latencyMs: 5 + random() * 400 }
    })
    const folder = await newFolder()
    const seeds = ['http://127.0.0.2/', 'http://127.0.0.3/']
    const run = crawl(pagesSpider(seeds), {
      ...web.options,
      store: folder,
      random,
      delayMs: 120_000,
      maxDepth: Number.POSITIVE_INFINITY,
      maxTimeMs: days * 24 * hour,
    })
    await passTime(collect(run))
    vi.useRealTimers()
    using store = Store.openToRead(folder)
    const ledger = [...store.ledger.rows()].map(({ sent }) => sent)
    const promised = { delayMs: 120_000, perHostConcurrency: 1, perAddressConcurrency: 4, maxCrawlDelayMs: 60_000 }
    const audits = auditHosts(store.ledger.by('host'), {
      promisedFor: () => ({ ...promised, ignoreRobotsOf: new Set() }),
      rulesOf: (origin, version) => JSON.parse(store.ledger.rulesOf(origin, version) ?? '') as RobotsRecord,
    })
    return { log: web.log, stats: run.stats, ledger, audits: [...audits] }
  }

  let week: ReturnType<typeof crawlFor> | undefined
  const crawlForAWeek = () => (week ??= crawlFor(7, 7))

  it('keeps every gap, and reads robots.txt once a day', async () => {
    const { log, stats, ledger, audits } = await crawlForAWeek()
    expect(stats).toMatchObject({ stopReason: 'max_time' })
    expect(stats.fetched).toBeGreaterThan(2 * 4_000)
    const hosts = audit(log)
    expect(hosts).toHaveLength(2)
    for (const host of hosts) {
      expect(host).toMatchObject({ firstPath: '/robots.txt', mostAtOnce: 1 })
      expect(host.leastGapMs).toBeGreaterThanOrEqual(120_000)
      // RFC 9309 section 2.4: rules are good for 24 hours.
      const readAt = log.filter((line) => line.host === host.host && line.path === '/robots.txt').map(({ at }) => at)
      expect(readAt.length).toBeGreaterThanOrEqual(7)
      for (const [index, at] of readAt.slice(1).entries()) {
        expect(at - (readAt[index] ?? 0)).toBeGreaterThanOrEqual(24 * hour)
        expect(at - (readAt[index] ?? 0)).toBeLessThan(25 * hour)
      }
    }
    expect(ledger).toHaveLength(log.length)
    for (const { host, requests, leastGapMs } of hosts) {
      const ours = audits.find((found) => found.host === host)
      expect(ours).toMatchObject({ requests, mostAtOnce: 1, isRobotsFirst: true, disallowed: 0, broken: 0 })
      expect(Math.abs((ours?.leastGapMs ?? 0) - leastGapMs)).toBeLessThan(1)
      expect(ours?.retryAftersKept).toBe(log.filter((line) => line.host === host && line.status === 429).length)
    }
  }, 120_000)

  it('is the same for the same seed, to the last row of the ledger', async () => {
    const { ledger } = await crawlForAWeek()
    const day = await crawlFor(1, 7)
    expect(day.ledger.length).toBeGreaterThan(2 * 500)
    expect(day.ledger).toEqual(ledger.slice(0, day.ledger.length))
    const other = await crawlFor(1 / 24, 8)
    expect(other.ledger.length).toBeGreaterThan(2 * 20)
    expect(other.ledger).not.toEqual(ledger.slice(0, other.ledger.length))
  }, 120_000)
})
