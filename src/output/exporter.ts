/**
 * An exporter writes items to one destination in one format. What is written at once is whole lines, so a process that dies leaves no torn
 * one behind.
 */
import { extname } from 'node:path'
import { OutputError } from '../errors.ts'
import { createCsvEncoder } from './csv.ts'
import { FileSink } from './file-sink.ts'
import { encodeJsonLine } from './json-lines.ts'
import { PipeSink } from './pipe-sink.ts'
import type { Sink } from './sink.ts'

export interface Destination {
  /** A file's path, or `-` for standard output; `csv:` or `jsonl:` before it names the format. */
  readonly path: string
  readonly mode: 'append' | 'replace'
}

/** Bytes that wait to be written before an item has to wait, too. */
const maxPendingBytes = 64 * 1024

export class Exporter {
  readonly #sink: Sink
  readonly #encode: (item: unknown) => string
  #pending = ''
  #writing: Promise<void> | undefined
  #failure: unknown

  private constructor(sink: Sink, encode: (item: unknown) => string) {
    this.#sink = sink
    this.#encode = encode
  }

  /** @throws OutputError when the destination cannot be written to or the format is unknown. */
  static async open(destination: Destination, warn: (message: string) => void): Promise<Exporter> {
    const { format, path } = formatOf(destination.path)
    const encoderFor = (header: string | undefined) =>
      format === 'csv' ? createCsvEncoder(path, header, warn) : encodeJsonLine
    if (path === '-') return new Exporter(new PipeSink(process.stdout), encoderFor(undefined))
    const sink = await FileSink.open(path, destination.mode)
    const firstLine = await sink.prepareAppend(format)
    return new Exporter(sink, encoderFor(firstLine))
  }

  /** Resolves when there is room for another item. @throws OutputFailedError when writing fails. */
  async write(item: unknown): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    this.#pending += this.#encode(item)
    this.#writing ??= this.#writeOut()
    if (this.#pending.length >= maxPendingBytes) await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Writes what is left and closes.
   * @param isComplete whether the crawl has finished well: a replacement takes its place only then.
   * @returns where the items are.
   */
  async close(isComplete: boolean): Promise<string> {
    await this.#writing
    const where = await this.#sink.close(isComplete && this.#failure === undefined)
    if (this.#failure !== undefined) throw this.#failure
    return where
  }

  async #writeOut(): Promise<void> {
    try {
      while (this.#pending !== '') {
        const text = this.#pending
        this.#pending = ''
        await this.#sink.write(text)
      }
    } catch (error) {
      this.#failure = error
    } finally {
      this.#writing = undefined
    }
  }
}

/** The format and the path that a destination names. @throws OutputError when the format is unknown. */
export function formatOf(given: string): { format: 'jsonl' | 'csv'; path: string } {
  const named = /^(jsonl|csv):(.+)$/s.exec(given)
  if (named !== null) return { format: named[1] as 'jsonl' | 'csv', path: named[2] ?? '' }
  if (given === '-') return { format: 'jsonl', path: given }
  const extension = extname(given)
  if (extension === '.jsonl' || extension === '.ndjson') return { format: 'jsonl', path: given }
  if (extension === '.csv') return { format: 'csv', path: given }
  throw new OutputError(`The format of output "${given}" is unknown: name it .jsonl or .csv, or write jsonl:${given}`)
}
