/**
 * What one HTTP request came to. A fetch ends in exactly one of these kinds, it never throws: a page that fails is data, not an exception.
 */

/** What went wrong in passing, and may be tried again (fetcher/retry-policy.ts). */
export type PassingFault =
  | 'dns'
  | 'connection_refused'
  | 'connection_reset'
  | 'connect_timeout'
  | 'headers_timeout'
  | 'body_timeout'
  | 'total_timeout'
  | 'body_too_slow'
  | 'body_cut_off'
  | 'network'
  | 'proxy'

/** What is wrong with a certificate, or with the talk about it. */
export type TlsFault =
  | 'tls_expired'
  | 'tls_not_yet_valid'
  | 'tls_self_signed'
  | 'tls_untrusted'
  | 'tls_wrong_host'
  | 'tls_handshake'

/** What went wrong besides what a status says. */
export type Fault =
  | PassingFault
  | TlsFault
  | 'address_blocked'
  | 'proxy_auth'
  | 'headers_too_large'
  | 'body_too_large'
  | 'bad_encoding'
  | 'protocol'
  | 'redirect_without_target'
  | 'redirect_loop'
  | 'too_many_redirects'
  | 'file_type'
  | 'parser'

/** The status of an answer that is no page: `http_404`. */
export type StatusReason = `http_${number}`

/** Why a request that may be made again came to nothing. */
export type RetryReason = PassingFault | StatusReason

/** Why a request came to nothing for good. */
export type FailReason = Fault | StatusReason

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** When a request was made, in milliseconds of the crawl's clock. */
export interface Timing {
  /** When the request was handed to an open connection (or given up before there was one). */
  readonly sentAt: number
  /** When the first byte of the answer was there; `undefined` when none came. */
  readonly firstByteAt: number | undefined
  readonly endedAt: number
}

/** A body that was kept as a file. */
export interface StoredFile {
  /** The folder of the crawl's files as it was named, and the name in it. */
  readonly path: string
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
  /** Its media type, as the server says: `image/png`. */
  readonly type: string
}

interface OutcomeBase {
  readonly timing: Timing
  /** The size of the answer's body on the wire. */
  readonly bytes: number
  /** That the connection was open to. */
  readonly address?: string | undefined
  /** It was given up before there was a connection to hand it to. */
  readonly neverLeft?: true
}

export interface PageOutcome extends OutcomeBase {
  readonly kind: 'page'
  readonly status: number
  readonly headers: Headers
  /** Decoded from its content encoding, at most `maxBodyBytes`. */
  readonly body: Uint8Array
  /** Where the body is, if it was kept as a file; `body` is empty then. */
  readonly file?: StoredFile | undefined
}

export interface RedirectOutcome extends OutcomeBase {
  readonly kind: 'redirect'
  readonly status: number
  readonly headers: Headers
  /** Canonical. */
  readonly target: string
}

export interface RetryOutcome extends OutcomeBase {
  readonly kind: 'retry'
  readonly reason: RetryReason
  readonly status: number | undefined
  readonly headers: Headers
  /** One sentence for the log. */
  readonly message: string
  /** A download got further than the try before, and the next one goes on there. */
  readonly isFurther?: boolean
}

export interface FailedOutcome extends OutcomeBase {
  readonly kind: 'failed'
  readonly reason: FailReason
  readonly status: number | undefined
  readonly headers: Headers
  readonly message: string
}

/** 304: what was answered before is still what the server has (RFC 9110 section 15.4.5). Comes to those who asked for no more than that. */
export interface UnchangedOutcome extends OutcomeBase {
  readonly kind: 'unchanged'
  readonly status: 304
  readonly headers: Headers
  readonly message: string
}

export type Outcome = Answered | UnchangedOutcome

/** What the crawl goes on with, once a 304 has been given its page. */
export type Answered = PageOutcome | RedirectOutcome | RetryOutcome | FailedOutcome

/** A 304 to somebody who has nothing that it could speak of is no answer. */
export function answeredBy(outcome: Outcome): Answered {
  return outcome.kind === 'unchanged' ? { ...outcome, kind: 'failed', reason: 'http_304' } : outcome
}
