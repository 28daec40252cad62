/** Writes a partial file on, chunk by chunk, and digests what is in it; ends when all of it is synced. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { tooLarge } from '../body.ts'
import { onDisk } from './partial-file.ts'
import { forgetWritten } from './written-pieces.ts'

export class FileWriter extends Writable {
  readonly #path: string
  readonly #file: FileHandle
  readonly #digest: Hash
  readonly #maxBytes: number
  #bytes: number

  private constructor(path: string, file: FileHandle, digest: Hash, bytes: number, maxBytes: number) {
    // A chunk at a time: what waits for the disk keeps the socket waiting, and not the memory.
    super({ highWaterMark: 1 })
    this.#path = path
    this.#file = file
    this.#digest = digest
    this.#bytes = bytes
    this.#maxBytes = maxBytes
  }

  /** @param bytes that are in the file already, and stay. @throws FilesFailedError */
  static async open(path: string, bytes: number, maxBytes: number): Promise<FileWriter> {
    const digest = createHash('sha256')
    if (bytes > 0)
      await onDisk(path, async () => {
        for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array)
      })
    const file = await onDisk(path, () => open(path, bytes > 0 ? 'a' : 'w', 0o600))
    return new FileWriter(path, file, digest, bytes, maxBytes)
  }

  /** Of the whole file; to be called once, at the end. */
  sum(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#digest.digest('hex') }
  }

  override _write(chunk: Uint8Array, _encoding: unknown, done: (error?: Error) => void): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#maxBytes) {
      done(tooLarge(this.#maxBytes))
      return
    }
    this.#digest.update(chunk)
    onDisk(this.#path, () => this.#file.appendFile(chunk)).then(() => {
      forgetWritten(chunk.length)
      done()
    }, done)
  }

  override _final(done: (error?: Error) => void): void {
    onDisk(this.#path, () => this.#file.sync()).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#file.close().then(
      () => done(error),
      (closing: Error) => done(error ?? closing),
    )
  }
}
