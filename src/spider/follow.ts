/**
 * A link worth visiting, as a parser yields it. Nominal, so that a follow can be told from an item by type and at run time.
 */
import type { FileSpec, Sending } from '../request.ts'
import { type RequestSpec, type SendingOptions, sendingFields, sendingOf } from './form/sending.ts'

const brand = Symbol.for('doff.follow')

export type FollowOptions<Data> = {
  /** Travels with the request and arrives as `page.data`: plain JSON data. */
  readonly data?: Data
  /** Higher goes first within a host. Default 0. */
  readonly priority?: number
} & SendingOptions

/** Where a follow goes. */
export type FollowTarget = string | URL | RequestSpec

export interface DownloadOptions<Data> {
  readonly data?: Data
  readonly priority?: number
  /** Sent with the request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Media types that are taken: `['image/*', 'application/pdf']`. Default: all. */
  readonly types?: readonly string[]
  /** Of this file. Default: the option `maxFileBytes`. */
  readonly maxBytes?: number
}

const known: ReadonlySet<string> = new Set(['data', 'priority', ...sendingFields])

export class Follow<Name extends string = string, Data = unknown> {
  readonly [brand] = true
  /** Absolute, as far as it could be resolved. */
  readonly url: string
  /** The parser of the page behind it. */
  readonly parser: Name
  readonly data: Data
  readonly priority: number
  /** What is asked of the URL; `undefined` for a plain GET. */
  readonly sending: Sending | undefined
  /** For a download. */
  readonly file: FileSpec | undefined

  /** @throws TypeError naming what cannot be sent. */
  constructor(url: string, parser: Name, options: FollowOptions<Data> = {}, file?: FileSpec) {
    const unknown = Object.keys(options).find((name) => !known.has(name))
    if (unknown !== undefined)
      throw new TypeError(`no option of a follow is called \`${unknown}\` (known: ${[...known].join(', ')})`)
    this.url = url
    this.parser = parser
    this.data = options.data as Data
    this.priority = options.priority ?? 0
    this.sending = sendingOf(options)
    this.file = file
  }
}

/** @throws TypeError for what no download can have. */
export function fileSpecOf({ types = [], maxBytes }: Pick<DownloadOptions<unknown>, 'types' | 'maxBytes'>): FileSpec {
  if (!Array.isArray(types) || !types.every((type) => typeof type === 'string' && mediaRange.test(type)))
    throw new TypeError(
      `the \`types\` of a download are a list of media types ('image/*'), not ${JSON.stringify(types)}`,
    )
  if (maxBytes !== undefined && !(Number.isInteger(maxBytes) && maxBytes > 0))
    throw new TypeError(`the \`maxBytes\` of a download is a number of bytes, at least 1, not ${String(maxBytes)}`)
  return { types, maxBytes }
}

/** RFC 9110 section 12.5.1. */
const mediaRange = /^(?:\*\/\*|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+))$/

/** By brand and not by class: a spider may have loaded doff from another copy than the command line. */
export function isFollow(value: object): value is Follow {
  return brand in value
}
