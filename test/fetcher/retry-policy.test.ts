import { describe, expect, expectTypeOf, it } from 'vitest'
import { isPassing, isPassingStatus, reasonOf } from '../../src/fetcher/retry-policy.ts'
import type { Fault, PassingFault } from '../../src/outcome.ts'

// `satisfies` makes a reason that is added to the policy an error here.
const policy = {
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
} satisfies Record<Fault, boolean>

describe('the retry policy', () => {
  it.each(Object.entries(policy) as [Fault, boolean][])('a failure for %s is passing: %s', (reason, passes) => {
    expect(isPassing(reason)).toBe(passes)
  })

  it('tells a reason that may be tried again by its type', () => {
    const reason = 'dns' as Fault
    if (isPassing(reason)) expectTypeOf(reason).toEqualTypeOf<PassingFault>()
  })

  it.each([408, 425, 429, 500, 502, 503, 504])('RFC 9110 section 15: status %i is a passing one', (status) => {
    expect(isPassingStatus(status)).toBe(true)
  })

  it.each([200, 204, 301, 304, 400, 401, 403, 404, 405, 410, 451, 501, 505, 511])('status %i is not', (status) => {
    expect(isPassingStatus(status)).toBe(false)
  })
})

describe('the reason behind an error', () => {
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
    expect(reasonOf(coded(code))).toBe(reason)
  })

  it('is looked for in the cause', () => {
    const error = new TypeError('fetch failed', { cause: new Error('x', { cause: coded('ECONNREFUSED') }) })
    expect(reasonOf(error)).toBe('connection_refused')
  })

  it('is that of the first address when a name has several', () => {
    expect(reasonOf(new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]))).toBe('connection_refused')
    expect(reasonOf(new Error('x', { cause: new AggregateError([coded('ECONNRESET')]) }))).toBe('connection_reset')
  })

  it.each([new Error('x'), new AggregateError([]), 'ECONNRESET', undefined, null, { code: 'ECONNRESET' }])(
    'is network when %s tells nothing',
    (error) => expect(reasonOf(error)).toBe('network'),
  )

  it('is not made of a code that is no text', () => {
    expect(reasonOf(Object.assign(new Error('x'), { code: 23 }))).toBe('network')
  })
})
