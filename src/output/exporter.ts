/**
 * An exporter writes items to one destination in one format.
 *
 * With cursors it goes on where it was, whatever ended it: every second or so what was written is synced, and then the cursor is saved, as
 * the number of the last item and the length of the file. After a kill the file is cut back to its cursor, and the rest is written again
 * from the item log: no item is lost, none is there twice, and no line is torn.
 *
 * A gzip file is a row of members, one a flush (RFC 1952 section 2.2): it can be read at any time, and cut back between two of them.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Cursor } from '../cursor.ts'
import { type Columns, createCsvEncoder } from './csv.ts'
import { readEnds } from './file-ends.ts'
import { FileSink } from './file-sink.ts'
import { type Encoder, type Format, formatOf } from './format.ts'
import { goOn, type ReadLog } from './go-on.ts'
import { encodeJsonLine } from './json-lines.ts'
import { PipeSink } from './pipe-sink.ts'
import type { Sink } from './sink.ts'

export interface Destination {
  /** A file's path, or `-` for standard output; `csv:` or `jsonl:` before it names the format. */
  readonly path: string
  readonly mode: 'append' | 'replace'
}

/** Who keeps cursors between runs, by path. */
export interface CursorKeeper {
  get(path: string): Cursor | undefined
  save(path: string, cursor: Cursor): Promise<void>
}

export interface ExporterOptions {
  readonly warn: (message: string) => void
  /** Who keeps cursors; without, an output begins where it is, and is not gone on with. */
  readonly cursors?: CursorKeeper | undefined
  /** The items whose numbers cursors speak of. */
  readonly readLog?: ReadLog
  /** The command that writes a file again from the log, for the message that asks for it. */
  readonly exportCommand?: string
  /** The columns of a CSV file, when they are known before its first item. */
  readonly columns?: readonly string[] | undefined
}

/** Text that waits to be written before an item has to wait, too. */
const maxPendingChars = 64 * 1024
/** A member of its own costs a gzip file some compression, so it is made of more. */
const maxPendingGzipChars = 1024 * 1024
const gzipFlushMs = 10_000
const cursorIntervalMs = 1_000

export class Exporter {
  readonly #destination: Destination
  readonly #format: Format
  readonly #sink: Sink
  readonly #encoder: Encoder
  readonly #cursors: CursorKeeper | undefined
  readonly #foreignBytes: number
  #pending = ''
  #pendingItem: number
  #writtenItem: number
  #flushedAt = performance.now()
  #savedAt = performance.now()
  #writing: Promise<void> | undefined
  #failure: unknown

  private constructor(destination: Destination, format: Format, start: Start, cursors: CursorKeeper | undefined) {
    this.#destination = destination
    this.#format = format
    this.#sink = start.sink
    this.#encoder = start.encoder
    this.#foreignBytes = start.foreignBytes
    this.#cursors = cursors
    this.#pendingItem = start.item
    this.#writtenItem = start.item
  }

  /**
   * @throws OutputError when the destination cannot be written to, the format is unknown, or the file is not what its cursor says.
   */
  static async open(destination: Destination, options: ExporterOptions): Promise<Exporter> {
    const format = formatOf(destination.path)
    const { cursors } = options
    const start = await startOf(destination, format, options)
    const exporter = new Exporter(destination, format, start, cursors)
    await exporter.#saveCursor(false)
    return exporter
  }

  get path(): string {
    return this.#format.path
  }

  /** The last item that it has, written or about to be. */
  get item(): number {
    return this.#pendingItem
  }

  /** Where it is, for whoever keeps cursors. */
  cursor(isClosed: boolean): Cursor {
    return {
      item: this.#writtenItem,
      bytes: this.#sink.bytes,
      foreignBytes: this.#foreignBytes,
      columns: this.#encoder.columns ?? null,
      isClosed,
    }
  }

