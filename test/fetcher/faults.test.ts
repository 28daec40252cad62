import { describe, expect, it } from 'vitest'
import { FaultError, faultOf } from '../../src/fetcher/faults.ts'
import type { Fault } from '../../src/outcome.ts'

describe('the fault behind an error', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code })

  it.each<[code: string, reason: Fault]>([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['EAI_NODATA', 'dns'],
    ['EAI_FAIL', 'dns'],
    ['ENODATA', 'dns'],
    ['ESERVFAIL', 'dns'],
    ['EREFUSED', 'dns'],
    ['EBADNAME', 'dns'],
    ['ETIMEOUT', 'dns'],
    ['ERR_ADDRESS_BLOCKED', 'address_blocked'],
    ['ECONNREFUSED', 'connection_refused'],
    ['ECONNRESET', 'connection_reset'],
    ['ECONNABORTED', 'connection_reset'],
    ['EPIPE', 'connection_reset'],
    ['UND_ERR_SOCKET', 'connection_reset'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'headers_timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'body_timeout'],
    ['UND_ERR_HEADERS_OVERFLOW', 'headers_too_large'],
    ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
    ['HPE_INVALID_CONSTANT', 'protocol'],
    ['HPE_STRICT', 'protocol'],
    ['ERR_PROXY', 'proxy'],
    ['ERR_PROXY_AUTH', 'proxy_auth'],
    ['CERT_HAS_EXPIRED', 'tls_expired'],
    ['CERT_NOT_YET_VALID', 'tls_not_yet_valid'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_self_signed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_wrong_host'],
    ['HOSTNAME_MISMATCH', 'tls_wrong_host'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_untrusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_untrusted'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'tls_untrusted'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_untrusted'],
    ['CERT_REVOKED', 'tls_untrusted'],
    ['CERT_CHAIN_TOO_LONG', 'tls_untrusted'],
    ['CERT_SIGNATURE_FAILURE', 'tls_untrusted'],
    ['INVALID_CA', 'tls_untrusted'],
    ['INVALID_PURPOSE', 'tls_untrusted'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_handshake'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls_handshake'],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', 'tls_handshake'],
    ['EPROTO', 'tls_handshake'],
    ['EHOSTUNREACH', 'network'],
    ['ENETUNREACH', 'network'],
    ['ERR_ASSERTION', 'protocol'],
    ['UND_ERR_WHATEVER', 'network'],
    ['toString', 'network'],
    ['UND_ERR_INFO', 'connection_reset'],
    ['ERR_HTTP2_SESSION_ERROR', 'connection_reset'],
    ['ERR_HTTP2_STREAM_ERROR', 'connection_reset'],
    ['ERR_HTTP2_ERROR', 'protocol'],
    ['ERR_HTTP2_TOO_MANY_INVALID_FRAMES', 'protocol'],
  ])('with the code %s is %s', (code, reason) => {
    expect(faultOf(coded(code))).toBe(reason)
  })

  it.each<[code: string, isSent: boolean, hasHead: boolean, reason: Fault]>([
    ['UND_ERR_SOCKET', true, false, 'connection_reset'],
    ['UND_ERR_SOCKET', true, true, 'body_cut_off'],
    ['ECONNRESET', true, true, 'body_cut_off'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', true, true, 'body_cut_off'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', true, false, 'protocol'],
    ['HPE_INVALID_EOF_STATE', true, true, 'body_cut_off'],
    ['HPE_INVALID_EOF_STATE', true, false, 'connection_reset'],
    ['ETIMEDOUT', false, false, 'connect_timeout'],
    ['ETIMEDOUT', true, false, 'connection_reset'],
    ['ETIMEDOUT', true, true, 'body_cut_off'],
    ['HPE_INVALID_CHUNK_SIZE', true, true, 'protocol'],
    ['UND_ERR_BODY_TIMEOUT', true, true, 'body_timeout'],
  ])('with the code %s, sent %s, with the head of an answer %s, is %s', (code, isSent, hasHead, reason) => {
    expect(faultOf(coded(code), { isSent, hasHead })).toBe(reason)
  })

  it('is looked for in the cause', () => {
    const error = new TypeError('fetch failed', { cause: new Error('x', { cause: coded('ECONNREFUSED') }) })
    expect(faultOf(error)).toBe('connection_refused')
  })

  it('is that of the first address when a name has several', () => {
    expect(faultOf(new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]))).toBe('connection_refused')
    expect(faultOf(new Error('x', { cause: new AggregateError([coded('ECONNRESET')]) }))).toBe('connection_reset')
  })

  it.each([new Error('x'), new AggregateError([]), 'ECONNRESET', undefined, null, { code: 'ECONNRESET' }])(
    'is network when %s tells nothing',
    (error) => expect(faultOf(error)).toBe('network'),
  )

  it.each<[message: string, reason: Fault]>([
    ['bad response', 'protocol'],
    ['bad upgrade', 'protocol'],
    ['other side closed', 'connection_reset'],
  ])('with the code UND_ERR_SOCKET, when undici says %j, is %s', (message, reason) => {
    const error = Object.assign(new Error(message), { code: 'UND_ERR_SOCKET' })
    expect(faultOf(error, { isSent: true, hasHead: false })).toBe(reason)
  })

  it.each<[message: string, reason: Fault]>([
    ['Response does not match the HTTP/1.1 protocol (Invalid EOF state)', 'body_cut_off'],
    ['Response does not match the HTTP/1.1 protocol (Invalid character in chunk size)', 'protocol'],
  ])('that the parser has no code for is told by its words: %j is %s', (message, reason) => {
    const error = Object.assign(new Error(message), { name: 'HTTPParserError', code: undefined })
    expect(faultOf(error, { isSent: true, hasHead: true })).toBe(reason)
  })

  it('that was found here is what it says', () => {
    expect(faultOf(new FaultError('body_too_slow', 'x'))).toBe('body_too_slow')
  })

  it('is not made of a code that is no text', () => {
    expect(faultOf(Object.assign(new Error('x'), { code: 23 }))).toBe('network')
  })
})
