/**
 * `doff plan`: what a crawl would do. Fetches robots.txt, and sitemaps if asked, as politely as the crawl would; pages are judged, and none is
 * fetched.
 */
import { hostOf } from '../canonical-url.ts'
import { crawl } from '../crawl.ts'
import type { CrawlEvent } from '../events.ts'
import type { HostPace, RobotsRecord } from '../host.ts'
import { duration } from '../observe/report.ts'
import { type Options, resolveOptions } from '../options.ts'
import { sourceOf } from '../politeness/host-pace.ts'
import { checkSitemaps } from '../spider/sitemap/check-sitemaps.ts'
import type { Spider } from '../spider/spider.ts'
import { type ConfigurationFlags, configureSpider, readArguments } from './configure-spider.ts'
import { exitCodes } from './exit-codes.ts'
import { loadSpider } from './load-spider.ts'
import { Screen, type ScreenFlags } from './screen.ts'
import { table } from './table.ts'

export interface PlanFlags extends ConfigurationFlags, ScreenFlags {
  readonly sitemaps?: boolean
}

/** What is known of a host that the crawl would visit. */
interface Planned {
  allowed: number
  disallowed: number
  putOff: number
  pace: HostPace | undefined
}

/** @returns the exit code: `incomplete` where nothing may be fetched. @throws DoffError for a user's mistake. */
export async function planCommand(name: string, flags: PlanFlags): Promise<number> {
  const configured = await configureSpider(await loadSpider(name), flags)
  const spider = { ...configured, sitemaps: sitemapsOf(configured, flags) }
  const options = resolveOptions(spider.options)
  const screen = new Screen({ logLevel: 'warn', ...flags }, process.env)
  const plan = new Plan()
  const run = crawl(spider, {
    args: readArguments(flags.arg ?? []),
    plan: true,
    observers: [...screen.observers, (event) => plan.observe(event)],
  })
  for await (const _ of run);
  process.stdout.write(`${plan.shown(spider, options)}\n`)
  return plan.allowed > 0 ? exitCodes.finished : exitCodes.incomplete
}

function sitemapsOf(spider: Spider, { sitemaps }: PlanFlags): Spider['sitemaps'] {
  if (sitemaps !== true) return undefined
  return spider.sitemaps ?? checkSitemaps(true, spider.name, spider.parsers.keys())
}

class Plan {
  readonly #hosts = new Map<string, Planned>()
  readonly #notes: string[] = []
  #sitemaps = 0
  #pages = 0

  get allowed(): number {
    return [...this.#hosts.values()].reduce((sum, { allowed }) => sum + allowed, 0)
  }

  observe(event: CrawlEvent): void {
    switch (event.kind) {
      case 'requested':
        this.#hostOf(event.host).pace = event.pace
        break
      case 'robots':
        this.#notes.push(`${event.origin}/robots.txt: ${wordsFor(event.record)}`)
        break
      case 'sitemap':
        this.#sitemaps += 1
        this.#pages += event.taken
        break
      case 'ended':
        this.#count(event.request.url, event.end.reason === 'planned' ? 'allowed' : 'disallowed', event.message)
        break
      case 'deferred':
        this.#count(event.request.url, 'putOff', event.message)
        break
    }
  }

  shown(spider: Spider, options: Options): string {
    const rows = [...this.#hosts].map(([host, { allowed, disallowed, putOff, pace }]) => [
      host,
      count(allowed),
      count(disallowed),
      count(putOff),
      delayOf(pace, options),
      allowed === 0 ? '-' : duration(timeFor(Math.min(allowed, options.maxPagesPerHost), pace, options)),
    ])
    const times = [...this.#hosts.values()].map(({ allowed, pace }) => timeFor(allowed, pace, options))
    const from = this.#sitemaps === 0 ? 'the seeds' : `the seeds and ${count(this.#sitemaps)} sitemaps`
    const longest = Math.max(0, ...times)
    return [
      `${spider.name} would begin with ${count(this.allowed)} URLs, from ${from}:`,
      '',
      ...table([['host', 'allowed', 'disallowed', 'put off', 'delay', 'time for these']].concat(rows)),
      '',
      ...this.#notes,
      '',
      `Hosts are visited side by side (at most ${count(options.concurrency)} requests at once), so these URLs take about ${duration(longest)}; the links that are found on them come on top.`,
      ...(this.#sitemaps === 0 ? ['With --sitemaps, sitemaps are read, to tell how large the sites are.'] : []),
    ].join('\n')
  }

  #count(url: string, what: 'allowed' | 'disallowed' | 'putOff', message: string | undefined): void {
    this.#hostOf(hostOf(url))[what] += 1
    if (what !== 'allowed' && this.#notes.length < maxNotes) this.#notes.push(`${url}: ${message ?? what}`)
  }

  #hostOf(host: string): Planned {
    const known = this.#hosts.get(host) ?? { allowed: 0, disallowed: 0, putOff: 0, pace: undefined }
    this.#hosts.set(host, known)
    return known
  }
}

/** Of a site with thousands of disallowed URLs the first tell enough. */
const maxNotes = 50

function wordsFor(record: RobotsRecord): string {
  switch (record.kind) {
    case 'rules': {
      const { rules, sitemaps } = record.rules
      return `${record.note}, ${count(rules.length)} rules for us, ${count(sitemaps.length)} sitemaps named`
    }
    case 'redirected':
      return 'redirects'
    case 'unreachable':
      return `cannot be read: ${record.note}`
    default:
      return record satisfies never
  }
}

function delayOf(pace: HostPace | undefined, { delayMs }: Options): string {
  const inForce = pace?.delayMs ?? delayMs
  const from = pace === undefined || inForce === delayMs ? 'delayMs' : sourceOf(pace)
  return `${count(inForce)} ms (${from})`
}

/** With the delay in force, its jitter of 3 % on average, and the time an answer takes. */
function timeFor(pages: number, pace: HostPace | undefined, { delayMs }: Options): number {
  const gapMs = (pace?.delayMs ?? delayMs) * 1.03
  return pages * Math.max(gapMs, 2 * (pace?.restMs ?? 0))
}

const count = (value: number) => value.toLocaleString('en-US')
