import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, hostOf, isLoopback, originOf } from '../src/canonical-url.ts'

const base = 'http://a.test/b/c/d;p?q'

describe('a canonical URL', () => {
  it.each<[rule: string, href: string, canonical: string]>([
    ['an empty path is /', 'http://a.test', 'http://a.test/'],
    ['no fragment', 'http://a.test/x#top', 'http://a.test/x'],
    ['no empty fragment', 'http://a.test/x#', 'http://a.test/x'],
    ['no fragment with a question mark in it', 'http://a.test/x#?y=1', 'http://a.test/x'],
    ['no default port of http', 'http://a.test:80/x', 'http://a.test/x'],
    ['no default port of https', 'https://a.test:443/x', 'https://a.test/x'],
    ['no empty port', 'http://a.test:/x', 'http://a.test/x'],
    ['another port stays', 'http://a.test:8080/x', 'http://a.test:8080/x'],
    ["the other scheme's port stays", 'http://a.test:443/x', 'http://a.test:443/x'],
    ['leading zeros of a port go', 'http://a.test:0080/x', 'http://a.test/x'],
    ['no dot segments', 'http://a.test/a/./b/../c', 'http://a.test/a/c'],
    ['no dot segment at the end', 'http://a.test/a/b/..', 'http://a.test/a/'],
    ['no dot segments above the root', 'http://a.test/../../x', 'http://a.test/x'],
    ['no escaped dot segments', 'http://a.test/a/%2e%2e/x', 'http://a.test/x'],
    ['no half-escaped dot segments', 'http://a.test/a/.%2E/%2e/x', 'http://a.test/x'],
    ['a dot in a name is no dot segment', 'http://a.test/..a/b..', 'http://a.test/..a/b..'],
    ['empty segments stay', 'http://a.test//a///b/', 'http://a.test//a///b/'],
    ['a slash at the end stays', 'http://a.test/a/', 'http://a.test/a/'],
    ['unreserved characters are not escaped: tilde', 'http://a.test/%7ejo', 'http://a.test/~jo'],
    ['unreserved characters are not escaped: all kinds', 'http://a.test/%41%7a%30%2D%2e%5F', 'http://a.test/Az0-._'],
    ['unreserved characters are not escaped in a query', 'http://a.test/?q=%61%7E', 'http://a.test/?q=a~'],
    ['escapes are in upper case', 'http://a.test/%c3%a9?q=%2f', 'http://a.test/%C3%A9?q=%2F'],
    ['an escaped slash is no slash', 'http://a.test/a%2Fb', 'http://a.test/a%2Fb'],
    ['reserved characters stay escaped', 'http://a.test/%3f%23%26?%3d', 'http://a.test/%3F%23%26?%3D'],
    ['an escaped percent sign stays', 'http://a.test/%25', 'http://a.test/%25'],
    ['what an escaped percent sign hides stays hidden', 'http://a.test/%2541', 'http://a.test/%2541'],
    ['odd escapes stay', 'http://a.test/%zz?%zz', 'http://a.test/%zz?%zz'],
    ['cut-off escapes stay', 'http://a.test/%4', 'http://a.test/%4'],
    ['a lone percent sign stays', 'http://a.test/100%', 'http://a.test/100%'],
    ['an escaped null stays', 'http://a.test/%00', 'http://a.test/%00'],
    ['a blank is escaped', 'http://a.test/a b?c d', 'http://a.test/a%20b?c%20d'],
    ['a plus sign stays', 'http://a.test/?q=a+b', 'http://a.test/?q=a+b'],
    ['a non-ASCII path is UTF-8, escaped', 'http://a.test/café/日', 'http://a.test/caf%C3%A9/%E6%97%A5'],
    ['a non-ASCII query is UTF-8, escaped', 'http://a.test/?q=ü', 'http://a.test/?q=%C3%BC'],
    ['a lone surrogate is U+FFFD', 'http://a.test/\ud800', 'http://a.test/%EF%BF%BD'],
    ['no empty query', 'http://a.test/x?', 'http://a.test/x'],
    ['no empty query before a fragment', 'http://a.test/x?#top', 'http://a.test/x'],
    ['the order of a query stays', 'http://a.test/?b=2&a=1&b=1', 'http://a.test/?b=2&a=1&b=1'],
    ['an empty value stays', 'http://a.test/?a=&b', 'http://a.test/?a=&b'],
    ['a second question mark stays', 'http://a.test/??', 'http://a.test/??'],
    ['the case of a path stays', 'http://a.test/A/b', 'http://a.test/A/b'],
    ['scheme and host are in lower case', 'HTTP://A.Test/x', 'http://a.test/x'],
    ['no trailing dot of the host', 'http://a.test./x', 'http://a.test/x'],
    ['no trailing dot of the host before a port', 'http://a.test.:8080/x', 'http://a.test:8080/x'],
    ['no userinfo', 'http://me:secret@a.test/x', 'http://a.test/x'],
    ['no user without a password', 'http://me@a.test/x', 'http://a.test/x'],
    ['no password without a user', 'http://:secret@a.test/x', 'http://a.test/x'],
    ['an at sign in a path is no userinfo', 'http://a.test/@me', 'http://a.test/@me'],
    ['IDN is punycode', 'http://bücher.test/', 'http://xn--bcher-kva.test/'],
    ['IDN in upper case is the same', 'http://BÜCHER.test/', 'http://xn--bcher-kva.test/'],
    ['an escaped host is decoded', 'http://%61.test/', 'http://a.test/'],
    ['full-width letters of a host are plain ones', 'http://ａ.test/', 'http://a.test/'],
    ['IPv6 is compressed', 'http://[0:0:0:0:0:0:0:1]:80/', 'http://[::1]/'],
    ['IPv6 is in lower case', 'http://[2001:DB8::A]:8080/', 'http://[2001:db8::a]:8080/'],
    ['IPv4 is dotted decimal', 'http://0x7f.1/', 'http://127.0.0.1/'],
    ['IPv4 has no trailing dot', 'http://127.0.0.1./', 'http://127.0.0.1/'],
    ['tabs and line ends are no part of it', ' \tht\ntp://a.te\tst/x\r\ny \n', 'http://a.test/xy'],
    ['backslashes are slashes', 'http:\\\\a.test\\b', 'http://a.test/b'],
  ])('%s: %j', (_rule, href, canonical) => {
    expect(canonicalUrl(href)).toBe(canonical)
  })

  it.each<[href: string, canonical: string]>([
    ['g', 'http://a.test/b/c/g'],
    ['./g', 'http://a.test/b/c/g'],
    ['g/', 'http://a.test/b/c/g/'],
    ['/g', 'http://a.test/g'],
    ['//g.test', 'http://g.test/'],
    ['?y', 'http://a.test/b/c/d;p?y'],
    ['?', 'http://a.test/b/c/d;p'],
    ['g?y#s', 'http://a.test/b/c/g?y'],
    ['#s', 'http://a.test/b/c/d;p?q'],
    [';x', 'http://a.test/b/c/;x'],
    ['', 'http://a.test/b/c/d;p?q'],
    ['.', 'http://a.test/b/c/'],
    ['..', 'http://a.test/b/'],
    ['../../../../g', 'http://a.test/g'],
    ['g/../h', 'http://a.test/b/c/h'],
    ['http:g', 'http://a.test/b/c/g'],
    ['  g\n', 'http://a.test/b/c/g'],
    ['https://b.test/x', 'https://b.test/x'],
    ['%7Eg', 'http://a.test/b/c/~g'],
  ])('RFC 3986 section 5.4: %j resolves to %s', (href, canonical) => {
    expect(canonicalUrl(href, base)).toBe(canonical)
  })

  it('takes the scheme of its base when it names none', () => {
    expect(canonicalUrl('//b.test/x', 'https://a.test/')).toBe('https://b.test/x')
  })

  it.each([
    'mailto:me@a.test',
    'javascript:void(0)',
    'JavaScript:void(0)',
    'java\nscript:void(0)',
    'data:text/html,x',
    'tel:+441234',
    'ftp://a.test/',
    'file:///etc/passwd',
    'blob:http://a.test/1',
    'ws://a.test/',
    'about:blank',
    'http://',
    'http://:80/',
    'http://.',
    'http://a.test../',
    'http://a b/',
    'http://a.test:99999/',
    'http://a.test:x/',
    'http://[::1/',
    'http://1.2.3.256/',
    'http://a%2fb/',
  ])('is not made of %j, with a base or without', (href) => {
    expect(canonicalUrl(href)).toBeUndefined()
    expect(canonicalUrl(href, base)).toBeUndefined()
  })

  it.each(['', 'x', '/x', '?x', '//a.test/'])('is not made of %j without a base', (href) => {
    expect(canonicalUrl(href)).toBeUndefined()
  })

  it('is not made with a base that cannot be parsed', () => {
    expect(canonicalUrl('x', 'nonsense')).toBeUndefined()
  })

  const pieces = ['%', '%2', '%25', '%2e', '%65', '%32', '2', 'e', 'z', '/', '.', '?', '#', '@', ':', '\\', ' ', 'é']
  const tails = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 })
  const hrefs = fc.oneof(
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc
      .tuple(fc.constantFrom('http://a.test/', 'https://A.test.:8443', 'http://u:p@é.test/'), tails)
      .map((t) => t.join('')),
  )

  it.each(['%2%65', '%%32e', '%%32%65', '%2%45/x', '?q=%2%65'])('gains no new escape when %j is decoded', (path) => {
    const once = canonicalUrl(`http://a.test/a/${path}`) ?? ''
    expect(canonicalUrl(once)).toBe(once)
  })

  it('is its own canonical form, whatever it was made of', () => {
    fc.assert(
      fc.property(hrefs, (href) => {
        const once = canonicalUrl(href)
        if (once !== undefined) expect(canonicalUrl(once)).toBe(once)
      }),
      { numRuns: 2000 },
    )
  })

  it('never has a fragment, userinfo, a trailing dot or an empty query', () => {
    fc.assert(
      fc.property(hrefs, (href) => {
        const canonical = canonicalUrl(href)
        if (canonical === undefined) return
        const { username, password, hostname } = new URL(canonical)
        expect(canonical).not.toContain('#')
        expect([username, password]).toEqual(['', ''])
        expect(hostname).not.toMatch(/\.$/)
        expect(canonical).not.toMatch(/^[^?]*\?$/)
      }),
    )
  })

  it('is the same for a host in another case', () => {
    fc.assert(
      fc.property(fc.domain(), fc.webPath(), (domain, path) => {
        expect(canonicalUrl(`HTTP://${domain.toUpperCase()}${path}`)).toBe(canonicalUrl(`http://${domain}${path}`))
      }),
    )
  })
})

