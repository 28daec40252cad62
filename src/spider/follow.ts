/**
 * A link worth visiting, as a parser yields it. Nominal, so that a follow can be told from an item by type and at run time.
 */
import type { Sending } from '../request.ts'
import { type RequestSpec, type SendingOptions, sendingOf } from './sending.ts'

const brand = Symbol.for('doff.follow')

export type FollowOptions<Data> = {
  /** Travels with the request and arrives as `page.data`: plain JSON data. */
  readonly data?: Data
  /** Higher goes first within a host. Default 0. */
  readonly priority?: number
} & SendingOptions

/** Where a follow goes. */
export type FollowTarget = string | URL | RequestSpec

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

  /** @throws TypeError naming what cannot be sent. */
  constructor(url: string, parser: Name, options: FollowOptions<Data> = {}) {
    this.url = url
    this.parser = parser
    this.data = options.data as Data
    this.priority = options.priority ?? 0
    this.sending = sendingOf(options)
  }
}

/** By brand and not by class: a spider may have loaded doff from another copy than the command line. */
export function isFollow(value: object): value is Follow {
  return brand in value
}
