/**
 * What a URL, or the content of a page, is recognised by: 53 bits of its SHA-1, which a number holds exactly.
 *
 * They are compared within a host only. Two of n URLs of one host agree by chance with probability n^2 / 2^54: one in 18,000 at a million
 * URLs, one in 180 at ten million; the second of them would count as seen. A site cannot find such pairs for another site.
 */
import { hash } from 'node:crypto'

export function fingerprint(content: string | Uint8Array): number {
  const digest = hash('sha1', content)
  // 13 hex digits are 52 bits; one more from the next.
  return Number.parseInt(digest.slice(0, 13), 16) * 2 + (Number.parseInt(digest.charAt(13), 16) & 1)
}

/**
 * The URLs that were met last. The links of a site's navigation are on each of its pages; those need no look at the disk.
 *
 * Each fingerprint has one slot, where a later one takes its place: a fixed size, and never a wrong answer.
 */
export class RecentlySeen {
  readonly #hosts = new Float64Array(slots)
  readonly #fingerprints = new Float64Array(slots)

  has(host: number, print: number): boolean {
    const slot = print % slots
    return this.#fingerprints[slot] === print && this.#hosts[slot] === host
  }

  add(host: number, print: number): void {
    const slot = print % slots
    this.#hosts[slot] = host
    this.#fingerprints[slot] = print
  }
}

/** 1 MiB in all. */
const slots = 65_536
