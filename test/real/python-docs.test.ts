/**
 * Real pages that nobody here wrote: Debian's python3.11-doc, crawled whole, and compared with the pages that wget finds, an independent
 * crawler. `.ci/run` installs both; where they are not there, this is skipped.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import docs from '../../spiders/docs.ts'
import { crawl } from '../../src/index.ts'
import { runDoff, startDoff } from '../cli/run-doff.ts'
import { collect } from '../sites/spiders.ts'
import { openStaticSite, type StaticSite } from '../sites/static-site.ts'

const folder = '/usr/share/doc/python3.11/html'
// No wildcards: wget does not know them.
const robots = 'User-agent: *\nDisallow: /whatsnew/\nDisallow: /c-api/type\n'

function hasWget(): boolean {
  try {
    return execFileSync('wget', ['--version']).length > 0
  } catch {
    return false
  }
}

let site: StaticSite

beforeAll(async () => {
  if (existsSync(folder)) site = await openStaticSite(folder, robots)
})
afterAll(() => site?.[Symbol.asyncDispose]())

/** A crawl that nothing interrupts, and what the server saw of it. */
async function crawlWhole() {
  site.log.splice(0)
  const run = crawl(docs, { args: { site: site.url }, delayMs: 0, perHostConcurrency: 4 })
  const items = await collect(run)
  return { items, stats: run.stats, log: site.log.splice(0) }
}

let whole: ReturnType<typeof crawlWhole> | undefined
const crawlWholeOnce = () => (whole ??= crawlWhole())

/** HTML pages that were served well. */
const pagesOf = (log: StaticSite['log']) =>
  new Set(log.filter(({ status, type }) => status === 200 && type === 'text/html').map(({ path }) => path))

it.skipIf(!existsSync(folder) || !hasWget())(
  'python3.11-doc: one item per page, no page missed against wget, nothing that robots.txt disallows',
  async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'doff-wget-'))
    const args = [
      '--recursive',
      '--level=inf',
      '--no-verbose',
      '--no-parent',
      '--reject=png,svg,txt,zip,py,gif,jpg',
      '--delete-after',
      site.url,
    ]
    // wget exits with 8 when a link is broken, which some are.
    await promisify(execFile)('wget', args, { cwd, maxBuffer: 64 * 1024 * 1024 }).catch(() => undefined)
    await rm(cwd, { recursive: true, force: true })
    const expected = pagesOf(site.log.splice(0))

    const { items, stats, log } = await crawlWholeOnce()

    const paths = items.map(({ url }) => new URL(url).pathname)
    expect(new Set(paths).size).toBe(paths.length)
    expect([...expected].filter((path) => !paths.includes(path))).toEqual([])
    expect(log.filter(({ path }) => path.startsWith('/whatsnew/') || path.startsWith('/c-api/type'))).toEqual([])
    expect(log[0]?.path).toBe('/robots.txt')
    expect(items.filter(({ title, words }) => title === undefined || words === 0)).toEqual([])
    // POLITENESS D3: pages that people wrote lose nothing to traps.
    const { seen, out_of_scope, ...dropped } = stats.dropped
    expect(Object.entries(dropped).filter(([, count]) => count > 0)).toEqual([])
    const { fetched, skipped, failed, elapsedMs } = stats
    expect(stats.items).toBe(fetched)
    console.info(
      `wget found ${expected.size} pages; doff ${fetched} (${skipped} disallowed, ${failed} failed) in ${elapsedMs} ms`,
    )
  },
  120_000,
)

it.skipIf(!existsSync(folder))(
  'python3.11-doc: a crawl that was killed three times equals an uninterrupted one, byte for byte after sorting',
  async () => {
    const { items } = await crawlWholeOnce()
    const spider = fileURLToPath(new URL('../../spiders/docs.ts', import.meta.url))
    const cwd = await mkdtemp(join(tmpdir(), 'doff-docs-'))
    const begin = ['crawl', spider, '-a', `site=${site.url}`, '--delay', '0', '--per-host', '4', '-o', 'out.jsonl']

    for (const requests of [120, 240, 360]) {
      const running = startDoff(cwd, [...begin, '--resume'])
      await vi.waitFor(() => expect(site.log.length).toBeGreaterThan(requests), { timeout: 60_000, interval: 5 })
      running.kill('SIGKILL')
      expect((await running.ended).code).toBe(null)
    }
    expect((await runDoff(cwd, ['crawl', spider, '--resume'])).code).toBe(0)
    const lines = (await readFile(join(cwd, 'out.jsonl'), 'utf8')).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.toSorted()).toEqual(items.map((item) => JSON.stringify(item)).toSorted())
    const paths = site.log.map(({ path }) => path)
    console.info(`${items.length} items; ${paths.length - new Set(paths).size} requests were made again`)
    await rm(cwd, { recursive: true, force: true })
  },
  120_000,
)
