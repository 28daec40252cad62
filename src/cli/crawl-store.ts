/** Where the command line keeps a crawl's state, and what of a command line is kept there, so that `--resume` need not repeat it. */
import { join } from 'node:path'
import { OptionError, StoreNotFoundError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import { isSecret, optionNames, readOption, variableOf } from '../options.ts'
import type { Start } from '../resume.ts'
import { Store } from '../store/store.ts'
import type { CrawlFlags } from './crawl-command.ts'
import { isSecretSetting } from './load-config.ts'
import { loadSpider } from './load-spider.ts'

export interface StoreFlags {
  readonly store?: string
  readonly resume?: boolean
  readonly fresh?: boolean
}

/** The folder of a spider's state, unless `--store` names another. */
export const defaultFolder = (spider: string) => join('.doff', spider)

/** The folder of a spider's crawl, by its name or path; its module need not load, nor be there any more. @throws StoreNotFoundError */
export async function folderOfCrawl(name: string): Promise<string> {
  const folder = defaultFolder(name)
  if (Store.exists(folder)) return folder
  const spider = await loadSpider(name).catch(() => undefined)
  if (spider !== undefined && Store.exists(defaultFolder(spider.name))) return defaultFolder(spider.name)
  throw new StoreNotFoundError(
    `There is no crawl of "${name}" in .doff/ (name the folder of its state with --store DIR)`,
  )
}

/** @throws OptionError when the flags contradict one another. */
export function startOf({ store, resume = false, fresh = false }: StoreFlags): Start {
  if (resume && fresh) throw new OptionError('resume', '--resume goes on and --fresh starts anew: give one of them')
  if (resume && store === 'memory') {
    throw new OptionError('resume', 'There is nothing to --resume with --store memory: leave one of them out')
  }
  if (resume) return 'resume'
  return fresh ? 'fresh' : 'new'
}

const remembered = [
  'arg',
  'set',
  'delay',
  'perHost',
  'concurrency',
  'maxPages',
  'maxDepth',
  'contact',
  'allowPrivate',
  'files',
  'cache',
  'replay',
  'profile',
  'output',
  'replace',
] as const

/** What of the flags makes the crawl what it is; secrets are to be given again. */
export function rememberedFlags(flags: CrawlFlags): JsonValue {
  const given = remembered.filter((name) => flags[name] !== undefined)
  const kept = Object.fromEntries(given.map((name) => [name, flags[name] as JsonValue]))
  return flags.set === undefined ? kept : { ...kept, set: flags.set.filter((setting) => !isSecretSetting(setting)) }
}

/** What goes on with a crawl that was begun by `flags`, with a gap for each secret that came with the command: the store has none of them. */
export function commandToGoOn(name: string, flags: CrawlFlags, environment: NodeJS.ProcessEnv): string {
  const { store, set = [] } = flags
  const nameOf = (setting: string) => setting.slice(0, setting.indexOf('='))
  const isNamed = new Set(set.map(nameOf))
  const variables = optionNames.filter((option) => {
    const text = environment[variableOf(option)] ?? ''
    return text !== '' && !isNamed.has(option) && isSecret(option, readOption(option, text))
  })
  const settings = new Set(set.filter(isSecretSetting).map(nameOf))
  return [
    ...variables.map((option) => `${variableOf(option)}=...`),
    `doff crawl ${name}`,
    ...(store === undefined ? [] : [`--store ${store}`]),
    '--resume',
    ...[...settings].map((option) => `-s ${option}=...`),
  ].join(' ')
}

/** The options that flags are another name for. */
const optionOf: Readonly<Record<string, string>> = { delay: 'delayMs', perHost: 'perHostConcurrency' }

/** The flags of a crawl that goes on: those of its last command, where the new one says nothing else. */
export function recallFlags(store: Store, flags: CrawlFlags): CrawlFlags {
  const before = (store.fact('command') ?? {}) as CrawlFlags
  const { output, replace, ...rest } = before
  const named = new Set(flags.set?.map((setting) => setting.slice(0, setting.indexOf('='))))
  const others = Object.fromEntries(Object.entries(rest).filter(([flag]) => !named.has(optionOf[flag] ?? flag)))
  const outputs = flags.output === undefined && flags.replace === undefined ? { output, replace } : {}
  const merged = {
    ...others,
    ...outputs,
    ...flags,
    arg: together(before.arg, flags.arg),
    set: together(before.set, flags.set),
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined))
}

/** The later wins, so what is given again moves to the end. */
const together = (before: readonly string[] = [], given: readonly string[] = []) => [
  ...before.filter((text) => !given.includes(text)),
  ...given,
]