  /**
   * Resolves when there is room for another item.
   * @param id the item's number in the log.
   * @throws OutputFailedError when writing fails.
   */
  async write(item: unknown, id: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#pending += this.#encoder.encode(item)
    this.#pendingItem = id
    if (this.#isFlushDue) this.#writing ??= this.#writeOut()
    const maxPending = this.#format.isGzip ? maxPendingGzipChars : maxPendingChars
    if (this.#pending.length >= maxPending) await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Writes what is left and closes.
   * @param isComplete whether the crawl has finished well: a replacement takes its place only then.
   * @returns where the items are.
   */
  async close(isComplete: boolean): Promise<string> {
    await this.#writing
    await this.#writeOut()
    let where = ''
    const isReplaced = isComplete && this.#destination.mode === 'replace'
    await this.#tryIfWell(() => this.#saveCursor(true))
    await this.#try(async () => {
      where = await this.#sink.close(isComplete && this.#failure === undefined)
    })
    if (isReplaced) await this.#tryIfWell(() => this.#keepCursor(true))
    if (this.#failure !== undefined) throw this.#failure
    return where
  }

  get #isFlushDue(): boolean {
    if (!this.#format.isGzip) return true
    return this.#pending.length >= maxPendingGzipChars || performance.now() - this.#flushedAt >= gzipFlushMs
  }

  async #writeOut(): Promise<void> {
    await this.#try(async () => {
      // After a failure nothing more is written: the file would have a hole.
      while (this.#pending !== '' && this.#failure === undefined) {
        const text = this.#pending
        const item = this.#pendingItem
        this.#pending = ''
        await this.#sink.write(this.#format.isGzip ? await compress(text) : text)
        this.#flushedAt = performance.now()
        this.#writtenItem = item
        if (this.#flushedAt - this.#savedAt >= cursorIntervalMs) await this.#saveCursor(false)
        if (this.#format.isGzip && !this.#isFlushDue) break
      }
    })
    this.#writing = undefined
  }

  async #tryIfWell(work: () => Promise<void>): Promise<void> {
    if (this.#failure === undefined) await this.#try(work)
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#failure ??= error
    }
  }

  /** What the cursor speaks of is synced before it is saved. A replacement has none until it has taken its place. */
  async #saveCursor(isClosed: boolean): Promise<void> {
    if (this.#cursors === undefined || this.#destination.mode === 'replace') return
    await this.#sink.sync()
    await this.#keepCursor(isClosed)
    this.#savedAt = performance.now()
  }

  async #keepCursor(isClosed: boolean): Promise<void> {
    await this.#cursors?.save(this.#format.path, this.cursor(isClosed))
  }
}

const compress = promisify(gzip)

/** Where an exporter begins. */
interface Start {
  readonly sink: Sink
  readonly encoder: Encoder
  /** The last item that is there already. */
  readonly item: number
  readonly foreignBytes: number
}

async function startOf(destination: Destination, format: Format, options: ExporterOptions): Promise<Start> {
  const { warn, cursors, readLog = () => [], exportCommand = '' } = options
  const { path } = format
  const createEncoder = (known?: Columns): Encoder =>
    format.format === 'csv' ? createCsvEncoder(path, warn, known) : { encode: encodeJsonLine, columns: undefined }
  const fresh: Columns = { columns: options.columns }
  // What -O has put in its place can be appended to; a replacement is always written anew, from the log.
  const cursor = destination.mode === 'append' ? cursors?.get(path) : undefined
  const there: Columns = { columns: cursor?.columns ?? undefined, hasHeader: cursor?.columns !== null }
  if (path === '-') {
    const encoder = createEncoder(cursor === undefined ? fresh : there)
    return { sink: new PipeSink(process.stdout), encoder, item: cursor?.item ?? 0, foreignBytes: 0 }
  }
  if (destination.mode === 'replace')
    return { sink: await FileSink.replace(format), encoder: createEncoder(fresh), item: 0, foreignBytes: 0 }
  if (cursor !== undefined) {
    const sink = await goOn(format, cursor, { warn, readLog, createEncoder: () => createEncoder(there), exportCommand })
    const appended = (sink.bytes ?? 0) - (cursor.bytes ?? 0)
    // Killed before its first item: what was there before has the header.
    const isHeadless = cursor.columns === null && (sink.bytes ?? 0) > 0
    const existingHeader = isHeadless ? (await readEnds(path, format.isGzip, sink.bytes ?? 0)).firstLine : undefined
    return {
      sink,
      encoder: createEncoder({ ...there, existingHeader }),
      item: cursor.item,
      foreignBytes: cursor.foreignBytes + appended,
    }
  }
  const { sink, size, header } = await FileSink.append(format)
  const logged = readLog(0, 1).length > 0
  if (size > 0 && logged && cursors !== undefined)
    warn(`${path} is new to this crawl: all items of its log are appended to the ${size} bytes that are there`)
  return { sink, encoder: createEncoder({ ...fresh, existingHeader: header }), item: 0, foreignBytes: size }
}
