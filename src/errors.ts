/**
 * Broken contracts: what ends a crawl, or keeps it from starting. (A page that fails is data: see outcome.ts.)
 *
 * One class per reason under `DoffError`, each with a stable `code`. The message says what failed, where, and the remedy; it is all that a
 * user of the command line sees.
 */

export type DoffErrorCode =
  | 'bad_option'
  | 'bad_spider'
  | 'bad_seed'
  | 'bad_argument'
  | 'no_contact'
  | 'spider_not_found'
  | 'bad_output'
  | 'output_failed'
  | 'crawl_in_use'
  | 'stale_turn'

export abstract class DoffError extends Error {
  abstract readonly code: DoffErrorCode
  override get name(): string {
    return this.constructor.name
  }
}

/** An option has a value it cannot have, or is unknown. */
export class OptionError extends DoffError {
  readonly code = 'bad_option'
  readonly option: string
  constructor(option: string, message: string) {
    super(message)
    this.option = option
  }
}

/** A spider is not put together as `defineSpider` asks. */
export class SpiderError extends DoffError {
  readonly code = 'bad_spider'
}

/** A seed is no crawlable URL. */
export class SeedError extends DoffError {
  readonly code = 'bad_seed'
  readonly seed: unknown
  constructor(seed: unknown, message: string) {
    super(message)
    this.seed = seed
  }
}

/** A spider argument (`-a key=value`) is missing, unknown or wrong. */
export class ArgumentError extends DoffError {
  readonly code = 'bad_argument'
}

/** A host that is not loopback was to be crawled without saying who is asking. */
export class ContactError extends DoffError {
  readonly code = 'no_contact'
}

export class SpiderNotFoundError extends DoffError {
  readonly code = 'spider_not_found'
}

/** An output cannot be written from the start: a wrong path, format or permission. */
export class OutputError extends DoffError {
  readonly code = 'bad_output'
}

/** Writing an output failed on the way: a full disk, a closed pipe. */
export class OutputFailedError extends DoffError {
  readonly code = 'output_failed'
  /** The reader of a pipe went away (`doff ... -o - | head`), which is its right. */
  readonly readerLeft: boolean
  constructor(message: string, options: { cause: unknown; readerLeft?: boolean }) {
    super(message, { cause: options.cause })
    this.readerLeft = options.readerLeft ?? false
  }
}

/** A crawl can be read once, by one reader. */
export class CrawlInUseError extends DoffError {
  readonly code = 'crawl_in_use'
}

/** A turn was settled that is not out: a second time, or after it was given to somebody else. */
export class StaleTurnError extends DoffError {
  readonly code = 'stale_turn'
}

/** What a thrown value says; anything can be thrown, also what cannot be made a string. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'a value that cannot be shown was thrown'
  }
}
