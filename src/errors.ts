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
  | 'files_failed'
  | 'crawl_in_use'
  | 'stale_turn'
  | 'store_not_found'
  | 'store_in_use'
  | 'store_version'
  | 'store_failed'
  | 'cache_failed'
  | 'crawl_exists'
  | 'crawl_changed'

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

/** A downloaded file cannot be kept: a full disk, missing permissions. */
export class FilesFailedError extends DoffError {
  readonly code = 'files_failed'
}

/** A crawl can be read once, by one reader. */
export class CrawlInUseError extends DoffError {
  readonly code = 'crawl_in_use'
}

/** A turn was settled that is not out: a second time, or after it was given to somebody else. */
export class StaleTurnError extends DoffError {
  readonly code = 'stale_turn'
}

/** There is no store where one is to be read. */
export class StoreNotFoundError extends DoffError {
  readonly code = 'store_not_found'
}

/** A store belongs to another process, or to another crawl of this one. */
export class StoreInUseError extends DoffError {
  readonly code = 'store_in_use'
  /** NaN if it is not known. */
  readonly pid: number
  constructor(pid: number, message: string) {
    super(message)
    this.pid = pid
  }
}

/** A store was written by another version of doff, which this one cannot go on from. */
export class StoreVersionError extends DoffError {
  readonly code = 'store_version'
}

/** A store cannot be opened, read or written: a full disk, a damaged file, missing permissions. */
export class StoreFailedError extends DoffError {
  readonly code = 'store_failed'
}

/** A cache or a recording cannot be opened, read or written, or is not one. */
export class CacheFailedError extends DoffError {
  readonly code = 'cache_failed'
}

/** A store holds a crawl, and nobody said whether to go on with it or to start anew. */
export class CrawlExistsError extends DoffError {
  readonly code = 'crawl_exists'
  readonly state: 'unfinished' | 'finished'
  constructor(state: 'unfinished' | 'finished', message: string) {
    super(message)
    this.state = state
  }
}

/** A crawl cannot go on, for what it is has changed since. */
export class CrawlChangedError extends DoffError {
  readonly code = 'crawl_changed'
}

/** What a thrown value says; anything can be thrown, also what cannot be made a string. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    return 'a value that cannot be shown was thrown'
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EPIPE: 'its reader has gone',
}

/** Why the system refused, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
