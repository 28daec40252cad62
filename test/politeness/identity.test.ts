import { validateHeaderValue } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createIdentity, parseContact } from '../../src/politeness/identity.ts'

describe('an identity', () => {
  it('says token, version and contact in the User-Agent (RFC 9110 section 10.1.5)', () => {
    const { userAgent, productToken } = createIdentity('AcmeBot', '1.2.3', 'https://acme.test/bot')
    expect(userAgent).toBe('AcmeBot/1.2.3 (+https://acme.test/bot)')
    expect(productToken).toBe('AcmeBot')
  })

  it('RFC 9309 section 2.2.1: the product token is a substring of the User-Agent', () => {
    const { userAgent, productToken } = createIdentity('Acme_Bot-x', '1', undefined)
    expect(userAgent).toContain(productToken)
  })

  it('has no empty brackets without a contact', () => {
    expect(createIdentity('doff', '0.1.0', undefined).userAgent).toBe('doff/0.1.0')
  })

  it('RFC 9110 section 10.1.2: says the e-mail address in From, and nothing there if there is none', () => {
    expect(createIdentity('doff', '1', 'mailto:me@a.test').from).toBe('me@a.test')
    expect(createIdentity('doff', '1', 'https://a.test/').from).toBeUndefined()
    expect(createIdentity('doff', '1', undefined).from).toBeUndefined()
  })

  it('ours: without a contact, may visit this machine and no other', () => {
    const { mayVisit } = createIdentity('doff', '1', undefined)
    expect(['localhost', 'a.localhost', '127.0.0.1', '[::1]'].map(mayVisit)).toEqual([true, true, true, true])
    expect(['a.test', '10.0.0.1', '127.0.0.1.evil.test'].map(mayVisit)).toEqual([false, false, false])
  })

  it('ours: with a contact, may visit any host', () => {
    const { mayVisit } = createIdentity('doff', '1', 'mailto:me@a.test')
    expect(['localhost', 'a.test', '10.0.0.1'].map(mayVisit)).toEqual([true, true, true])
  })
})

describe('a contact', () => {
  it.each([
    ['me@a.test', 'mailto:me@a.test'],
    ['mailto:me@a.test', 'mailto:me@a.test'],
    ['me+crawl@mail.a.test', 'mailto:me+crawl@mail.a.test'],
    ['https://a.test', 'https://a.test/'],
    ['http://a.test/bot?x=1', 'http://a.test/bot?x=1'],
    ['https://A.test/Bot', 'https://a.test/Bot'],
    ['https://social.test/@me', 'https://social.test/@me'],
    ['https://a.test/contact?to=me@a.test', 'https://a.test/contact?to=me@a.test'],
    ['https://bücher.test/ü', 'https://xn--bcher-kva.test/%C3%BC'],
  ])('%s is %s', (text, contact) => {
    expect(parseContact(text)).toBe(contact)
  })

  it.each([
    '',
    ' ',
    'me',
    'a.test',
    '@a.test',
    'me@',
    'me@a@b.test',
    'me @a.test',
    'mailto:',
    'mailto:me',
    'ftp://a.test/',
    'javascript:alert(1)',
    'https://',
    'https://[x/',
    'https://a.test/(x)',
    'https://a.test/ x',
    'me@a.test\r\nX-Evil: 1',
    'https://a.test/\r\nX-Evil: 1',
    'me@a.test) (evil',
    '<me@a.test>',
  ])('%j is none that a site owner could use', (text) => {
    expect(parseContact(text)).toBeUndefined()
  })

  it.each(['me@a.test', 'https://ü.test/ü', '用户@例子.测试', 'me\u0000@a.test', 'me\u007f@a.test'])(
    '%j makes headers that can be sent, or is refused',
    (text) => {
      const contact = parseContact(text)
      const { userAgent, from } = createIdentity('doff', '1', contact)
      expect(() => validateHeaderValue('user-agent', userAgent)).not.toThrow()
      expect(() => validateHeaderValue('from', from ?? '')).not.toThrow()
    },
  )
})
