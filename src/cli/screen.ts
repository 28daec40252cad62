/** What a person sees of a command: the log, the progress line and what is said, all on standard error. */
import { systemClock } from '../clock.ts'
import type { Crawl } from '../crawl.ts'
import { OptionError } from '../errors.ts'
import type { Observer } from '../events.ts'
import { createLog, type Log, type LogFormat, type LogLevel, logEvents, logFormats, logLevels } from '../observe/log.ts'
import { Progress } from '../observe/progress.ts'
import { Terminal } from '../observe/terminal.ts'

export interface ScreenFlags {
  readonly logLevel?: string
  readonly logFormat?: string
  readonly quiet?: boolean
}

/** How often the progress line is drawn on a terminal, and logged elsewhere. */
const redrawMs = 250
const progressLogMs = 30_000

export class Screen {
  readonly log: Log
  readonly observers: readonly Observer[]
  readonly #isQuiet: boolean
  readonly #isJson: boolean
  readonly #terminal = new Terminal(process.stderr)
  readonly #progress = new Progress(() => systemClock.now())

  /** @throws OptionError when the level or the format of the log is none. */
  constructor(flags: ScreenFlags, environment: NodeJS.ProcessEnv) {
    const format = logFormatOf(flags, environment.DOFF_LOG_FORMAT)
    this.log = createLog(levelOf(flags, environment.DOFF_LOG_LEVEL), format, this.#terminal)
    this.#isQuiet = flags.quiet === true
    this.#isJson = format === 'json'
    this.observers = [logEvents(this.log), (event) => this.#progress.observe(event)]
  }

  /** Tells a person; where every line is to be JSON, it is said in JSON. */
  say(text: string): void {
    if (this.#isJson) this.log.info(text)
    else this.#terminal.write(`${text}\n`)
  }

  /** Sums up at the end, in text or in facts; not when it is to be quiet. */
  sumUp(text: string, facts: object): void {
    if (this.#isQuiet) return
    if (this.#isJson) this.log.info(facts, 'summary')
    else this.#terminal.write(`${text}\n`)
  }

  /** A word after the summary; not when it is to be quiet. */
  addWord(text: string): void {
    if (!this.#isQuiet) this.say(text)
  }

  /**
   * Shows how a crawl goes, until it is disposed of.
   * @param showsData whether the terminal shows the data: then it has no room for a progress line.
   */
  watch(run: Crawl<object>, showsData: boolean): Disposable {
    const { isInteractive } = this.#terminal
    const draw = () => this.#terminal.show(this.#progress.line(run.stats))
    const write = () => this.log.info(this.#progress.line(run.stats))
    const isShown = !this.#isQuiet && !(showsData && process.stdout.isTTY === true)
    const showing = isShown
      ? setInterval(isInteractive ? draw : write, isInteractive ? redrawMs : progressLogMs)
      : undefined
    return {
      [Symbol.dispose]: () => {
        clearInterval(showing)
        if (isInteractive) this.#terminal.show('')
      },
    }
  }
}

function levelOf({ quiet, logLevel }: ScreenFlags, fromEnvironment: string | undefined): LogLevel {
  const given = logLevel ?? fromEnvironment ?? (quiet === true ? 'warn' : 'info')
  const level = logLevels.find((known) => known === given)
  if (level === undefined)
    throw new OptionError('logLevel', `Expected the log level to be one of ${logLevels.join(', ')}, got "${given}"`)
  return level
}

function logFormatOf({ logFormat }: ScreenFlags, fromEnvironment: string | undefined): LogFormat {
  const given = logFormat ?? fromEnvironment ?? 'auto'
  const format = logFormats.find((known) => known === given)
  if (format === undefined)
    throw new OptionError('logFormat', `Expected the log format to be one of ${logFormats.join(', ')}, got "${given}"`)
  return format
}
