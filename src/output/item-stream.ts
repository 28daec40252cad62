/**
 * The way from the item log to the reader, with back-pressure: at most `maxItems` items are between a parser's yield and the reader.
 *
 * A page takes a *place* for each item that its parser yields, and the reader frees it. So a slow reader slows the parsers, they their
 * hosts' turns, and these the crawl. A page's items are committed together, so pages could come to hold all places and wait for one
 * another; when every page that holds places waits, and nothing is left for the reader to free, the first in the queue goes on, beyond
 * the bound and alone.
 */

/** Up to `limit` items after item `after`, in order of commit. */
export type ReadItems = (
  after: number,
  limit: number,
) => Promise<readonly { readonly id: number; readonly item: unknown }[]>

/** The places of one page. */
export interface Places {
  /** Takes a place for one item; resolves when there is one. */
  take(): Promise<void>
  /** The page's items were committed: their places are the reader's to free. */
  commit(): void
  /** The page's items will not be committed. Does nothing after `commit`. */
  giveBack(): void
}

const batchSize = 100

export class ItemStream {
  readonly #read: ReadItems
  readonly #maxItems: number
  /** The last item that the reader is done with: it asked for the next. */
  #done: number
  /** Items of pages at work and committed ones that the reader did not get yet. */
  #held: number
  #committed: number
  /** Pages that hold places and do not wait for another. */
  #pagesAtWork = 0
  readonly #queue: { readonly places: Places; readonly resolve: () => void }[] = []
  /** The page that goes on beyond the bound, to its end. */
  #beyondBound: Places | undefined
  #hasEnded = false
  #isCancelled = false
  #wakeReader: () => void = () => undefined

  /**
   * @param after the item that the reader has got to in an earlier run.
   * @param backlog how many items were committed since.
   */
  constructor(read: ReadItems, maxItems: number, after = 0, backlog = 0) {
    this.#read = read
    this.#maxItems = maxItems
    this.#done = after
    this.#held = backlog
    this.#committed = backlog
  }

  /** The last item that the reader is done with. */
  get done(): number {
    return this.#done
  }

  /** Items between parsers and reader now. */
  get held(): number {
    return this.#held
  }

  openPlaces(): Places {
    let count = 0
    const leave = () => {
      if (count > 0) this.#pagesAtWork -= 1
      count = 0
      if (this.#beyondBound === places) this.#beyondBound = undefined
      this.#admit()
    }
    const places: Places = {
      take: async () => {
        if (this.#mustWait(places)) {
          await new Promise<void>((resolve) => {
            this.#queue.push({ places, resolve })
            if (count > 0) this.#pagesAtWork -= 1
            this.#admit()
          })
        } else {
          this.#held += 1
          if (count === 0) this.#pagesAtWork += 1
        }
        count += 1
      },
      commit: () => {
        this.#committed += count
        leave()
        this.#wakeReader()
      },
      giveBack: () => {
        this.#held -= count
        leave()
      },
    }
    return places
  }

  /** No more items will be committed; those that were are still read. Pages that wait for a place wait no longer. */
  end(): void {
    this.#hasEnded = true
    this.#admit()
    this.#wakeReader()
  }

  /** Nobody will read on: what was committed and not read stays in the log. */
  cancel(): void {
    this.#isCancelled = true
    this.end()
  }

  /** The items in order of commit; to be read once. */
  async *items(): AsyncGenerator<unknown> {
    for (;;) {
      while (this.#committed > 0 && !this.#isCancelled) {
        for (const { id, item } of await this.#read(this.#done, Math.min(this.#committed, batchSize))) {
          // What the reader has in hand is the reader's.
          this.#held -= 1
          this.#committed -= 1
          this.#admit()
          yield item
          this.#done = id
          if (this.#isCancelled) return
        }
      }
      if (this.#hasEnded) return
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  #mustWait(places: Places): boolean {
    if (this.#hasEnded || this.#beyondBound === places) return false
    return this.#queue.length > 0 || this.#held >= this.#maxItems
  }

  #admit(): void {
    while (this.#queue.length > 0 && (this.#hasEnded || this.#held < this.#maxItems || this.#isStuck)) {
      const next = this.#queue.shift()
      if (this.#held >= this.#maxItems) this.#beyondBound = next?.places
      this.#held += 1
      this.#pagesAtWork += 1
      next?.resolve()
    }
  }

  get #isStuck(): boolean {
    return this.#committed === 0 && this.#pagesAtWork === 0
  }
}
