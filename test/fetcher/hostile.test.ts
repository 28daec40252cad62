/** Whatever a server does, a fetch ends in the outcome that is written beside it, and nothing of it stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hostile, openHostile } from '../sites/hostile.ts'
import { behaviours } from '../sites/hostile-behaviours.ts'
import {
  behaviourNames,
  countWhenQuiet,
  fetchHostile,
  openHandles,
  openHostileFetcher,
  trustHostile,
} from '../sites/hostile-fetches.ts'
import { randomFrom } from '../sites/web.ts'

let hostile: Hostile
let distrust: () => void

beforeAll(async () => {
  distrust = trustHostile()
  hostile = await openHostile()
})
afterAll(async () => {
  distrust()
  await hostile[Symbol.asyncDispose]()
})

describe.concurrent('a fetch from a server that', () => {
  it.each(Object.entries(behaviours).map(([name, { does }]) => [name, does]))('%s: %s', async (name) => {
    await using fetcher = openHostileFetcher(1)
    const { outcome, message } = await fetchHostile(fetcher, hostile, name)
    expect(outcome, message).toEqual(behaviours[name]?.comesTo)
  })
})

describe.concurrent('an outcome says', () => {
  const pass = 'ignoreCertificateOf fetches from it nevertheless'

  it.each<[name: string, message: string]>([
    ['no-name', 'No address was found for the name missing.test (ENOTFOUND): GET URL'],
    ['refused', '127.0.0.1 refused the connection: GET URL'],
    ['tls-silent', 'No connection within 6000 ms: GET URL (raise connectTimeoutMs)'],
    ['empty-reply', 'The connection was closed before an answer came: GET URL'],
    ['closed-in-body', 'The connection ended before the body did: GET URL'],
    ['silent', 'No head of an answer within 3000 ms: GET URL (raise headersTimeoutMs)'],
    ['stalls-in-body', 'No more of the body within 3000 ms: GET URL (raise bodyTimeoutMs)'],
    ['drips-body', 'Body came at less than 1000 bytes a second: GET URL (lower minBytesPerSecond)'],
    ['endless-header', 'The headers are too large: GET URL (raise maxHeaderBytes)'],
    ['endless-body', 'Body exceeded 100000 bytes: GET URL (raise maxBodyBytes)'],
    ['endless-interim', 'The answer is not valid HTTP: More than 16 interim answers: GET URL'],
    ['206-unasked', 'Status 206: GET URL'],
    ['expired', `The certificate of localhost has expired: GET URL (its owner has to renew it; ${pass})`],
    [
      'not-yet-valid',
      `The certificate of localhost is not valid yet: GET URL (see that the clock of this machine is right; ${pass})`,
    ],
    ['self-signed', `Nobody but localhost itself vouches for its certificate: GET URL (${pass})`],
    [
      'untrusted',
      'The certificate of localhost cannot be traced to an authority that is known here (UNABLE_TO_VERIFY_LEAF_SIGNATURE): ' +
        `GET URL (NODE_EXTRA_CA_CERTS=FILE makes an authority known; ${pass})`,
    ],
    [
      'wrong-host',
      'The certificate is not for localhost, but for DNS:other.example, DNS:www.other.example: ' +
        `GET URL (see whether the name in the URL is right; ${pass})`,
    ],
    ['plain-for-tls', 'No secure connection to localhost came about (wrong version number): GET URL'],
  ])('what failed, of which request, and what to do: %s', async (name, message) => {
    await using fetcher = openHostileFetcher(1)
    const fetched = await fetchHostile(fetcher, hostile, name)
    expect(fetched.message).toBe(message.replace('URL', hostile.urlOf(name)))
  })
})

describe('an answer that nobody asked for', () => {
  it.each(['second-answer', 'more-than-its-length', '204-with-body', 'head-with-body', '304-with-body'])(
    'is not taken for the next one: %s (response splitting)',
    async (name) => {
      await using fetcher = openHostileFetcher(1)
      // Waiting in line for the connection, and after it.
      const first = fetchHostile(fetcher, hostile, name)
      const second = fetchHostile(fetcher, hostile, 'ok')
      expect((await first).outcome).toEqual(behaviours[name]?.comesTo)
      expect((await second).outcome).toEqual(behaviours.ok?.comesTo)
      expect((await fetchHostile(fetcher, hostile, 'ok')).outcome).toEqual(behaviours.ok?.comesTo)
    },
  )
})

describe('32 fetches at a time, of all kinds', () => {
  it('end as they must, and leave no socket and no handle', async () => {
    const random = randomFrom(5)
    const before = openHandles().length
    const fetcher = openHostileFetcher(32)
    const wrong: unknown[] = []
    let left = 300
    const fetchOn = async () => {
      while (left-- > 0) {
        const name = behaviourNames[Math.floor(random() * behaviourNames.length)] ?? ''
        const { outcome, message } = await fetchHostile(fetcher, hostile, name)
        if (JSON.stringify(outcome) !== JSON.stringify(behaviours[name]?.comesTo)) wrong.push([name, outcome, message])
      }
    }
    await Promise.all(Array.from({ length: 32 }, fetchOn))
    await fetcher[Symbol.asyncDispose]()
    expect(wrong).toEqual([])
    expect(await countWhenQuiet(hostile)).toMatchObject({ open: 0 })
    const after = openHandles()
    expect(after.filter((handle) => /Socket|TLS/.test(handle))).toEqual([])
    expect(after.length).toBeLessThanOrEqual(before)
  }, 60_000)
})
