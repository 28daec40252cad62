/**
 * What is to be fetched, as plain data: it can be stored, resumed, logged, and sent to another machine.
 *
 * A *page* request ends in a parser. A *robots* request is the further hop of a redirected robots.txt: it is a request like any other, so
 * that it waits for the turn of the host that it goes to (I1).
 */
import type { JsonValue } from './json.ts'

interface RequestBase {
  /** Canonical (see `canonicalUrl`). */
  readonly url: string
  /** Higher goes first within a host; equal ones go in order of discovery. Default 0. */
  readonly priority: number
  /** How often this request was made before: 0 the first time. */
  readonly attempt: number
  /** The URLs that redirected here, first to last. */
  readonly redirects: readonly string[]
}

export interface PageRequest extends RequestBase {
  readonly kind: 'page'
  /** Hops from a seed; a seed has 0, a redirect keeps the depth of what redirected. */
  readonly depth: number
  /** The spider's parser for it: `parse`, or a key of `parsers`. */
  readonly parser: string
  /** The page whose link this is; `undefined` for a seed. */
  readonly referrer: string | undefined
  /** What the follow carries along. */
  readonly data: JsonValue | undefined
}

export interface RobotsRequest extends RequestBase {
  readonly kind: 'robots'
  /** The origin whose rules are asked for, which is not the origin of `url` (RFC 9309 section 2.3.1.2). */
  readonly origin: string
}

export type CrawlRequest = PageRequest | RobotsRequest