describe('the units of politeness and robots.txt', () => {
  it.each([
    ['http://a.test/x', 'a.test', 'http://a.test'],
    ['https://a.test/', 'a.test', 'https://a.test'],
    ['http://a.test:8080/x?y', 'a.test', 'http://a.test:8080'],
    ['http://b.a.test/', 'b.a.test', 'http://b.a.test'],
    ['http://[::1]:8080/', '[::1]', 'http://[::1]:8080'],
  ])('%s belongs to host %s and origin %s', (url, host, origin) => {
    expect(hostOf(url)).toBe(host)
    expect(originOf(url)).toBe(origin)
  })

  it.each([
    'localhost',
    'a.localhost',
    'a.b.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '127.255.255.255',
    '[::1]',
    '0.0.0.0',
    '[::]',
  ])('%s can only be this machine', (host) => expect(isLoopback(host)).toBe(true))

  it.each([
    'a.test',
    '127.0.0.1.evil.test',
    'evil.127.0.0.1.test',
    '128.0.0.1',
    '1.127.0.1',
    '127.0.0',
    '0.0.0.1',
    '10.0.0.1',
    'localhost.evil.test',
    'notlocalhost',
    '[::2]',
    '',
  ])('%j may be another machine', (host) => expect(isLoopback(host)).toBe(false))
})
