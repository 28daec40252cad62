import { describe, expect, it } from 'vitest'
import { faultOf } from '../../src/fetcher/faults.ts'
import type { Fault } from '../../src/outcome.ts'

describe('the fault behind an error', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code })

  it.each<[code: string, reason: Fault]>([
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['EAI_NODATA', 'dns'],
    ['ECONNREFUSED', 'connection_refused'],
    ['ECONNRESET', 'connection_reset'],
    ['EPIPE', 'connection_reset'],
    ['UND_ERR_SOCKET', 'connection_reset'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'headers_timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'body_timeout'],
    ['UND_ERR_HEADERS_OVERFLOW', 'protocol'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'protocol'],
    ['HPE_INVALID_CONSTANT', 'protocol'],
    ['HPE_HEADER_OVERFLOW', 'protocol'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EHOSTUNREACH', 'network'],
    ['ENETUNREACH', 'network'],
    ['UND_ERR_WHATEVER', 'network'],
  ])('with the code %s is %s', (code, reason) => {
    expect(faultOf(coded(code))).toBe(reason)
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

  it('is not made of a code that is no text', () => {
    expect(faultOf(Object.assign(new Error('x'), { code: 23 }))).toBe('network')
  })
})
