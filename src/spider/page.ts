/**
 * What a parser gets: one fetched page. Everything costs what is used of it: text is decoded on first use of `text`, HTML parsed on first
 * use of `$`, `links` or `extract`.
 *
 * A page needs no network: a parser can be tested with `createPage({ url, body })`.
 */
import { canonicalUrl } from '../canonical-url.ts'
import { asksNothing, type PageDirectives } from '../directives.ts'
import type { Headers, StoredFile } from '../outcome.ts'
import { PageBody } from './document/page-body.ts'
import { baseOf, canonicalOf, type Meta, metasOf } from './document/page-head.ts'
import type { PageKind } from './document/page-kind.ts'
import { type Extracted, extract, type SelectorMap } from './extract.ts'
import { type DownloadOptions, Follow, type FollowOptions, type FollowTarget, fileSpecOf } from './follow.ts'
import { type FormOptions, type FormRequest, type FormValues, requestOfForm } from './form/form.ts'
import { partsOf } from './form/sending.ts'

/** What a page is made of. */
export interface PageSource {
  /** Absolute. */
  readonly url: string
  /** Default 200. */
  readonly status?: number
  /** Names in lower case. */
  readonly headers?: Headers
  /** Default: none. */
  readonly body?: Uint8Array | string
  /** Where the body is, if it was downloaded. */
  readonly file?: StoredFile | undefined
  /** Bytes to text, by the value of the Content-Type header. */
  readonly decode: (body: Uint8Array, contentType: string) => string
  /** Default 0. */
  readonly depth?: number
  readonly redirects?: readonly string[]
  readonly data?: unknown
  readonly args?: unknown
  /** Whether `links()` gives those that say `rel=nofollow`, too. Default false. */
  readonly followNofollow?: boolean
  /** What the page asks of robots, by its headers and its `<meta>` elements. Default: nothing. */
  readonly directivesOf?: (headers: Headers, metas: readonly Meta[]) => PageDirectives
}

/** A file that was downloaded: all of it is plain data, to be put into an item. */
export interface DownloadedFile extends StoredFile {
  /** That was asked for, before any redirect: what the page calls it that it was found on. */
  readonly url: string
}

export class Page<Data = unknown, Args = Readonly<Record<string, string | undefined>>> {
  /** Where the page was found, after redirects. */
  readonly url: URL
  readonly status: number
  /** By name in lower case; a list where the server sent several lines. */
  readonly headers: Headers
  /** Hops from a seed. */
  readonly depth: number
  /** The URLs that redirected here, first to last. */
  readonly redirects: readonly string[]
  /** What the follow that led here brought along. */
  readonly data: Data
  /** The spider's arguments. */
  readonly args: Args
  readonly #source: PageSource
  readonly #body: PageBody
  #base: string | undefined
  #directives: PageDirectives | undefined
  #skippedLinks = 0
  #nofollowLinks = 0

  constructor(source: PageSource) {
    this.#source = source
    this.url = new URL(source.url)
    this.status = source.status ?? 200
    this.headers = source.headers ?? {}
    this.depth = source.depth ?? 0
    this.redirects = source.redirects ?? []
    this.data = source.data as Data
    this.args = (source.args ?? {}) as Args
    const { body = '', decode, file } = source
    const type = this.headers['content-type']
    // One line, or it says nothing.
    const contentType = typeof type === 'string' ? type : ''
    this.#body = new PageBody({ url: this.url.href, body, contentType, path: file?.path, decode })
  }

  /** The body as it came, freed from its content encoding. */
  get body(): Uint8Array {
    return this.#body.bytes
  }

  /**
   * What the page can be read as: by its content type, and where that says nothing or is plainly wrong by its first bytes. What was
   * downloaded is `binary`.
   */
  get kind(): PageKind {
    return this.#body.kind
  }

  /** The body as text: charset by byte order mark, header, `<meta>`, else by what the bytes look like. */
  get text(): string {
    return this.#body.text
  }

  /** Whether the body was downloaded, and `file` is there. */
  get isFile(): boolean {
    return this.#source.file !== undefined
  }

  /** The file that was downloaded. @throws TypeError on any other page. */
  get file(): DownloadedFile {
    const { file } = this.#source
    if (file === undefined)
      throw new TypeError(
        'there is no `page.file`, for this page was not downloaded (page.download() instead of page.follow())',
      )
    const { path, bytes, sha256, type } = file
    return { url: this.redirects[0] ?? this.url.href, path, bytes, sha256, type }
  }

  /**
   * The page as cheerio has it: https://cheerio.js.org/docs/basics/selecting. XML is parsed as XML (`item > pubDate` is written as it stands
   * there), text as HTML, for it may be a piece of some. @throws PageKindError for JSON, and for what is no text.
   */
  get $(): PageBody['$'] {
    return this.#body.$
  }

  /** What relative links are relative to: the page's `<base href>`, or else its URL. */
  get base(): string {
    this.#base ??= baseOf(this.#body, this.url.href)
    return this.#base
  }

  /** How many links `links()` passed over because they are not crawlable (`mailto:`, `javascript:`, unparsable ones). */
  get skippedLinks(): number {
    return this.#skippedLinks
  }

  /** How many links `links()` passed over because they say `rel=nofollow`. */
  get nofollowLinks(): number {
    return this.#nofollowLinks
  }

  /** What the page asks of robots: `noindex`, `nofollow`, and every rule by name in `all`. */
  get directives(): PageDirectives {
    const { directivesOf } = this.#source
    this.#directives ??= directivesOf === undefined ? asksNothing : directivesOf(this.headers, metasOf(this.#body))
    return this.#directives
  }

