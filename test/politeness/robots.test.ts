import { describe, expect, it } from 'vitest'
import type { RobotsCopy, RobotsRecord } from '../../src/host.ts'
import type { FailReason, Headers, Outcome, RetryReason } from '../../src/outcome.ts'
import { conditionalHeaders, judge, type RobotsOptions, recordOf, robotsUrlOf } from '../../src/politeness/robots.ts'

const origin = 'http://a.test'
const robotsUrl = robotsUrlOf(origin)
const hour = 3_600_000
const endedAt = 1_000_000

const options: RobotsOptions = {
  productToken: 'doff',
  robotsRetryMs: 60_000,
  maxRobotsAttempts: 3,
  maxRobotsRedirects: 5,
  maxCrawlDelayMs: 60_000,
  strictRobots: false,
}

const base = { timing: { sentAt: endedAt - 50, firstByteAt: endedAt - 10, endedAt }, bytes: 0, headers: {} }

const page = (body: string, status = 200): Outcome => ({ ...base, kind: 'page', status, body: Buffer.from(body) })
const redirect = (status = 301): Outcome => ({ ...base, kind: 'redirect', status, target: 'http://b.test/r.txt' })
const failed = (status: number | undefined, reason: FailReason = 'http_404'): Outcome => {
  return { ...base, kind: 'failed', reason, status, message: `why ${status ?? reason}` }
}
const notModified: Outcome = { ...base, kind: 'unchanged', status: 304, message: 'why 304' }
const retry = (status: number | undefined, reason: RetryReason = 'http_503'): Outcome => {
  return { ...base, kind: 'retry', reason, status, message: `why ${status ?? reason}` }
}

const learn = (outcome: Outcome, before?: RobotsRecord, hops = 0) =>
  recordOf(origin, robotsUrl, outcome, hops, before, options)

const verdictOf = (file: string, url: string) => judge(learn(page(file)), url, endedAt, options)

/** What a robots.txt with these lines for us says of a path. */
const allows = (rules: string, path: string) => verdictOf(`User-agent: *\n${rules}`, origin + path).kind === 'allowed'

describe('RFC 9309 section 2.2.2: the allow and disallow lines', () => {
  it.each([
    ['Disallow: /x', '/x', false],
    ['Disallow: /x', '/xyz', false],
    ['Disallow: /x', '/x/y?z', false],
    ['Disallow: /x', '/X', true],
    ['Disallow: /x', '/', true],
    ['Disallow: /x', '/a/x', true],
    ['Disallow: /', '/', false],
    ['Disallow: /', '/x', false],
    ['Disallow:', '/x', true],
    ['', '/x', true],
    ['Allow: /x', '/y', true],
    ['Disallow: /x?y', '/x?yz', false],
    ['Disallow: /x?y', '/x', true],
  ])('%j makes %s allowed: %s', (rules, path, isAllowed) => {
    expect(allows(rules, path)).toBe(isAllowed)
  })

  it.each([
    ['Allow: /x\nDisallow: /', '/x', true],
    ['Allow: /x\nDisallow: /', '/y', false],
    ['Disallow: /\nAllow: /x', '/x', true],
    ['Allow: /\nDisallow: /x', '/x', false],
    ['Disallow: /x\nAllow: /x/y\nDisallow: /x/y/z', '/x/y', true],
    ['Disallow: /x\nAllow: /x/y\nDisallow: /x/y/z', '/x/y/z', false],
    ['Disallow: /*/b\nAllow: /a', '/a/b', false],
  ])('the longest match wins: %j makes %s allowed: %s', (rules, path, isAllowed) => {
    expect(allows(rules, path)).toBe(isAllowed)
  })

  it.each([
    ['Allow: /x\nDisallow: /x', '/x'],
    ['Disallow: /x\nAllow: /x', '/x/y'],
    ['Disallow: /a*\nAllow: /*b', '/ab'],
    ['Disallow: /%7Ea\nAllow: /~a', '/~a'],
  ])('allow wins a tie: %j', (rules, path) => {
    expect(allows(rules, path)).toBe(true)
  })

  it.each([
    ['/foo/bar?baz=quz', '/foo/bar?baz=quz'],
    ['/foo/bar/ツ', '/foo/bar/%E3%83%84'],
    ['/foo/bar/%E3%83%84', '/foo/bar/ツ'],
    ['/foo/bar/%62%61%7A', '/foo/bar/baz'],
    ['/foo/bar/baz', '/foo/bar/%62%61%7A'],
    ['/%7ejo', '/~jo'],
    ['/a%3cb', '/a%3Cb'],
    ['/a<b', '/a%3Cb'],
    ['/*?f[0]=', '/s?f[0]=1'],
    ['/*?f[0]=', '/s?f%5B0%5D=1'],
    ["/a'b", "/a'b"],
    ["/?a='", "/?a='"],
    ['/{a}|`^', '/{a}|`^'],
    ['/100%25', '/100%25'],
    ['/100%25', '/100%'],
    ['/a b', '/a%20b'],
    ['/😀', '/😀/x'],
  ])('octets are compared escaped: the rule %s matches %s', (rule, path) => {
    expect(allows(`Disallow: ${rule}`, path)).toBe(false)
  })

  it('a reserved character is not the same as its escape', () => {
    expect(allows('Disallow: /a/b', '/a%2Fb')).toBe(true)
    expect(allows('Disallow: /a%2Fb', '/a/b')).toBe(true)
  })

  it.each(['/robots.txt', '/robots.txt?x'])('%s is always allowed', (path) => {
    expect(allows('Disallow: /', path)).toBe(true)
  })

  it('nothing else that looks like it is', () => {
    expect(allows('Disallow: /', '/a/robots.txt')).toBe(false)
    expect(allows('Disallow: /', '/robots.txt.html')).toBe(false)
  })
})

