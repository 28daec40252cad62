/**
 * A file that is appended to, or replaced: then items go to `FILE.part`, which takes the file's place in one step when the crawl has
 * finished well. Until then, and if it does not, the old file stays.
 */
import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { OutputError, OutputFailedError, reasonOf } from '../errors.ts'
import { readEnds } from './file-ends.ts'
import type { Format } from './format.ts'
import type { Sink } from './sink.ts'

/** What a file that is appended to was found to be. */
export interface FileToAppend {
  readonly sink: FileSink
  /** The length of what is there. */
  readonly size: number
  /** The first line of what is there. */
  readonly header: string | undefined
}

export class FileSink implements Sink {
  readonly #path: string
  readonly #partPath: string | undefined
  readonly #file: FileHandle
  readonly #inode: number
  readonly #isFile: boolean
  /** The length up to the last line that was written whole. */
  #wholeBytes: number

  private constructor(path: string, partPath: string | undefined, file: FileHandle, found: Stats) {
    this.#path = path
    this.#partPath = partPath
    this.#file = file
    this.#inode = found.ino
    this.#isFile = found.isFile()
    this.#wholeBytes = found.size
  }

  /** Opens a file to go on at its end, whatever it is. */
  static async append({ path, isGzip, format }: Format): Promise<FileToAppend> {
    const sink = await opened(path, async () => {
      const file = await open(path, 'a+')
      return new FileSink(path, undefined, file, await file.stat())
    })
    const size = sink.#wholeBytes
    if (!sink.#isFile || size === 0) return { sink, size, header: undefined }
    const { firstLine, lastLine } = await readEnds(path, isGzip, size)
    if (lastLine !== '') {
      // A last line without a line end is either whole, from another tool, or torn, from a crash.
      if (!isWhole(lastLine, format)) {
        await sink.#file.close()
        throw new OutputError(
          `${path} ends in a torn line ("${lastLine.slice(0, 40)}"): repair it, or use -O to replace the file`,
        )
      }
      await sink.write(isGzip ? gzipSync('\n') : '\n')
    }
    return { sink, size: sink.#wholeBytes, header: firstLine }
  }

  /** Opens a file that a crawl has written before, to go on at a place in it; what comes after is cut off. */
  static async goOn({ path }: Format, bytes: number | null): Promise<FileSink> {
    return opened(path, async () => {
      const file = await open(path, 'a+')
      if (bytes !== null && (await file.stat()).size > bytes) await file.truncate(bytes)
      return new FileSink(path, undefined, file, await file.stat())
    })
  }

  static async replace({ path }: Format): Promise<FileSink> {
    return opened(path, async () => {
      // A link stays, and what it leads to is replaced.
      const isLink = await lstat(path).then(
        (entry) => entry.isSymbolicLink(),
        () => false,
      )
      const target = isLink ? await realpath(path) : path
      const found = await stat(target).catch(() => undefined)
      if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
      if (found?.isFile() === false) throw new OutputError(`Cannot replace ${path}: it is a pipe or a device (use -o)`)
      // A file of its own: another process that writes to a part of that name is left with one that has no name.
      await rm(`${target}.part`, { force: true })
      const file = await open(`${target}.part`, 'ax')
      return new FileSink(target, `${target}.part`, file, await file.stat())
    })
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
    // A pipe or a device cannot be synced.
    if (!this.#isFile) return
    try {
      await this.#file.datasync()
    } catch (error) {
      throw this.#failed('write', error)
    }
    await this.#checkPresence('alone')
  }

  async close(isComplete: boolean): Promise<string> {
    try {
      if (this.#isFile) await this.#file.sync()
      await this.#file.close()
      if (this.#isFile) await this.#checkPresence(this.#partPath === undefined ? 'among others' : 'alone')
      if (this.#partPath === undefined) return this.#path
      if (!isComplete) return this.#partPath
      await rename(this.#partPath, this.#path)
      return this.#path
    } catch (error) {
      throw error instanceof OutputFailedError ? error : this.#failed('finish', error)
    }
  }

  /** A file that was deleted or rotated can be written to for days, and all of it is lost. */
  async #checkPresence(writes: 'alone' | 'among others'): Promise<void> {
    const path = this.#partPath ?? this.#path
    const found = await stat(path).catch(() => undefined)
    const isThere = found?.ino === this.#inode && found.size >= this.#wholeBytes
    if (isThere && (writes === 'among others' || found.size === this.#wholeBytes)) return
    const what = isThere ? 'is written to by somebody else' : 'was deleted, replaced or cut short'
    throw new OutputFailedError(
      `${path} ${what} while the crawl was writing it (what a store holds is not lost: --resume goes on, or says how)`,
      { cause: undefined },
    )
  }

  #failed(verb: string, error: unknown): OutputFailedError {
    const path = this.#partPath ?? this.#path
    return new OutputFailedError(`Cannot ${verb} ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

/** Says why a path cannot be written to. */
async function opened<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof OutputError) throw error
    throw new OutputError(`Cannot write ${path}: ${reasonOf(error)}`, { cause: error })
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
