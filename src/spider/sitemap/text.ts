/** A sitemap that is plain text: one URL a line, and nothing else (sitemaps.org, "Text file"). Empty lines do not count. */
import { maxLocLength, type SitemapParts } from './parts.ts'
import type { SitemapReader } from './reader.ts'

export class TextSitemap implements SitemapReader {
  readonly format = 'text'
  readonly isDone = false
  readonly isBroken = false
  readonly #parts: SitemapParts
  /** The line that has not ended. */
  #line = ''

  constructor(parts: SitemapParts) {
    this.#parts = parts
  }

  write(text: string): void {
    const lines = text.split(/[\r\n]/)
    const last = lines.pop() ?? ''
    for (const line of lines) {
      this.#add(this.#line + line)
      this.#line = ''
    }
    // Of a line that is too long for a URL, only so much is kept as tells that.
    if (this.#line.length <= maxLocLength) this.#line += last
  }

  end(isWhole: boolean): void {
    // Of a file that was cut, the last line may be half a URL.
    if (isWhole) this.#add(this.#line)
  }

  #add(line: string): void {
    const loc = line.trim()
    if (loc === '') return
    // What has blanks within is prose, or a table; a browser would make one long URL of it.
    this.#parts.add('page', /\s/.test(loc) ? '' : loc, undefined)
  }
}
