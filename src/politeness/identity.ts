/**
 * Who we are: the User-Agent says a product token, a version and how to reach us (RFC 9110 section 10.1.5, RFC 9309 section 2.2.1).
 *
 * A host that is not this machine is not crawled by somebody who cannot be reached.
 */
import { isLoopback } from '../canonical-url.ts'

export interface Identity {
  /** What robots.txt calls us: letters, hyphens and underscores. */
  readonly productToken: string
  readonly userAgent: string
  /** RFC 9110 section 10.1.2: a robot should send `From`, so that it can be reached. */
  readonly from: string | undefined
  /** Whether a host may be visited by us as we are. */
  mayVisit(host: string): boolean
}

export function createIdentity(productToken: string, version: string, contact: string | undefined): Identity {
  const userAgent = contact === undefined ? `${productToken}/${version}` : `${productToken}/${version} (+${contact})`
  const from = contact?.startsWith('mailto:') ? contact.slice('mailto:'.length) : undefined
  return { productToken, userAgent, from, mayVisit: (host) => contact !== undefined || isLoopback(host) }
}

/** `mailto:me@a.test`, `me@a.test` or an http(s) URL; `undefined` for anything else, which no web master could use. */
export function parseContact(text: string): string | undefined {
  const mail = /^(?:mailto:)?([!-~]+@[!-~]+)$/.exec(text)?.[1]
  // It goes into a header's comment: printable ASCII, and nothing that ends the comment.
  if (mail !== undefined && !/[\s:/()<>]|@.*@/.test(mail)) return `mailto:${mail}`
  const url = /^https?:\/\/[^\s()<>]+$/.test(text) ? URL.parse(text) : null
  return url === null ? undefined : url.href
}
