import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText } from '../../../src/fetcher/text/charset.ts'
import { samples } from './charset-samples.ts'

const bytes = (...octets: number[]) => Buffer.from(octets)
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16()
/** Of the standard, known to nobody, and given up. */
const labels = [
  ...samples.map(({ charset }) => charset),
  ...[
    'utf-8',
    'utf-16',
    'iso-8859-1',
    'windows-1255',
    'windows-874',
    'ibm866',
    'iso-8859-8-i',
    'macintosh',
    'klingon',
    '',
  ],
  ...['iso-2022-kr', 'hz-gb-2312', 'replacement', 'x-user-defined', 'utf-7', 'utf-32', 'x-mac-cyrillic', 'iso-8859-16'],
]
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
})

describe('a page in a charset of the web', () => {
  const withMeta = (charset: string, body: Buffer) => Buffer.concat([Buffer.from(`<meta charset="${charset}">`), body])
  /** A page in UTF-16 or ISO-2022-JP cannot say so in ASCII, and need not. */
  const legacy = samples.filter(({ charset }) => !/^(?:utf-16|iso-2022)/.test(charset))

  it.each(samples)('is read by its right label: $charset', ({ charset, text, bytes }) => {
    expect(decodeText(bytes, `text/html; charset=${charset}`)).toBe(text)
  })

  it.each(samples)('ours: is read without a label: $charset', ({ text, bytes }) => {
    expect(decodeText(bytes, 'text/html')).toBe(text)
    expect(decodeText(bytes, 'text/html; charset=klingon')).toBe(text)
  })

  it.each(samples)('ours: is read though it is labelled UTF-8: $charset', ({ text, bytes }) => {
    expect(decodeText(bytes, 'text/html; charset=utf-8')).toBe(text)
    expect(decodeText(withMeta('utf-8', bytes), 'text/html; charset=utf-8')).toMatch(text)
  })

  it.each(legacy)('ours: is read by its own <meta> though the header says another: $charset', (sample) => {
    const { charset, text, bytes } = sample
    const others = legacy.map((other) => other.charset).concat('utf-8', 'utf-16', 'iso-8859-1')
    const body = withMeta(charset, bytes)
    const garbled = others.filter((other) => !decodeText(body, `text/html; charset=${other}`).endsWith(text))
    expect(garbled).toEqual([])
  })

  it.each(legacy)('is read by its header whatever its <meta> says: $charset', ({ charset, text, bytes }) => {
    const others = legacy.map((other) => other.charset).concat('utf-8', 'utf-16', 'iso-8859-1')
    const header = `text/html; charset=${charset}`
    expect(others.filter((other) => !decodeText(withMeta(other, bytes), header).endsWith(text))).toEqual([])
  })

  it.each(samples)('ours: is UTF-8 if it is that, whatever its label: the text of $charset', ({ text }) => {
    const labels = samples.map(({ charset }) => charset).concat('utf-16', 'iso-8859-1', 'us-ascii')
    const body = Buffer.from(text)
    expect(labels.filter((label) => decodeText(body, `text/html; charset=${label}`) !== text)).toEqual([])
  })

  // What cannot be told apart: every pair of one byte can be read as some character. The label stands, as it does in browsers.
  it.each([
    ['shift_jis', 'iso-8859-1 gbk gb18030 euc-kr windows-1251 koi8-r iso-8859-2'],
    ['euc-jp', 'iso-8859-1 shift_jis gbk gb18030 big5 euc-kr windows-1251 koi8-r iso-8859-2'],
    ['iso-2022-jp', ''],
    ['gbk', 'iso-8859-1 shift_jis euc-jp big5 euc-kr windows-1251 koi8-r iso-8859-2'],
    ['gb18030', 'iso-8859-1 shift_jis euc-jp big5 euc-kr windows-1251 koi8-r iso-8859-2'],
    ['big5', 'iso-8859-1 shift_jis euc-jp gbk gb18030 euc-kr windows-1251 koi8-r iso-8859-2'],
    ['euc-kr', 'iso-8859-1 shift_jis euc-jp gbk gb18030 big5 windows-1251 koi8-r iso-8859-2'],
    ['windows-1251', 'iso-8859-1 shift_jis euc-jp gbk gb18030 big5 euc-kr koi8-r iso-8859-2'],
    ['koi8-r', 'iso-8859-1 shift_jis euc-jp gbk gb18030 big5 euc-kr windows-1251 iso-8859-2'],
    ['windows-1252', 'shift_jis big5 windows-1251 koi8-r iso-8859-2'],
    ['iso-8859-2', 'iso-8859-1 shift_jis gbk gb18030 big5 windows-1251 koi8-r'],
    ['utf-16le', ''],
    ['utf-16be', ''],
  ])('in %s is garbled if its only label is one of: %s', (charset, labels) => {
    const { text, bytes } = samples.find((sample) => sample.charset === charset) ?? expect.fail()
    const others = new Set(['utf-8', 'utf-16', 'iso-8859-1', ...samples.map((sample) => sample.charset)])
    others.delete('windows-1252') // the same as iso-8859-1
    const garbled = [...others].filter((other) => decodeText(bytes, `text/html; charset=${other}`) !== text)
    expect(garbled.join(' ')).toBe(labels)
  })

  it('is read as browsers do where Node does not: the Korean syllables beyond KS X 1001', () => {
    expect(decodeText(bytes(0x94, 0xee, 0x94, 0xef), 'text/html; charset=euc-kr')).toBe('뷁뷂')
  })
})

