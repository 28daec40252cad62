/** A crawl on the made-up web without sockets, whose counters are held against the servers' log. */
import { expect } from 'vitest'
import type { Lookup } from '../../src/fetcher/connection/names.ts'
import { type CrawlOptions, type CrawlStats, crawl } from '../../src/index.ts'
import { collect, pagesSpider } from './spiders.ts'
import { openVirtualWeb, passTime, type VirtualAnswer, type VirtualLine, type VirtualWeb } from './virtual-web.ts'

export interface VirtualCrawl {
  readonly web: VirtualWeb
  /** Of this crawl. */
  readonly log: readonly VirtualLine[]
  readonly stats: CrawlStats
}

/** The system's takes real time, and the virtual clock would run meanwhile. */
const lookup: Lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])

type Answer = Parameters<typeof openVirtualWeb>[0]

/** Crawls from the seeds, with no jitter, until the crawl ends. */
export function crawlVirtually(
  answer: Answer,
  seeds: readonly string[],
  options?: CrawlOptions,
): Promise<VirtualCrawl> {
  return crawlOn(openVirtualWeb(answer), seeds, options)
}

/** Another crawl on a web, later. */
export async function crawlOn(
  web: VirtualWeb,
  seeds: readonly string[],
  options?: CrawlOptions,
): Promise<VirtualCrawl> {
  const before = web.log.length
  const run = crawl(pagesSpider(seeds), { ...web.options, lookup, random: () => 0, ...options })
  const itemsBefore = run.stats.items
  const items = await passTime(collect(run))
  const log = web.log.slice(before)
  const { stats } = run
  expect(stats.items - itemsBefore).toBeGreaterThanOrEqual(items.length)
  if (options?.start === undefined) {
    expect(stats.requests).toBe(log.length)
    expect(stats.robotsRequests + stats.fetched + stats.redirected + stats.failed + stats.retries).toBe(log.length)
  }
  expect(stats.waiting).toBeGreaterThanOrEqual(0)
  if (stats.stopReason === 'finished') expect(stats).toMatchObject({ waiting: 0, deferred: 0 })
  if (stats.stopReason === 'deferred') expect(stats.waiting).toBe(0)
  return { web, log, stats }
}

/** A page with links. */
export const html = (...links: readonly string[]): VirtualAnswer => ({
  headers: { 'content-type': 'text/html' },
  body: links.map((link) => `<a href="${link}">on</a>`).join(''),
})

export const pathsOf = (log: readonly VirtualLine[], host?: string) =>
  log.filter((line) => host === undefined || line.host === host).map(({ path }) => path)

export const pagesIn = (log: readonly VirtualLine[]) => log.filter(({ path }) => path !== '/robots.txt')

/** Between the arrivals at a host. */
export function gapsOf(log: readonly VirtualLine[], host?: string): number[] {
  const at = log.filter((line) => host === undefined || line.host === host).map((line) => line.at)
  return at.slice(1).map((time, index) => time - (at[index] ?? 0))
}
