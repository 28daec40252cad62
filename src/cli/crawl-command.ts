/** `doff crawl`: runs a spider, writes its items, shows how it goes, and says what came of it. */
import { open, writeFile } from 'node:fs/promises'
import { type Crawl, crawl } from '../crawl.ts'
import { OutputError, OutputFailedError, reasonOf, StoreFailedError } from '../errors.ts'
import type { StopReason } from '../events.ts'
import type { Log } from '../observe/log.ts'
import { summarize } from '../observe/report.ts'
import type { CrawlStats } from '../observe/stats.ts'
import { optionTable } from '../options.ts'
import type { Destination } from '../output/exporter.ts'
import { refuseExisting } from '../resume.ts'
import type { Spider } from '../spider/spider.ts'
import { Store } from '../store/store.ts'
import { type ConfigurationFlags, configureSpider, readArguments } from './configure-spider.ts'
import { commandToGoOn, defaultFolder, recallFlags, rememberedFlags, type StoreFlags, startOf } from './crawl-store.ts'
import { exitCodes } from './exit-codes.ts'
import { listenForInterrupts } from './interrupts.ts'
import { loadSpider } from './load-spider.ts'
import { checkDestinations, destinationsOf, type OutputFlags, Outputs } from './outputs.ts'
import { Screen, type ScreenFlags } from './screen.ts'

export interface CrawlFlags extends ConfigurationFlags, OutputFlags, StoreFlags, ScreenFlags {
  readonly summary?: string
}

/** @returns the exit code. @throws DoffError for a user's mistake. */
export async function crawlCommand(name: string, given: CrawlFlags): Promise<number> {
  const found = await loadSpider(name)
  const start = startOf(given)
  if (start === 'fresh') await checkCommand(found, given)
  const folder = given.store ?? defaultFolder(found.name)
  using store = folder === 'memory' ? undefined : Store.open(folder, { fresh: start === 'fresh' })
  if (store !== undefined) refuseExisting(store, start)
  const flags = start === 'resume' && store !== undefined && store.state !== 'new' ? recallFlags(store, given) : given
  const spider = await configureSpider(found, flags)
  const destinations = destinationsOf(flags)
  const args = readArguments(flags.arg ?? [])
  const screen = new Screen(flags, process.env)
  const { log, observers } = screen
  if (flags.summary !== undefined) await checkSummary(flags.summary)

  if (start === 'resume' && store?.state === 'new')
    log.warn(`there is no crawl in ${folder} to resume: this begins one`)
  const stopping = new AbortController()
  const run = crawl(spider, { args, observers, signal: stopping.signal, store, start })
  const storeFlag = given.store === undefined ? '' : ` --store ${given.store}`
  const outputs = await Outputs.open(destinations, {
    warn: (message) => log.warn(message),
    store,
    exportCommand: (path) => `doff export ${name} -O ${path}${storeFlag}`,
  })
  warnOfLeftOutputs(store, destinations, log)
  // Nothing stands against it any more: from here on this is the command that --resume repeats.
  store?.setFacts({ command: rememberedFlags(flags) }).catch(() => undefined)
  if (outputs.count === 0)
    log.info(
      store === undefined
        ? 'no output is given: items are counted, and not kept (-o FILE)'
        : `no output is given: items are kept in ${folder} (doff export ${name}${storeFlag} -O FILE writes them)`,
    )
  let failure: unknown
  {
    using _interrupts = listenForInterrupts(run, stopping, screen)
    using _watch = screen.watch(
      run,
      destinations.some(({ path }) => path.endsWith('-')),
    )
    failure = await writeItems(run, outputs, store, stopping.signal)
  }
  // The outputs could not be brought up to date, or the crawl could not begin: there is nothing that could be summed up.
  if (run.stats.stopReason === undefined || run.stats.spider === '') {
    await outputs.close(false)
    if (failure !== undefined) throw failure
    return exitCodes.interrupted
  }

  const hasEndedWell = failure === undefined && isDone(run.stats) && run.stats.fetched > 0
  const closed = await outputs.close(hasEndedWell)
  failure ??= closed.failure
  if (!hasEndedWell) warnOfParts(closed.paths, failure === undefined && isDone(run.stats), log)
  warnOfDepth(run.stats, spider, log)
  screen.sumUp(summarize(run.stats, closed.paths), { ...run.stats, outputs: closed.paths })
  // A store that failed says itself what is to be done.
  if (!(failure instanceof StoreFailedError) && store?.state === 'unfinished') {
    const more = moreOf(run.stats.stopReason)
    screen.addWord(`Go on with: ${commandToGoOn(name, flags, process.env)}${more}`)
  }
  if (flags.summary !== undefined) await writeSummary(flags.summary, run.stats, closed.paths)
  if (failure !== undefined && !(failure instanceof OutputFailedError && failure.readerLeft)) throw failure
  return exitCodeOf(run.stats)
}

/** What a crawl that was cut short needs, to go on. */
function moreOf(reason: StopReason | undefined): string {
  if (reason === 'max_pages') return ' --max-pages MORE'
  if (reason === 'max_bytes') return ' -s maxBytes=MORE'
  return reason === 'max_time' ? ' -s maxTimeMs=MORE' : ''
}

/** Runs the crawl, and gives what ended it before its time; being told to stop is no failure. */
async function writeItems(
  run: Crawl<object>,
  outputs: Outputs,
  store: Store | undefined,
  stopped: AbortSignal,
): Promise<unknown> {
  try {
    if (store !== undefined) {
      await outputs.catchUp(store, stopped)
      // The loop goes on where the outputs are.
      store.counters.raise('items_read', store.items.lastId)
    }
    for await (const item of run) await outputs.write(item)
    return undefined
  } catch (error) {
    return stopped.aborted ? undefined : error
  }
}

/** What is wrong with a command is said before it removes anything. */
async function checkCommand(found: Spider, flags: CrawlFlags): Promise<void> {
  await checkDestinations(destinationsOf(flags))
  if (flags.summary !== undefined) await checkSummary(flags.summary)
  new Screen(flags, process.env)
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

function warnOfParts(paths: readonly string[], isDone: boolean, log: Log): void {
  const parts = paths.filter((path) => path.endsWith('.part')).join(' and ')
  if (parts === '') return
  const why = isDone ? 'nothing could be fetched' : 'the crawl did not finish'
  log.warn(`${why}: its items are in ${parts}, what they were to replace stays`)
}

/** A limit that nobody set by hand is easily forgotten. */
function warnOfDepth({ dropped }: CrawlStats, { options }: Spider, log: Log): void {
  if (dropped.too_deep === 0) return
  const { maxDepth = optionTable.maxDepth.default } = options
  log.warn(`${dropped.too_deep} links were deeper than maxDepth (${maxDepth}), and not followed`)
}

/** The crawl came to an end that it was meant to come to: there is no more to do, or a limit that the user set was reached. */
const isDone = ({ stopReason }: CrawlStats) =>
  stopReason === 'finished' || stopReason === 'deferred' || isLimited(stopReason)

const isLimited = (reason: StopReason | undefined) =>
  reason === 'max_pages' || reason === 'max_bytes' || reason === 'max_time'

function exitCodeOf(stats: CrawlStats): number {
  if (!isDone(stats)) return exitCodes.interrupted
  return stats.stopReason === 'finished' && stats.fetched > 0 ? exitCodes.finished : exitCodes.incomplete
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