describe('a label that the bytes contradict', () => {
  const long = '<p>Grüße aus Köln – мир, 日本</p>\n'.repeat(100)
  const broken = Buffer.concat([Buffer.from(long), bytes(0xe9), Buffer.from(long)])

  it.each(['', 'utf-8', 'iso-8859-1', 'windows-1251', 'gbk'])(
    'ours: is not seen in one broken byte of a long UTF-8 page, labelled %j',
    (label) => {
      expect(decodeText(broken, label && `text/html; charset=${label}`)).toBe(`${long}\ufffd${long}`)
    },
  )

  it('ours: is not seen in a UTF-8 page with less than half of its characters broken', () => {
    const cut = Buffer.from('é …').subarray(0, -1)
    const body = Buffer.concat(Array.from({ length: 50 }, () => cut))
    expect(decodeText(body, 'text/html; charset=utf-8')).toBe('é \ufffd'.repeat(50))
  })

  it('ours: is seen in quotation marks of windows-1252 in an English page', () => {
    const page = Buffer.from('<p>\x93It\x92s \x91fine\x92\x94, he said</p>', 'latin1')
    expect(decodeText(page, 'text/html; charset=utf-8')).toBe('<p>“It’s ‘fine’”, he said</p>')
  })

  it('ours: needs four bytes to be seen; with less, what is broken stays U+FFFD', () => {
    const page = Buffer.from('<p>It\x92s a caf\xe9</p>', 'latin1')
    expect(decodeText(page, 'text/html; charset=utf-8')).toBe('<p>It\ufffds a caf\ufffd</p>')
    expect(decodeText(page, 'text/html')).toBe('<p>It’s a café</p>')
  })

  it.each<[label: string, body: Buffer, text: string]>([
    ['gbk', bytes(0xce, 0xb4, 0xd6, 0xaa, 0x20, 0x43, 0x41), '未知 CA'],
    ['gbk', bytes(0xc4, 0xaa, 0xc5, 0xb5, 0xca, 0xa1), '莫诺省'],
    ['euc-kr', bytes(0xc5, 0xb0), '키'],
    ['koi8-u', bytes(0xc2, 0xa6, 0xd0, 0xa6), 'біпі'],
  ])('ours: is not seen in a short text in %s that happens to be UTF-8', (label, body, text) => {
    expect(body.toString()).not.toContain('\ufffd')
    expect(decodeText(body, `text/html; charset=${label}`)).toBe(text)
  })

  it('ours: is not seen in three broken bytes, whatever else is beyond ASCII', () => {
    const body = Buffer.concat([Buffer.from('ab'), bytes(0xff, 0xfe, 0xc3), Buffer.from('cd é')])
    expect(decodeText(body, 'text/html; charset=utf-8')).toBe('ab\ufffd\ufffd\ufffdcd é')
  })

  it('ours: is seen in one character of UTF-8 that is labelled ISO-8859-1', () => {
    expect(decodeText(Buffer.from('<p>£51.77</p>'), 'text/html; charset=iso-8859-1')).toBe('<p>£51.77</p>')
  })

  it('ours: is seen in one character of UTF-8 if the page says UTF-8', () => {
    const page = '<meta charset=utf-8><p>£51.77</p>'
    expect(decodeText(Buffer.from(page), 'text/html; charset=gbk')).toBe(page)
  })
})

