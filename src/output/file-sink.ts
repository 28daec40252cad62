/**
 * A file that is appended to, or replaced: then items go to `FILE.part`, which takes the file's place in one step when the crawl has
 * finished well. Until then, and if it does not, the old file stays.
 */
import { type FileHandle, lstat, open, realpath, rename, stat } from 'node:fs/promises'
import { OutputError, OutputFailedError } from '../errors.ts'
import { reasonOf, type Sink } from './sink.ts'

export class FileSink implements Sink {
  readonly #path: string
  readonly #partPath: string | undefined
  readonly #file: FileHandle
  /** The length up to the last line that was written whole. */
  #wholeBytes = 0

  private constructor(path: string, partPath: string | undefined, file: FileHandle) {
    this.#path = path
    this.#partPath = partPath
    this.#file = file
  }

  static async open(path: string, mode: 'append' | 'replace'): Promise<FileSink> {
    try {
      if (mode === 'append') return new FileSink(path, undefined, await open(path, 'a+'))
      // A link stays, and what it leads to is replaced.
      const isLink = await lstat(path).then(
        (entry) => entry.isSymbolicLink(),
        () => false,
      )
      const target = isLink ? await realpath(path) : path
      const found = await stat(target).catch(() => undefined)
      if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
      if (found?.isFile() === false) throw new OutputError(`Cannot replace ${path}: it is a pipe or a device (use -o)`)
      return new FileSink(target, `${target}.part`, await open(`${target}.part`, 'w'))
    } catch (error) {
      if (error instanceof OutputError) throw error
      throw new OutputError(`Cannot write ${path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  /** Sees to it that an appended line starts on a line of its own. Resolves to the first line of what is there. */
  async prepareAppend(format: 'jsonl' | 'csv'): Promise<string | undefined> {
    if (this.#partPath !== undefined) return undefined
    const { size } = await this.#file.stat()
    this.#wholeBytes = size
    if (size === 0) return undefined
    const tail = await this.#read(Math.max(0, size - 1024 * 1024), 1024 * 1024)
    const lastLine = tail.slice(tail.lastIndexOf('\n') + 1)
    if (lastLine !== '') {
      // A last line without a line end is either whole, from another tool, or torn, from a crash.
      const isWhole = format === 'jsonl' ? isJson(lastLine) : lastLine.split('"').length % 2 === 1
      if (!isWhole) {
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
      this.#wholeBytes += Buffer.byteLength(text)
    } catch (error) {
      // A part of it may be written; what stays are whole lines.
      await this.#file.truncate(this.#wholeBytes).catch(() => undefined)
      throw new OutputFailedError(`Cannot write ${this.#partPath ?? this.#path}: ${reasonOf(error)}`, { cause: error })
    }
  }

  async close(isComplete: boolean): Promise<string> {
    try {
      // A pipe or a device cannot be synced.
      if ((await this.#file.stat()).isFile()) await this.#file.sync()
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
