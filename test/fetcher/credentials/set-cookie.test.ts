import { describe, expect, it } from 'vitest'
import type { Cookie } from '../../../src/cookie.ts'
import { isFor, maxPairBytes, readSetCookie } from '../../../src/fetcher/credentials/set-cookie.ts'

const now = Date.UTC(2030, 0, 1)
const read = (line: string, url = 'https://shop.test/a/b') => readSetCookie(line, url, now)
const day = 24 * 3_600_000

describe('RFC 6265bis section 5.6: a Set-Cookie is read', () => {
  it.each<[line: string, cookie: Partial<Cookie>]>([
    ['sid=31d4', { name: 'sid', value: '31d4', path: '/a', domain: 'shop.test', isHostOnly: true, isSecure: false }],
    ['sid=a=b; Path=/', { value: 'a=b', path: '/' }],
    ['sid="q"', { value: '"q"' }],
    ['sid=', { value: '' }],
    ['  sid  =  x y  ; secure', { name: 'sid', value: 'x y', isSecure: true }],
    ['sid=1; PATH=/x; path=/y', { path: '/y' }],
    ['sid=1; Path=x', { path: '/a' }],
    ['sid=1; Domain=SHOP.test', { domain: 'shop.test', isHostOnly: false }],
    ['sid=1; Domain=.shop.test', { domain: 'shop.test', isHostOnly: false }],
    ['sid=1; Domain=', { domain: 'shop.test', isHostOnly: true }],
    ['sid=1; Domain=shop.test; Domain=', { domain: 'shop.test', isHostOnly: true }],
    ['sid=1; Domain=shop.test; Domain=.', { domain: 'shop.test', isHostOnly: true }],
    ['sid=1; Domain=shop.test; Domain', { domain: 'shop.test', isHostOnly: true }],
    ['sid=1; Domain=; domain =\tshop.test ', { domain: 'shop.test', isHostOnly: false }],
    ['sid=1; Domain=other.test; Domain=shop.test', { domain: 'shop.test', isHostOnly: false }],
    [`sid=1; Domain=shop.test; Domain=${'x'.repeat(1_025)}`, { domain: 'shop.test', isHostOnly: false }],
    ['sid=a\tb', { name: 'sid', value: 'a\tb' }],
    ['\ts\tid\t=\ta\tb\t; Secure', { name: 's\tid', value: 'a\tb', isSecure: true }],
    ['sid=\xa0x\xa0', { value: '\xa0x\xa0' }],
    ['sid=1; SameSite=Strict; HttpOnly; Partitioned', { value: '1' }],
    ['sid=\xe9', { value: '\xe9' }],
    ['sid=1', { expiresAt: undefined }],
    ['sid=1; Max-Age=60', { expiresAt: now + 60_000 }],
    ['sid=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { expiresAt: now + 60_000 }],
    ['sid=1; Expires=Wed, 02 Jan 2030 00:00:00 GMT', { expiresAt: now + day }],
    ['sid=1; Expires=Wednesday, 02-Jan-30 00:00:00 GMT', { expiresAt: now + day }],
    ['sid=1; Expires=soon', { expiresAt: undefined }],
    ['sid=1; Max-Age=1e3', { expiresAt: undefined }],
    ['sid=1; Max-Age=99999999999999999999', { expiresAt: now + 400 * day }],
    ['sid=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT', { expiresAt: now + 400 * day }],
    [`sid=${'x'.repeat(maxPairBytes - 3)}`, {}],
    [`sid=1; Path=/${'x'.repeat(2_000)}`, { path: '/a' }],
  ])('%j', (line, cookie) => {
    expect(read(line)).toMatchObject(cookie)
  })

  it.each([
    ['no name', '=x'],
    ['ours: no name and no "="', 'x'],
    ['a control character', 'sid=a\x01b'],
    ['another control character', 'sid=a\x7fb'],
    ['a control character in an attribute', 'sid=a; Path=/\x01'],
    ['a line end', 'sid=a\nb'],
    ['name and value of more than 4096 octets', `sid=${'x'.repeat(maxPairBytes)}`],
    ['ours: attributes without end', `sid=1; ${'a=b; '.repeat(2_000)}`],
    ['nothing', ''],
  ])('%s: it is ignored', (_name, line) => {
    expect(read(line)).toBeUndefined()
  })

  it.each(['sid=1; Max-Age=0', 'sid=1; Max-Age=-5', 'sid=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])(
    '%s: it has expired',
    (line) => {
      expect(read(line)?.expiresAt).toBeLessThan(now)
    },
  )
})

describe('RFC 6265bis section 5.7: whose cookie it may be', () => {
  it.each([
    ['https://www.shop.test/', 'shop.test', 'shop.test'],
    ['https://www.shop.test/', 'www.shop.test', 'www.shop.test'],
    ['https://a.b.shop.co.uk/', 'shop.co.uk', 'shop.co.uk'],
    ['https://www.b\u00fccher.example/', 'b\u00fccher.example', 'xn--bcher-kva.example'],
  ])('%s may set it for %s', (url, domain, canonical) => {
    expect(read(`sid=1; Domain=${domain}`, url)).toMatchObject({ domain: canonical, isHostOnly: false })
  })

  it.each([
    ['another host', 'https://shop.test/', 'other.test'],
    ['a host below', 'https://shop.test/', 'www.shop.test'],
    ['a name that only ends like it', 'https://evilshop.test/', 'shop.test'],
    ['a public suffix', 'https://shop.co.uk/', 'co.uk'],
    ['a top-level domain', 'https://shop.com/', 'com'],
    ['a private suffix', 'https://me.github.io/', 'github.io'],
    ['a top-level domain that nobody knows', 'https://shop.test/', 'test'],
    ['all names of this machine', 'http://a.localhost/', 'localhost'],
    ['a part of an address', 'http://127.0.0.1/', '0.0.1'],
    ['another address', 'http://127.0.0.2/', '127.0.0.1'],
    ['a host and port', 'http://shop.test:80/', 'shop.test:80'],
    ['what is no name', 'https://shop.test/', 'x@shop.test/y'],
    ['another host after its own', 'https://shop.test/', 'shop.test; Domain=other.test'],
  ])('for %s it is ignored', (_name, url, domain) => {
    expect(read(`sid=1; Domain=${domain}`, url)).toBeUndefined()
  })

  it.each([
    ['https://github.io/', 'github.io'],
    ['http://localhost/', 'localhost'],
    ['http://127.0.0.1/', '127.0.0.1'],
  ])('step 9: that %s sets for itself, a public suffix, is for it alone', (url, domain) => {
    expect(read(`sid=1; Domain=${domain}`, url)).toMatchObject({ domain, isHostOnly: true })
  })

  it.each([
    ['step 12: Secure over http', 'sid=1; Secure', 'http://shop.test/'],
    ['ours: Secure over http on this machine', 'sid=1; Secure', 'http://127.0.0.1/'],
    ['step 20: __Secure- that is not', '__Secure-sid=1', 'https://shop.test/'],
    ['step 20: in any case', '__sEcUrE-sid=1', 'https://shop.test/'],
    ['step 21: __Host- with a domain', '__Host-sid=1; Secure; Path=/; Domain=shop.test', 'https://shop.test/'],
    ['step 21: __Host- with a path', '__Host-sid=1; Secure; Path=/a', 'https://shop.test/'],
    ['step 21: __Host- without one', '__Host-sid=1; Secure', 'https://shop.test/'],
    ['step 21: __Host- over http', '__Host-sid=1; Secure; Path=/', 'http://shop.test/'],
    ['step 21: in any case', '__HOST-sid=1; Path=/', 'https://shop.test/'],
  ])('%s is ignored', (_name, line, url) => {
    expect(read(line, url)).toBeUndefined()
  })

  it.each(['__Secure-sid=1; Secure', '__Host-sid=1; Secure; Path=/'])('%s is kept', (line) => {
    expect(read(line)).toBeDefined()
  })
})

describe('RFC 6265bis section 5.8.3: where it is sent', () => {
  it.each([
    ['sid=1; Path=/', 'https://shop.test/', 'https://shop.test/x'],
    ['sid=1; Path=/', 'https://shop.test/', 'http://shop.test:8080/'],
    ['sid=1; Path=/; Domain=shop.test', 'https://www.shop.test/', 'https://shop.test/'],
    ['sid=1; Path=/; Domain=shop.test', 'https://www.shop.test/', 'https://a.b.shop.test/'],
    ['sid=1; Path=/a', 'https://shop.test/', 'https://shop.test/a'],
    ['sid=1; Path=/a', 'https://shop.test/', 'https://shop.test/a/b'],
    ['sid=1; Path=/a/', 'https://shop.test/', 'https://shop.test/a/b'],
    ['sid=1', 'https://shop.test/a/b', 'https://shop.test/a/c'],
    ['sid=1; Secure; Path=/', 'https://shop.test/', 'https://shop.test:8443/'],
    ['sid=1; Path=/', 'http://[::1]:80/', 'http://[::1]:81/'],
  ])('%s of %s goes to %s', (line, from, to) => {
    const cookie = read(line, from)
    expect(cookie !== undefined && isFor(cookie, new URL(to))).toBe(true)
  })

  it.each([
    ['a host below', 'sid=1; Path=/', 'https://shop.test/', 'https://www.shop.test/'],
    ['a host beside', 'sid=1; Path=/', 'http://127.0.0.2/', 'http://127.0.0.3/'],
    [
      'a name that only ends like it',
      'sid=1; Path=/; Domain=shop.test',
      'https://shop.test/',
      'https://evilshop.test/',
    ],
    ['a path that only begins like it', 'sid=1; Path=/a', 'https://shop.test/', 'https://shop.test/ab'],
    ['a path above', 'sid=1', 'https://shop.test/a/b', 'https://shop.test/'],
    ['http, if it is Secure', 'sid=1; Path=/; Secure', 'https://shop.test/', 'http://shop.test/'],
  ])('to %s it does not go', (_name, line, from, to) => {
    const cookie = read(line, from)
    expect(cookie !== undefined && isFor(cookie, new URL(to))).toBe(false)
  })
})
