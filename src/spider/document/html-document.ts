/**
 * HTML to a document, by the HTML standard, in bounded time and memory.
 *
 * The standard's parser looks through all open elements at many a tag, and through all attributes at each further one, so its time grows
 * with the square of what a page leaves open: 160 kB of nested lists would hold the crawl for a minute, 10 MB for days. Each such look is
 * counted where the parser comes by (html-work.ts), and a page that takes too many is an error; it costs the page and not the crawl (I7).
 */
import { Parser, Token, Tokenizer } from 'parse5'
import { adapter, type Htmlparser2TreeAdapterMap } from 'parse5-htmlparser2-tree-adapter'
import { HtmlWork } from './html-work.ts'

export { HtmlLimitError } from './html-work.ts'

export type HtmlElement = Htmlparser2TreeAdapterMap['element']

const ofForms: ReadonlySet<string> = new Set(['input', 'select', 'textarea', 'button'])

/**
 * The form that a control was made in: HTML section 13.2.6.1. It need not be above it: in a table, or where an end tag is one too many,
 * the parser closes a form early, and gives it the controls that follow.
 */
export const formByParser = (control: HtmlElement): HtmlElement | undefined => forms.get(control)

const forms = new WeakMap<HtmlElement, HtmlElement>()

/** @throws HtmlLimitError for a page that nobody wrote. */
export function parseHtml(text: string, work: HtmlWork = new HtmlWork()): Htmlparser2TreeAdapterMap['document'] {
  const parser = new LimitedParser(work)
  parser.tokenizer.write(text, true)
  return parser.document
}

type Parsed = Parser<Htmlparser2TreeAdapterMap>
type TextToken = Parsed['pendingCharacterTokens'][number]
type ParentNode = Htmlparser2TreeAdapterMap['parentNode']

class LimitedParser extends Parser<Htmlparser2TreeAdapterMap> {
  readonly #work: HtmlWork

  constructor(work: HtmlWork) {
    super({ treeAdapter: limitedAdapter(work, () => this), scriptingEnabled: true })
    this.#work = work
    this.tokenizer = new LimitedTokenizer(this.options, this, work)
    this.pendingCharacterTokens = new TableText()
    // Asked where formatting is closed around a block, for each element between them: all of both lists is looked through.
    const { activeFormattingElements: formatting } = this
    const entryOf = formatting.getElementEntry.bind(formatting)
    formatting.getElementEntry = (element) => {
      work.look((work.nesting + formatting.entries.length) >> 2)
      return entryOf(element)
    }
  }

  override onEndTag(token: Parameters<Parsed['onEndTag']>[0]): void {
    this.#work.look(nativeLooks(this, this.#work))
    super.onEndTag(token)
  }

  /** All at once: one by one, each would move up all that follow. */
  override _adoptNodes(donor: ParentNode, recipient: ParentNode): void {
    const { children } = donor
    this.#work.look(children.length >> 2)
    donor.children = []
    for (const child of children) adapter.appendChild(recipient, child)
  }
}

/** Of a table, and not of its cells: it waits for the next tag, as one token and not as two a word. */
class TableText extends Array<TextToken> {
  override push(token: TextToken): number {
    const [first] = this
    if (first === undefined) return super.push(token)
    first.chars += token.chars
    if (token.type === Token.TokenType.CHARACTER) first.type = token.type
    return 1
  }
}

class LimitedTokenizer extends Tokenizer {
  readonly #work: HtmlWork

  constructor(options: Parsed['options'], handler: Parsed, work: HtmlWork) {
    super(options, handler)
    this.#work = work
  }

  protected override _leaveAttrName(): void {
    const { currentToken } = this
    if (currentToken !== null && 'attrs' in currentToken) this.#work.addAttribute(currentToken.attrs.length)
    super._leaveAttrName()
  }

  /**
   * Of `&#x` and more than 256 digits the library makes no number at all, and throws; by the standard (section 13.2.5.80) it is U+FFFD. Ours:
   * also of that many zeros.
   */
  protected override _flushCodePointConsumedAsCharacterReference(codePoint: number): void {
    super._flushCodePointConsumedAsCharacterReference(Number.isNaN(codePoint) ? 0xfffd : codePoint)
  }
}

/** Of one page: it counts. @param parserOf there is none yet when this is made. */
function limitedAdapter(work: HtmlWork, parserOf: () => Parsed): typeof adapter {
  return {
    ...adapter,
    createElement(...given) {
      work.addNode()
      work.copyAttributes(given[2].length)
      work.look(nativeLooks(parserOf(), work))
      const element = adapter.createElement(...given)
      const form = ofForms.has(element.name) ? parserOf().formElement : null
      if (form !== null) forms.set(element, form)
      return element
    },
    /** What is in a `<template>`. */
    createDocumentFragment() {
      work.addNode()
      return adapter.createDocumentFragment()
    },
    createCommentNode(...given) {
      work.addNode()
      return adapter.createCommentNode(...given)
    },
    getNamespaceURI(element) {
      work.look(1)
      return element.namespace as ReturnType<typeof adapter.getNamespaceURI>
    },
    getTagName(element) {
      work.look(1 + (element.name.length >> 4))
      return element.name
    },
    getAttrList(element) {
      const list = adapter.getAttrList(element)
      work.look(list.length << 2)
      return list
    },
    insertText(parent, text) {
      work.look(nativeLooks(parserOf(), work))
      adapter.insertText(parent, text)
    },
    insertTextBefore(parent, text, reference) {
      work.look(nativeLooks(parserOf(), work))
      const { prev } = reference
      if (prev !== null && adapter.isTextNode(prev)) prev.data += text
      else this.insertBefore(parent, adapter.createTextNode(text), reference)
    },
    /** What a table cannot have is put before it, and it is among the last: looked for from the start, each would pass all before. */
    insertBefore(parent, node, reference) {
      const { children } = parent
      const at = children.lastIndexOf(reference)
      work.look((children.length - at) >> 2)
      const { prev } = reference
      if (prev !== null) prev.next = node
      node.prev = prev
      reference.prev = node
      node.next = reference
      children.splice(at, 0, node)
      node.parent = parent
    },
    detachNode(node) {
      work.look((node.parent?.children.length ?? 0) >> 5)
      adapter.detachNode(node)
    },
    adoptAttributes(element, given) {
      work.adoptAttributes(given.filter(({ name }) => element.attribs[name] === undefined).length)
      adapter.adoptAttributes(element, given)
    },
    onItemPush: () => work.open(),
    onItemPop: () => work.close(),
  }
}

/**
 * What the engine does by itself, which is many times as fast: it looks through the open elements, and moves up the formatting elements, of
 * which there may be more than are open.
 */
const nativeLooks = (parser: Parsed, work: HtmlWork): number =>
  (work.nesting >> 3) + (parser.activeFormattingElements.entries.length >> 6)
