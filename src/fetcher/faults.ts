/**
 * From what a connection threw to the fault that it is, as one table of codes: those of the system, of OpenSSL, of undici and of its parser.
 * Some say different things before and after a request was sent, or the head of its answer had come.
 */
import type { Fault } from '../outcome.ts'

/** A fault that was found here, and not thrown by a connection. */
export class FaultError extends Error {
  readonly reason: Fault
  constructor(reason: Fault, message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

const faultsByCode: Readonly<Record<string, Fault>> = {
  ENOTFOUND: 'dns',
  ENODATA: 'dns',
  ESERVFAIL: 'dns',
  EREFUSED: 'dns',
  EBADNAME: 'dns',
  ETIMEOUT: 'dns',
  ERR_ADDRESS_BLOCKED: 'address_blocked',
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  ECONNABORTED: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'headers_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'headers_too_large',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'body_cut_off',
  HPE_INVALID_EOF_STATE: 'body_cut_off',
  ERR_PROXY: 'proxy',
  ERR_PROXY_AUTH: 'proxy_auth',
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_not_yet_valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_wrong_host',
  HOSTNAME_MISMATCH: 'tls_wrong_host',
  // A root that nobody here knows, sent along.
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_untrusted',
  INVALID_CA: 'tls_untrusted',
  INVALID_PURPOSE: 'tls_untrusted',
  PATH_LENGTH_EXCEEDED: 'tls_untrusted',
  EPROTO: 'tls_handshake',
  // undici says so of streams and sessions of HTTP/2 that ended before their time.
  UND_ERR_INFO: 'connection_reset',
  ERR_HTTP2_SESSION_ERROR: 'connection_reset',
  // RFC 9113 section 7: PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, HTTP_1_1_REQUIRED.
  ERR_HTTP2_STREAM_ERROR_1: 'protocol',
  ERR_HTTP2_STREAM_ERROR_3: 'protocol',
  ERR_HTTP2_STREAM_ERROR_6: 'protocol',
  ERR_HTTP2_STREAM_ERROR_9: 'protocol',
  ERR_HTTP2_STREAM_ERROR_13: 'protocol',
}

/** For codes that the table does not name one by one; the first that matches. */
const faultsByForm: readonly (readonly [RegExp, Fault])[] = [
  [/^EAI_/, 'dns'],
  [/^HPE_/, 'protocol'],
  [/^ERR_HTTP2_STREAM_ERROR/, 'connection_reset'],
  [/^ERR_HTTP2_/, 'protocol'],
  // undici takes a status below 100 for a mistake of its own.
  [/^ERR_ASSERTION$/, 'protocol'],
  // Node's names of what OpenSSL found in a chain of certificates (X509_V_ERR_...).
  [/^(CERT_|UNABLE_TO_|CRL_|ERROR_IN_CERT_)/, 'tls_untrusted'],
  [/^ERR_(SSL|TLS)_/, 'tls_handshake'],
]

/** What undici says of them, of answers besides: the code is that of a closed connection. */
const unaskedFor = new Set(['bad response', 'bad upgrade'])

/** How far an exchange had come. */
export interface Progress {
  /** The request was handed to an open connection. */
  readonly isSent: boolean
  /** The head of the answer is there. */
  readonly hasHead: boolean
}

/** The fault behind what a connection threw. */
export function faultOf(error: unknown, { isSent, hasHead }: Progress = { isSent: false, hasHead: false }): Fault {
  if (error instanceof FaultError) return error.reason
  const code = codeOf(error)
  // RFC 9110 section 15.2.1 and 15.2.2: `100 Continue` and a change of protocol that nobody has asked for.
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && unaskedFor.has(error.message)) return 'protocol'
  const named = Object.hasOwn(faultsByCode, code) ? faultsByCode[code] : undefined
  const fault = named ?? faultsByForm.find(([form]) => form.test(code))?.[1] ?? 'network'
  // A connection that was open and hears nothing any more has the same code as one that does not open.
  const known = isSent && code === 'ETIMEDOUT' ? 'connection_reset' : fault
  // Thrown for whatever is wrong with an answer that has a length, once the length is read.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && !hasHead) return 'protocol'
  if (known === 'connection_reset' && hasHead) return 'body_cut_off'
  return known === 'body_cut_off' && !hasHead ? 'connection_reset' : known
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  // undici's own parser forgets its codes.
  if (error.name === 'HTTPParserError') return /EOF/.test(error.message) ? 'HPE_INVALID_EOF_STATE' : 'HPE_INVALID'
  if ('code' in error && typeof error.code === 'string')
    return error.code === 'ERR_HTTP2_STREAM_ERROR' ? `${error.code}_${streamErrorOf(error)}` : error.code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error.cause)
}

/** As undici notes it. */
const streamErrorOf = (error: Error) => ('http2ErrorCode' in error ? String(error.http2ErrorCode) : '')
