/** A crawl from the command line that is killed at random instants and resumed until it finishes, and what is to be said of it then. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { CrawlStats } from '../../src/index.ts'
import { type AccessLine, randomFrom } from '../sites/web.ts'
import { openWebApart, type WebApart } from '../sites/web-apart.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

const spider = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ sites }) => (sites ?? '').split(','),
  options: { maxDepth: 1000 },
  *parse(page) {
    const host = page.url.hostname
    yield { host, path: page.url.pathname, title: page.$('h1').text(), at: new Date(0) }
    if (page.url.pathname.endsWith('3')) yield { host, path: page.url.pathname, title: 'a second item', at: new Date(1) }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

export interface KillSite extends AsyncDisposable {
  readonly urls: readonly string[]
  /** The access log since it was read last. */
  readLog(): Promise<readonly AccessLine[]>
}

/** Four hosts that share so many pages. */
export async function openKillSite(pages: number): Promise<KillSite> {
  const web: WebApart = await openWebApart({
    hosts: 4,
    pages: Math.ceil(pages / 4),
    robots: 'User-agent: *\nDisallow: /none\n',
  })
  let read = 0
  return {
    urls: web.urls,
    async readLog() {
      const log = await web.readLog()
      const fresh = log.slice(read)
      read = log.length
      return fresh
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  }
}

export interface KillPlan {
  /** Flags of the outputs; `out.jsonl`, `out.csv` and `out.jsonl.gz` are looked at. */
  readonly outputs: readonly string[]
  readonly kills: number
  readonly seed: number
  /** A kill comes at a random instant up to this after a start. */
  readonly longestMs: number
  /** Default 0. */
  readonly delayMs?: number
}

export interface KilledCrawl {
  /** Lines of the first output, as they are. */
  readonly items: readonly string[]
  readonly killedAfterMs: readonly number[]
  readonly elapsedMs: number
  readonly requests: number
  readonly log: readonly AccessLine[]
  /** The counters at the end that an uninterrupted crawl has the same. */
  readonly counts: Readonly<Record<string, unknown>>
  /** What must not be, whatever the items are. */
  readonly faults: readonly string[]
}

export async function runKilledCrawl(site: KillSite, plan: KillPlan): Promise<KilledCrawl> {
  const folder = await mkdtemp(join(tmpdir(), 'doff-kill-'))
  try {
    await mkdir(join(folder, 'node_modules'))
    await symlink(repository, join(folder, 'node_modules/doff'))
    await mkdir(join(folder, 'spiders'))
    await writeFile(join(folder, 'spiders/pages.ts'), spider)
    await site.readLog()
    return await crawlAndKill(site, plan, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function crawlAndKill(site: KillSite, plan: KillPlan, folder: string): Promise<KilledCrawl> {
  const random = randomFrom(plan.seed)
  const faults: string[] = []
  const killedAfterMs: number[] = []
  const startedAt = performance.now()
  const first = ['crawl', 'pages', '-a', `sites=${site.urls.join(',')}`, '--delay', String(plan.delayMs ?? 0)]
  const outputs = plan.outputs.flatMap((output) => output.split(' '))
  for (let start = 0; ; start += 1) {
    // A kill before the crawl has begun leaves nothing to resume: the whole command is given again.
    const args = start === 0 ? [...first, ...outputs] : [...first, ...outputs, '--resume']
    const child = startDoff(folder, args)
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const afterMs = Math.round(random() * plan.longestMs)
    const timer = killedAfterMs.length < plan.kills ? setTimeout(() => child.kill('SIGKILL'), afterMs) : undefined
    const [code, signal] = await ended
    clearTimeout(timer)
    if (signal === 'SIGKILL') {
      killedAfterMs.push(afterMs)
      continue
    }
    if (code !== 0) faults.push(`exit code ${code}: ${stderr}`)
    if (code !== 0 || killedAfterMs.length >= plan.kills) break
    // It finished before its kill came. That is a kill point, too: resuming must change nothing.
    killedAfterMs.push(afterMs)
  }
  const elapsedMs = performance.now() - startedAt
  const log = await site.readLog()
  const items = await readOutputs(folder, faults)
  const counts = await readCounts(folder)
  return { items, killedAfterMs, elapsedMs, requests: log.length, log, counts, faults }
}

function startDoff(folder: string, args: readonly string[]): ChildProcess {
  const doff = join(repository, 'src/cli/doff.js')
  return spawn(process.execPath, [doff, ...args, '--quiet', '--summary', 'counts.json'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** What was offered, ended and found; requests and retries are more, where some were made again. */
async function readCounts(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const stats = JSON.parse(await readFile(join(folder, 'counts.json'), 'utf8')) as CrawlStats
  const { offered, added, dropped, fetched, redirected, failed, skipped, waiting, items, hosts } = stats
  return { offered, added, dropped, fetched, redirected, failed, skipped, waiting, items, hosts }
}

/** The lines of the outputs that are there; faults in them, and between them, are said. */
async function readOutputs(folder: string, faults: string[]): Promise<readonly string[]> {
  const all: string[][] = []
  for (const name of ['out.jsonl', 'out.jsonl.gz', 'out.csv']) {
    const path = join(folder, name)
    if (existsSync(`${path}.part`)) faults.push(`${name}.part is left`)
    if (!existsSync(path)) continue
    const bytes = await readFile(path)
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
    if (!text.endsWith('\n')) faults.push(`${name} ends in a torn line`)
    const lines = text.trimEnd().split('\n')
    all.push(name.endsWith('.csv') ? lines.slice(1).map(jsonOf) : lines.filter((line) => isJson(line, name, faults)))
  }
  const [items = [], ...others] = all
  for (const other of others) {
    if (JSON.stringify(other.toSorted()) !== JSON.stringify(items.toSorted())) faults.push('the outputs differ')
  }
  return items
}

/** A line of the CSV file as the JSON line would be; no field of the spider's has a comma. */
function jsonOf(line: string): string {
  const [host, path, title, at] = line.split(',')
  return JSON.stringify({ host, path, title, at })
}

function isJson(line: string, name: string, faults: string[]): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    faults.push(`${name} has a line that does not parse: ${line.slice(0, 80)}`)
    return false
  }
}
