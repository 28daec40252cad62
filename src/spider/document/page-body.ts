/**
 * The body of a page, read as what it is, and not before somebody asks: text is decoded on first use of `text`, HTML and XML are parsed on
 * first use of `$`. What was downloaded is on disk, and is not read here.
 */
import { type CheerioAPI, load } from 'cheerio'
import { parseHtml } from './html-document.ts'
import { parseJson } from './json-body.ts'
import { kindOf, type PageKind, saysXml } from './page-kind.ts'
import { PageKindError } from './page-kind-error.ts'
import { namingSelectors } from './selector-error.ts'
import { parseXml } from './xml-document.ts'

export interface BodySource {
  readonly url: string
  readonly body: Uint8Array | string
  /** The value of the Content-Type header; empty if there is none. */
  readonly contentType: string
  /** Where the body is, if it was downloaded. */
  readonly path: string | undefined
  /** Bytes to text. */
  readonly decode: (body: Uint8Array, contentType: string) => string
}

export class PageBody {
  readonly #source: BodySource
  #kind: PageKind | undefined
  #text: string | undefined
  #$: CheerioAPI | undefined
  /** Why it cannot be parsed: it is not tried again, which may take seconds. */
  #fault: { readonly error: unknown } | undefined

  constructor(source: BodySource) {
    this.#source = source
  }

  get bytes(): Uint8Array {
    const body = this.#inMemory
    return typeof body === 'string' ? Buffer.from(body) : body
  }

  get kind(): PageKind {
    const { path, contentType, body } = this.#source
    this.#kind ??= path === undefined ? kindOf(contentType, body) : 'binary'
    return this.#kind
  }

  get text(): string {
    if (this.#text === undefined) {
      const { decode, contentType } = this.#source
      const body = this.#inMemory
      this.#text = typeof body === 'string' ? body : decode(body, contentType)
    }
    return this.#text
  }

  /** @throws PageKindError for JSON, and for what is no text. A selector that cannot be read is a SelectorError. */
  get $(): CheerioAPI {
    if (this.#fault !== undefined) throw this.#fault.error
    try {
      this.#$ ??= namingSelectors(this.#parsed)
    } catch (error) {
      this.#fault = { error }
      throw error
    }
    return this.#$
  }

  /** @throws SyntaxError naming what is wrong, its line and column, and the URL. */
  json(): unknown {
    return parseJson(this.text, this.#source.url)
  }

  get #parsed(): CheerioAPI {
    const { kind } = this
    const { url, contentType, path } = this.#source
    switch (kind) {
      case 'html':
        // In XHTML `<title/>` is a whole element; by the rules of HTML it would swallow the page.
        return saysXml(contentType)
          ? load(parseXml(this.text, true), { xml: { xmlMode: false } })
          : load(parseHtml(this.text))
      case 'text':
        return load(parseHtml(this.text))
      case 'xml':
        return load(parseXml(this.text, false), { xml: true })
      case 'json':
      case 'binary':
        throw path === undefined ? new PageKindError(url, kind, contentType) : notInMemory(path)
      default:
        return kind satisfies never
    }
  }

  get #inMemory(): Uint8Array | string {
    const { path, body } = this.#source
    if (path !== undefined) throw notInMemory(path)
    return body
  }
}

const notInMemory = (path: string) =>
  new TypeError(`this page was downloaded, and its body is not in memory but in ${path} (page.file.path)`)
