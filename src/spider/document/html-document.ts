/**
 * HTML to a document, by the HTML standard, in bounded time and memory.
 *
 * The standard's parser looks through all open elements at many a tag, and through all attributes at each further one, so its time grows
 * with the square of what a page leaves open: 160 kB of nested lists would hold the crawl for a minute, 10 MB for days. A page that goes
 * beyond what any person writes is an error, told from others by its words; it costs the page and not the crawl (I7).
 */
import { Parser } from 'parse5'
import { adapter, type Htmlparser2TreeAdapterMap } from 'parse5-htmlparser2-tree-adapter'

/** Chromium lets a tree grow 512 deep; pages that forget their end tags come to more. */
const maxNesting = 1_000
/** The largest pages that we know of, standards and book-length tables, have some 300,000. */
const maxNodes = 500_000
const maxAttributes = 1_000

/** Characters that the parser gets at once; in between, the attributes of the tag that it is in are counted. */
const pieceChars = 16 * 1024

export class HtmlLimitError extends Error {
  constructor(what: string) {
    super(`The page's HTML cannot be parsed: ${what}`)
  }
}

export type HtmlElement = Htmlparser2TreeAdapterMap['element']

const ofForms: ReadonlySet<string> = new Set(['input', 'select', 'textarea', 'button'])

/**
 * The form that a control was made in: HTML section 13.2.6.1. It need not be above it: in a table, or where an end tag is one too many,
 * the parser closes a form early, and gives it the controls that follow.
 */
export const formByParser = (control: HtmlElement): HtmlElement | undefined => forms.get(control)

const forms = new WeakMap<HtmlElement, HtmlElement>()

/** @throws HtmlLimitError for a page that nobody wrote. */
export function parseHtml(text: string): Htmlparser2TreeAdapterMap['document'] {
  const formNow = () => parser.formElement
  const parser = new Parser<Htmlparser2TreeAdapterMap>({ treeAdapter: limitedAdapter(formNow), scriptingEnabled: true })
  const tokenizer = parser.tokenizer as unknown as Writable
  let from = 0
  do {
    const to = from + pieceChars
    tokenizer.write(text.slice(from, to), to >= text.length)
    if ((tokenizer.currentToken?.attrs?.length ?? 0) > maxAttributes)
      throw new HtmlLimitError(`an element has more than ${maxAttributes} attributes`)
    from = to
  } while (from < text.length)
  return parser.document
}

/** Of parse5's tokenizer, what its types keep to themselves. */
interface Writable {
  write(piece: string, isLast: boolean): void
  readonly currentToken: { readonly attrs?: readonly unknown[] } | null
}

/** Of one page: it counts. @param formNow the form that was begun and not ended. */
function limitedAdapter(formNow: () => HtmlElement | null): typeof adapter {
  let nesting = 0
  let nodes = 0
  const count = () => {
    if (++nodes > maxNodes) throw new HtmlLimitError(`it comes to more than ${maxNodes} elements`)
  }
  return {
    ...adapter,
    createElement(...given) {
      count()
      const element = adapter.createElement(...given)
      const form = ofForms.has(element.name) ? formNow() : null
      if (form !== null) forms.set(element, form)
      return element
    },
    createCommentNode(...given) {
      count()
      return adapter.createCommentNode(...given)
    },
    onItemPush() {
      if (++nesting > maxNesting) throw new HtmlLimitError(`its elements are more than ${maxNesting} deep`)
    },
    onItemPop() {
      nesting -= 1
    },
  }
}
