/**
 * Where options come from. The later wins:
 *
 *     default          config/default.ts
 *     spider           the spider's own `options`
 *     profile          config/PROFILE.ts, chosen by --profile or DOFF_PROFILE
 *     environment      DOFF_DELAY_MS=200
 *     -s               -s delayMs=200ms
 *     flags            --delay 200ms
 */
import { access, readdir } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { OptionError } from '../errors.ts'
import {
  checkOptions,
  isOptionName,
  isSecret,
  mergeOptions,
  type OptionInput,
  type OptionName,
  optionNames,
  readOption,
  variableOf,
} from '../options.ts'
import type { Spider } from '../spider/spider.ts'
import { loadDefault } from './load-module.ts'

const folder = 'config'
/** Environment variables that are no options. */
const otherVariables = new Set(['DOFF_PROFILE', 'DOFF_LOG_LEVEL', 'DOFF_LOG_FORMAT'])

export interface OptionSources {
  /** `option=value` pairs. */
  readonly settings: readonly string[]
  /** Text by flag and option. */
  readonly flags: readonly (readonly [flag: string, option: OptionName, text: string | undefined])[]
  readonly profile: string | undefined
  readonly environment: NodeJS.ProcessEnv
}

/** The spider with all options merged into its own; what is wrong is said with its place. */
export async function configure(spider: Spider, sources: OptionSources): Promise<Spider> {
  const profile = sources.profile ?? sources.environment.DOFF_PROFILE
  const options = mergeOptions(
    await loadConfig('default', false),
    checkOptions(spider.options, `spider "${spider.name}"`),
    profile === undefined ? {} : await loadConfig(profile, true),
    fromEnvironment(sources.environment),
    fromSettings(sources.settings),
    fromFlags(sources.flags),
  )
  return { ...spider, options }
}

async function loadConfig(name: string, isNeeded: boolean): Promise<OptionInput> {
  for (const extension of ['.ts', '.js', '.mjs']) {
    const path = resolve(join(folder, name + extension))
    if (!(await exists(path))) continue
    const loaded = await loadDefault(path, 'configuration')
    if (typeof loaded !== 'object' || loaded === null) {
      throw new OptionError(
        '',
        `The default export of ${folder}/${name}${extension} is no configuration: make it with defineConfig({ ... })`,
      )
    }
    return checkOptions(loaded, `${folder}/${name}${extension}`)
  }
  if (!isNeeded) return {}
  const names = await readdir(folder).catch((): string[] => [])
  const profiles = names.map((file) => file.slice(0, -extname(file).length)).filter((known) => known !== 'default')
  throw new OptionError(
    'profile',
    `There is no profile "${name}" in ${folder}/ (known: ${profiles.join(', ') || 'none'})`,
  )
}

function fromEnvironment(environment: NodeJS.ProcessEnv): OptionInput {
  const names = new Map(optionNames.map((name) => [variableOf(name), name]))
  const values: Record<string, unknown> = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DOFF_') || otherVariables.has(variable)) continue
    // `DOFF_MAX_PAGES=` is how a compose file says nothing.
    if (text === undefined || text === '') continue
    const name = names.get(variable)
    if (name === undefined)
      throw new OptionError(
        variable,
        `No option is called \`${variable}\` (in the environment; known: ${[...names.keys()].join(', ')})`,
      )
    values[name] = readOption(name, text)
    checkOptions({ [name]: values[name] }, `environment variable ${variable}`)
  }
  return values
}

function fromSettings(settings: readonly string[]): OptionInput {
  const values: Record<string, unknown> = {}
  for (const setting of settings) {
    const equals = setting.indexOf('=')
    if (equals === -1) throw new OptionError(setting, `Expected \`-s ${setting}\` to be \`-s option=value\``)
    const name = setting.slice(0, equals)
    values[name] = readOption(name, setting.slice(equals + 1))
    checkOptions({ [name]: values[name] }, `-s ${isSecretSetting(setting) ? `${name}=...` : setting}`)
  }
  return values
}

/** Whether `option=value` is not to be shown or kept; for an unknown option, nobody can tell. */
export function isSecretSetting(setting: string): boolean {
  const equals = setting.indexOf('=')
  const name = setting.slice(0, equals)
  return !isOptionName(name) || isSecret(name, readOption(name, setting.slice(equals + 1)))
}

function fromFlags(flags: OptionSources['flags']): OptionInput {
  const values: Record<string, unknown> = {}
  for (const [flag, name, text] of flags) {
    if (text === undefined) continue
    values[name] = readOption(name, text)
    checkOptions({ [name]: values[name] }, flag)
  }
  return values
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
