/**
 * A file that is appended to, or replaced: then items go to `FILE.part`, which takes the file's place in one step when the crawl has
 * finished well. Until then, and if it does not, the old file stays.
 *
 * A file that has a cursor is gone on with: it is cut back to where the cursor is, for what comes after that was written by a process that
 * was killed before it could say so.
 */
import { type FileHandle, lstat, open, realpath, rename, stat } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import type { Cursor } from '../cursor.ts'
import { OutputError, OutputFailedError, reasonOf } from '../errors.ts'
import { readEnds } from './file-ends.ts'
import type { Format } from './format.ts'
import type { Sink } from './sink.ts'

interface OpenedFile {
  readonly sink: FileSink
  /** Whether it goes on where its cursor is. */
  readonly goesOn: boolean
  /** The first line of a file that is appended to. */
  readonly header?: string | undefined
}

export class FileSink implements Sink {
  readonly #path: string
  readonly #partPath: string | undefined
  readonly #file: FileHandle
  readonly #isFile: boolean
  /** The length up to the last line that was written whole. */
  #wholeBytes: number

  private constructor(path: string, partPath: string | undefined, file: FileHandle, isFile: boolean, size: number) {
    this.#path = path
    this.#partPath = partPath
    this.#file = file
    this.#isFile = isFile
    this.#wholeBytes = size
  }

  /**
   * @param remedy how the file can be written again, when it is not what its cursor says.
   * @throws OutputError
   */
  static async open(
    format: Format,
    mode: 'append' | 'replace',
    cursor?: Cursor,
    remedy = 'use another file',
  ): Promise<OpenedFile> {
    try {
      return mode === 'append' ? await openToAppend(format, cursor, remedy) : await openToReplace(format.path, cursor)
    } catch (error) {
      if (error instanceof OutputError) throw error
      throw new OutputError(`Cannot write ${format.path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  /** @param bytes the length that the file is cut back to. */
  static async of(path: string, partPath: string | undefined, file: FileHandle, bytes?: number): Promise<FileSink> {
    const found = await file.stat()
    if (bytes !== undefined && found.size > bytes) await file.truncate(bytes)
    return new FileSink(path, partPath, file, found.isFile(), bytes ?? found.size)
  }

  get bytes(): number | null {
    return this.#isFile ? this.#wholeBytes : null
  }

  async write(data: string | Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(data)
      this.#wholeBytes += Buffer.byteLength(data)
    } catch (error) {
      // A part of it may be written; what stays are whole lines.
      await this.#file.truncate(this.#wholeBytes).catch(() => undefined)
      throw this.#failed('write', error)
    }
  }

  async sync(): Promise<void> {
    try {
      // A pipe or a device cannot be synced.
      if (this.#isFile) await this.#file.datasync()
    } catch (error) {
      throw this.#failed('write', error)
    }
  }

  async close(isComplete: boolean): Promise<string> {
    try {
      if (this.#isFile) await this.#file.sync()
      await this.#file.close()
      if (this.#partPath === undefined) return this.#path
      if (!isComplete) return this.#partPath
      await rename(this.#partPath, this.#path)
      return this.#path
    } catch (error) {
      throw this.#failed('finish', error)
    }
  }

  #failed(verb: string, error: unknown): OutputFailedError {
    const path = this.#partPath ?? this.#path
    return new OutputFailedError(`Cannot ${verb} ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

async function openToAppend(format: Format, cursor: Cursor | undefined, remedy: string): Promise<OpenedFile> {
  const { path } = format
  const size = await sizeOf(path)
  if (cursor !== undefined && cursor.bytes !== null && (size ?? 0) < cursor.bytes) {
    throw new OutputError(
      `${path} ${size === undefined ? 'is not there' : `has ${size} bytes`}, and ${cursor.bytes} were written to it: put it back, or ${remedy}`,
    )
  }
  // An empty file can lie where a cursor at 0 left it.
  const file = await open(path, 'a+')
  if (cursor !== undefined && (cursor.bytes === null || !cursor.isClosed || cursor.bytes === size)) {
    return { sink: await FileSink.of(path, undefined, file, cursor.bytes ?? undefined), goesOn: true }
  }
  const sink = await FileSink.of(path, undefined, file)
  if (sink.bytes === null || sink.bytes === 0) return { sink, goesOn: cursor !== undefined }
  const { firstLine, lastLine } = await readEnds(path, format.isGzip, sink.bytes)
  if (lastLine !== '') {
    // A last line without a line end is either whole, from another tool, or torn, from a crash.
    if (!isWhole(lastLine, format.format)) {
      await file.close()
      throw new OutputError(
        `${path} ends in a torn line ("${lastLine.slice(0, 40)}"): repair it, or use -O to replace the file`,
      )
    }
    await sink.write(format.isGzip ? gzipSync('\n') : '\n')
  }
  return { sink, goesOn: cursor !== undefined, header: firstLine }
}

async function openToReplace(path: string, cursor: Cursor | undefined): Promise<OpenedFile> {
  // A link stays, and what it leads to is replaced.
  const isLink = await lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  )
  const target = isLink ? await realpath(path) : path
  const found = await stat(target).catch(() => undefined)
  if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
  if (found?.isFile() === false) throw new OutputError(`Cannot replace ${path}: it is a pipe or a device (use -o)`)
  const partPath = `${target}.part`
  const partSize = await sizeOf(partPath)
  // A part that is not what its cursor says is written anew, from the log.
  const canGoOn = cursor !== undefined && !cursor.isClosed && cursor.bytes !== null
  if (canGoOn && partSize !== undefined && partSize >= cursor.bytes) {
    const sink = await FileSink.of(target, partPath, await open(partPath, 'a+'), cursor.bytes)
    return { sink, goesOn: true }
  }
  return { sink: await FileSink.of(target, partPath, await open(partPath, 'w')), goesOn: false }
}

/** The size of a file; `undefined` if there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function isWhole(line: string, format: Format['format']): boolean {
  if (format === 'csv') return line.split('"').length % 2 === 1
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
