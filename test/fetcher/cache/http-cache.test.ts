/** The cache by itself, with a clock that is moved by hand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpCache } from '../../../src/fetcher/cache/http-cache.ts'
import type { Asked, KeptAnswers } from '../../../src/fetcher/cache/kept-answers.ts'
import { Recording } from '../../../src/fetcher/cache/recording.ts'
import type { Headers, Outcome } from '../../../src/outcome.ts'
import { type Method, plainGet } from '../../../src/request.ts'

let now = Date.UTC(2026, 0, 5)
const clock = { now: () => now, sleep: () => Promise.resolve() }

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-cache-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open<Kept extends KeptAnswers>(kept: Kept): Kept {
  onTestFinished(() => kept[Symbol.dispose]())
  return kept
}

const openCache = (folder = folderOf()) => open(new HttpCache(folder, 16 * 1024 ** 2, clock))

const url = 'http://h.test/page'
const limits = { maxBodyBytes: 1_000_000, totalTimeoutMs: 0 }

const asked = (headers: Record<string, string> = {}, more: Partial<Asked> = {}): Asked => {
  return { purpose: 'page', url, sending: plainGet, headers, limits, ...more }
}
const sending = (method: Method, body?: string) => ({ ...plainGet, method, body })

const base = () => ({ timing: { sentAt: now, firstByteAt: now, endedAt: now }, bytes: 9 })
const page = (body: string, headers: Headers = { 'cache-control': 'max-age=60' }): Outcome => {
  return { ...base(), kind: 'page', status: 200, headers, body: Buffer.from(body) }
}
const unchanged = (headers: Headers = {}): Outcome => {
  return { ...base(), kind: 'unchanged', status: 304, headers, message: 'Status 304' }
}

/** The body that is used without asking. */
async function recalled(kept: KeptAnswers, ask: Asked): Promise<string | undefined> {
  const { outcome } = await kept.recall(ask)
  return outcome?.kind === 'page' ? Buffer.from(outcome.body).toString() : outcome?.kind
}

