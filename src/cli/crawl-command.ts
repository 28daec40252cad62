/** `doff crawl`: runs a spider, writes its items, shows how it goes, and says what came of it. */
import { open, writeFile } from 'node:fs/promises'
import { systemClock } from '../clock.ts'
import { type Crawl, crawl } from '../crawl.ts'
import {
  ArgumentError,
  messageOf,
  OptionError,
  OutputError,
  OutputFailedError,
  reasonOf,
  StoreFailedError,
} from '../errors.ts'
import type { CrawlEvent } from '../events.ts'
import { createLog, type Log, type LogFormat, type LogLevel, logEvents, logFormats, logLevels } from '../observe/log.ts'
import { Progress } from '../observe/progress.ts'
import { summarize } from '../observe/report.ts'
import type { CrawlStats } from '../observe/stats.ts'
import { Terminal } from '../observe/terminal.ts'
import { optionTable } from '../options.ts'
import type { Destination } from '../output/exporter.ts'
import { refuseExisting, type Start } from '../resume.ts'
import type { Spider } from '../spider/spider.ts'
import { Store } from '../store/store.ts'
import { defaultFolder, recallFlags, rememberedFlags, type StoreFlags, startOf } from './crawl-store.ts'
import { exitCodes } from './exit-codes.ts'
import { configure } from './load-config.ts'
import { loadSpider } from './load-spider.ts'
import { destinationsOf, type OutputFlags, Outputs } from './outputs.ts'

export interface CrawlFlags extends OutputFlags, StoreFlags {
  readonly arg?: readonly string[]
  readonly set?: readonly string[]
  readonly delay?: string
  readonly perHost?: string
  readonly concurrency?: string
  readonly maxPages?: string
  readonly maxDepth?: string
  readonly contact?: string
  readonly profile?: string
  readonly logLevel?: string
  readonly logFormat?: string
  readonly quiet?: boolean
  readonly summary?: string
}

/** How often the progress line is drawn on a terminal, and logged elsewhere. */
const redrawMs = 250
const progressLogMs = 30_000

