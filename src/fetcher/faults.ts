/** From what a connection threw to the fault that it is, as one table of codes. */
import type { Fault } from '../outcome.ts'

const faultsByCode: Readonly<Record<string, Fault>> = {
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

/** The fault behind what a connection threw. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  const known = faultsByCode[code]
  if (known !== undefined) return known
  if (code.startsWith('HPE_')) return 'protocol'
  return /TLS|SSL|CERT|SIGNED|UNABLE_TO_/.test(code) ? 'tls' : 'network'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return error instanceof AggregateError ? codeOf(error.errors[0]) : codeOf(error.cause)
}
