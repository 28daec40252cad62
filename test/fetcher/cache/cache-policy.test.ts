import { describe, expect, it } from 'vitest'
import { conditionsOf, isFresh, mayKeep, renewedHeaders, variantOf } from '../../../src/fetcher/cache/cache-policy.ts'
import type { Headers } from '../../../src/outcome.ts'
import { plainGet } from '../../../src/request.ts'

const askedAt = Date.UTC(2026, 0, 5)
const hour = 3600
const day = 24 * hour
const dateAt = (seconds: number) => new Date(askedAt + seconds * 1000).toUTCString()
const date = dateAt(0)

const answer = (headers: Headers, status = 200) => ({
  url: 'http://h.test/',
  status,
  headers: { date, ...headers },
  askedAt,
  variant: '',
})

/** @param own headers that the follow brought. */
const asked = (headers: Record<string, string>, own: Record<string, string> = {}) => {
  return { headers: { ...headers, ...own }, sending: { ...plainGet, headers: own } }
}

/** For how many of these seconds after it was asked for it is fresh. */
function freshFor(headers: Headers, status = 200, request: Record<string, string> = {}): number {
  const steps = [0, 1, 30, 59, 60, 99, 100, 3599, hour, day - 1, day, 2 * day, 365 * day]
  const fresh = steps.filter((seconds) => isFresh(answer(headers, status), request, askedAt + seconds * 1000))
  return fresh.length === 0 ? -1 : (fresh.at(-1) ?? -1)
}

const etag = '"v1"'

describe('RFC 9111 section 4.2.1: an answer is fresh', () => {
  it.each<[headers: Headers, until: number]>([
    [{ 'cache-control': 'max-age=60' }, 59],
    [{ 'cache-control': 'Max-Age=60' }, 59],
    [{ 'cache-control': 'public, MAX-AGE="60"' }, 59],
    [{ 'cache-control': ['public', 'max-age=60'] }, 59],
    [{ 'cache-control': 'max-age=3600, max-age=60' }, 59],
    [{ 'cache-control': 'max-age=60, max-age=3600' }, 59],
    [{ 'cache-control': 'max-age=60', expires: dateAt(day) }, 59],
    [{ 'cache-control': 's-maxage=60, max-age=3600' }, 3599],
    [{ 'cache-control': 'private, max-age=3600' }, 3599],
    [{ 'cache-control': 'max-age=3600, must-revalidate' }, 3599],
    [{ 'cache-control': 'max-age=60, stale-while-revalidate=3600, stale-if-error=3600' }, 59],
    [{ expires: dateAt(60) }, 59],
    [{ expires: dateAt(60), date: dateAt(-40) }, 99],
  ])('with %j until second %i', (headers, until) => expect(freshFor(headers)).toBe(until))

  it.each<[why: string, headers: Headers]>([
    ['max-age=0', { 'cache-control': 'max-age=0' }],
    ['no-cache', { 'cache-control': 'max-age=3600, no-cache' }],
    ['no-cache for one header, which is taken for all', { 'cache-control': 'max-age=60, no-cache="x, max-age=9"' }],
    ['an old Pragma', { pragma: 'no-cache', expires: dateAt(hour) }],
    ['a max-age that cannot be read', { 'cache-control': 'max-age=60s', 'last-modified': dateAt(-10 * day) }],
    ['a max-age without a value', { 'cache-control': 'max-age=', 'last-modified': dateAt(-10 * day) }],
    ['a negative max-age', { 'cache-control': 'max-age=-1' }],
    ['an Expires in the past', { expires: dateAt(-1), 'last-modified': dateAt(-10 * day) }],
    ['an Expires that is no date', { expires: '0', 'last-modified': dateAt(-10 * day) }],
    ['nothing that says so', {}],
    ['immutable alone', { 'cache-control': 'immutable' }],
  ])('never with %s', (_why, headers) => expect(freshFor(headers)).toBe(-1))
})

it('RFC 9111 section 4.2.3: Age counts', () => {
  expect(freshFor({ 'cache-control': 'max-age=60', age: '31' })).toBe(1)
  expect(freshFor({ 'cache-control': 'max-age=60', age: '60' })).toBe(-1)
})

describe('RFC 9111 section 4.2.2: where nobody says for how long', () => {
  it.each<[lastModified: string, until: number]>([
    [dateAt(-600), 59],
    [dateAt(-10 * hour), 3599],
    [dateAt(0), -1],
    [dateAt(60), -1],
    ['yesterday', -1],
  ])('an answer that was last changed on %s is fresh for a tenth of its age: until second %i', (lastModified, until) =>
    expect(freshFor({ 'last-modified': lastModified })).toBe(until),
  )

  it('ours: for a day at most', () => {
    expect(freshFor({ 'last-modified': dateAt(-3650 * day) })).toBe(day)
    expect(freshFor({ 'cache-control': `max-age=${400 * day}` })).toBe(365 * day)
  })
})

