/**
 * `doff plan`: what a crawl would do. Fetches robots.txt, and sitemaps if asked, as politely as the crawl would; pages are judged, and none is
 * fetched.
 */
import { hostOf } from '../canonical-url.ts'
import { systemClock } from '../clock.ts'
import { crawl } from '../crawl.ts'
import type { CrawlEvent } from '../events.ts'
import type { HostPace, RobotsRecord } from '../host.ts'
import { duration } from '../observe/report.ts'
import { type Options, resolveOptions } from '../options.ts'
import { delayOf } from '../politeness/host-pace.ts'
import { checkSitemaps } from '../spider/sitemap/check-sitemaps.ts'
import type { Spider } from '../spider/spider.ts'
import { type ConfigurationFlags, configureSpider, readArguments } from './configure-spider.ts'
import { exitCodes } from './exit-codes.ts'
import { loadSpider } from './load-spider.ts'
import { count, counted, print } from './print.ts'
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
  // What went wrong is part of the plan.
  const screen = new Screen({ logLevel: 'error', ...flags }, process.env)
  const readsSitemaps = flags.sitemaps === true
  const plan = new Plan(readsSitemaps, readsSitemaps && configured.sitemaps === undefined)
  const run = crawl(spider, {
    args: readArguments(flags.arg ?? []),
    plan: true,
    // A crawl would ask again, after a minute and after two.
    maxRobotsAttempts: 1,
    observers: [...screen.observers, (event) => plan.observe(event), (event) => sayWhoWaits(event, screen)],
  })
  for await (const _ of run);
  print(plan.shown(spider, options))
  return plan.allowed > 0 ? exitCodes.finished : exitCodes.incomplete
}

/** A plan keeps to the pace as well, and then somebody waits who does not know what for. */
function sayWhoWaits(event: CrawlEvent, screen: Screen): void {
  if (event.kind !== 'requested') return
  const waitMs = event.pace.nextVisitAt - systemClock.now()
  if (waitMs < notableWaitMs) return
  screen.addWord(
    `${event.host} is given ${duration(waitMs)} of rest (${event.pace.waitsFor}) before its URLs are judged`,
  )
}

const notableWaitMs = 2_000

function sitemapsOf(spider: Spider, { sitemaps }: PlanFlags): Spider['sitemaps'] {
  if (sitemaps !== true) return undefined
  return spider.sitemaps ?? checkSitemaps(true, spider.name, spider.parsers.keys())
}

class Plan {
  readonly #hosts = new Map<string, Planned>()
  readonly #origins = new Notes()
  readonly #urls = new Notes()
  readonly #readsSitemaps: boolean
  /** The spider itself asks for none. */
  readonly #addsSitemaps: boolean
  #sitemaps = 0

  constructor(readsSitemaps: boolean, addsSitemaps: boolean) {
    this.#readsSitemaps = readsSitemaps
    this.#addsSitemaps = addsSitemaps
  }

