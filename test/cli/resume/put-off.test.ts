/** A crawl that could not have all, and is gone on with when it can. */
import { describe, expect, it } from 'vitest'
import { runDoff } from '../run-doff.ts'
import { expectPages, expectRefusal, openCrawl } from './open-crawl.ts'

describe('what was put off', () => {
  const crawlDelay = 'User-agent: *\nCrawl-delay: 0.3\n'
  const tooLong = ['-s', 'maxCrawlDelayMs=100']

  it('a crawl that could not have all: exit code 3, why, and how it goes on; with more patience --resume completes it', async () => {
    const { folder, given, resume, read, log } = await openCrawl({ pages: 4, robots: crawlDelay })
    const args = given.filter((arg) => arg !== '--quiet')
    const first = await runDoff(folder, ['crawl', 'pages', ...args, ...tooLong, '-o', 'out.jsonl'])
    expect(first.code).toBe(3)
    expect(first.stderr).toMatch(/finished what it could; the rest was put off, after/)
    expect(first.stderr).toMatch(/1 put off \(1 crawl delay too long\), 0 waiting/)
    expect(first.stderr).toMatch(/Go on with: doff crawl pages --resume\n/)
    expect(log.map(({ path }) => path)).toEqual(['/robots.txt'])

    const again = await runDoff(folder, ['crawl', 'pages', ...given, '-o', 'out.jsonl'])
    expectRefusal(again, 2, 'is unfinished (0 fetched, 0 waiting, 1 put off): --resume goes on with it')
    expect((await resume()).code).toBe(3)
    expect(log).toHaveLength(1)
    expect((await resume('-s', 'maxCrawlDelayMs=1000')).code).toBe(0)
    expectPages(await read('out.jsonl'), 4)
  })

  it('a limit on time ends the crawl, which goes on with more of it', async () => {
    const { begin, resume, read } = await openCrawl({ pages: 12, latencyMs: 40 })
    expect((await begin('-o', 'out.jsonl', '-s', 'maxTimeMs=300', '--delay', '100')).code).toBe(3)
    expect((await resume('-s', 'maxTimeMs=Infinity', '--delay', '0')).code).toBe(0)
    expectPages(await read('out.jsonl'), 12)
  })

  it('what would let dropped URLs pass is refused, as another scope is', async () => {
    const { begin, resume } = await openCrawl()
    await begin('--max-pages', '3')
    expectRefusal(
      await resume('-s', 'detectTraps=false'),
      2,
      'its scope has changed: detectTraps was true, is false (URLs were dropped by the old one',
    )
  })
})
