/** Headers of an answer that is kept: those that speak of what was answered, and not of the message that it came in. */
import type { Headers } from '../../outcome.ts'

/**
 * Of the message that it came in, and not of what is kept: bodies are kept decoded. Cookies are for whoever was asked to remember them, and
 * not to be found on disk (RFC 9111 section 7.3).
 */
const ofTheMessage = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'set-cookie2',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** RFC 9111 section 3.1. */
export function keptHeaders(headers: Headers): Headers {
  const named = linesOf(headers.connection)
    .join(',')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const kept = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !ofTheMessage.has(name) && !named.includes(name),
  )
  return Object.fromEntries(kept)
}

export const linesOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value
