/**
 * Which failures are worth another try, as one table. How long to wait is not decided here: a retry goes back through the frontier and
 * waits for its host's next turn, which a failure has put off (politeness/host-pace.ts).
 */
import type { Fault, PassingFault } from '../outcome.ts'

/** RFC 9110 section 15: the statuses that speak of a passing state. */
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504])

export const isPassingStatus = (status: number) => passingStatuses.has(status)

const passing: Readonly<Record<Fault, boolean>> = {
  dns: true,
  connection_refused: true,
  connection_reset: true,
  connect_timeout: true,
  headers_timeout: true,
  body_timeout: true,
  total_timeout: true,
  network: true,
  tls: false,
  body_too_large: false,
  bad_encoding: false,
  protocol: false,
  redirect_without_target: false,
  redirect_loop: false,
  too_many_redirects: false,
  parser: false,
}

/** Of failures without a status; those with one are told by `isPassingStatus`. */
export const isPassing = (fault: Fault): fault is PassingFault => passing[fault]

const reasonsByCode: Readonly<Record<string, Fault>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NODATA: 'dns',
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'headers_timeout',
  UND_ERR_BODY_TIMEOUT: 'body_timeout',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
}

/** The reason behind what a connection threw. */
export function reasonOf(error: unknown): Fault {
  const code = codeOf(error)
  const known = reasonsByCode[code]
  if (known !== undefined) return known
  if (code.startsWith('HPE_')) return 'protocol'
  return /TLS|SSL|CERT|SIGNED|UNABLE_TO_/.test(code) ? 'tls' : 'network'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error.cause)
}