it('RFC 9111 section 5.2.1: a request may ask for more than fresh', () => {
  const headers = { 'cache-control': 'max-age=3600' }
  expect(freshFor(headers, 200, { 'cache-control': 'No-Cache' })).toBe(-1)
  expect(freshFor(headers, 200, { pragma: 'no-cache' })).toBe(-1)
  expect(freshFor(headers, 200, { 'cache-control': 'max-age=60' })).toBe(60)
})

describe('RFC 9111 section 3: an answer', () => {
  const keeps = (headers: Headers, status = 200, request: Record<string, string> = {}) =>
    mayKeep(answer(headers, status), asked(request), askedAt)

  it.each<[what: string, headers: Headers, status: number, request: Record<string, string>]>([
    ['that is fresh', { 'cache-control': 'max-age=60' }, 200, {}],
    ['with an entity tag', { etag, 'cache-control': 'no-cache' }, 200, {}],
    ['with a date of change', { 'last-modified': dateAt(-1) }, 200, {}],
    ['that is private', { 'cache-control': 'private, max-age=60' }, 200, {}],
    ['that is a redirect and says for how long', { 'cache-control': 'max-age=60' }, 302, {}],
    ['404 that says for how long', { 'cache-control': 'max-age=60' }, 404, {}],
    ['to credentials, if it is for all', { 'cache-control': 'public', etag }, 200, { authorization: 'Basic x' }],
    ['to credentials, with s-maxage', { 'cache-control': 's-maxage=9', etag }, 200, { authorization: 'Basic x' }],
    ['to credentials, with must-revalidate', { 'cache-control': 'Must-Revalidate', etag }, 200, { authorization: 'x' }],
  ])('%s may be kept', (_what, headers, status, request) => expect(keeps(headers, status, request)).toBe(true))

  it.each<[what: string, headers: Headers, status: number, request: Record<string, string>]>([
    ['that says no-store', { 'cache-control': 'No-Store, max-age=60', etag }, 200, {}],
    ['that says it in another line', { 'cache-control': ['max-age=60', 'no-store'] }, 200, {}],
    ['to a request that says no-store', { etag }, 200, { 'cache-control': 'no-store' }],
    ['to credentials (section 3.5)', { 'cache-control': 'max-age=60', etag }, 200, { authorization: 'Basic x' }],
    ['that is never fresh, and has no version', {}, 200, {}],
    ['that is a part', { etag, 'cache-control': 'max-age=60' }, 206, {}],
    ['that is a redirect for now', {}, 302, {}],
    ['404 with a version that nobody asks for', { etag }, 404, {}],
    ['of a status that is not known to be kept', { 'cache-control': 'max-age=60' }, 503, {}],
  ])('%s is not', (_what, headers, status, request) => expect(keeps(headers, status, request)).toBe(false))

  it.each<[own: Record<string, string>, cacheControl: string, vary: string | undefined, isKept: boolean]>([
    [{ 'x-api-key': 'k' }, 'max-age=60', undefined, false],
    [{ 'x-api-key': 'k' }, 'private, max-age=60', undefined, false],
    [{ 'x-api-key': 'k' }, 'max-age=60', 'Accept-Encoding', false],
    [{ 'x-api-key': 'k' }, 'max-age=60', 'X-API-Key', true],
    [{ 'x-api-key': 'k' }, 'public, max-age=60', undefined, true],
    [{ 'x-api-key': 'k' }, 'must-revalidate, max-age=60', undefined, true],
    [{ 'x-api-key': 'k', cookie: 'sid=1' }, 'max-age=60', 'X-API-Key', false],
    [{ cookie: 'sid=1' }, 'max-age=60', undefined, false],
    [{ cookie: 'sid=1' }, 'max-age=60', 'Cookie', true],
    [{ cookie: 'sid=1' }, 's-maxage=60, max-age=60', undefined, true],
    [{ authorization: 'Bearer x' }, 'max-age=60', 'Authorization', false],
    [{ accept: 'text/plain', 'accept-language': 'de', 'cache-control': 'no-cache' }, 'max-age=60', undefined, true],
  ])('ours: to a follow with %j, that says %s, Vary: %s: whether it may is %s', (own, cacheControl, vary, isKept) => {
    expect(mayKeep(answer({ 'cache-control': cacheControl, vary, etag }), asked({}, own), askedAt)).toBe(isKept)
  })

  it('with cookies of the jar may be kept: they go with every request', () => {
    expect(keeps({ 'last-modified': dateAt(-60) }, 200, { cookie: 'sid=1' })).toBe(true)
  })
})

describe('RFC 9111 section 4.3.1: what is stale is asked for', () => {
  const lastModified = dateAt(-60)
  it.each<[headers: Headers, conditions: object]>([
    [
      { etag, 'last-modified': lastModified },
      { 'if-none-match': etag, 'if-modified-since': lastModified },
    ],
    [{ etag: 'W/"v1"' }, { 'if-none-match': 'W/"v1"' }],
    [{ 'last-modified': lastModified }, { 'if-modified-since': lastModified }],
    [{ etag: '' }, {}],
    [{ etag: `"${'x'.repeat(2000)}"` }, {}],
    [{}, {}],
  ])('by its version: %j', (headers, conditions) => expect(conditionsOf(answer(headers))).toEqual(conditions))

  it('and an error or a redirect without a condition', () => {
    expect(conditionsOf(answer({ etag }, 404))).toEqual({})
    expect(conditionsOf(answer({ etag }, 301))).toEqual({})
  })
})

