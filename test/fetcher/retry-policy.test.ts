import { describe, expect, expectTypeOf, it } from 'vitest'
import { isPassing, isPassingStatus } from '../../src/fetcher/retry-policy.ts'
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
