/**
 * XML to a document: names in upper and lower case, elements that close themselves, CDATA. Like the HTML parser's (html-document.ts), its
 * time is bounded: at an end tag that nobody opened, it looks through all open elements.
 */
import { DomHandler, Parser } from 'htmlparser2'

/** The door to the library, for sitemaps, which are read in pieces and make no document. */
export { Parser }

/** As for HTML. */
const maxNesting = 1_000
const maxNodes = 500_000
/** A step is a look at four open elements, some 20 ns. */
const maxSteps = 20_000_000

export class XmlLimitError extends Error {
  constructor(what: string) {
    super(`The page's XML cannot be parsed: ${what}`)
  }
}

/**
 * @param isXhtml names and entities are those of HTML; the rest is XML. (A page that is XHTML only by its name is read, too: nothing in it
 *   has to be well-formed.)
 * @throws XmlLimitError for a page that nobody wrote.
 */
export function parseXml(text: string, isXhtml: boolean): DomHandler['root'] {
  const handler = new LimitedHandler()
  const parser = new LimitedParser(handler, { xmlMode: !isXhtml, recognizeCDATA: true, recognizeSelfClosing: true })
  parser.end(text)
  return handler.root
}

class LimitedParser extends Parser {
  #steps = 0

  override onopentagname(start: number, end: number): void {
    super.onopentagname(start, end)
    // Each is put before all that are open; what closes itself in XHTML stays in the second list.
    const { stack, foreignContext } = this as unknown as Opened
    this.#look((stack.length + foreignContext.length) >> 6)
  }

  override onclosetag(start: number, end: number): void {
    this.#look((this as unknown as Opened).stack.length >> 2)
    super.onclosetag(start, end)
  }

  #look(steps: number): void {
    this.#steps += steps
    if (this.#steps > maxSteps) throw new XmlLimitError('its tags leave too much open, or close too much that is not')
  }
}

/** Of htmlparser2's parser, what its types keep to themselves. */
interface Opened {
  readonly stack: readonly string[]
  readonly foreignContext: readonly boolean[]
}

class LimitedHandler extends DomHandler {
  #nodes = 0

  override addNode(node: Parameters<DomHandler['addNode']>[0]): void {
    if (++this.#nodes > maxNodes) throw new XmlLimitError(`it comes to more than ${maxNodes} nodes`)
    if (this.tagStack.length > maxNesting) throw new XmlLimitError(`its elements are more than ${maxNesting} deep`)
    super.addNode(node)
  }
}
