/**
 * What it may cost to parse a page. The work is counted, not timed: it depends on the page alone, so that a page comes to the same end on a
 * slow machine and on a fast one. A page that goes beyond what any person writes is an error, told from others by its words.
 */

/** Chromium lets a tree grow 512 deep; pages that forget their end tags come to more. */
const maxNesting = 1_000
/** The largest pages that we know of, standards and book-length tables, have some 300,000. */
const maxNodes = 500_000
/** Of one element. */
const maxAttributes = 1_000
/** Of the page; each takes about 200 bytes. */
const maxAttributesInAll = 1_000_000
/** A step is a look at one open element, 10 to 30 ns. The manuals and sources of 8 MB that we know of take a tenth of these. */
export const maxSteps = 20_000_000

export class HtmlLimitError extends Error {
  constructor(what: string) {
    super(`The page's HTML cannot be parsed: ${what}`)
  }
}

export class HtmlWork {
  /** Elements that are open. */
  nesting = 0
  #nodes = 0
  #attributes = 0
  #adopted = 0
  #steps = 0

  get steps(): number {
    return this.#steps
  }

  get nodes(): number {
    return this.#nodes
  }

  get attributes(): number {
    return this.#attributes
  }

  open(): void {
    if (++this.nesting > maxNesting) throw new HtmlLimitError(`its elements are more than ${maxNesting} deep`)
  }

  close(): void {
    this.nesting -= 1
  }

  addNode(): void {
    if (++this.#nodes > maxNodes) throw new HtmlLimitError(`it comes to more than ${maxNodes} elements`)
  }

  /** @param count of the attributes that the element has already, each of which is looked at. */
  addAttribute(count: number): void {
    if (count >= maxAttributes) throw new HtmlLimitError(`an element has more than ${maxAttributes} attributes`)
    this.look(count >> 1)
  }

  /** To the root or to the body, from a further tag of theirs. */
  adoptAttributes(count: number): void {
    this.#adopted += count
    if (this.#adopted > maxAttributes) throw new HtmlLimitError(`an element has more than ${maxAttributes} attributes`)
  }

  /** Into an element: formatting that is taken up again has those of its tag once more. */
  copyAttributes(count: number): void {
    this.#attributes += count
    if (this.#attributes > maxAttributesInAll)
      throw new HtmlLimitError(`it comes to more than ${maxAttributesInAll} attributes`)
  }

  look(steps: number): void {
    this.#steps += steps
    if (this.#steps > maxSteps) throw new HtmlLimitError('its tags leave too much open, or close too much that is not')
  }
}