describe('RFC 8259 section 8.1: JSON', () => {
  it.each(['application/json', 'text/json', 'application/ld+json; x=y', 'Application/JSON'])('is UTF-8: %s', (type) => {
    const body = Buffer.concat([Buffer.from('{"a":"café '), bytes(0xff), Buffer.from('"}')])
    expect(decodeText(body, type)).toBe('{"a":"café \ufffd"}')
  })

  it('is not what a page in it says of itself', () => {
    const text = '{"html":"<meta charset=windows-1251>Grüße"}'
    expect(decodeText(Buffer.from(text), 'application/json')).toBe(text)
  })

  it('ours: that clearly is not, or whose header says another, is what it is', () => {
    const { text, bytes: body } = samples.find(({ charset }) => charset === 'windows-1251') ?? {
      text: '',
      bytes: bytes(),
    }
    expect(decodeText(body, 'application/json')).toBe(text)
    expect(decodeText(cyrillic, 'application/json; charset=windows-1251')).toBe('Привет')
  })
})

describe('a text without a label', () => {
  it.each(['José García', 'Beyoncé’s café', '£5', '© Acme', 'Next »'])(
    'ours: that has less than four bytes beyond ASCII is windows-1252: %s',
    (text) => {
      const octets = Buffer.from(text.replace('’', '\x92'), 'latin1')
      expect(decodeText(octets, '')).toBe(text)
    },
  )

  it('in UTF-16 keeps the rest where a piece of it is broken', () => {
    const body = Buffer.concat([
      Buffer.from('<p>one ', 'utf16le'),
      bytes(0x00, 0xd8),
      Buffer.from(' two</p>', 'utf16le'),
    ])
    expect(decodeText(body, '')).toBe('<p>one \ufffd two</p>')
  })

  it('that has a few zeros is no UTF-16', () => {
    expect(decodeText(Buffer.from('one\0two, and so on'), '')).toBe('one\0two, and so on')
    expect(decodeText(Buffer.from('a\0\0\0b\0\0\0'.repeat(9)), '')).toBe('a\0\0\0b\0\0\0'.repeat(9))
  })

  it('is found by what comes after a long head of ASCII', () => {
    const script = Buffer.from(`<script>${'var a = 1;\n'.repeat(20_000)}</script>`)
    const { text, bytes: body } = samples.find(({ charset }) => charset === 'windows-1251') ?? expect.fail()
    expect(decodeText(Buffer.concat([script, body]), '')).toBe(script + text)
  })

  it('may be of any length', () => {
    const { text, bytes: body } = samples.find(({ charset }) => charset === 'koi8-r') ?? expect.fail()
    const padding = 'x'.repeat(9_000_000)
    expect(decodeText(Buffer.concat([Buffer.from(padding), body]), '')).toBe(padding + text)
  })
})

it('decoding never fails, for any bytes under any label', () => {
  const octets = fc.uint8Array({ maxLength: 3_000 })
  const looksLike = (...alphabet: number[]) =>
    fc.array(fc.constantFrom(...alphabet), { maxLength: 300 }).map((given) => Uint8Array.from(given))
  const bodies = fc.oneof(
    octets,
    looksLike(0, 0x3c, 0x41, 0xd8, 0xfe, 0xff),
    looksLike(0x1b, 0x24, 0x28, 0x40, 0x42, 0x4a, 0x21, 0x3c),
    looksLike(0x20, 0x81, 0x8f, 0xa1, 0xc4, 0xe3, 0xf0, 0xfc),
    fc
      .tuple(fc.constantFrom(...labels), octets)
      .map(([label, rest]) => Buffer.concat([Buffer.from(`<meta charset="${label}">`), rest])),
  )
  const types = fc.oneof(
    fc.constantFrom(...labels).map((label) => `text/html; charset=${label}`),
    fc.string().map((label) => `text/html; charset=${label}`),
    fc.string(),
  )
  fc.assert(
    fc.property(bodies, types, (body, type) => {
      expect(decodeText(body, type)).toBeTypeOf('string')
    }),
    { numRuns: 300 },
  )
})