  get allowed(): number {
    return [...this.#hosts.values()].reduce((sum, { allowed }) => sum + allowed, 0)
  }

  observe(event: CrawlEvent): void {
    switch (event.kind) {
      case 'requested':
        this.#hostOf(event.host).pace = event.pace
        break
      case 'robots':
        this.#origins.add(`${event.origin}/robots.txt: ${wordsFor(event.record)}`)
        break
      case 'sitemap':
        if (event.pages > 0) this.#sitemaps += 1
        if (event.fault !== undefined)
          this.#origins.add(event.fault.includes(event.url) ? event.fault : `${event.url}: ${event.fault}`)
        break
      case 'ended':
        this.#count(event.request.url, event.end.reason === 'planned' ? 'allowed' : 'disallowed', event.message)
        break
      case 'deferred':
        if (event.request.kind === 'page') this.#count(event.request.url, 'putOff', event.message)
        break
    }
  }

  shown(spider: Spider, options: Options): readonly string[] {
    const times: number[] = []
    const rows = [...this.#hosts].map(([host, { allowed, disallowed, putOff, pace }]) => {
      const timeMs = timeFor(Math.min(allowed, options.maxPagesPerHost), pace, options)
      times.push(timeMs)
      const time = allowed === 0 ? '-' : duration(timeMs)
      return [host, count(allowed), count(disallowed), count(putOff), delayIn(pace, options), time]
    })
    const from = this.#sitemaps === 0 ? 'the seeds' : `the seeds and ${counted(this.#sitemaps, 'sitemap')}`
    const longestMs = times.reduce((longest, time) => Math.max(longest, time), 0)
    const atOnce = `${counted(options.concurrency, 'request')} at once`
    return [
      `${spider.name} ${this.#addsSitemaps ? 'could begin, if it asked for sitemaps,' : 'would begin'} with ${counted(this.allowed, 'URL')}, from ${from}:`,
      '',
      ...table([['host', 'allowed', 'disallowed', 'put off', 'delay', 'time for these'], ...rows]),
      '',
      ...this.#origins.lines,
      ...this.#urls.lines,
      '',
      this.allowed === 0
        ? 'Nothing may be fetched.'
        : `Hosts are visited side by side (${atOnce} at most), so this takes about ${duration(longestMs)}; links that are found on these pages come on top.`,
      ...(options.maxPages < this.allowed
        ? [`maxPages ends the crawl after ${counted(options.maxPages, 'page')}.`]
        : []),
      ...(options.maxPagesPerHost < Number.POSITIVE_INFINITY
        ? [`maxPagesPerHost lets no host have more than ${counted(options.maxPagesPerHost, 'page')}.`]
        : []),
      ...(this.#readsSitemaps ? [] : ['With --sitemaps, sitemaps are read, to tell how large the sites are.']),
    ]
  }

  #count(url: string, what: 'allowed' | 'disallowed' | 'putOff', message: string | undefined): void {
    this.#hostOf(hostOf(url))[what] += 1
    if (what !== 'allowed') this.#urls.add(`${url}: ${message ?? what}`)
  }

  #hostOf(host: string): Planned {
    const known = this.#hosts.get(host) ?? { allowed: 0, disallowed: 0, putOff: 0, pace: undefined }
    this.#hosts.set(host, known)
    return known
  }
}

/** Of a site with thousands of disallowed URLs the first tell enough. */
const maxNotes = 50

class Notes {
  readonly #first: string[] = []
  #more = 0

  add(text: string): void {
    if (this.#first.length < maxNotes) this.#first.push(text)
    else this.#more += 1
  }

  get lines(): readonly string[] {
    return this.#more === 0 ? this.#first : [...this.#first, `and ${count(this.#more)} more`]
  }
}

function wordsFor(record: RobotsRecord): string {
  switch (record.kind) {
    case 'rules': {
      const { rules, sitemaps } = record.rules
      return `${record.note}, ${counted(rules.length, 'rule')} for us, ${counted(sitemaps.length, 'sitemap')} named`
    }
    case 'redirected':
      return 'redirects'
    case 'unreachable':
      return `cannot be read: ${record.note}`
    default:
      return record satisfies never
  }
}

function delayIn(pace: HostPace | undefined, { delayMs: own }: Options): string {
  const { delayMs, delayFrom } = delayOf(pace ?? { delayMs: own, crawlDelayMs: 0, backOffMs: 0 }, own)
  return `${count(delayMs)} ms (${delayFrom})`
}

/** With the delay in force, its jitter of 2.5 % on average, and the time an answer takes. */
function timeFor(pages: number, pace: HostPace | undefined, { delayMs }: Options): number {
  const gapMs = (pace?.delayMs ?? delayMs) * 1.025
  return pages * Math.max(gapMs, 2 * (pace?.restMs ?? 0))
}
