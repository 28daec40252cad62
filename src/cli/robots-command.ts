/**
 * `doff robots`: may a URL be fetched, by which line of which file, how fast, and what else does robots.txt say? The page itself is not asked
 * for. With a store, nothing is asked for: it tells what the crawl knows.
 */
import { hostOf, originOf } from '../canonical-url.ts'
import { crawl } from '../crawl.ts'
import { paceOf } from '../frontier/rows.ts'
import type { AsideReason, HostPace, RobotsRecord } from '../host.ts'
import { type Options, resolveOptions } from '../options.ts'
import { delayOf } from '../politeness/host-pace.ts'
import { judge, robotsUrlOf } from '../politeness/robots.ts'
import { urlOf } from '../seeds.ts'
import { defineSpider } from '../spider/define-spider.ts'
import { Store } from '../store/store.ts'
import { type ConfigurationFlags, configureSpider } from './configure-spider.ts'
import { exitCodes } from './exit-codes.ts'
import { count, print } from './print.ts'

export interface RobotsFlags extends ConfigurationFlags {
  readonly store?: string
}

/** @returns the exit code: `incomplete` where the URL may not be fetched. @throws DoffError for a user's mistake. */
export async function robotsCommand(given: string, flags: RobotsFlags): Promise<number> {
  const url = urlOf(given, (shown) => shown)
  const asked = defineSpider({ name: 'robots', seeds: [url], parse: () => [] })
  const spider = await configureSpider(asked, flags)
  const known = flags.store === undefined ? await learn(url, spider) : recall(url, flags.store)
  const options = { ...resolveOptions(spider.options), ...known.options }
  const now = Date.now()
  const answer = answerTo(url, known, options, now)
  print(answer.lines)
  return answer.isYes ? exitCodes.finished : exitCodes.incomplete
}

interface Known {
  readonly record: RobotsRecord | undefined
  readonly pace: HostPace | undefined
  /** Requests that were made to find out, with their statuses. */
  readonly steps: readonly string[]
  /** Those of the crawl that knows it. */
  readonly options?: Partial<Options>
}

async function learn(url: string, spider: Parameters<typeof crawl>[0]): Promise<Known> {
  let record: RobotsRecord | undefined
  let pace: HostPace | undefined
  const steps: string[] = []
  const run = crawl(spider, {
    plan: true,
    maxRobotsAttempts: 1,
    observers: [
      (event) => {
        if (event.kind === 'robots') {
          record = event.record
          // All is known. The page's turn would come after the host's delay, which may be a minute.
          if (record.kind !== 'redirected') run.drain()
        }
        if (event.kind !== 'requested') return
        steps.push(`${event.url} (${event.status ?? 'no answer'})`)
        if (event.host === hostOf(url)) pace = event.pace
      },
    ],
  })
  for await (const _ of run);
  return { record, pace, steps }
}

function recall(url: string, folder: string): Known {
  using store = Store.openToRead(folder)
  const { database } = store
  const row = database.read(() => database.prepare('select record from robots where origin = ?').get(originOf(url)))
  const host = database.read(() => database.prepare('select * from host where name = ?').get(hostOf(url)))
  return {
    record: row === undefined ? undefined : (JSON.parse(String(row.record)) as RobotsRecord),
    pace: host === undefined ? undefined : paceOf(host),
    steps: [],
    options: (store.fact('options') ?? {}) as Partial<Options>,
  }
}

function answerTo(url: string, { record, pace, steps }: Known, options: Options, now: number) {
  const file = robotsUrlOf(originOf(url))
  const verdict = verdictOn(url, record, options, now)
  const rows: (readonly [string, string] | undefined)[] = [
    ['verdict', verdict.words],
    ['file', steps.length === 0 ? file : steps.join(', then ')],
    ...(record?.kind === 'rules' ? wordsFor(record, options, now) : []),
    ['delay', delayIn(pace, options)],
    pace !== undefined && pace.nextVisitAt > now && steps.length === 0
      ? ['host', `waits until ${dateOf(pace.nextVisitAt)} (${pace.waitsFor})`]
      : undefined,
    pace !== undefined && pace.asideUntil > now
      ? [
          'host',
          `put off until ${dateOf(pace.asideUntil)}${pace.asideReason === undefined ? '' : ` (${asideWords[pace.asideReason]})`}`,
        ]
      : undefined,
  ]
  const lines = rows.filter((row) => row !== undefined).map(([name, text]) => `  ${name.padEnd(10)}${text}`)
  return { lines: [url, ...lines], isYes: verdict.isYes && (pace?.asideUntil ?? 0) <= now }
}

