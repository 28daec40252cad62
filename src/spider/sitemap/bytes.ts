/**
 * The bytes of a sitemap, unpacked in pieces: gzip is known by its first two bytes (RFC 1952 section 2.3.1), since names and headers lie.
 *
 * However far a bomb unfolds, no more is in memory than what a few KiB of it come to; and what was unpacked before a fault is given out.
 */
import { createGunzip } from 'node:zlib'

/** Packed bytes at a time. Deflate unfolds a byte to 1,032 at most, so that at most 4 MiB wait. */
const stepBytes = 4 * 1024

export class SitemapBytes {
  /** Why the end is not the end of the sitemap. Known after the last piece. */
  cut: 'too_large' | 'broken' | undefined = undefined
  readonly #body: Uint8Array
  readonly #maxBytes: number
  readonly #pieceBytes: number

  constructor(body: Uint8Array, maxBytes: number, pieceBytes: number) {
    this.#body = body
    this.#maxBytes = maxBytes
    this.#pieceBytes = pieceBytes
  }

  /** Pieces of at most `pieceBytes`, `maxBytes` in all. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let room = this.#maxBytes
    for await (const chunk of this.#unpacked()) {
      for (let at = 0; at < chunk.length; at += this.#pieceBytes) {
        const piece = chunk.subarray(at, at + this.#pieceBytes)
        if (room > 0) yield piece.subarray(0, room)
        room -= piece.length
        if (room < 0) {
          this.cut = 'too_large'
          return
        }
      }
    }
  }

  async *#unpacked(): AsyncGenerator<Uint8Array, void, undefined> {
    if (!isGzip(this.#body)) {
      yield this.#body
      return
    }
    // Its iterator would drop what waits in it when an error comes; so we listen, and hold it back by what we write.
    const gunzip = createGunzip({ chunkSize: 64 * 1024 })
    const chunks: Uint8Array[] = []
    let isOver = false
    let settle: () => void = () => undefined
    gunzip.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    gunzip.on('error', () => {
      this.cut = 'broken'
    })
    gunzip.on('close', () => {
      isOver = true
      settle()
    })
    try {
      for (let at = 0; at < this.#body.length && !isOver; at += stepBytes) {
        const step = this.#body.subarray(at, at + stepBytes)
        const isLast = at + stepBytes >= this.#body.length
        await new Promise<void>((resolve) => {
          // A write that fails is not always called back; then the stream closes.
          settle = resolve
          if (isLast) gunzip.end(step)
          else gunzip.write(step, () => resolve())
        })
        yield* chunks.splice(0)
      }
    } finally {
      gunzip.destroy()
    }
  }
}

const isGzip = (body: Uint8Array) => body[0] === 0x1f && body[1] === 0x8b