/** @returns the exit code. @throws DoffError for a user's mistake. */
export async function crawlCommand(name: string, given: CrawlFlags): Promise<number> {
  const found = await loadSpider(name)
  const start = startOf(given)
  if (start === 'fresh') await checkCommand(found, given)
  const folder = given.store ?? defaultFolder(found.name)
  using store = folder === 'memory' ? undefined : Store.open(folder, { fresh: start === 'fresh' })
  if (store !== undefined) refuseExisting(store, start)
  const flags = start === 'resume' && store !== undefined ? recallFlags(store, given) : given
  const spider = await configureSpider(found, flags)
  const destinations = destinationsOf(flags)
  const args = readArguments(flags.arg ?? [])

  const terminal = new Terminal(process.stderr)
  const isQuiet = flags.quiet === true
  const format = logFormatOf(flags, process.env.DOFF_LOG_FORMAT)
  const log = createLog(levelOf(flags, process.env.DOFF_LOG_LEVEL), format, terminal)
  /** For people; where every line is to be JSON, it is said in JSON. */
  const say = (text: string, facts: object = {}) =>
    format === 'json' ? log.info(facts, text) : terminal.write(`${text}\n`)
  const progress = new Progress(() => systemClock.now())
  const observers = [logEvents(log), (event: CrawlEvent) => progress.observe(event)]

  const stopping = new AbortController()
  if (flags.summary !== undefined) await checkSummary(flags.summary)
  if (start === 'resume' && store?.state === 'new')
    log.warn(`there is no crawl in ${folder} to resume: this begins one`)
  warnOfLeftOutputs(store, destinations, log)
  const run = beginCrawl(spider, { args, observers, signal: stopping.signal, store, start }, flags)
  const storeFlag = given.store === undefined ? '' : ` --store ${given.store}`
  const outputs = await Outputs.open(destinations, {
    warn: (message) => log.warn(message),
    store,
    exportCommand: (path) => `doff export ${name} -O ${path}${storeFlag}`,
  })
  if (outputs.count === 0 && store === undefined)
    log.info('no output is given: items are counted, and not kept (-o FILE)')
  if (outputs.count === 0 && store !== undefined)
    log.info(`no output is given: items are kept in ${folder} (doff export ${name}${storeFlag} -O FILE writes them)`)
  const interruption = listenForInterrupts(run, stopping, say)
  // A terminal that shows the data has no room for a progress line.
  const showsData = process.stdout.isTTY === true && flags.output?.some((path) => path.endsWith('-')) === true
  const showing = isQuiet || showsData ? undefined : showProgress(run, progress, terminal, log)
  // A promise that a parser left unawaited costs nobody the crawl.
  const complain = (error: unknown) =>
    log.error({ err: error }, `a promise failed that nobody awaited: ${messageOf(error)}`)
  process.on('unhandledRejection', complain)
  let failure: unknown
  try {
    if (store !== undefined) {
      await outputs.catchUp(store, stopping.signal)
      // The loop goes on where the outputs are.
      store.counters.raise('items_read', store.items.lastId)
    }
    for await (const item of run) await outputs.write(item)
  } catch (error) {
    if (!stopping.signal.aborted) failure = error
  }
  clearInterval(showing)
  if (terminal.isInteractive) terminal.show('')
  interruption.end()
  process.off('unhandledRejection', complain)

  // The outputs could not be brought up to date: nothing was begun that could be summed up.
  if (failure !== undefined && run.stats.stopReason === undefined) {
    await outputs.close(false)
    throw failure
  }
  const hasEndedWell = failure === undefined && isDone(run.stats) && run.stats.fetched > 0
  const closed = await outputs.close(hasEndedWell)
  failure ??= closed.failure
  const partial = closed.paths.filter((path) => !hasEndedWell && path.endsWith('.part'))
  if (partial.length > 0)
    log.warn(
      `${isDone(run.stats) && failure === undefined ? 'nothing could be fetched' : 'the crawl did not finish'}: its items are in ${partial.join(' and ')}, what they were to replace stays`,
    )
  const { too_deep: tooDeep } = run.stats.dropped
  if (tooDeep > 0)
    log.warn(
      `${tooDeep} links were deeper than maxDepth (${spider.options.maxDepth ?? optionTable.maxDepth.default}), and not followed`,
    )
  if (!isQuiet) {
    const facts = { ...run.stats, outputs: closed.paths }
    say(format === 'json' ? 'summary' : summarize(run.stats, closed.paths), facts)
    const more = run.stats.stopReason === 'max_pages' ? ' --max-pages MORE' : ''
    // A store that failed says itself what is to be done.
    if (!(failure instanceof StoreFailedError) && store?.state === 'unfinished')
      say(`Go on with: doff crawl ${name}${storeFlag} --resume${more}`)
  }
  if (flags.summary !== undefined) await writeSummary(flags.summary, run.stats, closed.paths)
  if (failure !== undefined && !(failure instanceof OutputFailedError && failure.readerLeft)) throw failure
  return exitCodeOf(run.stats)
}

function configureSpider(spider: Spider, flags: CrawlFlags): Promise<Spider> {
  return configure(spider, {
    settings: flags.set ?? [],
    profile: flags.profile,
    environment: process.env,
    flags: [
      ['--delay', 'delayMs', flags.delay],
      ['--per-host', 'perHostConcurrency', flags.perHost],
      ['--concurrency', 'concurrency', flags.concurrency],
      ['--max-pages', 'maxPages', flags.maxPages],
      ['--max-depth', 'maxDepth', flags.maxDepth],
      ['--contact', 'contact', flags.contact],
    ],
  })
}

/** What is wrong with a command is said before it removes anything. */
async function checkCommand(found: Spider, flags: CrawlFlags): Promise<void> {
  destinationsOf(flags)
  crawl(await configureSpider(found, flags), { args: readArguments(flags.arg ?? []) })
}

