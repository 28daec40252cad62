/** So many may be at work at once; the others wait, first come, first served. */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Whether somebody who comes now would have to wait. */
  get areTaken(): boolean {
    return this.#free <= 0
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Nobody has one, and nobody waits. */
  isIdle(count: number): boolean {
    return this.#free === count
  }

  /** Resolves when there is one; it is the caller's until `give`. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
