/**
 * Collects a body that comes in pieces. A server chooses their size: ten million pieces of one byte are ten megabytes here too, and not the
 * gigabyte that as many small buffers take.
 */
const piecesToJoin = 256

export class Pieces {
  #joined: Uint8Array[] = []
  #recent: Uint8Array[] = []

  add(piece: Uint8Array): void {
    this.#recent.push(piece)
    if (this.#recent.length < piecesToJoin) return
    this.#joined.push(Buffer.concat(this.#recent))
    this.#recent = []
  }

  whole(): Uint8Array {
    const all = [...this.#joined, ...this.#recent]
    const [only] = all
    return all.length === 1 && only !== undefined ? only : Buffer.concat(all)
  }
}