/** Outputs of the last command that this one does not name are not gone on with; that is not to be found out later. */
function warnOfLeftOutputs(store: Store | undefined, destinations: readonly Destination[], log: Log): void {
  const before = destinationsOf((store?.fact('command') ?? {}) as CrawlFlags)
  const left = before.filter(({ path }) => !destinations.some((destination) => destination.path === path))
  if (left.length === 0) return
  const names = left.map(({ path }) => path).join(' and ')
  log.warn(`${names} is no longer an output of this crawl: name it again, with the others, to go on with it`)
}

/** Begins a crawl, and keeps with it what of the command line makes it what it is. */
function beginCrawl(
  spider: Spider,
  options: { readonly store: Store | undefined; readonly start: Start } & Parameters<typeof crawl>[1],
  flags: CrawlFlags,
): Crawl<object> {
  const { store } = options
  const command = rememberedFlags(flags)
  // In one transaction with the crawl's beginning; a crawl that is there already is asked first whether it can go on.
  if (store?.state === 'new') store.setFacts({ command }).catch(() => undefined)
  const run = crawl(spider, options)
  store?.setFacts({ command }).catch(() => undefined)
  return run
}

/** The crawl came to an end that it was meant to come to. */
const isDone = (stats: CrawlStats) => stats.stopReason === 'finished' || stats.stopReason === 'max_pages'

function exitCodeOf(stats: CrawlStats): number {
  if (!isDone(stats)) return exitCodes.interrupted
  return stats.stopReason === 'finished' && stats.fetched > 0 ? exitCodes.finished : exitCodes.incomplete
}

function readArguments(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      if (equals === -1) throw new ArgumentError(`Expected \`-a ${pair}\` to be \`-a key=value\``)
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}

function levelOf({ quiet, logLevel }: CrawlFlags, fromEnvironment: string | undefined): LogLevel {
  const given = logLevel ?? fromEnvironment ?? (quiet === true ? 'warn' : 'info')
  const level = logLevels.find((known) => known === given)
  if (level === undefined)
    throw new OptionError('logLevel', `Expected the log level to be one of ${logLevels.join(', ')}, got "${given}"`)
  return level
}

function logFormatOf({ logFormat }: CrawlFlags, fromEnvironment: string | undefined): LogFormat {
  const given = logFormat ?? fromEnvironment ?? 'auto'
  const format = logFormats.find((known) => known === given)
  if (format === undefined)
    throw new OptionError('logFormat', `Expected the log format to be one of ${logFormats.join(', ')}, got "${given}"`)
  return format
}

/** Ctrl-C, a container that is stopped, a terminal that is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal drains, the second stops. */
function listenForInterrupts(
  run: Crawl<object>,
  stopping: AbortController,
  say: (text: string) => void,
): { end(): void } {
  let isDraining = false
  const interrupt = () => {
    if (isDraining) return stopping.abort()
    isDraining = true
    say('Finishing the requests that are out; once more stops at once.')
    run.drain()
  }
  for (const signal of signals) process.on(signal, interrupt)
  return {
    end: () => {
      for (const signal of signals) process.off(signal, interrupt)
    },
  }
}

function showProgress(run: Crawl<object>, progress: Progress, terminal: Terminal, log: Log): NodeJS.Timeout {
  if (terminal.isInteractive) return setInterval(() => terminal.show(progress.line(run.stats)), redrawMs)
  return setInterval(() => log.info(progress.line(run.stats)), progressLogMs)
}

/** A summary that cannot be written is found before the first request; what is there stays until the end. */
async function checkSummary(path: string): Promise<void> {
  try {
    await (await open(path, 'a')).close()
  } catch (error) {
    throw new OutputError(`Cannot write the summary ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

async function writeSummary(path: string, stats: CrawlStats, outputs: readonly string[]): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify({ ...stats, outputs }, null, 2)}\n`)
  } catch (error) {
    throw new OutputFailedError(`Cannot write the summary ${path}: ${reasonOf(error)}`, { cause: error })
  }
}
