import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, hostOf } from '../../../src/canonical-url.ts'
import { AddressGuard, readRange, withoutBrackets } from '../../../src/fetcher/connection/address-guard.ts'

const guard = new AddressGuard([], [])

/** What comes of a URL as somebody may write it: no URL, a name (whose addresses are judged when they are found), open, or why not. */
function verdictOn(written: string): string {
  const url = canonicalUrl(written)
  if (url === undefined) return 'no URL'
  const address = withoutBrackets(hostOf(url))
  return isIP(address) === 0 ? `the name ${address}` : (guard.refusalOf(hostOf(url), address) ?? 'open')
}

const loopback = 'a loopback address (127.0.0.0/8, RFC 1122)'

describe('spellings of an address', () => {
  it.each([
    ['http://127.0.0.1/'],
    ['http://127.0.0.1:8080/a?b#c'],
    ['HTTP://127.0.0.1'],
    ['https://127.0.0.1/'],
    ['http://127.1/'],
    ['http://127.0.1/'],
    ['http://127.0.0.1./'],
    ['http://127.1./'],
    ['http://127.0.0.1../'],
    ['http://2130706433/'],
    ['http://2130706433./'],
    ['http://0x7f.1/'],
    ['http://0x7F.1'],
    ['http://0x7f000001/'],
    ['http://0X7F000001/'],
    ['http://0x7f.0x0.0x0.0x1/'],
    ['http://0177.0.0.1/'],
    ['http://0177.0.0.01/'],
    ['http://017700000001/'],
    ['http://00000000177.1/'],
    ['http://0x7f.0.1/'],
    ['http://0177.0x0.1/'],
    ['http://%31%32%37.0.0.1/'],
    ['http://127%2e0%2E0.1/'],
    ['http://127。0。0。1/'],
    ['http://１２７.０.０.１/'],
    ['http://①②⑦.0.0.1/'],
    ['http://12\n7.0.0.1/'],
    ['http://127.0.0.1\t/'],
    ['\u0000 http://127.0.0.1/'],
    ['http:\\\\127.0.0.1\\'],
    ['http:127.0.0.1/'],
    ['http:/127.0.0.1/'],
    ['http:///127.0.0.1/'],
    ['http://127\u00ad.0.0.1/'],
    ['http://127.0.0.1\\@shop.example/'],
    ['http://shop.example@127.0.0.1/'],
    ['http://user:secret@127.0.0.1/'],
    ['http://shop.example:80@127.0.0.1:8080/'],
  ])('%j is 127.0.0.1', (written) => expect(verdictOn(written)).toBe(`127.0.0.1 is ${loopback}`))

  it.each([
    ['http://[::1]/', '::1', 'a loopback address (::1/128, RFC 4291)'],
    ['http://[0:0:0:0:0:0:0:1]/', '::1', 'a loopback address (::1/128, RFC 4291)'],
    ['http://[0000:0000::0001]:80/', '::1', 'a loopback address (::1/128, RFC 4291)'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1', `127.0.0.1 in the form of IPv6, ${loopback}`],
    ['http://[::ffff:7f00:1]/', '::ffff:7f00:1', `127.0.0.1 in the form of IPv6, ${loopback}`],
    ['http://[0:0:0:0:0:FFFF:127.0.0.1]/', '::ffff:7f00:1', `127.0.0.1 in the form of IPv6, ${loopback}`],
    ['http://[64:ff9b::127.0.0.1]/', '64:ff9b::7f00:1', `127.0.0.1 in the form of IPv6, ${loopback}`],
    ['http://[64:ff9b::7f00:1]/', '64:ff9b::7f00:1', `127.0.0.1 in the form of IPv6, ${loopback}`],
    [
      'http://[64:ff9b::169.254.169.254]/',
      '64:ff9b::a9fe:a9fe',
      '169.254.169.254 in the form of IPv6, a link-local address (169.254.0.0/16, RFC 3927)',
    ],
    ['http://[::127.0.0.1]/', '::7f00:1', 'an IPv4-compatible address (::/96, RFC 4291)'],
    ['http://[::ffff:0:127.0.0.1]/', '::ffff:0:7f00:1', 'an IPv4-translated address (::ffff:0:0:0/96, RFC 2765)'],
    ['http://[2002:7f00:1::]/', '2002:7f00:1::', 'a 6to4 address (2002::/16, RFC 3056)'],
    ['http://[2001:0:7f00:1::]/', '2001:0:7f00:1::', 'a Teredo address (2001::/32, RFC 4380)'],
    ['http://[::]/', '::', 'the unspecified address (::/128, RFC 4291)'],
  ])('%s is judged as %s', (written, address, range) => expect(verdictOn(written)).toBe(`[${address}] is ${range}`))

  it.each([
    ['http://0/', '0.0.0.0'],
    ['http://0x/', '0.0.0.0'],
    ['http://0.0.0.0:8080/', '0.0.0.0'],
    ['http://2852039166/latest/meta-data/', '169.254.169.254'],
    ['http://0xa9.0xfe.0xa9.0xfe/', '169.254.169.254'],
    ['http://0251.0376.0251.0376/', '169.254.169.254'],
    ['http://169.254.43518/', '169.254.169.254'],
    ['http://10.1/', '10.0.0.1'],
    ['http://0xa000001/', '10.0.0.1'],
    ['http://192.168.257/', '192.168.1.1'],
    ['http://3232235777/', '192.168.1.1'],
  ])('%s is %s, and is refused', (written, address) => expect(verdictOn(written)).toMatch(`${address} is `))

  it.each([
    ['http://localhost./', 'localhost'],
    ['http://LOCALHOST:3000/', 'localhost'],
    ['http://lo\u00adcalhost/', 'localhost'],
    ['http://ｌｏｃａｌｈｏｓｔ/', 'localhost'],
    ['http://%6cocalhost/', 'localhost'],
    ['http://127.0.0.1.nip.example/', '127.0.0.1.nip.example'],
    ['http://127.0.0.1%2Ea/', '127.0.0.1.a'],
    ['http://shop.example#@127.0.0.1/', 'shop.example'],
    ['http://shop.example\\@127.0.0.1/', 'shop.example'],
  ])('%s is the name %s, whose addresses are judged when they are found', (written, name) => {
    expect(verdictOn(written)).toBe(`the name ${name}`)
  })

  it.each([
    'http://[fe80::1%25eth0]/',
    'http://[fe80::1%eth0]/',
    'http://[::1%lo]/',
    'http://[::1]./',
    'http://[::ffff:0x7f.1]/',
    'http://[127.0.0.1]/',
    'http://[::1',
    'http://::1/',
    'http://127.0.0.256/',
    'http://127.0.0.1.5/',
    'http://0x100000000/',
    'http://08.0.0.1/',
    'http://127.0.0.1%00.shop.example/',
    'http://127.0.0.1 .shop.example/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
  ])('%s is no URL to visit', (written) => expect(verdictOn(written)).toBe('no URL'))

  it.each([
    'http://1.1.1.1/',
    'http://16843009/',
    'http://[::ffff:1.1.1.1]/',
    'http://[64:ff9b::8.8.8.8]/',
    'http://[2606:4700:4700::1111]/',
    'http://[2a00:1450:4001:80b::200e]/',
  ])('%s is on the public net', (written) => expect(verdictOn(written)).toBe('open'))
})

describe('ranges', () => {
  // The first and the last address of each, and their neighbours where these are on the public net.
  it.each([
    ['0.0.0.0', '0.255.255.255', undefined, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', undefined],
    ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
    ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', undefined, '2000::'],
    ['64:ff9b::a00:0', '64:ff9b::aff:ffff', '64:ff9b::9ff:ffff', '64:ff9b::b00:0'],
    ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', undefined, undefined],
    ['::ffff:c0a8:0', '::ffff:c0a8:ffff', '::ffff:c0a7:ffff', '::ffff:c0a9:0'],
    ['100::', '100::1:ffff:ffff:ffff:ffff', undefined, undefined],
    ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff::', '2001:200::'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7:ffff::', '2001:db9::'],
    ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff::', '2003::'],
    ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff::', '3fff:1000::'],
    ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:ffff::', undefined],
    ['5f00::', '5f00:ffff::', undefined, undefined],
    ['fc00::', 'fdff:ffff::', undefined, undefined],
    ['fe80::', 'febf::', undefined, undefined],
    ['fec0::', 'feff::', undefined, undefined],
    ['ff00::', 'ff05::2', undefined, undefined],
  ])('from %s to %s are not on the public net', (first, last, before, after) => {
    for (const address of [first, last]) expect(guard.refusalOf('a.test', address)).toMatch(`a.test is at ${address}, `)
    for (const address of [before, after].filter((known) => known !== undefined))
      expect(guard.refusalOf('a.test', address)).toBeUndefined()
  })

  it.each([
    ['fe80::1%eth0', 'a.test is at fe80::1%eth0, a link-local address (fe80::/10, RFC 4291)'],
    ['FD00:EC2::254', 'a.test is at FD00:EC2::254, a private address (fc00::/7, RFC 4193)'],
    ['nonsense', 'a.test is at nonsense, no IP address'],
    ['', 'a.test is at , no IP address'],
    ['127.1', 'a.test is at 127.1, no IP address'],
  ])('%j, as a system may tell it, is refused', (address, refusal) => {
    expect(guard.refusalOf('a.test', address)).toBe(refusal)
  })
})

describe('allowPrivate', () => {
  it.each([
    [['10.0.0.0/8'], ['10.1.2.3', '::ffff:a01:203', '64:ff9b::a01:203'], ['127.0.0.1', '192.168.0.1']],
    [['10.1.2.3/8'], ['10.255.0.1'], ['192.168.0.1']],
    [['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2', '::1']],
    [['::1'], ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::']],
    [
      ['fd00::/8', '::1/128'],
      ['fd12::1', '::1'],
      ['fc00::1', 'fe80::1'],
    ],
    [['::ffff:10.0.0.0/104'], ['::ffff:a01:203'], ['10.1.2.3']],
    // A range of one family opens none of the other, not even in its own form.
    [['::/0'], ['fe80::1', '::ffff:7f00:1'], ['127.0.0.1']],
    [['0.0.0.0/0'], ['127.0.0.1', '::ffff:7f00:1'], ['::1', 'fe80::1']],
  ])('%j opens what is in it', (ranges, opened, closed) => {
    const wider = new AddressGuard(ranges, [])
    for (const address of opened) expect(wider.refusalOf('a.test', address)).toBeUndefined()
    for (const address of closed) expect(wider.refusalOf('a.test', address)).toBeDefined()
  })

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0',
    '10.1/8',
    'localhost',
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    'fe80::1%eth0',
    '[::1]',
    '10.0.0.0/8/8',
  ])('%j is no range', (text) => expect(readRange(text)).toBeUndefined())
})