describe('a cache', () => {
  it('uses an answer while it is fresh, then asks for it by its version, and a 304 makes it fresh again', async () => {
    const cache = openCache()
    const conditions = { 'if-none-match': '"1"' }
    await cache.keep(asked(), page('one', { 'cache-control': 'max-age=60', etag: '"1"' }), undefined)
    now += 59_000
    expect(await recalled(cache, asked())).toBe('one')
    now += 1_000
    expect(await cache.recall(asked())).toEqual({ conditions })
    const renewed = await cache.keep(asked(), unchanged({ etag: '"1"', 'cache-control': 'max-age=10' }), conditions)
    expect(renewed).toMatchObject({ kind: 'page', status: 200, bytes: 9, headers: { 'cache-control': 'max-age=10' } })
    now += 9_000
    expect(await recalled(cache, asked())).toBe('one')
    now += 1_000
    expect(await cache.recall(asked())).toEqual({ conditions })
  })

  it('RFC 9111 section 4.2.3: counts the time that the answer took', async () => {
    const cache = openCache()
    const answer = page('slow')
    now += 30_000
    await cache.keep(asked(), answer, undefined)
    now += 29_000
    expect(await recalled(cache, asked())).toBe('slow')
    now += 1_000
    expect(await recalled(cache, asked())).toBeUndefined()
  })

  it('RFC 9111 section 4.1: uses no answer that was for other headers', async () => {
    const cache = openCache()
    const headers = { 'cache-control': 'max-age=60', vary: 'Accept-Language' }
    await cache.keep(asked({ 'accept-language': 'de' }), page('Tag', headers), undefined)
    expect(await recalled(cache, asked({ 'accept-language': 'de', 'accept-encoding': 'gzip' }))).toBe('Tag')
    expect(await cache.recall(asked({ 'accept-language': 'en' }))).toEqual({})
    expect(await cache.recall(asked())).toEqual({})
    await cache.keep(asked(), page('any', { ...headers, vary: '*' }), undefined)
    expect(await recalled(cache, asked())).toBeUndefined()
  })

  it('RFC 9111 section 3.5: keeps what credentials have opened only where it says so, and for those alone', async () => {
    const folder = folderOf()
    const cache = openCache(folder)
    const [mine, yours] = [asked({ authorization: 'Basic sesame' }), asked({ authorization: 'Basic other' })]
    await cache.keep(mine, page('private'), undefined)
    expect(await recalled(cache, mine)).toBeUndefined()
    await cache.keep(mine, page('public', { 'cache-control': 'public, max-age=60' }), undefined)
    expect(await recalled(cache, mine)).toBe('public')
    expect(await recalled(cache, yours)).toBeUndefined()
    expect(await recalled(cache, asked())).toBeUndefined()
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'))
    expect(files.join('')).toContain('public, max-age=60')
    expect(files.join('')).not.toContain('sesame')
  })

  it('RFC 9111 section 4.4: forgets what a POST may have changed, also elsewhere on its origin', async () => {
    const cache = openCache()
    const urls = [url, 'http://h.test/a', 'http://h.test/b', 'http://other.test/c']
    const keepAll = async () => {
      for (const each of urls) await cache.keep(asked({}, { url: each }), page(each), undefined)
    }
    const post = asked({}, { sending: sending('POST', 'x=1') })
    const left = async () => {
      const bodies = await Promise.all(urls.map((each) => recalled(cache, asked({}, { url: each }))))
      return bodies.filter((body) => body !== undefined)
    }
    await keepAll()
    await cache.keep(
      post,
      { ...base(), kind: 'failed', reason: 'http_403', status: 403, headers: {}, message: '' },
      undefined,
    )
    expect(await left()).toEqual(urls)
    const headers = { location: '/a', 'content-location': 'b', 'cache-control': 'max-age=60' }
    await cache.keep(post, page('posted', headers), undefined)
    expect(await left()).toEqual(['http://other.test/c'])
    await keepAll()
    await cache.keep(post, page('posted', { location: 'http://other.test/c' }), undefined)
    expect(await left()).toEqual(urls.slice(1))
  })

  it.each<[what: string, ask: Asked]>([
    ['robots.txt', asked({}, { purpose: 'robots' })],
    ['a POST', asked({}, { sending: sending('POST') })],
    ['a HEAD', asked({}, { sending: sending('HEAD') })],
    ['a part', asked({ range: 'bytes=0-9' })],
    ['who asks with a condition', asked({ 'if-none-match': '"1"' })],
  ])('has nothing for %s', async (_what, ask) => {
    const cache = openCache()
    await cache.keep(asked(), page('kept'), undefined)
    expect(await cache.recall(ask)).toEqual({})
    const other = page('other')
    expect(await cache.keep(ask, other, undefined)).toBe(other)
    if (ask.sending.method !== 'POST') expect(await recalled(cache, asked())).toBe('kept')
  })

  it('forgets what the server answers otherwise now', async () => {
    const cache = openCache()
    const conditions = { 'if-none-match': '"1"' }
    await cache.keep(asked(), page('one', { etag: '"1"' }), undefined)
    expect(await cache.recall(asked())).toEqual({ conditions })
    const passing: Outcome = { ...base(), kind: 'retry', reason: 'http_503', status: 503, headers: {}, message: '' }
    expect(await cache.keep(asked(), passing, conditions)).toBe(passing)
    expect(await cache.recall(asked())).toEqual({ conditions })
    await cache.keep(asked(), page('two', { 'cache-control': 'no-store' }), conditions)
    expect(await cache.recall(asked())).toEqual({})
  })

  it('has a page asked for again whose 304 speaks of another, or of what has gone', async () => {
    const cache = openCache()
    const conditions = { 'if-none-match': '"1"' }
    expect(await cache.keep(asked(), unchanged(), conditions)).toBeUndefined()
    await cache.keep(asked(), page('one', { etag: '"1"' }), undefined)
    expect(await cache.keep(asked(), unchanged({ etag: '"2"' }), conditions)).toBeUndefined()
    expect(await cache.recall(asked())).toEqual({})
    // Nobody asked for that.
    expect(await cache.keep(asked(), unchanged(), undefined)).toMatchObject({ kind: 'unchanged' })
  })

  it('lets go what was used least recently', async () => {
    const cache = open(new HttpCache(folderOf(), 1024 ** 2, clock))
    const of = (name: string) => asked({}, { url: `http://h.test/${name}` })
    const large = page('x'.repeat(100_000), { 'cache-control': 'max-age=3600' })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
      await cache.keep(of(name), large, undefined)
      now += 1_000
      expect((await cache.recall(of('a'))).outcome).toBeDefined()
      now += 1_000
    }
    expect((await cache.recall(of('b'))).outcome).toBeUndefined()
  })

  it('keeps bodies without their encoding, and says so', async () => {
    const cache = openCache()
    const headers = {
      'cache-control': 'max-age=60',
      'content-encoding': 'gzip',
      'content-length': '9',
      connection: 'x-a',
      'x-a': '1',
    }
    await cache.keep(asked(), page('plain', headers), undefined)
    const { outcome } = await cache.recall(asked())
    expect(outcome).toMatchObject({ kind: 'page', status: 200, headers: { 'cache-control': 'max-age=60' }, bytes: 0 })
    expect(Object.keys(outcome?.headers ?? {})).toEqual(['cache-control'])
  })
})

