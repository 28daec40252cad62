import type { PageKind } from './page-kind.ts'

/** Elements were asked for of a page that has none. Like any error in a parser, it costs the page. */
export class PageKindError extends TypeError {
  readonly code = 'wrong_kind'
  readonly url: string
  readonly kind: PageKind
  readonly contentType: string

  constructor(url: string, kind: 'json' | 'binary', contentType: string) {
    const type = contentType === '' ? 'no content type' : `content type ${JSON.stringify(contentType)}`
    const remedy = kind === 'json' ? 'page.json()' : 'page.body'
    const words = kind === 'json' ? 'a JSON page' : 'a binary page'
    super(`No elements in ${words} (${type}): ${url} (ask page.kind first, and take ${remedy})`)
    this.url = url
    this.kind = kind
    this.contentType = contentType
  }
}