function verdictOn(...given: Parameters<typeof judgement>): { isYes: boolean; words: string } {
  const [url, , { ignoreRobotsOf }] = given
  const judged = judgement(...given)
  const isLawless = ignoreRobotsOf.some((host) => hostOf(`http://${host}/`) === hostOf(url))
  if (judged.isYes || !isLawless) return judged
  return { isYes: true, words: `${judged.words}; ignored, for ignoreRobotsOf names the host` }
}

function judgement(
  url: string,
  record: RobotsRecord | undefined,
  options: Options,
  now: number,
): { isYes: boolean; words: string } {
  const verdict = judge(record, url, now, { ...options, maxRobotsRedirects: 0 })
  switch (verdict.kind) {
    case 'allowed':
      return {
        isYes: true,
        words:
          verdict.rule === undefined ? 'allowed: no rule matches' : `allowed by line ${verdict.line}: ${verdict.rule}`,
      }
    case 'disallowed':
      return {
        isYes: false,
        words:
          verdict.line === 0 ? `disallowed: ${verdict.rule}` : `disallowed by line ${verdict.line}: ${verdict.rule}`,
      }
    case 'crawl_delay_too_long': {
      const { maxCrawlDelayMs } = options
      const words = `put off: its Crawl-delay of ${count(verdict.crawlDelayMs)} ms is longer than maxCrawlDelayMs (${count(maxCrawlDelayMs)} ms)`
      return { isYes: false, words }
    }
    case 'unreachable':
      return { isYes: false, words: `disallowed, for robots.txt cannot be read: ${verdict.note}` }
    case 'unknown':
      return { isYes: false, words: 'not known: the crawl has not read its robots.txt, or not lately' }
    case 'pending':
      return { isYes: false, words: 'not known yet: robots.txt redirects to a host whose turn is awaited' }
    default:
      return verdict satisfies never
  }
}

function wordsFor(
  record: RobotsRecord & { kind: 'rules' },
  { productToken, strictRobots }: Options,
  now: number,
): readonly (readonly [string, string])[] {
  const { rules, areWeNamed, crawlDelayMs, sitemaps, signals = [], isCut } = record.rules
  const group = areWeNamed === true ? `the group of ${productToken}` : 'the group of * (there is none of ours)'
  const none = areWeNamed === true ? `none in ${group}` : 'none for us'
  const refusal = /^40[13]$/.test(record.note) && strictRobots ? 'none; strictRobots disallows all' : undefined
  const age = Math.max(0, Math.round((now - record.fetchedAt) / 60_000))
  const until = `read ${age === 0 ? 'just now' : `${count(age)} min ago`}, good until ${dateOf(record.expiresAt)}`
  return [
    ['answer', `${record.note}; ${until}`],
    ...(isCut === true ? [['', 'it is longer than 500 KiB, and was read up to there'] as const] : []),
    ['rules', refusal ?? (rules.length === 0 ? `${none}: all is allowed` : `${count(rules.length)}, of ${group}`)],
    ...(crawlDelayMs === undefined ? [] : [['asks for', `a Crawl-delay of ${count(crawlDelayMs)} ms`] as const]),
    ...sitemaps.slice(0, maxListed).map((sitemap): [string, string] => ['sitemap', sitemap]),
    ...(sitemaps.length > maxListed ? [['', `and ${count(sitemaps.length - maxListed)} more`] as const] : []),
    ...signals.map(({ name, value, line }): [string, string] => ['signal', `line ${line}: ${name}: ${value}`]),
  ]
}

const maxListed = 20

const asideWords: Readonly<Record<AsideReason, string>> = {
  retry_after_too_long: 'it asks for more patience than maxRetryAfterMs',
  keeps_failing: 'it does not recover',
  keeps_refusing: 'it refuses us, page after page',
}

function delayIn(pace: HostPace | undefined, { delayMs: own }: Options): string {
  const { delayMs, delayFrom } = delayOf(pace ?? { delayMs: own, crawlDelayMs: 0, backOffMs: 0 }, own)
  return `${count(delayMs)} ms (${delayFrom})`
}

const dateOf = (at: number) => new Date(at).toISOString()
