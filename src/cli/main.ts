/** The command line: reads arguments, runs a command, and turns every end into an exit code and at most one line on standard error. */
import { Command, CommanderError, Option } from 'commander'
import {
  CacheFailedError,
  DoffError,
  FilesFailedError,
  OutputFailedError,
  StoreFailedError,
  StoreInUseError,
} from '../errors.ts'
import { optionTable } from '../options.ts'
import { version } from '../version.ts'
import { type AuditFlags, auditCommand } from './audit-command.ts'
import { type CrawlFlags, crawlCommand } from './crawl-command.ts'
import { exitCodes } from './exit-codes.ts'
import { type ExportFlags, exportCommand } from './export-command.ts'
import { listCommand } from './list-command.ts'
import { type PlanFlags, planCommand } from './plan-command.ts'
import { type RobotsFlags, robotsCommand } from './robots-command.ts'

/** @returns the exit code; it does not throw. */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that left (`doff list | head -1`) has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = exitCodes.failed
  })
  let exitCode: number = exitCodes.finished
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    return report(error)
  }
}

function createProgram(end: (exitCode: number) => void): Command {
  const program = new Command('doff')
    .description('A polite async web scraper')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'doff: ')) })

  addConfiguration(
    program
      .command('crawl')
      .summary('run a spider')
      .description('Runs a spider, by name (from spiders/) or by path, and writes its items.')
      .argument('<spider>', 'name or path')
      .option(
        '-o, --output <file>',
        'append items to a file (.jsonl, .csv, also .gz; - is standard output); may be repeated',
        collect,
      )
      .option('-O, --replace <file>', 'replace a file, once the crawl has finished well; may be repeated', collect)
      .option('--resume', 'go on with the crawl that is in the store, with its arguments, flags and outputs')
      .option('--fresh', 'remove the crawl that is in the store, and start anew')
      .option('--store <folder>', "the crawl's state; `memory` keeps none (default: .doff/<spider>)")
      .option('--files <folder>', 'keep downloads there (default: `files` in the store)')
      .option(
        '--cache <folder>',
        'keep pages in an HTTP cache, and ask only for what may have changed; `none` leaves it out',
      )
      .option(
        '--replay <folder>',
        'record every exchange once, and never ask the site for it again; `none` leaves it out',
      ),
  )
    .addOption(new Option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: info)'))
    .addOption(new Option('--log-format <format>', 'auto, json or pretty (default: auto, pretty on a terminal)'))
    .option('--summary <file>', 'write the final counts as JSON')
    .option('--quiet', 'no progress and no summary; only warnings and errors')
    .action(async (spider: string, flags: CrawlFlags) => end(await crawlCommand(spider, flags)))

  addConfiguration(
    program
      .command('plan')
      .summary('tell what a crawl would do')
      .description(
        'Tells the hosts, delays and disallowed URLs that a crawl would begin with, and how long those take. Fetches robots.txt, and no page.',
      )
      .argument('<spider>', 'name or path')
      .option('--sitemaps', 'read the sitemaps, too, to tell how large the sites are'),
  ).action(async (spider: string, flags: PlanFlags) => end(await planCommand(spider, flags)))

  addConfiguration(
    program
      .command('robots')
      .summary('tell whether a URL may be fetched, and why')
      .description(
        'Tells what robots.txt says of a URL: the line that decides, the delay, the sitemaps. Fetches robots.txt, and not the page; with --store it asks nobody, and tells what a crawl knows.',
      )
      .argument('<url>', 'http(s) URL')
      .option('--store <folder>', 'tell what the crawl in this store knows, its pace included'),
  ).action(async (url: string, flags: RobotsFlags) => end(await robotsCommand(url, flags)))

  program
    .command('audit')
    .summary('check what a crawl has sent against what doff promises')
    .description(
      'Reads the ledger of a crawl, in which every request is, and tells for each host whether the promises were kept. Sends nothing. Exit code 3 where one was broken.',
    )
    .argument('[spider]', 'name or path')
    .option('--store <folder>', "the crawl's state (default: .doff/<spider>)")
    .option('--json', 'all of it as JSON')
    .action(async (spider: string | undefined, flags: AuditFlags) => end(await auditCommand(spider, flags)))

  program
    .command('export')
    .summary('write the items of a crawl')
    .description("Writes the whole item log of a spider's crawl, in any format, without crawling.")
    .argument('<spider>', 'name or path')
    .option('-o, --output <file>', 'append to a file; - is standard output; may be repeated', collect)
    .option('-O, --replace <file>', 'replace a file; may be repeated', collect)
    .option('--store <folder>', "the crawl's state (default: .doff/<spider>)")
    .action(async (spider: string, flags: ExportFlags) => end(await exportCommand(spider, flags)))

  program
    .command('list')
    .summary('show the spiders in spiders/')
    .action(async () => end(await listCommand()))
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program)
  return program
}

/** The flags that say how a spider is run. */
function addConfiguration(command: Command): Command {
  return command
    .option('-a, --arg <key=value>', 'give the spider an argument; may be repeated', collect)
    .option('-s, --set <option=value>', 'set any option (see below); may be repeated', collect)
    .option('--delay <time>', 'least gap between requests to one host: 200ms, 1.5s (a bare number is milliseconds)')
    .option('--per-host <n>', 'requests to one host at once')
    .option('--concurrency <n>', 'requests at once in all')
    .option('--max-pages <n>', 'end after so many pages')
    .option('--max-depth <n>', 'hops from a seed')
    .option('--contact <address>', 'how site owners reach you: an e-mail address or a URL')
    .option('--allow-private <cidr>', 'visit also hosts at these private addresses; may be repeated', collect)
    .option('--profile <name>', 'use config/<name>.ts')
    .addHelpText(
      'after',
      () => `\nOptions for -s, config/ and the environment (maxDepth is DOFF_MAX_DEPTH):\n${optionHelp()}`,
    )
}

const collect = (value: string, all: readonly string[] = []) => [...all, value]

function optionHelp(): string {
  const rows = Object.entries(optionTable).map(([name, { meaning, default: standard }]) => {
    const shown =
      standard === undefined || (Array.isArray(standard) && standard.length === 0) ? '' : ` [${String(standard)}]`
    return `  ${name.padEnd(22)}${meaning}${shown}`
  })
  return rows.join('\n')
}

const couldNotGoOn = [CacheFailedError, FilesFailedError, OutputFailedError, StoreFailedError, StoreInUseError]

function report(error: unknown): number {
  // commander has said it already; asking for help is no mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.finished : exitCodes.usage
  if (error instanceof DoffError) {
    process.stderr.write(`doff: ${error.message}\n`)
    return couldNotGoOn.some((kind) => error instanceof kind) ? exitCodes.failed : exitCodes.usage
  }
  // A fault of ours, or of a spider's own code outside of its parsers: here a stack is what helps.
  process.stderr.write(`doff: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.failed
}