describe('RFC 9111 section 4.3.4: a 304', () => {
  const kept = { etag, age: '50', date, 'content-type': 'text/html', 'x-a': '1', 'last-modified': dateAt(-60) }

  it('brings other headers, which hold from then on; what is said of the body stays', () => {
    const fresh = { etag, 'cache-control': 'max-age=9', 'x-a': '2', 'content-type': 'x/y', 'set-cookie': 'a=b' }
    expect(renewedHeaders(kept, { ...fresh, 'content-length': '7', connection: 'close', date: dateAt(9) })).toEqual({
      etag,
      'content-type': 'text/html',
      'x-a': '2',
      'last-modified': dateAt(-60),
      'cache-control': 'max-age=9',
      date: dateAt(9),
    })
  })

  it('takes its own age, or none', () => {
    expect(renewedHeaders(kept, {})).not.toHaveProperty('age')
    expect(renewedHeaders(kept, { age: '3' })).toHaveProperty('age', '3')
  })

  it.each<[Headers]>([[{ etag: '"v2"' }], [{ etag: 'W/"v2"' }], [{ 'last-modified': dateAt(-90) }]])(
    'that names another version speaks of another answer: %j',
    (fresh) => expect(renewedHeaders(kept, fresh)).toBeUndefined(),
  )

  it.each<[Headers]>([[{}], [{ etag }], [{ etag: `W/${etag}` }], [{ etag, 'last-modified': dateAt(-90) }]])(
    'with %j speaks of the one that was asked about',
    (fresh) => expect(renewedHeaders(kept, fresh)).toBeDefined(),
  )
})

describe('RFC 9111 section 4.1: Vary', () => {
  const de = { 'accept-language': 'de', cookie: 'a=secret' }
  const en = { ...de, 'accept-language': 'en' }

  it.each<[vary: string | string[] | undefined, isSame: boolean]>([
    [undefined, true],
    ['', true],
    ['x', true],
    ['Accept-Language', false],
    ['cookie , ACCEPT-LANGUAGE', false],
    [['cookie', 'accept-language'], false],
  ])('%j: whether another language gets the same answer is %s', (vary, isSame) => {
    const [one, two] = [variantOf({ vary }, asked(de)), variantOf({ vary }, asked(en))]
    expect(one === two).toBe(isSame)
  })

  it('a header that is missing is not one that is empty', () => {
    expect(variantOf({ vary: 'x' }, asked({}))).not.toBe(variantOf({ vary: 'x' }, asked({ x: '' })))
  })

  it('with * is never matched', () => expect(variantOf({ vary: 'accept, *' }, asked(de))).toBeUndefined())

  it.each<[one: Record<string, string>, other: Record<string, string>]>([
    [{ authorization: 'Basic a' }, {}],
    [{ authorization: 'Basic a' }, { authorization: 'Basic b' }],
    [{ 'x-api-key': 'a' }, {}],
    [{ 'x-api-key': 'a' }, { 'x-api-key': 'b' }],
    [{ 'x-api-key': 'a' }, { 'x-token': 'a' }],
    [{ cookie: 'sid=a' }, {}],
    [{ cookie: 'sid=a' }, { cookie: 'sid=b' }],
  ])('ours: %j and %j get different answers, whatever the server says', (one, other) => {
    for (const says of ['private', 'public', 's-maxage=60', 'must-revalidate']) {
      const answered = { 'cache-control': says }
      expect(variantOf(answered, asked({}, one))).not.toBe(variantOf(answered, asked({}, other)))
      expect(variantOf(answered, asked({}, one))).toBe(variantOf(answered, asked({}, { ...one })))
    }
  })

  it.each<[cacheControl: string, vary: string | undefined, isForAll: boolean]>([
    ['max-age=60', undefined, false],
    ['max-age=60', 'accept-encoding', false],
    ['must-revalidate', undefined, false],
    ['private, public', undefined, false],
    ['private="x-a", s-maxage=60', undefined, false],
    ['public', 'Cookie', false],
    ['public', undefined, true],
    ['public, must-revalidate', 'accept-encoding', true],
    ['s-maxage=60', undefined, true],
  ])('%s, Vary: %s: whether other cookies of the jar get the same answer is %s', (cacheControl, vary, isForAll) => {
    const answered = { 'cache-control': cacheControl, vary }
    const [one, other, none] = [{ cookie: 'sid=a' }, { cookie: 'sid=b' }, {}].map((sent) =>
      variantOf(answered, asked(sent)),
    )
    expect([one === other, one === none]).toEqual([isForAll, isForAll])
    expect(variantOf(answered, asked({ cookie: 'sid=a' }))).toBe(one)
  })

  it('is kept as a digest: no secret can be read in it', () => {
    expect(variantOf({ vary: 'cookie' }, asked(de))).toMatch(/^[\da-f]{64}$/)
  })
})
