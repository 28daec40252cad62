/** What a page asks of robots, as plain data; how it is read is told in politeness/page-directives.ts. */
export interface PageDirectives {
  /** Not for an index, or any output, unless the user insists; its links may be followed. */
  readonly noindex: boolean
  /** Its links are not to be followed. */
  readonly nofollow: boolean
  /**
   * Every rule that spoke to us, in lower case and without duplicates: `noindex`, `max-snippet: 20`, `noai`. At most 64 of 256
   * characters each, as a page may say anything; those beyond are obeyed all the same.
   */
  readonly all: readonly string[]
  /** From when on the page is `noindex`, in milliseconds since the Unix epoch; the earliest, if there are several. */
  readonly unavailableAfter: number | undefined
}

/** Frozen. */
export const asksNothing: PageDirectives = Object.freeze({
  noindex: false,
  nofollow: false,
  all: Object.freeze([]),
  unavailableAfter: undefined,
})