describe('RFC 9309 section 2.2.3: special characters', () => {
  it.each([
    ['/*', '/', false],
    ['*', '/x', false],
    ['*.gif', '/a/b.gif?c', false],
    ['/*.gif$', '/a.gif', false],
    ['/*.gif$', '/a.gif?x', true],
    ['/*.gif$', '/a.gifs', true],
    ['/x$', '/x', false],
    ['/x$', '/x/', true],
    ['/$', '/', false],
    ['/$', '/x', true],
    ['/a*b', '/ab', false],
    ['/a*b', '/a/x/b/y', false],
    ['/a*b', '/a', true],
    ['/a**b', '/a-b', false],
    ['/x*', '/x', false],
    ['/x*$', '/xyz', false],
    ['/a*b*c$', '/a-b-b-c', false],
    ['/a*b*c$', '/a-c-b', true],
  ])('%s makes %s allowed: %s', (pattern, path, isAllowed) => {
    expect(allows(`Disallow: ${pattern}`, path)).toBe(isAllowed)
  })

  it.each([
    ['/path/file-with-a-%2A.html', '/path/file-with-a-*.html', false],
    ['/path/file-with-a-%2A.html', '/path/file-with-a-%2A.html', false],
    ['/path/file-with-a-%2A.html', '/path/file-with-a-x.html', true],
    ['/path/foo-%24', '/path/foo-$', false],
    ['/path/foo-%24', '/path/foo-$-bar', false],
    ['/path/foo-%24', '/path/foo-', true],
    ['/a$b', '/a$b', false],
    ['/a$b', '/a', true],
  ])('escaped they stand for themselves: %s makes %s allowed: %s', (pattern, path, isAllowed) => {
    expect(allows(`Disallow: ${pattern}`, path)).toBe(isAllowed)
  })
})

describe('RFC 9309 section 5: examples', () => {
  const simple = `User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
`
  it.each([
    ['foobot', ['/example/page.html', '/example/allowed.gif'], ['/', '/publications/', '/a.gif']],
    ['barbot', ['/', '/example/', '/a.gif'], ['/example/page.html']],
    ['bazbot', ['/', '/example/', '/a.gif'], ['/example/page.html']],
    ['quxbot', ['/', '/example/page.html', '/a.gif'], []],
    ['other', ['/', '/publications/', '/a.gif?x'], ['/example/page.html', '/a.gif']],
  ])('5.1: %s may visit %j and not %j', (productToken, allowed, disallowed) => {
    const ask = (path: string) => {
      const record = recordOf(origin, robotsUrl, page(simple), 0, undefined, { ...options, productToken })
      return judge(record, origin + path, endedAt, options).kind
    }
    expect(allowed.map(ask)).toEqual(allowed.map(() => 'allowed'))
    expect(disallowed.map(ask)).toEqual(disallowed.map(() => 'disallowed'))
  })

  it('5.2: the longest match', () => {
    const rules = 'Allow: /example/page/\nDisallow: /example/page/disallowed.gif'
    expect(allows(rules, '/example/page/disallowed.gif')).toBe(false)
    expect(allows(rules, '/example/page/x.gif')).toBe(true)
  })
})

