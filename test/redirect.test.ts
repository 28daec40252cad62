import { describe, expect, it } from 'vitest'
import { redirected } from '../src/redirect.ts'
import type { Method, PageRequest, Sending } from '../src/request.ts'
import { request } from './frontier/contract.ts'

const from = 'http://a.test/from'
const target = 'http://a.test/to'
const elsewhere = 'https://a.test/to'

function next(given: PageRequest, status: number, to = target): PageRequest {
  const outcome = redirected(given, status, to)
  if (outcome.kind === 'loop') throw new Error('a loop')
  return outcome.request
}

const post: Sending = {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-token': 't' },
  body: '{}',
  isIdempotent: false,
}
const asks = (method: Method): Sending | undefined =>
  method === 'POST' ? post : method === 'GET' ? undefined : { method, headers: {}, isIdempotent: true }

describe('the method after a redirect', () => {
  it.each<[status: number, before: Method, after: Method, rule: string]>([
    [301, 'GET', 'GET', 'RFC 9110 section 15.4.2'],
    [301, 'HEAD', 'HEAD', 'RFC 9110 section 15.4.2'],
    [301, 'POST', 'GET', 'Fetch, HTTP-redirect fetch, step 12'],
    [302, 'GET', 'GET', 'RFC 9110 section 15.4.3'],
    [302, 'HEAD', 'HEAD', 'RFC 9110 section 15.4.3'],
    [302, 'POST', 'GET', 'Fetch, HTTP-redirect fetch, step 12'],
    [303, 'GET', 'GET', 'RFC 9110 section 15.4.4'],
    [303, 'HEAD', 'HEAD', 'RFC 9110 section 15.4.4'],
    [303, 'POST', 'GET', 'RFC 9110 section 15.4.4'],
    [307, 'GET', 'GET', 'RFC 9110 section 15.4.8'],
    [307, 'HEAD', 'HEAD', 'RFC 9110 section 15.4.8'],
    [307, 'POST', 'POST', 'RFC 9110 section 15.4.8'],
    [308, 'GET', 'GET', 'RFC 9110 section 15.4.9'],
    [308, 'HEAD', 'HEAD', 'RFC 9110 section 15.4.9'],
    [308, 'POST', 'POST', 'RFC 9110 section 15.4.9'],
  ])('%i of a %s is %s (%s)', (status, before, after) => {
    const { sending } = next(request(from, { sending: asks(before) }), status)
    expect(sending?.method ?? 'GET').toBe(after)
    expect(sending?.body).toBe(after === 'POST' ? '{}' : undefined)
    expect(sending?.isIdempotent ?? true).toBe(after !== 'POST')
  })
})

describe('the headers after a redirect', () => {
  const headers = {
    accept: 'application/json',
    'accept-language': 'de',
    authorization: 'Bearer s',
    cookie: 'a=b',
    'content-type': 'text/x',
    'content-language': 'de',
    'x-api-key': 's',
    referer: 'http://a.test/',
  }
  const ask = (method: Method) => request(from, { sending: { ...post, method, headers } })
  const named = ({ sending }: PageRequest) => Object.keys(sending?.headers ?? {})

  it('are the same on one origin, without those of a body that goes', () => {
    expect(next(ask('POST'), 307).sending?.headers).toEqual(headers)
    expect(named(next(ask('POST'), 303))).toEqual([
      'accept',
      'accept-language',
      'authorization',
      'cookie',
      'x-api-key',
      'referer',
    ])
  })

  it.each([elsewhere, 'http://b.test/to', 'http://a.test:8080/to', 'http://www.a.test/to'])(
    'ours: to another origin, like %s, only those go that say how a page should come, and the type of a body',
    (to) => {
      expect(named(next(ask('POST'), 303, to))).toEqual(['accept', 'accept-language'])
      expect(named(next(ask('POST'), 307, to))).toEqual([
        'accept',
        'accept-language',
        'content-type',
        'content-language',
      ])
      expect(next(ask('POST'), 307, to).sending?.body).toBe('{}')
    },
  )

  it('do not come back on the way home', () => {
    const away = next(ask('GET'), 302, elsewhere)
    expect(named(next(away, 302, 'http://a.test/home'))).not.toContain('authorization')
  })

  it('leave a plain GET where none are left', () => {
    const headers = { authorization: 'Bearer s' }
    const away = next(request(from, { sending: { method: 'GET', headers, isIdempotent: true } }), 302, elsewhere)
    expect(away).not.toHaveProperty('sending')
  })
})

describe('the way of redirects', () => {
  it('is kept, with all else that the request is, and begins its attempts anew', () => {
    const given = request(from, {
      depth: 3,
      parser: 'book',
      priority: 2,
      data: { n: 1 },
      attempt: 2,
      redirects: ['http://x.test/'],
    })
    expect(redirected(given, 302, target)).toEqual({
      kind: 'next',
      request: { ...given, url: target, attempt: 0, redirects: ['http://x.test/', from] },
    })
  })

  /** Goes one step after the other: `[status, target]`. */
  function walk(given: PageRequest, steps: readonly (readonly [number, string])[]): string {
    let now = given
    for (const [status, to] of steps) {
      const outcome = redirected(now, status, to)
      if (outcome.kind === 'loop') return `loop at ${to}`
      now = outcome.request
    }
    return `${now.sending?.method ?? 'GET'} ${now.url}`
  }
  const a = 'http://a.test/a'
  const b = 'http://a.test/b'
  const asking = (method: Method) => request(a, { sending: asks(method) })

  it.each<[what: string, method: Method, steps: [number, string][], end: string]>([
    ['a GET to itself', 'GET', [[302, a]], `loop at ${a}`],
    [
      'a GET and back',
      'GET',
      [
        [302, b],
        [302, a],
      ],
      `loop at ${a}`,
    ],
    [
      'a HEAD and back',
      'HEAD',
      [
        [303, b],
        [302, a],
      ],
      `loop at ${a}`,
    ],
    ['a POST to itself with the same body', 'POST', [[307, a]], `loop at ${a}`],
    [
      'a POST and back with the same body',
      'POST',
      [
        [308, b],
        [307, a],
      ],
      `loop at ${a}`,
    ],
    ['a POST to itself as a GET, which is another request', 'POST', [[303, a]], `GET ${a}`],
    [
      'a POST, and back as a GET',
      'POST',
      [
        [303, b],
        [302, a],
      ],
      `GET ${a}`,
    ],
    [
      'a POST, back as a GET, and round again',
      'POST',
      [
        [303, b],
        [302, a],
        [302, b],
      ],
      `loop at ${b}`,
    ],
    [
      'a POST to itself as a GET that leads to itself',
      'POST',
      [
        [302, a],
        [302, a],
      ],
      `loop at ${a}`,
    ],
    [
      'two POSTs, then GETs of the same URLs',
      'POST',
      [
        [307, b],
        [303, a],
        [302, b],
      ],
      `GET ${b}`,
    ],
  ])('%s', (_what, method, steps, end) => {
    expect(walk(asking(method), steps)).toBe(end)
  })

  it.each<[Method, number, 'next' | 'loop']>([
    ['GET', 302, 'next'],
    ['HEAD', 307, 'next'],
    ['POST', 303, 'next'],
    ['POST', 307, 'loop'],
  ])('ours: a %s that %i leads back to itself with new cookies: %s', (method, status, kind) => {
    expect(redirected(asking(method), status, a, true).kind).toBe(kind)
  })
})
