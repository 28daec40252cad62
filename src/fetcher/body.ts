/**
 * Undoes content encodings (RFC 9110 section 8.4.1) without ever holding more than the body limit, whatever a bomb unfolds to.
 */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'

export class BodyError extends Error {
  readonly reason: 'body_too_large' | 'bad_encoding'
  constructor(reason: 'body_too_large' | 'bad_encoding', message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

type Decoder = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
  deflate: (body, options) => promisify(hasZlibHeader(body) ? inflate : inflateRaw)(body, options),
}

/** More layers than any server has reason to send. */
const maxEncodings = 4

/** @throws BodyError when the body does not decode, or decodes to more than `maxBodyBytes`. */
export async function decodeBody(body: Uint8Array, contentEncoding: string, maxBodyBytes: number): Promise<Uint8Array> {
  const encodings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const applied = encodings.filter((name) => name !== '' && name !== 'identity')
  if (applied.length > maxEncodings)
    throw new BodyError('bad_encoding', `${applied.length} content encodings on one body`)
  let decoded = body
  for (const name of applied.reverse()) {
    // Some servers label an empty body with an encoding.
    if (decoded.length === 0) break
    const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined
    if (decoder === undefined) throw new BodyError('bad_encoding', `unknown content encoding "${name}"`)
    try {
      decoded = await decoder(decoded, { maxOutputLength: maxBodyBytes })
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(maxBodyBytes)
      throw new BodyError('bad_encoding', `the body is not valid ${name}`, error)
    }
  }
  return decoded
}

export const tooLarge = (maxBodyBytes: number) => new BodyError('body_too_large', `Body exceeded ${maxBodyBytes} bytes`)

/** RFC 9110 section 8.4.1.2: `deflate` means zlib, but some servers send the bare stream. */
function hasZlibHeader(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
