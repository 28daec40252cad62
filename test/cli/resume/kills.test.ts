/** A crawl that is killed and gone on with: real processes, real kills. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../../sites/web.ts'
import {
  type KilledCrawl,
  type KillPlan,
  type KillSite,
  openKillSite,
  runKilledCrawl,
} from '../../soak/killed-crawl.ts'
import { startDoff } from '../run-doff.ts'
import { openCrawl } from './open-crawl.ts'

describe('kill -9 at random instants, then --resume', () => {
  const longestMs = 2_500
  let site: KillSite
  /** Made once, for all to be compared with. */
  let whole: KilledCrawl

  // As long as a test may take.
  beforeAll(async () => {
    site = await openKillSite(800)
    const outputs = ['-o out.csv', '-o out.jsonl', '-o out.jsonl.gz']
    whole = await runKilledCrawl(site, { outputs, kills: 0, seed: 1, longestMs })
  }, 90_000)
  afterAll(() => site[Symbol.asyncDispose]())

  it.each<[string, Omit<KillPlan, 'longestMs'>]>([
    ['-o', { outputs: ['-o out.jsonl'], kills: 4, seed: 11 }],
    ['-O', { outputs: ['-O out.jsonl'], kills: 2, seed: 12 }],
    ['gzip', { outputs: ['-o out.jsonl.gz'], kills: 2, seed: 13 }],
    ['two outputs', { outputs: ['-o out.csv', '-o out.jsonl'], kills: 2, seed: 14 }],
  ])(
    '%s: the same items and counts as an uninterrupted crawl, none lost, none twice, no torn line',
    async (_name, plan) => {
      const killed = await runKilledCrawl(site, { ...plan, longestMs })
      expect([whole.faults, killed.faults]).toEqual([[], []])
      expect(whole.items).toHaveLength(880)
      expect(killed.items.toSorted()).toEqual(whole.items.toSorted())
      expect(killed.counts).toEqual(whole.counts)
      expect(killed.killedAfterMs).toHaveLength(plan.kills)
    },
  )

  // These two mostly wait.
  it.concurrent('ours: no site sees a smaller gap than the delay, nor a page before its robots.txt', async () => {
    const delayMs = 150
    await using slow = await openKillSite(60)
    const { log, faults } = await runKilledCrawl(slow, { outputs: [], kills: 5, seed: 5, longestMs: 2_500, delayMs })
    expect(faults).toEqual([])
    for (const lines of Map.groupBy(log, ({ host }) => host).values()) {
      expect(lines[0]?.path).toBe('/robots.txt')
      const gaps = lines.slice(1).map((line, index) => line.at - (lines[index]?.at ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(delayMs)
    }
  })

  it.concurrent('RFC 9110 section 10.2.3: a Retry-After is kept across a kill', async ({ onTestFinished }) => {
    let toldAt = 0
    const { folder, log, given, resume } = await openCrawl(
      {
        pages: 5,
        routes: {
          '/page-1': (_request, response, visit) => {
            if (visit > 1) return send(response, 200, '<h1>at last</h1>')
            toldAt = performance.timeOrigin + performance.now()
            response.writeHead(429, { 'retry-after': '3' }).end()
          },
        },
      },
      {},
      onTestFinished,
    )
    const running = startDoff(folder, ['crawl', 'pages', ...given, '--log-level', 'info'])
    await running.said('will be tried again')
    running.kill('SIGKILL')
    await running.ended
    expect((await resume()).code).toBe(0)
    const after = log.filter(({ at }) => at > toldAt + 100)
    expect(after.length).toBeGreaterThan(0)
    expect((after[0]?.at ?? 0) - toldAt).toBeGreaterThanOrEqual(3_000)
    // Its robots.txt was kept, too.
    expect(log.filter(({ path }) => path === '/robots.txt')).toHaveLength(1)
  })
})
