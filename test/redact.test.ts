import { describe, expect, it } from 'vitest'
import { hasUserinfo, inShort, withoutUserinfo } from '../src/redact.ts'

describe('what others have written, where it is shown,', () => {
  it.each([
    ['javascript:alert(1)', 'javascript:alert(1)'],
    ['x\r\n\u001b[31m\u202ered\ud800', 'x\ufffd\ufffd\ufffd[31m\ufffdred\ufffd'],
    ['x'.repeat(10_000), `${'x'.repeat(200)}…`],
  ])('%j is one harmless, short line', (text, shown) => {
    expect(inShort(text)).toBe(shown)
  })
})

describe('a URL that is shown', () => {
  it.each([
    ['https://ada:s3cret@a.test/x?y#z', 'https://***@a.test/x?y#z'],
    ['https://ada@a.test/', 'https://***@a.test/'],
    ['https://:s3cret@a.test/', 'https://***@a.test/'],
    ['https://ada:s3@cret@a.test/', 'https://***@a.test/'],
    // As browsers read it.
    ['https:ada:s3cret@a.test/', 'https://***@a.test/'],
    ['https:\\\\ada:s3cret@a.test', 'https://***@a.test/'],
    ['socks5://ada:s3cret@127.0.0.1:1080', 'socks5://***@127.0.0.1:1080'],
    // What is no URL as it stands may have been meant as one.
    ['ada:s3cret@a.test:3128', 'ada:***@a.test:3128'],
    ['//ada:s3cret@a.test/', '***@a.test/'],
    ['https://ada:s3cret@a.test:port/', 'https://***@a.test:port/'],
    ['https://ada:s3\ncr/et@a test/', 'https://***@a test/'],
  ])('%j has no user name and no password', (text, shown) => {
    expect(withoutUserinfo(text)).toBe(shown)
    expect(hasUserinfo(text)).toBe(true)
  })

  it.each(['https://a.test/@ada', 'https://a.test/?to=ada@b.test', 'http://127.0.0.1:8080/', 'shop', ''])(
    '%j stays as it is',
    (text) => {
      expect(withoutUserinfo(text)).toBe(text)
      expect(hasUserinfo(text)).toBe(false)
    },
  )
})
