/**
 * The kinds of option: what a value has to be, how that is said, and how it is read from text (`-s delayMs=200ms`, `DOFF_DELAY_MS=200`). A
 * bare text that cannot be read is passed on as it is, for the schema to refuse.
 */
import { z } from 'zod'

export interface OptionSpec<T> {
  readonly schema: z.ZodType<T>
  /** Ends the sentence "Expected `x` to be ...". */
  readonly expects: string
  readonly default: T
  readonly meaning: string
  /** From text to a value for the schema. */
  readonly read: (text: string) => unknown
  /** Whether a value, be it right or wrong, is shown in no message and stored nowhere. Left out: none is. */
  readonly isSecret?: (value: unknown) => boolean
  /** Which part of a value is wrong, as a clause without secrets; `undefined` where nothing can be said but what was expected. */
  readonly faultIn?: (value: unknown) => string | undefined
}

const unlimited = z.literal(Number.POSITIVE_INFINITY)
const longestTimerMs = 2 ** 31 - 1

export const duration = (meaning: string, standard: number): OptionSpec<number> => ({
  schema: z.number().min(0).max(longestTimerMs),
  expects: `a number of milliseconds from 0 to ${longestTimerMs} (on the command line also \`1.5s\`, \`2m\`, \`1h\`)`,
  default: standard,
  meaning,
  read: readDuration,
})

export const count = (meaning: string, standard: number, least: 0 | 1): OptionSpec<number> => ({
  schema: z.int().min(least).or(unlimited),
  expects: least === 0 ? 'a non-negative integer' : 'a positive integer',
  default: standard,
  meaning,
  read: readNumber,
})

export const bytes = (meaning: string, standard: number): OptionSpec<number> => ({
  schema: z.int().min(1),
  expects: 'a number of bytes, at least 1 (on the command line also `512KiB`, `10MiB`)',
  default: standard,
  meaning,
  read: readBytes,
})

/** A limit that may be none. */
export const byteLimit = (meaning: string, standard = Number.POSITIVE_INFINITY, least = 1): OptionSpec<number> => ({
  ...bytes(meaning, standard),
  schema: z.int().min(least).or(unlimited),
  expects: `a number of bytes, at least ${least === 1 ? 1 : `${least / bytesIn.MiB} MiB`} (on the command line also \`512KiB\`, \`10MiB\`)`,
})

/** A limit that there is only if somebody sets it. */
export const timeLimit = (meaning: string): OptionSpec<number> => ({
  schema: z.number().min(1).or(unlimited),
  expects: 'a number of milliseconds, at least 1 (on the command line also `1.5s`, `2m`, `1h`)',
  default: Number.POSITIVE_INFINITY,
  meaning,
  read: readDuration,
})

export const flag = (meaning: string, standard: boolean): OptionSpec<boolean> => ({
  schema: z.boolean(),
  expects: '`true` or `false`',
  default: standard,
  meaning,
  read: (text) => (text === 'true' ? true : text === 'false' ? false : text),
})

/** One of a few words, of which the first is the default. */
export const choice = <const Word extends string>(
  meaning: string,
  words: readonly [Word, ...Word[]],
): OptionSpec<Word> => ({
  schema: z.enum(words),
  expects: words
    .map((word) => `\`${word}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1'),
  default: words[0],
  meaning,
  read: readText,
})

export const text = (
  meaning: string,
  standard: string,
  expects: string,
  isRight: (text: string) => boolean,
): OptionSpec<string> => ({ schema: z.string().refine(isRight), expects, default: standard, meaning, read: readText })

/** Text that may be left out. */
export const optionalText = (
  meaning: string,
  expects: string,
  isRight: (text: string) => boolean,
): OptionSpec<string | undefined> => ({
  schema: z.string().refine(isRight).optional(),
  expects,
  default: undefined,
  meaning,
  read: readText,
})

export const folder = (meaning: string): OptionSpec<string | undefined> =>
  optionalText(meaning, 'the path of a folder', (path) => path !== '')

/** `none` keeps one that is named elsewhere from being used. */
export const folderOrNone = (meaning: string): OptionSpec<string | undefined> => ({
  ...folder(meaning),
  expects: 'the path of a folder, or `none`',
})

/** Empty unless somebody says what is in it; on the command line with commas in between. */
export const list = (
  meaning: string,
  expects: string,
  isRight: (entry: string) => boolean,
): OptionSpec<readonly string[]> => ({
  schema: z.array(z.string().refine(isRight)).readonly(),
  expects,
  default: [],
  meaning,
  read: readList,
})

export const hosts = (meaning: string): OptionSpec<readonly string[]> =>
  list(meaning, 'a list of host names, without scheme, port and path', (host) =>
    /^([^\s/:]+|\[[\da-f:.]+\])$/i.test(host),
  )

export const statuses = (meaning: string, least: number, most: number): OptionSpec<readonly number[]> => ({
  schema: z.array(z.int().min(least).max(most)).readonly(),
  expects: `a list of HTTP statuses from ${least} to ${most}`,
  default: [],
  meaning,
  read: (given) => readList(given).map(readNumber),
})

export const patterns = (meaning: string): OptionSpec<readonly RegExp[]> => ({
  schema: z.array(z.instanceof(RegExp)).readonly(),
  expects: 'a list of regular expressions (on the command line with blanks between them)',
  default: [],
  meaning,
  read: readPatterns,
})

/** Secrets by what they are for; on the command line `name=secret`, or `none`. */
export const secrets = (
  meaning: string,
  expects: string,
  isRight: { readonly name: (name: string) => boolean; readonly secret: (secret: string) => boolean },
  faultIn: (value: unknown) => string | undefined,
): OptionSpec<Readonly<Record<string, string>> | undefined> => ({
  schema: z.record(z.string().refine(isRight.name), z.string().refine(isRight.secret)).optional(),
  expects,
  default: undefined,
  meaning,
  read: readPairs,
  isSecret: (value) => !isNone(value),
  faultIn,
})

/** It keeps what is set elsewhere from being used, and is no secret. */
const isNone = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

const numeral = /^-?\d+(\.\d+)?$|^Infinity$/
const readNumber = (given: string) => (numeral.test(given) ? Number(given) : given)
const readText = (given: string) => given
const readList = (given: string) =>
  given
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

const millisecondsIn = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const bytesIn = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** `200`, `200ms`, `1.5s`, `2m`, `1h`. */
const readDuration = (given: string) => readWithUnit(given, millisecondsIn)
/** `1000`, `10MiB`. */
const readBytes = (given: string) => readWithUnit(given, bytesIn)

function readWithUnit(given: string, units: Readonly<Record<string, number>>): unknown {
  if (given === 'Infinity') return Number.POSITIVE_INFINITY
  const parts = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(given.trim())
  const unit = parts?.[2] ?? ''
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return parts === null || factor === undefined ? given : Number(parts[1]) * factor
}

/** Separated by blanks, which no URL has; a comma may be part of a pattern (`\d{1,3}`). */
function readPatterns(given: string): unknown {
  try {
    return given
      .split(/\s+/)
      .filter((pattern) => pattern !== '')
      .map((pattern) => new RegExp(pattern))
  } catch {
    return given
  }
}

/** With commas or blanks between several; what would be taken for those is percent-encoded. */
function readPairs(given: string): unknown {
  if (given === 'none') return {}
  const entries = given
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => /^([^=]+)=(.*)$/.exec(entry))
  try {
    return Object.fromEntries(entries.map((entry) => [entry?.[1] ?? '', decodeURIComponent(entry?.[2] ?? '')]))
  } catch {
    return given
  }
}
