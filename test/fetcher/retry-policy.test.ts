import { describe, expect, expectTypeOf, it } from 'vitest'
import { isPassing, isPassingStatus, policyFor, waitBeforeRetry } from '../../src/fetcher/retry-policy.ts'
import type { Fault, PassingFault, RetryReason } from '../../src/outcome.ts'

const arrived = 'may have been done'
const notArrived = 'was not done'
const final = 'for good'
type Row = readonly [tries: number, afterMs: number, typeof arrived | typeof notArrived] | typeof final

// `satisfies` makes a fault that is added to the taxonomy an error here.
const faults = {
  dns: [3, 10_000, notArrived],
  connection_refused: [4, 5_000, notArrived],
  connect_timeout: [3, 5_000, notArrived],
  proxy: [4, 5_000, notArrived],
  network: [3, 10_000, arrived],
  connection_reset: [5, 1_000, arrived],
  body_cut_off: [4, 1_000, arrived],
  headers_timeout: [3, 5_000, arrived],
  body_timeout: [3, 5_000, arrived],
  total_timeout: [3, 10_000, arrived],
  body_too_slow: [2, 10_000, arrived],
  tls_expired: final,
  tls_not_yet_valid: final,
  tls_self_signed: final,
  tls_untrusted: final,
  tls_wrong_host: final,
  tls_handshake: final,
  address_blocked: final,
  proxy_auth: final,
  headers_too_large: final,
  body_too_large: final,
  bad_encoding: final,
  protocol: final,
  redirect_without_target: final,
  redirect_loop: final,
  too_many_redirects: final,
  file_type: final,
  parser: final,
} satisfies Record<Fault, Row>

const statuses: Record<number, Row> = {
  408: [5, 0, arrived],
  425: [5, 1_000, notArrived],
  429: [10, 0, notArrived],
  500: [2, 1_000, arrived],
  502: [5, 1_000, arrived],
  503: [10, 0, arrived],
  504: [3, 1_000, arrived],
}

const rows: readonly (readonly [reason: string, Row])[] = [
  ...Object.entries(faults),
  ...Object.entries(statuses).map(([status, row]) => [`http_${status}`, row] as const),
]
const passing = rows.filter((row): row is readonly [RetryReason, Exclude<Row, string>] => row[1] !== final)

describe('the retry table', () => {
  it.each(passing)('%s: at most %j further tries, the first after so many milliseconds', (reason, row) => {
    const [tries, afterMs] = row
    const get = { isIdempotent: true }
    expect(waitBeforeRetry(reason, { ...get, attempt: 0 }, 100)).toBe(afterMs)
    expect(waitBeforeRetry(reason, { ...get, attempt: 1 }, 100)).toBe(2 * afterMs)
    expect(waitBeforeRetry(reason, { ...get, attempt: tries - 1 }, 100)).toBe(
      Math.min(afterMs * 2 ** (tries - 1), 600_000),
    )
    expect(waitBeforeRetry(reason, { ...get, attempt: tries }, 100)).toBeUndefined()
  })

  it.each(passing)('%s: %j says whether what is not idempotent is asked again', (reason, [, afterMs, whether]) => {
    const post = { isIdempotent: false, attempt: 0 }
    expect(waitBeforeRetry(reason, post, 100)).toBe(whether === arrived ? undefined : afterMs)
  })

  it.each(rows.filter(([, row]) => row === final))('%s is %s', (reason) => {
    expect(policyFor(reason)).toBeUndefined()
    expect(isPassing(reason as Fault)).toBe(false)
  })

  it.each([200, 204, 301, 304, 400, 401, 403, 404, 405, 410, 451, 501, 505, 511, 599, 999])(
    'status %i is for good',
    (status) => {
      expect(isPassingStatus(status)).toBe(false)
      expect(policyFor(`http_${status}`)).toBeUndefined()
    },
  )

  it.each(Object.keys(statuses).map(Number))('RFC 9110 section 15: status %i is a passing one', (status) => {
    expect(isPassingStatus(status)).toBe(true)
  })

  it('is bounded by `maxRetries`, and its waits by ten minutes', () => {
    const get = { isIdempotent: true }
    expect(waitBeforeRetry('http_502', { ...get, attempt: 1 }, 2)).toBe(2_000)
    expect(waitBeforeRetry('http_502', { ...get, attempt: 2 }, 2)).toBeUndefined()
    expect(waitBeforeRetry('dns', { ...get, attempt: 0 }, 0)).toBeUndefined()
  })

  it('tells a fault that may be tried again by its type', () => {
    const fault = 'dns' as Fault
    if (isPassing(fault)) expectTypeOf(fault).toEqualTypeOf<PassingFault>()
    expect(isPassing('toString' as Fault)).toBe(false)
    expect(policyFor('http_toString')).toBeUndefined()
  })
})
