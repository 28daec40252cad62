/**
 * Which of many patterns could match a path: an index by their literal parts (what stands between asterisks).
 *
 * A pattern that matches has each of its literals in the path. So it is filed under one gram (a run of 8, 4, 2 or 1 octets) of its
 * literals, the one that the fewest patterns have, and a path looks up only the grams that it has itself. Patterns without literals could
 * match any path. Grams are kept as hashes: a wrong candidate is possible, a missed one is not.
 */

/** A literal is filed under grams of the longest of these sizes that it holds. Powers of two, which fit into one set of bits. */
const sizes = [1, 2, 4, 8] as const

export class PatternIndex {
  /** By slot: the hash of its gram. A table with open addressing, at most a quarter full. */
  readonly #hashes: Int32Array
  /** By slot: the first pattern that is filed there, or -1. */
  readonly #first: Int32Array
  /** By pattern: the next one in its slot, or -1. */
  readonly #next: Int32Array
  /** By slot: the last question in which it was looked up; a gram that a path has twice counts once. */
  readonly #lookedUpAt: Uint32Array
  /** Patterns without literals. */
  readonly #always: number[] = []
  /** The sizes of grams that are filed. */
  #sizes = 0
  #questions = 0

  constructor(patterns: readonly string[]) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(patterns.length, 16) * 4))
    this.#hashes = new Int32Array(slots)
    this.#first = new Int32Array(slots).fill(-1)
    this.#lookedUpAt = new Uint32Array(slots)
    this.#next = new Int32Array(patterns.length)
    const grams = rarestGrams(patterns)
    for (let pattern = 0; pattern < patterns.length; pattern += 1) {
      const size = grams.sizes[pattern] ?? 0
      if (size === 0) this.#always.push(pattern)
      else this.#file(pattern, grams.hashes[pattern] ?? 0)
      this.#sizes |= size
    }
  }

  #file(pattern: number, hash: number): void {
    const slot = this.#slotOf(hash)
    this.#hashes[slot] = hash
    this.#next[pattern] = this.#first[slot] ?? -1
    this.#first[slot] = pattern
  }

  /** The numbers of the patterns that could match, ascending. */
  candidates(path: string): readonly number[] {
    const found = [...this.#always]
    this.#questions += 1
    eachSize(path, this.#sizes, (size, hashes, count) => {
      if ((this.#sizes & size) !== 0) for (let at = 0; at < count; at += 1) this.#lookUp(hashes[at] ?? 0, found)
    })
    return found.sort((a, b) => a - b)
  }

  #lookUp(hash: number, found: number[]): void {
    const slot = this.#slotOf(hash)
    let pattern = this.#first[slot] ?? -1
    if (pattern === -1 || this.#lookedUpAt[slot] === this.#questions) return
    this.#lookedUpAt[slot] = this.#questions
    for (; pattern !== -1; pattern = this.#next[pattern] ?? -1) found.push(pattern)
  }

  /** Where a gram is filed, or would be. */
  #slotOf(hash: number): number {
    const first = this.#first
    let slot = cellOf(hash, first.length)
    while (first[slot] !== -1 && this.#hashes[slot] !== hash) slot = (slot + 1) & (first.length - 1)
    return slot
  }
}

/** By pattern: the gram that is there least often, and its size; 0 for a pattern without literals. */
function rarestGrams(patterns: readonly string[]): { hashes: Int32Array; sizes: Uint8Array } {
  // All in one text, and flat arrays: to go through 500 KiB in small steps takes several times as long.
  const text = patterns.join('\n')
  const sizesAt = gramSizesIn(text)
  const grams = new Int32Array(text.length)
  // Two grams may share a cell, which makes both look less rare than they are.
  const counts = new Uint32Array(2 ** 17)
  eachSize(text, Math.max(...sizes), (size, hashes, count) => {
    for (let at = 0; at < count; at += 1) {
      if (sizesAt[at] !== size) continue
      const hash = hashes[at] ?? 0
      const cell = cellOf(hash, counts.length)
      counts[cell] = (counts[cell] ?? 0) + 1
      grams[at] = hash
    }
  })

  const rarest = { hashes: new Int32Array(patterns.length), sizes: new Uint8Array(patterns.length) }
  let pattern = 0
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < text.length; at += 1) {
    const size = sizesAt[at] ?? 0
    if (size !== 0) {
      const hash = grams[at] ?? 0
      const count = counts[cellOf(hash, counts.length)] ?? 0
      if (count >= least) continue
      least = count
      rarest.hashes[pattern] = hash
      rarest.sizes[pattern] = size
    } else if (text.charCodeAt(at) === lineFeed) {
      pattern += 1
      least = Number.POSITIVE_INFINITY
    }
  }
  return rarest
}

const lineFeed = 0x0a
const asterisk = 0x2a
/** Special, for elsewhere than at the end of a pattern it is escaped. */
const dollar = 0x24

/** By where it starts: the size of a gram that a pattern can be filed under, or 0. */
function gramSizesIn(text: string): Uint8Array {
  const found = new Uint8Array(text.length)
  let from = 0
  for (let at = 0; at <= text.length; at += 1) {
    const octet = at === text.length ? lineFeed : text.charCodeAt(at)
    if (octet !== lineFeed && octet !== asterisk && octet !== dollar) continue
    const size = sizes.findLast((fits) => fits <= at - from)
    if (size !== undefined) found.fill(size, from, at - size + 1)
    from = at + 1
  }
  return found
}

/** Tells the hashes of a text's grams, by where they start, for each size up to the longest of those asked for. */
function eachSize(text: string, asked: number, tell: (size: number, hashes: Int32Array, count: number) => void): void {
  const hashes = new Int32Array(text.length)
  for (let at = 0; at < text.length; at += 1) hashes[at] = Math.imul(text.charCodeAt(at), 0x9e3779b1)
  for (const size of sizes) {
    const count = text.length - size + 1
    if (asked < size || count <= 0) return
    tell(size, hashes, count)
    // A gram of twice the size is this one, and the one that follows on it.
    for (let at = 0; at + size < count; at += 1) {
      const mixed = Math.imul((hashes[at] ?? 0) ^ 0x5bd1e995, 0x01000193) ^ (hashes[at + size] ?? 0)
      hashes[at] = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
    }
  }
}

/** A place for a hash in a table whose length is a power of two. */
const cellOf = (hash: number, length: number) => (hash ^ (hash >>> 15)) & (length - 1)
