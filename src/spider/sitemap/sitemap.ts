/**
 * Reads a sitemap that was fetched: what it names, a batch at a time, and in the end what it was (sitemaps.org protocol 0.9, and the feeds it
 * allows). It asks nobody and follows nothing.
 *
 * The content tells the format, never a name or a header. Whatever the bytes are, reading ends, and never throws; what comes of it are http(s)
 * URLs in canonical form. A sitemap that is cut or broken counts as far as it was read.
 */
import { setImmediate } from 'node:timers/promises'
import { SitemapBytes } from './bytes.ts'
import { SitemapDecoder } from './charset.ts'
import { type SitemapPart, SitemapParts } from './parts.ts'
import type { SitemapFormat, SitemapReader } from './reader.ts'
import { TextSitemap } from './text.ts'
import { XmlSitemap } from './xml.ts'

export type { SitemapEntry, SitemapPart } from './parts.ts'
export type { SitemapFormat } from './reader.ts'

/** What became of a sitemap. */
export interface SitemapReading {
  readonly format: SitemapFormat
  /** How many pages it named; what a filter leaves of them is another matter. */
  readonly pages: number
  readonly sitemaps: number
  /** Locs that are no absolute http(s) URL. */
  readonly invalid: number
  /** What it was cut by; `broken` if its end, or that of an element, is missing. */
  readonly cut: 'too_large' | 'too_many_urls' | 'broken' | undefined
}

export interface SitemapLimits {
  /** After unpacking. */
  readonly maxBytes: number
  readonly maxUrls: number
  /** How much is read before others get their turn on the event loop. */
  readonly pieceBytes: number
}

/** sitemaps.org: 50 MiB uncompressed and 50,000 URLs. */
export const sitemapLimits: SitemapLimits = { maxBytes: 52_428_800, maxUrls: 50_000, pieceBytes: 16 * 1024 }

/**
 * Yields what the sitemap names, in its order, in batches that are never empty; returns what it was.
 *
 * @example
 * const parts = readSitemap(body)
 * let step = await parts.next()
 * for (; !step.done; step = await parts.next()) offer(step.value)
 * report(step.value.format, step.value.cut)
 */
export async function* readSitemap(
  body: Uint8Array,
  limits: Partial<SitemapLimits> = {},
): AsyncGenerator<readonly SitemapPart[], SitemapReading, undefined> {
  const { maxBytes, maxUrls, pieceBytes } = { ...sitemapLimits, ...limits }
  const bytes = new SitemapBytes(body, maxBytes, pieceBytes)
  const decoder = new SitemapDecoder()
  const parts = new SitemapParts(maxUrls)
  let reader: SitemapReader | undefined
  const read = (text: string) => {
    reader ??= readerFor(text, parts)
    reader?.write(text)
  }
  const isDone = () => decoder.isBinary || parts.isFull || reader?.isDone === true

  for await (const piece of bytes) {
    read(decoder.write(piece))
    const batch = parts.take()
    if (batch.length > 0) yield batch
    if (isDone()) break
    await setImmediate()
  }
  if (!isDone()) read(decoder.end())
  // Once it is done, it does not matter what the bytes behind it are.
  const isComplete = isDone()
  if (!isComplete) reader?.end(bytes.cut === undefined)
  const batch = parts.take()
  if (batch.length > 0) yield batch
  const broken = reader?.isBroken ? 'broken' : undefined
  return {
    format: reader?.format ?? 'unknown',
    pages: parts.pages,
    sitemaps: parts.sitemaps,
    invalid: parts.invalid,
    cut: parts.isFull ? 'too_many_urls' : isComplete ? broken : (bytes.cut ?? broken),
  }
}

/** The first character that is no blank tells it. (Blanks before an XML declaration are a fault that many sitemaps have.) */
function readerFor(text: string, parts: SitemapParts): SitemapReader | undefined {
  const first = text.trimStart().charAt(0)
  if (first === '') return undefined
  return first === '<' ? new XmlSitemap(parts) : new TextSitemap(parts)
}