describe('a verdict', () => {
  it('names the rule and its line in the file', () => {
    const file =
      '# mine\n\nUser-agent: b\nDisallow: /\n\nUser-agent: doff\nAllow: /a\n\nDisallow: /é # no\nDisallow: /é\n'
    expect(verdictOf(file, `${origin}/%C3%A9t%C3%A9`)).toEqual({
      kind: 'disallowed',
      line: 9,
      rule: 'Disallow: /é',
    })
  })

  it('names the longest of several rules that match', () => {
    const file = 'User-agent: *\nDisallow: /\nDisallow: /a\nDisallow: /a/b\nDisallow: /c'
    expect(verdictOf(file, `${origin}/a/x`)).toMatchObject({ line: 3, rule: 'Disallow: /a' })
  })

  it.each(['https://a.test/x', 'http://a.test:8080/x', 'http://b.a.test/x'])(
    'RFC 9309 section 2.3: is not given on %s, which has a robots.txt of its own',
    (url) => expect(() => verdictOf('User-agent: *\nDisallow: /', url)).toThrow('say nothing of'),
  )

  it('is the same for a record that was stored and read back', () => {
    const stored = structuredClone(learn(page('User-agent: *\nDisallow: /x')))
    expect(judge(stored, `${origin}/x`, endedAt, options)).toMatchObject({ kind: 'disallowed', line: 2 })
    expect(judge(stored, `${origin}/y`, endedAt, options)).toEqual({ kind: 'allowed' })
  })

  it('names the rule that allows, and none where none does', () => {
    const file = 'User-agent: *\nDisallow: /\nAllow: /a\n'
    expect(verdictOf(file, `${origin}/a/b`)).toEqual({ kind: 'allowed', line: 3, rule: 'Allow: /a' })
    expect(verdictOf(file, `${origin}/robots.txt`)).toEqual({ kind: 'allowed' })
  })

  it('google: names the index page that allows its directory', () => {
    const file = 'User-agent: *\nDisallow: /d\nAllow: /d/index.html'
    expect(verdictOf(file, `${origin}/d/`)).toEqual({ kind: 'allowed', line: 3, rule: 'Allow: /d/index.html' })
    expect(verdictOf(file, `${origin}/d/x`)).toEqual({ kind: 'disallowed', line: 2, rule: 'Disallow: /d' })
  })

  it('is unknown of an origin that was not asked', () => {
    expect(judge(undefined, `${origin}/x`, endedAt, options)).toEqual({ kind: 'unknown' })
  })

  it('RFC 9309 section 2.4: is unknown again after 24 hours, and not before', () => {
    const record = learn(page('User-agent: *\nDisallow: /'))
    expect(judge(record, `${origin}/x`, endedAt + 24 * hour - 1, options).kind).toBe('disallowed')
    expect(judge(record, `${origin}/x`, endedAt + 24 * hour, options)).toEqual({ kind: 'unknown' })
  })

  it('ours: leaves a host alone whose Crawl-delay is beyond our patience, instead of asking it sooner', () => {
    const crawlDelay = (seconds: number) =>
      verdictOf(`User-agent: *\nCrawl-delay: ${seconds}\nDisallow: /x`, `${origin}/y`)
    expect(crawlDelay(60)).toEqual({ kind: 'allowed' })
    expect(crawlDelay(60.001)).toEqual({ kind: 'crawl_delay_too_long', crawlDelayMs: 60_001 })
    expect(crawlDelay(9_999_999)).toEqual({ kind: 'crawl_delay_too_long', crawlDelayMs: 9_999_999_000 })
  })
})

