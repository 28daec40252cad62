/**
 * An exporter writes items to one destination in one format. What is written at once is whole lines, so a process that dies leaves no torn
 * one behind.
 *
 * A file is appended to, or replaced: then items go to `FILE.part`, which takes the file's place in one step when the crawl has finished
 * well. Until then, and if it does not, the old file stays.
 */
import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { OutputError, OutputFailedError } from '../errors.ts'
import { createCsvEncoder } from './csv.ts'
import { encodeJsonLine } from './json-lines.ts'

export interface Destination {
  /** A file's path, or `-` for standard output; `csv:` or `jsonl:` before it names the format. */
  readonly path: string
  readonly mode: 'append' | 'replace'
}

/** What an exporter writes through; files and pipes differ. */
interface Sink {
  write(text: string): Promise<void>
  /** Resolves to where the items are. */
  close(isComplete: boolean): Promise<string>
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

function formatOf(given: string): { format: 'jsonl' | 'csv'; path: string } {
  const named = /^(jsonl|csv):(.+)$/s.exec(given)
  if (named !== null) return { format: named[1] as 'jsonl' | 'csv', path: named[2] ?? '' }
  if (given === '-') return { format: 'jsonl', path: given }
  const extension = extname(given)
  if (extension === '.jsonl' || extension === '.ndjson') return { format: 'jsonl', path: given }
  if (extension === '.csv') return { format: 'csv', path: given }
  throw new OutputError(`The format of output "${given}" is unknown: name it .jsonl or .csv, or write jsonl:${given}`)
}

class FileSink implements Sink {
  readonly #path: string
  readonly #partPath: string | undefined
  readonly #file: FileHandle

  private constructor(path: string, partPath: string | undefined, file: FileHandle) {
    this.#path = path
    this.#partPath = partPath
    this.#file = file
  }

  static async open(path: string, mode: Destination['mode']): Promise<FileSink> {
    const partPath = mode === 'replace' ? `${path}.part` : undefined
    try {
      if (partPath !== undefined && (await isDirectory(path))) throw Object.assign(new Error(), { code: 'EISDIR' })
      return new FileSink(path, partPath, await open(partPath ?? path, partPath === undefined ? 'a+' : 'w'))
    } catch (error) {
      throw new OutputError(`Cannot write ${partPath ?? path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  /** Sees to it that an appended line starts on a line of its own. Resolves to the first line of what is there. */
  async prepareAppend(format: 'jsonl' | 'csv'): Promise<string | undefined> {
    if (this.#partPath !== undefined) return undefined
    const { size } = await this.#file.stat()
    if (size === 0) return undefined
    const tail = await this.#read(Math.max(0, size - 1024 * 1024), 1024 * 1024)
    const lastLine = tail.slice(tail.lastIndexOf('\n') + 1)
    if (lastLine !== '') {
      // A last line without a line end is either whole, from another tool, or torn, from a crash.
      if (format === 'jsonl' && !isJson(lastLine)) {
        await this.#file.close()
        throw new OutputError(
          `${this.#path} ends in a torn line ("${lastLine.slice(0, 40)}"): repair it, or use -O to replace the file`,
        )
      }
      await this.write('\n')
    }
    return (await this.#read(0, 64 * 1024)).split(/\r?\n/, 1)[0]
  }

  async write(text: string): Promise<void> {
    try {
      await this.#file.appendFile(text)
    } catch (error) {
      throw new OutputFailedError(`Cannot write ${this.#partPath ?? this.#path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async close(isComplete: boolean): Promise<string> {
    try {
      await this.#file.sync()
      await this.#file.close()
      if (this.#partPath === undefined) return this.#path
      if (!isComplete) return this.#partPath
      await rename(this.#partPath, this.#path)
      return this.#path
    } catch (error) {
      throw new OutputFailedError(`Cannot finish ${this.#path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async #read(position: number, length: number): Promise<string> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, position)
    return buffer.toString('utf8', 0, bytesRead)
  }
}

class PipeSink implements Sink {
  readonly #stream: NodeJS.WriteStream
  #failure: NodeJS.ErrnoException | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    // Without a listener, a reader that left would end the process.
    stream.on('error', (error) => {
      this.#failure = error
    })
  }

  async write(text: string): Promise<void> {
    const error =
      this.#failure ?? (await new Promise<Error | null | undefined>((resolve) => this.#stream.write(text, resolve)))
    if (error === undefined || error === null) return
    const readerLeft = 'code' in error && error.code === 'EPIPE'
    throw new OutputFailedError(`Cannot write standard output: ${reasonOf(error)}`, { cause: error, readerLeft })
  }

  close(): Promise<string> {
    return Promise.resolve('standard output')
  }
}

const isDirectory = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EPIPE: 'its reader has gone',
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
