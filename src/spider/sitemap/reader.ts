/** What the readers of the formats have in common: text goes in piece by piece, what it names is added to the parts. */

export type SitemapFormat = 'urlset' | 'index' | 'text' | 'rss' | 'atom' | 'unknown'

/** What a format's reader is to the one who feeds it. */
export interface SitemapReader {
  readonly format: SitemapFormat
  /** Nothing that is still to come matters. */
  readonly isDone: boolean
  readonly isBroken: boolean
  write(text: string): void
  /** `isWhole` is false if the text was cut short. */
  end(isWhole: boolean): void
}