describe('what the answer to a robots.txt means', () => {
  const ask = (record: RobotsRecord, now = endedAt) => judge(record, `${origin}/x`, now, options)

  it('RFC 9309 section 2.3.1.1: a file that was read holds', () => {
    const record = learn(page('User-agent: *\nDisallow: /x\nCrawl-delay: 2\nSitemap: /s.xml'))
    expect(record).toEqual({
      kind: 'rules',
      origin,
      rules: {
        rules: [{ allow: false, pattern: '/x', line: 2 }],
        crawlDelayMs: 2_000,
        sitemaps: ['http://a.test/s.xml'],
      },
      note: '200',
      expiresAt: endedAt + 24 * hour,
      fetchedAt: endedAt,
      validators: undefined,
      version: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      failures: 0,
    })
  })

  it.each([
    ['an empty 200', page('')],
    ['a 204', page('', 204)],
    ['a file of comments', page('# hello\n')],
  ])('%s allows everything', (_what, outcome) => {
    expect(ask(learn(outcome))).toEqual({ kind: 'allowed' })
  })

  it('RFC 9309 section 2.3.1.2: a redirect is to be followed, and says nothing until then', () => {
    for (const hops of [0, 1, 4]) {
      const record = learn(redirect(), undefined, hops)
      expect(record).toMatchObject({ kind: 'redirected', origin })
      expect(ask(record)).toEqual({ kind: 'pending' })
    }
  })

  it('RFC 9309 section 2.3.1.2: after five redirects in a row, the file is unavailable', () => {
    const record = learn(redirect(), undefined, 5)
    expect(record).toMatchObject({ kind: 'rules', note: 'too many redirects' })
    expect(ask(record)).toEqual({ kind: 'allowed' })
  })

  it('RFC 9309 section 2.3.1.2: the rules behind a redirect hold for the origin that was asked', () => {
    const record = recordOf(origin, 'http://b.test/r.txt', page('User-agent: *\nDisallow: /x'), 1, undefined, options)
    expect(record.origin).toBe(origin)
    expect(ask(record).kind).toBe('disallowed')
  })

  it('ours: a redirect whose target gets no turn is asked for anew in the end', () => {
    const record = learn(redirect())
    // Sooner, the same hop would stand twice in the line of its host.
    expect(ask(record, endedAt + 23 * hour)).toEqual({ kind: 'pending' })
    expect(ask(record, endedAt + 24 * hour)).toEqual({ kind: 'unknown' })
  })

  it.each([400, 401, 403, 404, 410, 418, 451, 499])('RFC 9309 section 2.3.1.3: %i allows everything', (status) => {
    const record = learn(failed(status))
    expect(record).toMatchObject({ kind: 'rules', note: `${status}`, expiresAt: endedAt + 24 * hour })
    expect(ask(record)).toEqual({ kind: 'allowed' })
  })

  it.each([
    ['429 (ours, as Google does)', retry(429)],
    ['500', retry(500)],
    ['501', failed(501)],
    ['503', retry(503)],
    ['599', failed(599)],
    ['a network fault', retry(undefined, 'network')],
    ['a name that does not resolve', retry(undefined, 'dns')],
    ['a refused connection', retry(undefined, 'connection_refused')],
    ['a time-out', retry(undefined, 'total_timeout')],
    ['a reset', retry(undefined, 'connection_reset')],
    ['a body that does not decode', failed(200, 'bad_encoding')],
    ['a redirect to nowhere', failed(301, 'redirect_without_target')],
  ])('RFC 9309 section 2.3.1.4: %s disallows everything', (_what, outcome) => {
    const record = learn(outcome)
    expect(record).toMatchObject({ kind: 'unreachable', attempts: 1, retryAt: endedAt + 60_000 })
    expect(ask(record)).toMatchObject({ kind: 'unreachable', retryAt: endedAt + 60_000, note: /^why / })
  })

  it.each(['tls_expired', 'tls_self_signed', 'tls_handshake', 'proxy_auth', 'address_blocked'] as const)(
    'ours: what does not pass disallows everything, and is not asked again in this run: %s',
    (reason) => {
      const record = learn(failed(undefined, reason))
      expect(record).toMatchObject({ kind: 'unreachable', attempts: 1, retryAt: undefined })
      expect(ask(record)).toMatchObject({ kind: 'unreachable', retryAt: undefined })
    },
  )

  it('ours: an unreachable file is asked for again with growing gaps, and then given up', () => {
    const first = learn(retry(503))
    const second = learn(retry(503), first)
    const third = learn(retry(503), second)
    expect([first, second, third]).toMatchObject([
      { attempts: 1, retryAt: endedAt + 60_000 },
      { attempts: 2, retryAt: endedAt + 120_000 },
      { attempts: 3, retryAt: undefined },
    ])
    expect(ask(first, endedAt + 59_999).kind).toBe('unreachable')
    expect(ask(first, endedAt + 60_000)).toEqual({ kind: 'unknown' })
    expect(ask(third, endedAt + 23 * hour)).toMatchObject({ kind: 'unreachable', retryAt: undefined })
  })

  it('ours: the gaps grow up to an hour', () => {
    const patient = { ...options, maxRobotsAttempts: 100 }
    let record: RobotsRecord | undefined
    const gaps: number[] = []
    for (let attempt = 0; attempt < 9; attempt += 1) {
      record = recordOf(origin, robotsUrl, retry(503), 0, record, patient)
      if (record.kind === 'unreachable') gaps.push((record.retryAt ?? 0) - endedAt)
    }
    expect(gaps.map((gap) => gap / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('a file that is there after all makes the failures forgotten', () => {
    const recovered = learn(page('User-agent: *\nDisallow: /x'), learn(retry(503)))
    expect(ask(recovered).kind).toBe('disallowed')
    expect(learn(retry(503), recovered)).toMatchObject({ kind: 'rules', failures: 1 })
  })

  it.each([
    ['600', 600_000],
    ['1', 60_000],
    ['soon', 60_000],
    ['Thu, 01 Jan 1970 00:26:40 GMT', 600_000],
    [String(48 * 3_600), 48 * hour],
    ['9'.repeat(400), 720 * hour],
  ])('B5: Retry-After: %s puts an unreachable file off', (value, waitMs) => {
    const record = learn(withHeaders(retry(503), { 'retry-after': value }))
    expect(record).toMatchObject({ kind: 'unreachable', retryAt: endedAt + waitMs })
    expect(ask(record, endedAt + waitMs - 1).kind).toBe('unreachable')
    expect(ask(record, endedAt + waitMs)).toEqual({ kind: 'unknown' })
  })
})

describe('B4: strictRobots', () => {
  const strict = { ...options, strictRobots: true }

  it.each([401, 403])('%i disallows everything but robots.txt', (status) => {
    const record = learn(failed(status))
    expect(judge(record, `${origin}/x`, endedAt, strict)).toEqual({
      kind: 'disallowed',
      line: 0,
      rule: `Disallow: / (robots.txt answered ${status}, strictRobots)`,
    })
    expect(judge(record, robotsUrl, endedAt, strict)).toEqual({ kind: 'allowed' })
    expect(judge(record, `${origin}/x`, endedAt, options)).toEqual({ kind: 'allowed' })
  })

  it.each([400, 402, 404, 410])('%i allows everything', (status) => {
    expect(judge(learn(failed(status)), `${origin}/x`, endedAt, strict)).toEqual({ kind: 'allowed' })
  })
})

const file = 'User-agent: *\nDisallow: /x'
const at = (outcome: Outcome, time: number): Outcome => ({ ...outcome, timing: { ...outcome.timing, endedAt: time } })
const withHeaders = (outcome: Outcome, headers: Headers): Outcome => ({ ...outcome, headers })
const copyOf = (record: RobotsRecord): RobotsCopy => {
  if (record.kind !== 'rules') throw new Error(`no copy, but ${record.kind}`)
  return record
}

describe('B6: how long a copy is fresh', () => {
  const minutesOf = (headers: Headers, outcome = page(file)) =>
    (copyOf(learn(withHeaders(outcome, headers))).expiresAt - endedAt) / 60_000

  it.each<[headers: Headers, minutes: number]>([
    [{}, 1_440],
    [{ 'cache-control': 'max-age=3600' }, 60],
    [{ 'cache-control': 'public, MAX-AGE=3600, must-revalidate' }, 60],
    [{ 'cache-control': 'max-age="3600"' }, 60],
    [{ 'cache-control': 'ext="a, max-age=600, \\" b", max-age=3600' }, 60],
    [{ 'cache-control': 'max-age=7200, max-age=3600' }, 60],
    [{ 'cache-control': 'max-age=3600, max-age=7200' }, 60],
    [{ 'cache-control': ['public', 'max-age=3600'] }, 60],
    [{ 'cache-control': 'max-age=604800' }, 1_440],
    [{ 'cache-control': `max-age=${'9'.repeat(400)}` }, 1_440],
    [{ 'cache-control': 'max-age=299' }, 5],
    [{ 'cache-control': 'max-age=0' }, 5],
    [{ 'cache-control': 'no-store' }, 5],
    [{ 'cache-control': 'max-age=3600, no-cache' }, 5],
    [{ 'cache-control': 'max-age=3600, no-cache="set-cookie"' }, 60],
    [{ 'cache-control': 'max-age=-1' }, 5],
    [{ 'cache-control': 'max-age=1.5' }, 5],
    [{ 'cache-control': 'max-age' }, 5],
    [{ 'cache-control': 'max-age=3600', age: '600' }, 50],
    [{ 'cache-control': 'max-age=3600', age: '7200' }, 5],
    [{ 'cache-control': 'max-age=3600', age: 'old' }, 60],
    [{ 'cache-control': 's-maxage=60, private' }, 1_440],
    [{ 'cache-control': ',;="' }, 1_440],
    [{ expires: '0' }, 1_440],
  ])('RFC 9111 section 5.2: %j is %i minutes', (headers, minutes) => {
    expect(minutesOf(headers)).toBe(minutes)
  })

  it('a file that is not there is looked for again as soon', () => {
    expect(minutesOf({ 'cache-control': 'max-age=3600' }, failed(404))).toBe(60)
  })
})

describe('B6: a re-check', () => {
  const etag = '"v1"'
  const lastModified = 'Tue, 06 Jan 2026 10:00:00 GMT'
  const known = learn(withHeaders(page(file), { etag, 'last-modified': lastModified }))

  it('RFC 9110 section 13.1: names the version that is known, to the URL that gave it', () => {
    expect(conditionalHeaders(known, robotsUrl)).toEqual({ 'if-none-match': etag, 'if-modified-since': lastModified })
    expect(conditionalHeaders(known, 'http://b.test/r.txt')).toEqual({})
    expect(conditionalHeaders(undefined, robotsUrl)).toEqual({})
    expect(conditionalHeaders(learn(retry(503)), robotsUrl)).toEqual({})
    expect(conditionalHeaders(learn(failed(404)), robotsUrl)).toEqual({})
  })

  it('names it also behind a redirect', () => {
    const there = 'http://b.test/r.txt'
    const first = recordOf(origin, there, withHeaders(page(file), { etag }), 1, learn(redirect()), options)
    const hop = learn(redirect(), first)
    expect(conditionalHeaders(hop, robotsUrl)).toEqual({})
    expect(conditionalHeaders(hop, there)).toEqual({ 'if-none-match': etag })
    const again = recordOf(origin, there, at(notModified, endedAt + 25 * hour), 1, hop, options)
    expect(again).toMatchObject({ kind: 'rules', rules: copyOf(known).rules, fetchedAt: endedAt + 25 * hour })
  })

  it.each<[headers: Headers]>([
    [{ etag: 'v1' }],
    [{ etag: '"v\n1"' }],
    [{ etag: '"é"' }],
    [{ 'last-modified': '' }],
    [{ 'last-modified': 'x\r\ny: z' }],
    [{}],
  ])('%j names no version', (headers) => {
    expect(copyOf(learn(withHeaders(page(file), headers))).validators).toBeUndefined()
  })

  it.each(['W/"v1"', '""', '"a,b"'])('etag %s is one', (value) => {
    expect(copyOf(learn(withHeaders(page(file), { etag: value }))).validators).toEqual({ url: robotsUrl, etag: value })
  })

  it('RFC 9111 section 4.3.4: 304 renews the copy', () => {
    const later = endedAt + 30 * hour
    const again = learn(at(withHeaders(notModified, { etag: '"v2"', 'cache-control': 'max-age=3600' }), later), known)
    expect(again).toEqual({
      ...copyOf(known),
      fetchedAt: later,
      expiresAt: later + hour,
      validators: { url: robotsUrl, etag: '"v2"', lastModified },
    })
    expect(judge(again, `${origin}/x`, later, options).kind).toBe('disallowed')
  })

  it('304 to somebody who knows nothing is no answer', () => {
    expect(learn(notModified)).toMatchObject({ kind: 'unreachable', attempts: 1 })
    expect(learn(notModified, learn(retry(503)))).toMatchObject({ kind: 'unreachable', attempts: 2 })
  })

  it('the version names what the rules say, and nothing else', () => {
    const versionOf = (text: string, status = 200) => copyOf(learn(page(text, status))).version
    expect(versionOf(file)).toBe(copyOf(known).version)
    expect(versionOf(`${file}# the same`)).toBe(versionOf(file))
    const others = [
      versionOf(`\n${file}`),
      versionOf(file.replace('Dis', '')),
      versionOf(`${file}y`),
      versionOf(`${file}\nCrawl-delay: 1`),
      versionOf(`${file}\nSitemap: /s`),
      versionOf(file, 203),
      copyOf(learn(failed(404))).version,
      copyOf(learn(failed(410))).version,
    ]
    expect(new Set([versionOf(file), ...others]).size).toBe(others.length + 1)
  })
})

describe('B5: while a re-check fails', () => {
  const known = learn(page(file))
  const day = 24 * hour

  it.each([
    ['503', retry(503)],
    ['429', retry(429, 'http_429')],
    ['a time-out', retry(undefined, 'total_timeout')],
  ])('RFC 9309 section 2.4: %s lets the last good copy hold on', (_what, outcome) => {
    const record = learn(at(outcome, endedAt + day), known)
    expect(record).toEqual({ ...copyOf(known), expiresAt: endedAt + day + 60_000, failures: 1 })
    expect(judge(record, `${origin}/x`, endedAt + day, options).kind).toBe('disallowed')
    expect(judge(record, `${origin}/y`, endedAt + day, options)).toEqual({ kind: 'allowed' })
  })

  it('it is re-checked with growing gaps, up to an hour, and forgets them once it is answered', () => {
    let record = known
    let now = endedAt + day
    const gaps: number[] = []
    for (let failures = 1; failures <= 8; failures += 1) {
      record = learn(at(retry(503), now), record)
      gaps.push((record.expiresAt - now) / 60_000)
      now = record.expiresAt
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
    expect(learn(at(page(file), now), record)).toMatchObject({ kind: 'rules', failures: 0, fetchedAt: now })
    expect(learn(at(notModified, now), record)).toMatchObject({
      kind: 'rules',
      failures: 0,
      fetchedAt: now,
    })
  })

  it('RFC 9309 section 2.3.1.4: after 30 days it holds no longer', () => {
    const nearly = endedAt + 30 * day - 30_000
    const record = learn(at(retry(503), nearly), known)
    expect(record).toMatchObject({ kind: 'rules', expiresAt: endedAt + 30 * day })
    const end = learn(at(retry(503), endedAt + 30 * day), record)
    expect(end).toMatchObject({ kind: 'unreachable' })
    expect(judge(end, `${origin}/y`, endedAt + 30 * day, options).kind).toBe('unreachable')
  })

  it('a hop of a redirect that fails falls back on it, and the failures add up', () => {
    const once = learn(at(retry(503), endedAt + day), known)
    const hop = learn(at(redirect(), endedAt + 2 * day), once)
    expect(hop).toMatchObject({ kind: 'redirected', attempts: 1, last: once })
    const second = recordOf(origin, 'http://b.test/r', at(redirect(), endedAt + 2 * day), 1, hop, options)
    expect(second).toMatchObject({ kind: 'redirected', last: once })
    const fallen = recordOf(origin, 'http://b.test/s', at(retry(503), endedAt + 2 * day), 2, second, options)
    expect(fallen).toMatchObject({ kind: 'rules', rules: copyOf(known).rules, failures: 2 })
  })

  it('ours: that there was no file is no reason to go on', () => {
    for (const none of [failed(404), failed(403)]) {
      expect(learn(at(retry(503), endedAt + day), learn(none))).toMatchObject({ kind: 'unreachable', attempts: 1 })
    }
  })

  it('ours: pages get their turn between re-checks also without a wait', () => {
    const hasty = { ...options, robotsRetryMs: 0 }
    const record = recordOf(origin, robotsUrl, retry(503), 0, known, hasty)
    expect(judge(record, `${origin}/y`, endedAt, hasty)).toEqual({ kind: 'allowed' })
  })

  it('a copy of an earlier version of doff holds on, too, and gets what it lacks', () => {
    const { fetchedAt, validators, version, failures, ...old } = copyOf(known)
    const stored = old as RobotsCopy
    expect(judge(stored, `${origin}/x`, endedAt, options).kind).toBe('disallowed')
    expect(conditionalHeaders(stored, robotsUrl)).toEqual({})
    expect(learn(at(retry(503), endedAt + day), stored)).toMatchObject({
      kind: 'rules',
      failures: 1,
      fetchedAt,
      version,
    })
    expect(learn(at(notModified, endedAt + day), stored)).toMatchObject({ kind: 'rules', version })
    expect(learn(at(retry(503), endedAt + 31 * day), stored)).toMatchObject({ kind: 'unreachable' })
  })
})
