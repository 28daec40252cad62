import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText } from '../../src/fetcher/charset.ts'

const bytes = (...octets: number[]) => Buffer.from(octets)
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const cyrillic = bytes(0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2) // "Привет" in windows-1251

describe('the charset of a text', () => {
  it('is UTF-8 when nobody says', () => {
    expect(decodeText(Buffer.from('Grüße, мир, 日本, 😀'), '')).toBe('Grüße, мир, 日本, 😀')
    expect(decodeText(Buffer.from('Grüße'), 'text/html')).toBe('Grüße')
  })

  it.each<[charset: string, body: Buffer, text: string]>([
    ['utf-8', Buffer.from('é'), 'é'],
    ['shift_jis', bytes(0x93, 0xfa, 0x96, 0x7b), '日本'],
    ['x-sjis', bytes(0x93, 0xfa, 0x96, 0x7b), '日本'],
    ['windows-1251', cyrillic, 'Привет'],
    ['cp1251', cyrillic, 'Привет'],
    ['koi8-r', bytes(0xf0, 0xd2), 'Пр'],
    ['iso-8859-1', bytes(0xe9, 0x80), 'é€'],
    ['us-ascii', bytes(0xe9), 'é'],
    ['iso-8859-15', bytes(0xa4), '€'],
    ['gb2312', bytes(0xc4, 0xe3), '你'],
    ['big5', bytes(0xa7, 0x41), '你'],
    ['euc-kr', bytes(0xb0, 0xa1), '가'],
    ['utf-16le', Buffer.from('é', 'utf16le'), 'é'],
    ['utf-16', Buffer.from('é', 'utf16le'), 'é'],
    ['utf-16be', utf16be('é'), 'é'],
  ])('is the one of the header: %s', (charset, body, text) => {
    expect(decodeText(body, `text/html; charset=${charset}`)).toBe(text)
  })

  it.each([
    'text/html;charset=windows-1251',
    'text/html; Charset=Windows-1251',
    'text/html; charset="windows-1251"',
    "text/html; charset='windows-1251'",
    'text/html; charset = windows-1251 ; x=y',
    'text/html; x=y; charset=windows-1251',
  ])('is read from %j', (contentType) => {
    expect(decodeText(cyrillic, contentType)).toBe('Привет')
  })

  it.each([
    '<meta charset="windows-1251">',
    '<meta charset=windows-1251>',
    '<META CHARSET="Windows-1251">',
    '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
    '<?xml version="1.0" encoding="windows-1251"?>',
  ])('is the one of the page itself when the header is silent: %s', (head) => {
    const body = Buffer.concat([Buffer.from(`${head}<p>`), cyrillic])
    expect(decodeText(body, 'text/html')).toBe(`${head}<p>Привет`)
  })

  it('of the header goes before that of the page', () => {
    const meta = '<meta charset="koi8-r">'
    const body = Buffer.concat([Buffer.from(meta), cyrillic])
    expect(decodeText(body, 'text/html; charset=windows-1251')).toBe(`${meta}Привет`)
  })

  it.each<[name: string, body: Buffer]>([
    ['UTF-8', Buffer.from('\ufeff<meta charset="koi8-r">é')],
    ['UTF-16LE', Buffer.from('\ufeff<meta charset="koi8-r">é', 'utf16le')],
    ['UTF-16BE', utf16be('\ufeff<meta charset="koi8-r">é')],
  ])('of a byte order mark goes before all others, and the mark is no text: %s', (_name, body) => {
    expect(decodeText(body, 'text/html; charset=windows-1251')).toBe('<meta charset="koi8-r">é')
  })

  it('of a page that calls itself UTF-16 in ASCII is UTF-8', () => {
    expect(decodeText(Buffer.from('<meta charset="utf-16">é'), '')).toBe('<meta charset="utf-16">é')
  })

  it('of a header that nobody knows is looked for in the page', () => {
    const meta = '<meta charset="windows-1251">'
    const body = Buffer.concat([Buffer.from(meta), cyrillic])
    expect(decodeText(body, 'text/html; charset=klingon')).toBe(`${meta}Привет`)
    expect(decodeText(Buffer.from('é'), 'text/html; charset=klingon')).toBe('é')
    expect(decodeText(Buffer.from('é'), 'text/html; charset=')).toBe('é')
  })

  it('is found in a body that is a view into a larger buffer', () => {
    const whole = Buffer.from('....Grüße....')
    expect(decodeText(new Uint8Array(whole.buffer, whole.byteOffset + 4, 7), '')).toBe('Grüße')
  })
})

describe('a broken sequence', () => {
  it.each<[charset: string, body: Buffer, text: string]>([
    ['utf-8', bytes(0x61, 0xc3, 0x28), 'a\ufffd('],
    ['utf-8', bytes(0x61, 0xff), 'a\ufffd'],
    ['utf-8', bytes(0xe2, 0x82), '\ufffd'],
    ['shift_jis', bytes(0x93), '\ufffd'],
    ['utf-16le', bytes(0x61, 0x00, 0x62), 'a\ufffd'],
    ['utf-16le', bytes(0x00, 0xd8), '\ufffd'],
  ])('of %s becomes U+FFFD', (charset, body, text) => {
    expect(decodeText(body, `text/html; charset=${charset}`)).toBe(text)
  })

  it.each([
    'iso-2022-kr',
    'hz-gb-2312',
    'iso-2022-cn',
    'replacement',
    'x-user-defined',
    'iso-8859-8-i',
    'utf-7',
    'macintosh',
  ])('is never an error, not even of a charset that the standard has given up: %s', (charset) => {
    expect(() => decodeText(Buffer.from('abc'), `text/html; charset=${charset}`)).not.toThrow()
    expect(() => decodeText(Buffer.from(`<meta charset="${charset}">abc`), 'text/html')).not.toThrow()
  })

  it('is never an error, whatever the bytes', () => {
    const charsets = fc.constantFrom(
      '',
      'utf-8',
      'shift_jis',
      'gb18030',
      'euc-jp',
      'iso-2022-jp',
      'utf-16le',
      'windows-1251',
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), charsets, (body, charset) => {
        expect(decodeText(body, `text/html; charset=${charset}`)).toBeTypeOf('string')
      }),
    )
  })
})
