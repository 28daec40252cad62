import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyError, decodeBody, decodeStart, tooLarge } from '../../src/fetcher/body.ts'

const limit = 1_000_000
const text = 'A page, a page! '.repeat(50)
const plain = Buffer.from(text)

const codings: readonly [name: string, coding: string, encode: (body: Uint8Array) => Buffer][] = [
  ['gzip', 'gzip', gzipSync],
  ['x-gzip', 'x-gzip', gzipSync],
  ['brotli', 'br', brotliCompressSync],
  ['zstd', 'zstd', zstdCompressSync],
  ['deflate as zlib', 'deflate', deflateSync],
  ['deflate as a bare stream', 'deflate', deflateRawSync],
]

const decoded = async (body: Uint8Array, coding: string, maxBodyBytes = limit) =>
  Buffer.from(await decodeBody(body, coding, maxBodyBytes)).toString()

describe('RFC 9110 section 8.4.1: content codings', () => {
  it.each(codings)('%s is undone', async (_name, coding, encode) => {
    expect(await decoded(encode(plain), coding)).toBe(text)
  })

  it.each(['', 'identity', ' , identity,'])('%j leaves the body as it is', async (coding) => {
    expect(await decodeBody(plain, coding, limit)).toBe(plain)
  })

  it.each(['GZIP', ' gzip ', 'identity, gzip', 'gzip,', 'X-GZip'])('%j is gzip', async (coding) => {
    expect(await decoded(gzipSync(plain), coding)).toBe(text)
  })

  it('stacked ones are undone from the last to the first', async () => {
    expect(await decoded(brotliCompressSync(gzipSync(plain)), 'gzip, br')).toBe(text)
    expect(await decoded(zstdCompressSync(deflateSync(gzipSync(plain))), 'gzip, deflate, zstd')).toBe(text)
    expect(await decoded(gzipSync(gzipSync(plain)), 'gzip, gzip')).toBe(text)
  })

  it('whatever was encoded comes back', async () => {
    const pairs = fc.tuple(fc.constantFrom(...codings), fc.constantFrom(...codings), fc.uint8Array({ maxLength: 2000 }))
    await fc.assert(
      fc.asyncProperty(pairs, async ([[, first, encode], [, second, encodeAgain], body]) => {
        const encoded = encodeAgain(encode(body))
        expect(Buffer.from(await decodeBody(encoded, `${first}, ${second}`, limit)).equals(body)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a body that does not decode', () => {
  it.each(['compress', 'rot13', 'gzip2', 'constructor', '__proto__', 'gzip;q=1'])(
    'has the unknown coding %j, and is refused by name',
    async (coding) => {
      const wish = { reason: 'bad_encoding', message: `unknown content encoding "${coding}"` }
      await expect(decodeBody(plain, coding, limit)).rejects.toMatchObject(wish)
    },
  )

  it('has an unknown coding below a known one', async () => {
    await expect(decodeBody(gzipSync(plain), 'rot13, gzip', limit)).rejects.toMatchObject({ reason: 'bad_encoding' })
  })

  it.each(codings)('is %s cut short', async (_name, coding, encode) => {
    const whole = encode(Buffer.from(Array.from({ length: 5_000 }, (_, index) => `${index * 7_919}`).join()))
    const cut = whole.subarray(0, whole.length / 2)
    const decoding = decodeBody(cut, coding, limit)
    await expect(decoding).rejects.toBeInstanceOf(BodyError)
    await expect(decoding).rejects.toMatchObject({
      reason: 'bad_encoding',
      message: `the body is not valid ${coding}`,
      cause: expect.any(Error),
    })
  })

  it.each(['gzip', 'br', 'zstd', 'deflate'])('is not %s at all', async (coding) => {
    await expect(decodeBody(Buffer.from('<!doctype html>'), coding, limit)).rejects.toMatchObject({
      reason: 'bad_encoding',
    })
  })

  it('has more layers than any server has reason to send', async () => {
    const coding = Array(5).fill('gzip').join(', ')
    await expect(decodeBody(plain, coding, limit)).rejects.toMatchObject({
      reason: 'bad_encoding',
      message: '5 content encodings on one body',
    })
  })

  it.each(['gzip', 'br', 'zstd', 'deflate'])('is not an empty one, which some servers label %s', async (coding) => {
    expect(await decodeBody(new Uint8Array(), coding, limit)).toHaveLength(0)
  })
})

describe('a body over the limit', () => {
  it.each(codings)('is an error and no truncation: %s', async (_name, coding, encode) => {
    const decoding = decodeBody(encode(plain), coding, plain.length - 1)
    await expect(decoding).rejects.toBeInstanceOf(BodyError)
    await expect(decoding).rejects.toMatchObject({
      reason: 'body_too_large',
      message: `Body exceeded ${plain.length - 1} bytes`,
    })
  })

  it.each(codings)('does not count one that just fits: %s', async (_name, coding, encode) => {
    expect(await decoded(encode(plain), coding, plain.length)).toBe(text)
  })

  it('is a bomb, which is never unfolded', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(50_000_000)))
    expect(bomb.length).toBeLessThan(1_000)
    await expect(decodeBody(bomb, 'gzip, gzip', limit)).rejects.toMatchObject({ reason: 'body_too_large' })
  })

  it('says the limit', () => {
    expect(tooLarge(42)).toMatchObject({ reason: 'body_too_large', message: 'Body exceeded 42 bytes' })
  })
})

describe('the start of a body', () => {
  const text = 'x'.repeat(200_000)
  const random = randomBytes(200_000)

  it.each([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['', Buffer.from(text)],
  ])('is what was asked for, of a longer one in %s', async (encoding, body) => {
    const start = await decodeStart(body, encoding, 1_000, false)
    expect(Buffer.from(start).toString()).toBe('x'.repeat(1_000))
  })

  it('is all of a shorter one', async () => {
    expect(Buffer.from(await decodeStart(gzipSync('short'), 'gzip', 1_000, false)).toString()).toBe('short')
  })

  it('is what can be read of one that was cut while it was coming', async () => {
    const cut = gzipSync(random).subarray(0, 50_000)
    const start = Buffer.from(await decodeStart(cut, 'gzip', 500_000, true))
    expect(start.length).toBeGreaterThan(10_000)
    expect(start.equals(random.subarray(0, start.length))).toBe(true)
    await expect(decodeStart(cut, 'gzip', 500_000, false)).rejects.toThrow(BodyError)
  })

  it('of what is in no known encoding cannot be read', async () => {
    await expect(decodeStart(Buffer.from('x'), 'rot13', 10, false)).rejects.toThrow('unknown content encoding "rot13"')
  })
})
