/**
 * A fault in words: what failed, and what to do about it. They are for people who want data and may never have heard of a handshake; the codes
 * are there for those who want to look them up.
 */
import type { Fault } from '../outcome.ts'
import { codeOf, FaultError } from './faults.ts'

interface Words {
  readonly failed: string
  readonly remedy?: string
}

const pass = 'ignoreCertificateOf fetches from it nevertheless'

/** Where the error itself has no better ones. */
const wordsFor: Partial<Readonly<Record<Fault, (host: string, error: Error) => Words>>> = {
  dns: (host, error) => ({ failed: `No address was found for the name ${host} (${codeOf(error) || error.message})` }),
  connection_refused: (host) => ({ failed: `${host} refused the connection` }),
  connection_reset: () => ({ failed: 'The connection was closed before an answer came' }),
  connect_timeout: (_, { message }) => ({ failed: message, remedy: 'raise connectTimeoutMs' }),
  headers_timeout: (_, { message }) => ({ failed: message, remedy: 'raise headersTimeoutMs' }),
  body_timeout: (_, { message }) => ({ failed: message, remedy: 'raise bodyTimeoutMs' }),
  total_timeout: (_, { message }) => ({ failed: message, remedy: 'raise totalTimeoutMs' }),
  body_too_slow: (_, { message }) => ({ failed: message, remedy: 'lower minBytesPerSecond' }),
  body_too_large: (_, { message }) => ({ failed: message, remedy: 'raise maxBodyBytes' }),
  body_cut_off: (_, error) => ({
    failed: error instanceof FaultError ? error.message : 'The connection ended before the body did',
  }),
  address_blocked: (_, { message }) => ({ failed: message, remedy: 'allowPrivate opens it' }),
  proxy_auth: (_, { message }) => ({ failed: message, remedy: 'set both in the URL of proxy' }),
  headers_too_large: () => ({ failed: 'The headers are too large', remedy: 'raise maxHeaderBytes' }),
  protocol: (_, { message }) => ({ failed: `The answer is not valid HTTP: ${message}` }),
  tls_expired: (host) => ({
    failed: `The certificate of ${host} has expired`,
    remedy: `its owner has to renew it; ${pass}`,
  }),
  tls_not_yet_valid: (host) => ({
    failed: `The certificate of ${host} is not valid yet`,
    remedy: `see that the clock of this machine is right; ${pass}`,
  }),
  tls_self_signed: (host) => ({ failed: `Nobody but ${host} itself vouches for its certificate`, remedy: pass }),
  tls_untrusted: (host, error) => ({
    failed: `The certificate of ${host} cannot be traced to an authority that is known here (${codeOf(error)})`,
    remedy: `NODE_EXTRA_CA_CERTS=FILE makes an authority known; ${pass}`,
  }),
  tls_wrong_host: (host, error) => ({
    failed: `The certificate is not for ${host}${othersOf(error)}`,
    remedy: `see whether the name in the URL is right; ${pass}`,
  }),
  tls_handshake: (host, error) => ({ failed: `No secure connection to ${host} came about (${openSslReason(error)})` }),
}

/** What to do about a fault, where that is not what it is for a page; an empty text for nothing. */
export type Remedies = Partial<Readonly<Record<Fault, string>>>

/** @param host that was asked. */
export function inWords(fault: Fault, host: string, error: unknown, remedies: Remedies = {}): Words {
  const known = error instanceof Error ? error : new Error(fault.replaceAll('_', ' '))
  const words = wordsFor[fault]?.(host, known)
  if (words === undefined) return { failed: known.message === '' ? fault.replaceAll('_', ' ') : known.message }
  const { failed, remedy = '' } = { ...words, ...(fault in remedies ? { remedy: remedies[fault] } : undefined) }
  return remedy === '' ? { failed } : { failed, remedy }
}

/** The names that it is for, as node tells them: `DNS:a.test, DNS:b.test`. */
function othersOf(error: Error): string {
  const names = /(?:altnames|list): (?:.*?)((?:DNS|IP Address):[^"]*)$/.exec(error.message)?.[1]
  return names === undefined ? '' : `, but for ${names.slice(0, 200)}`
}

/** OpenSSL's own message has the place in its source, too. */
const openSslReason = (error: Error) =>
  'reason' in error && typeof error.reason === 'string' ? error.reason : codeOf(error)
