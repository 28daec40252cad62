/**
 * A sitemap that is XML: the root element tells which of four formats it is, and then only three elements matter: the entry, its URL and its
 * date, each at its own depth. No tree is built.
 *
 * No document type is read: entities of its own stay as they are written, so none can unfold. (Its declarations are skipped tag by tag; if
 * one of them has tags in it, the root is not found, and nothing is read.)
 *
 * A tag that is closed by another one's end makes a sitemap broken; we go on all the same, and read the elements that are whole.
 */
import { Parser } from '../document/xml-document.ts'
import { maxLocLength, type SitemapParts } from './parts.ts'
import type { SitemapFormat, SitemapReader } from './reader.ts'
import { type SitemapShape, sitemapShapes } from './shapes.ts'

/** Elements within one another. htmlparser2 takes a time that grows with the depth for each of them. */
const maxXmlDepth = 256
/** Characters of one tag, comment or CDATA section: htmlparser2 keeps each whole. */
const maxTokenLength = 1024 ** 2

type Attributes = Readonly<Record<string, string>>

export class XmlSitemap implements SitemapReader {
  isDone = false
  isBroken = false
  readonly #parts: SitemapParts
  readonly #parser: Parser
  /** Characters written, and those before the token that has not ended. (For the parser, attributes are tokens of their own.) */
  #length = 0
  #tokenEnd = 0
  #shape: SitemapShape | undefined
  /** Prefix of the root, with its colon: what has another one is an extension (`image:loc`, `atom:link`), even if it is named alike. */
  #prefix = ''
  #depth = 0
  /** How many elements of the way to an entry we are in. */
  #onPath = 0
  /** Where the tag ended that was opened last. */
  #openedAt = -1
  /** The text of the element that we are in, if it is one of the two that matter. */
  #text: string | undefined
  #loc: string | undefined
  #lastModified: number | undefined

  constructor(parts: SitemapParts) {
    this.#parts = parts
    const whole =
      <Args extends readonly unknown[]>(handle: (...args: Args) => void) =>
      (...args: Args) => {
        handle(...args)
        this.#tokenEnd = this.#parser.endIndex
      }
    this.#parser = new Parser(
      {
        onopentag: whole((name: string, attributes: Attributes) => this.#open(name, attributes)),
        ontext: whole((text: string) => this.#onText(text)),
        // Called "implied" are self-closing tags too: those end where they were opened.
        onclosetag: whole((name: string, isImplied: boolean) =>
          this.#close(name, !isImplied || this.#parser.endIndex === this.#openedAt),
        ),
        oncomment: whole(() => undefined),
        onprocessinginstruction: whole(() => undefined),
      },
      { xmlMode: true },
    )
  }

  get format(): SitemapFormat {
    return this.#shape?.format ?? 'unknown'
  }

  write(text: string): void {
    this.#length += text.length
    this.#parser.write(text)
    if (this.#length - this.#tokenEnd > maxTokenLength) this.#fail()
  }

  end(): void {
    if (!this.isDone) this.#parser.end()
  }

  #fail(): void {
    if (this.isDone) return
    this.isBroken = this.#shape !== undefined
    this.isDone = true
  }

  #open(name: string, attributes: Attributes): void {
    this.#depth += 1
    this.#openedAt = this.#parser.endIndex
    if (this.#depth > maxXmlDepth) this.#fail()
    if (this.isDone) return
    if (this.#depth === 1) {
      this.#begin(name)
      return
    }
    const shape = this.#shape
    if (shape === undefined || !name.startsWith(this.#prefix)) return
    const local = name.slice(this.#prefix.length)
    const { path } = shape
    if (this.#depth === this.#onPath + 2 && local === path[this.#onPath]) {
      this.#onPath += 1
    } else if (this.#onPath === path.length && this.#depth === path.length + 2) {
      if (local === shape.date || (local === shape.loc && !shape.isHref)) this.#text = ''
      else if (local === shape.loc && (attributes.rel ?? 'alternate') === 'alternate') this.#loc ??= attributes.href
    }
  }

  #begin(root: string): void {
    this.#prefix = root.slice(0, root.indexOf(':') + 1)
    this.#shape = sitemapShapes.get(root.slice(this.#prefix.length))
    if (this.#shape === undefined) this.isDone = true
  }

  #onText(text: string): void {
    if (this.#text === undefined || this.#depth !== this.#onPath + 2) return
    if (this.#text.length <= maxLocLength) this.#text += text
  }

  #close(name: string, isOwnEnd: boolean): void {
    if (!this.isDone && this.#shape !== undefined) {
      if (!isOwnEnd) this.isBroken = true
      this.#leave(name.slice(this.#prefix.length), isOwnEnd, this.#shape)
    }
    this.#depth -= 1
    // Behind the root there is nothing more.
    if (this.#depth === 0) this.isDone = true
  }

  #leave(local: string, isOwnEnd: boolean, shape: SitemapShape): void {
    const { path } = shape
    if (this.#text !== undefined && this.#depth === path.length + 2) {
      // Without its own end it may be half a URL.
      if (isOwnEnd && local === shape.loc) this.#loc ??= this.#text
      if (isOwnEnd && local === shape.date) this.#lastModified ??= shape.parseDate(this.#text.trim())
      this.#text = undefined
    } else if (this.#depth === this.#onPath + 1 && this.#depth > 1) {
      if (this.#onPath === path.length) this.#leaveEntry(shape)
      this.#onPath -= 1
    }
  }

  #leaveEntry({ kind }: SitemapShape): void {
    if (this.#loc !== undefined) this.#parts.add(kind, this.#loc, this.#lastModified)
    this.#loc = undefined
    this.#lastModified = undefined
  }
}
