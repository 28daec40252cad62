/** One measurement of frontier.ts, in a process of its own; prints JSON. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import type { Turn } from '../../src/frontier/frontier.ts'
import { SqliteFrontier } from '../../src/frontier/sqlite.ts'
import { crawl } from '../../src/index.ts'
import type { PageRequest } from '../../src/request.ts'
import { Store } from '../../src/store/store.ts'
import { pagesSpider } from '../sites/spiders.ts'

const [what, ...args] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'doff-bench-'))
const frontierOptions = { perHostConcurrency: 1, delayMs: 0, admits: () => 'in' as const }

function request(url: string, referrer?: string): PageRequest {
  return {
    kind: 'page',
    url,
    parser: 'parse',
    priority: 0,
    depth: 1,
    referrer,
    data: undefined,
    attempt: 0,
    redirects: [],
  }
}

const fetched = {
  kind: 'ended',
  end: { state: 'done', reason: 'fetched' },
  items: [{ title: 'A page', price: 12.5 }],
} as const

/** Each page has 60 links: 45 of its host's navigation, 5 that were met before, and 10 new ones. */
async function lines(urls: number): Promise<Record<string, number>> {
  const hostCount = 100
  const store = Store.open(folder)
  const frontier = new SqliteFrontier(store, frontierOptions, systemClock)
  const made = new Array<number>(hostCount).fill(45)
  let added = 0
  for (const [host, count] of made.entries()) {
    added += (await frontier.offer(Array.from({ length: count }, (_, path) => request(urlOf(host, path))))).added
  }
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  let pages = 0
  let firstUs = 0
  let mark = { cpu: cpuUs(), pages: 0 }
  const us = () => Math.round((cpuUs() - mark.cpu) / (pages - mark.pages))
  for await (const turn of frontier.turns(new AbortController().signal)) {
    if (added >= urls) break
    const host = Number(turn.host.slice(4, -5))
    const known = made[host] ?? 0
    const follows = Array.from({ length: 60 }, (_, link) => {
      const path = link < 45 ? link : link < 50 ? (pages * 7 + link) % known : known + link - 50
      return request(urlOf(host, path), turn.request.url)
    })
    made[host] = known + 10
    added += 10
    pages += 1
    frontier.settle(turn, { ...fetched, follows }).catch(fail)
    if (pages % 20 === 0) await setImmediate()
    // Around 10,000 URLs, and then windows of 5,000 pages, the last of which counts.
    if (pages === 300 || (firstUs > 0 && pages - mark.pages >= 5_000)) mark = { cpu: cpuUs(), pages }
    if (pages === 800) firstUs = us()
  }
  const lastUs = us()
  const rssMib = mib(process.resourceUsage().maxRSS * 1024)
  await frontier[Symbol.asyncDispose]()
  store[Symbol.dispose]()
  const start = performance.now()
  const again = Store.open(folder)
  const reopened = new SqliteFrontier(again, frontierOptions, systemClock)
  const controller = new AbortController()
  const first = await reopened.turns(controller.signal)[Symbol.asyncIterator]().next()
  const reopenMs = Math.round(performance.now() - start)
  if (first.done === true) throw new Error('nothing was there any more')
  controller.abort()
  await reopened[Symbol.asyncDispose]()
  again[Symbol.dispose]()
  return { pages, firstUs, lastUs, pauseMs: Math.round(delay.max / 1e6), rssMib, diskMib: await diskMib(), reopenMs }
}

async function hosts(count: number): Promise<Record<string, number>> {
  using store = Store.open(folder)
  const frontier = new SqliteFrontier(store, frontierOptions, systemClock)
  for (let host = 0; host < count; host += 1_000) {
    const batch = Array.from({ length: 2_000 }, (_, index) => request(urlOf(host + (index >> 1), index & 1)))
    await frontier.offer(batch)
  }
  const turns = frontier.turns(new AbortController().signal)[Symbol.asyncIterator]()
  const rounds = 20_000
  let nextUs = 0
  const cpu = cpuUs()
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now()
    const { value } = (await turns.next()) as { value: Turn }
    nextUs += (performance.now() - start) * 1_000
    frontier.settle(value, { ...fetched, follows: [] }).catch(fail)
    if (round % 20 === 0) await setImmediate()
  }
  const turnUs = Math.round((cpuUs() - cpu) / rounds)
  await frontier[Symbol.asyncDispose]()
  return { nextUs: Math.round(nextUs / rounds), turnUs, rssMib: mib(process.resourceUsage().maxRSS * 1024) }
}

async function crawlOnce([store, sites = '']: readonly string[]): Promise<Record<string, number>> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  const options = { store: store === 'disk' ? folder : undefined, delayMs: 0, perHostConcurrency: 4, maxDepth: 1_000 }
  const run = crawl(pagesSpider(sites.split(',')), options)
  const cpu = cpuUs()
  delay.enable()
  let items = 0
  for await (const _ of run) items += 1
  const cpuMs = Math.round((cpuUs() - cpu) / 1_000)
  return { cpuMs, items, pauseMs: Math.round(delay.max / 1e6), elapsedMs: run.stats.elapsedMs }
}

function fail(error: unknown): never {
  process.stderr.write(String(error))
  process.exit(1)
}

const urlOf = (host: number, path: number) =>
  `https://site${host}.test/catalogue/category-${path % 100}/product-${path}/index.html`

function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

const mib = (bytes: number) => Math.round(bytes / 1024 ** 2)

async function diskMib(): Promise<number> {
  const files = await readdir(folder)
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size))
  return mib(sizes.reduce((total, size) => total + size, 0))
}

try {
  const measure =
    what === 'lines' ? lines(Number(args[0])) : what === 'hosts' ? hosts(Number(args[0])) : crawlOnce(args)
  process.stdout.write(JSON.stringify(await measure))
} finally {
  await rm(folder, { recursive: true, force: true })
}
