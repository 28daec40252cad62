/** The flags that say how a spider is run, whichever command runs it. */
import { ArgumentError } from '../errors.ts'
import type { Spider } from '../spider/spider.ts'
import { configure } from './load-config.ts'

export interface ConfigurationFlags {
  readonly arg?: readonly string[]
  readonly set?: readonly string[]
  readonly delay?: string
  readonly perHost?: string
  readonly concurrency?: string
  readonly maxPages?: string
  readonly maxDepth?: string
  readonly contact?: string
  readonly allowPrivate?: readonly string[]
  readonly files?: string
  readonly cache?: string
  readonly replay?: string
  readonly profile?: string
}

/** The spider with all options merged into its own. @throws OptionError */
export function configureSpider(spider: Spider, flags: ConfigurationFlags): Promise<Spider> {
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
      ['--allow-private', 'allowPrivate', flags.allowPrivate?.join(',')],
      ['--files', 'files', flags.files],
      ['--cache', 'cache', flags.cache],
      ['--replay', 'replay', flags.replay],
    ],
  })
}

/** @throws ArgumentError */
export function readArguments(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      if (equals === -1) throw new ArgumentError(`Expected \`-a ${pair}\` to be \`-a key=value\``)
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}