  /** The URL that the page says it should be known by; `undefined` if it says none. It is recorded, and by itself not visited. */
  get canonical(): string | undefined {
    return canonicalOf(this.#body, this.base)
  }

  /** The body as JSON, whatever its type. @throws SyntaxError naming what is wrong, its line and column, and the URL. */
  json<T = unknown>(): T {
    return this.#body.json() as T
  }

  /**
   * The canonical URLs of the page's links, in document order and without duplicates. Links that say `rel=nofollow` are passed over (and
   * counted), unless the option `followNofollow` is set. In XML, too, a link is an `<a href>`, which SVG has; those of Atom are
   * `links('link[href]')`, and those of RSS are texts: `extract({ links: ['item > link'] })`.
   * JSON, and what is no text, has none.
   * @param selector of the elements whose `href` counts. Default: every link.
   */
  links(selector = 'a[href], area[href]'): string[] {
    const { base, kind } = this
    if (!this.isFile && (kind === 'json' || kind === 'binary')) return []
    const urls = new Set<string>()
    for (const element of this.$(selector)) {
      const { href, rel } = 'attribs' in element ? element.attribs : {}
      if (href === undefined) continue
      const url = canonicalUrl(href, base)
      if (url === undefined) this.#skippedLinks += 1
      else if (rel !== undefined && saysNofollow.test(rel) && this.#source.followNofollow !== true)
        this.#nofollowLinks += 1
      else urls.add(url)
    }
    return [...urls]
  }

  /**
   * A link worth visiting, to be yielded.
   * @param target a URL, absolute or relative to the page's base; or one with what is asked of it, as `form()` gives.
   * @param parser the name of the parser of the page behind it. Default: `parse`.
   * @throws TypeError naming what cannot be sent: a body of a GET, a header that is doff's to set.
   */
  follow<Data = undefined>(target: FollowTarget, options?: FollowOptions<Data>): Follow<'parse', Data>
  follow<Data = undefined>(
    target: FollowTarget,
    parser: undefined,
    options?: FollowOptions<Data>,
  ): Follow<'parse', Data>
  follow<const Name extends string, Data = undefined>(
    target: FollowTarget,
    parser: Name,
    options?: FollowOptions<Data>,
  ): Follow<Name, Data>
  follow(
    target: FollowTarget,
    parser: string | FollowOptions<unknown> = 'parse',
    options: FollowOptions<unknown> = {},
  ): Follow {
    if (typeof parser !== 'string') return this.follow(target, 'parse', parser)
    const { url, ...asked } = typeof target === 'string' || target instanceof URL ? { url: target } : (target ?? {})
    const resolved = this.#resolve(url, target, 'follow')
    return new Follow(resolved, parser, { ...asked, ...options } as FollowOptions<unknown>)
  }

  /**
   * A link to a file, to be yielded: its body goes to disk, however large it is, and the parser gets a page with `file`.
   * @param url absolute, or relative to the page's base.
   * @param parser the name of the parser that makes an item of it.
   * @throws TypeError for `types` that are no media types, or a `maxBytes` that is no size.
   * @example yield page.download('/cover.jpg', 'cover', { types: ['image/*'], data: { title } })
   */
  download<const Name extends string, Data = undefined>(
    url: string | URL,
    parser: Name,
    options: DownloadOptions<Data> = {},
  ): Follow<Name, Data> {
    const { types: _types, maxBytes: _maxBytes, ...asked } = options
    return new Follow(this.#resolve(url, url, 'download'), parser, asked, fileSpecOf(options))
  }

  /** What is no crawlable link stays as it is, and is counted. */
  #resolve(url: unknown, target: unknown, asked: string): string {
    if (typeof url !== 'string' && !(url instanceof URL))
      throw new TypeError(`${asked}() needs a URL, got ${String(target)}`)
    const href = String(url)
    // Absolute links, which `links()` gives, need no base and so no parsed page. (`http:b.html` is a relative one.)
    const resolved = /^https?:\/\//i.test(href) ? canonicalUrl(href) : canonicalUrl(href, this.base)
    if (resolved === undefined) this.#skippedLinks += 1
    return resolved ?? href
  }

  /**
   * What a browser would send if a form of this page were submitted, for `follow()`: hidden fields, what is checked and selected, and the
   * form's first button.
   * @param selector of the form.
   * @param values by name, in place of what is there: text, numbers, `true` and `false` for a checkbox, a list of several, `null` for nothing.
   * @throws TypeError naming the page: no such form, a name that it has no control for, a form that cannot be sent.
   * @example yield page.follow(page.form('form#search', { q: 'tea' }), 'results')
   */
  form(selector: string, values: FormValues = {}, { submit, add = {} }: FormOptions = {}): FormRequest {
    const [form] = this.$(selector)
    if (form === undefined || !('attribs' in form) || form.name !== 'form')
      throw new TypeError(`\`${selector}\` finds ${form === undefined ? 'nothing' : 'no form'}: ${this.url.href}`)
    const buttons = submit === undefined ? 'first' : submit === false ? 'none' : this.$(submit).get()
    const place = { form, submit: buttons, selector, url: this.url.href, base: this.base } as const
    return requestOfForm(place, values, partsOf('add', add))
  }

  /**
   * Fields by selectors: see extract.ts for what a selector may be.
   * @example page.extract({ title: 'h1', cover: 'img@src', tags: ['.tag'] }) // { title?: string, cover?: string, tags: string[] }
   */
  extract<const Map extends SelectorMap>(map: Map): Extracted<Map> {
    return extract(this, map)
  }
}

/** HTML section 4.6.6: `rel` is a list of words in any case. */
const saysNofollow = /(?:^|\s)nofollow(?:\s|$)/i