describe('a recording', () => {
  const openRecording = () => open(new Recording(folderOf(), clock))

  it('tells requests apart by method, URL and body', async () => {
    const recording = openRecording()
    const asks = [
      asked(),
      asked({}, { url: `${url}?2` }),
      asked({}, { sending: sending('HEAD') }),
      asked({}, { sending: sending('POST', 'q=1') }),
      asked({}, { sending: sending('POST', 'q=2') }),
      asked({}, { purpose: 'robots', url: 'http://h.test/robots.txt' }),
    ]
    for (const [n, ask] of asks.entries()) await recording.keep(ask, page(`${n}`, { 'cache-control': 'no-store' }))
    now += 1e12
    expect(await Promise.all(asks.map((ask) => recalled(recording, ask)))).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(await recording.recall(asked({}, { sending: sending('POST', 'q=3') }))).toEqual({})
  })

  it.each<[what: string, isKept: boolean, outcome: Outcome]>([
    [
      'a redirect',
      true,
      { ...base(), kind: 'redirect', status: 302, headers: { location: '/x' }, target: 'http://h.test/x' },
    ],
    ['404', true, { ...base(), kind: 'failed', reason: 'http_404', status: 404, headers: {}, message: '' }],
    ['429', false, { ...base(), kind: 'retry', reason: 'http_429', status: 429, headers: {}, message: '' }],
    ['501', false, { ...base(), kind: 'failed', reason: 'http_501', status: 501, headers: {}, message: '' }],
    [
      '503 that a parser is to have',
      false,
      { ...base(), kind: 'page', status: 503, headers: {}, body: Buffer.from('') },
    ],
    [
      'a reset',
      false,
      { ...base(), kind: 'retry', reason: 'connection_reset', status: undefined, headers: {}, message: '' },
    ],
    [
      'a body that is too large',
      false,
      { ...base(), kind: 'failed', reason: 'body_too_large', status: 200, headers: {}, message: '' },
    ],
    [
      'a broken body',
      false,
      { ...base(), kind: 'failed', reason: 'bad_encoding', status: 200, headers: {}, message: '' },
    ],
    ['304', false, unchanged()],
  ])('of %s: %s', async (_what, isKept, outcome) => {
    const recording = openRecording()
    await recording.keep(asked(), outcome)
    const { outcome: again } = await recording.recall(asked())
    expect(again?.kind).toBe(isKept ? outcome.kind : undefined)
    if (again !== undefined) expect(again).toMatchObject({ status: 'status' in outcome ? outcome.status : 0 })
  })
})