describe('a host that the user typed', () => {
  const typed = () => new AddressGuard([], ['127.0.0.5', '[::1]', 'own.test', '[::ffff:7f00:1]'])
  const at = (...addresses: readonly string[]) => addresses.map((address) => ({ address }))

  it.each([
    ['127.0.0.5', '127.0.0.5'],
    ['[::1]', '::1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['[::ffff:7f00:1]', '::ffff:127.0.0.1'],
  ])('as the address %s may be at it', (host, address) => expect(typed().refusalOf(host, address)).toBeUndefined())

  it.each([
    ['127.0.0.5', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '127.0.0.1'],
    ['other.test', '127.0.0.5'],
    ['own.test.evil.test', '127.0.0.5'],
  ])('opens no other: not %s at %s', (host, address) => {
    const each = typed()
    each.admit('own.test', at('127.0.0.5'))
    expect(each.refusalOf(host, address)).toBeDefined()
  })

  it.each([
    ['0.0.0.0', '0.0.0.0', '127.0.0.1'],
    ['[::]', '::', '::1'],
    ['[::ffff:0:0]', '::ffff:0:0', '::ffff:127.0.0.1'],
  ])('as the unspecified address %s is this machine', (host, address, opened) => {
    const guards = [new AddressGuard([], [host]), new AddressGuard(['0.0.0.0', '::'], [])]
    for (const each of guards) {
      expect(each.refusalOf(host, address)).toBeUndefined()
      expect(each.refusalOf(host, opened)).toBeUndefined()
      expect(each.refusalOf(host, '127.0.0.5')).toBeDefined()
      expect(each.refusalOf(opened, opened)).toBeDefined()
    }
    for (const each of [address, opened]) expect(typed().refusalOf(host, each)).toBeDefined()
  })

  it('does not have the unspecified address that a name server gives for a name that it blocks', () => {
    const each = typed()
    expect(each.admit('own.test', at('0.0.0.0', '::'))).toEqual([])
    expect(each.refusalOf('own.test', '0.0.0.0')).toMatch('own.test is at 0.0.0.0, an address of "this network"')
    expect(each.refusalOf('own.test', '127.0.0.1')).toBeDefined()
  })

  it('has the private addresses that its name was resolved to first, and no others later', () => {
    const each = typed()
    expect(each.refusalOf('own.test', '10.0.0.5')).toBeDefined()
    expect(each.admit('own.test', at('10.0.0.5', 'fd00::5'))).toEqual(at('10.0.0.5', 'fd00::5'))
    expect(each.admit('own.test', at('127.0.0.1'))).toEqual([])
    expect(each.admit('own.test', at('127.0.0.1', 'FD00:0::5'))).toEqual(at('FD00:0::5'))
    expect(each.refusalOf('own.test', '10.0.0.5')).toBeUndefined()
  })

  it('has none if its name was resolved to the public net first', () => {
    const each = typed()
    expect(each.admit('own.test', at('1.1.1.1', '127.0.0.1'))).toEqual(at('1.1.1.1'))
    expect(each.admit('own.test', at('127.0.0.1'))).toEqual([])
    expect(each.admit('own.test', at('1.0.0.1'))).toEqual(at('1.0.0.1'))
  })

  it('loses nothing by a look-up that found nothing', () => {
    const each = typed()
    expect(each.admit('own.test', [])).toEqual([])
    expect(each.admit('own.test', at('10.0.0.5'))).toEqual(at('10.0.0.5'))
  })
})
