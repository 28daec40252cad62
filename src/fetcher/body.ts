/**
 * Undoes content encodings (RFC 9110 section 8.4.1) without ever holding more than the body limit, whatever a bomb unfolds to.
 */
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzip,
  inflate,
  inflateRaw,
  zstdDecompress,
} from 'node:zlib'
import { FaultError } from './faults.ts'

export class BodyError extends FaultError {
  constructor(reason: 'body_too_large' | 'bad_encoding', message: string, cause?: unknown) {
    super(reason, message, cause)
  }
}

/** RFC 9659: a window of at most 8 MiB; a bomb could ask for sixteen times that. */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }

type Decoder = (body: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>

/** Each piece of what is decoded takes a turn of the event loop, and zlib's own size makes many of them. */
const chunkSize = 64 * 1024

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  zstd: (body, options) => promisify(zstdDecompress)(body, { ...options, ...zstdOptions }),
  deflate: (body, options) => promisify(hasZlibHeader(body) ? inflate : inflateRaw)(body, options),
}

/** More layers than any server has reason to send. */
const maxEncodings = 4

const streams: Readonly<Record<string, (body: Uint8Array) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(zstdOptions),
  deflate: (body) => (hasZlibHeader(body) ? createInflate() : createInflateRaw()),
}

/**
 * The first `maxBytes` of a body, however long it is.
 * @param isCut whether the body is only the start of one: then it is no fault that its encoding has no end.
 * @throws BodyError when the body does not decode.
 */
export async function decodeStart(
  body: Uint8Array,
  contentEncoding: string,
  maxBytes: number,
  isCut: boolean,
): Promise<Uint8Array> {
  let decoded = body
  for (const name of encodingsOf(contentEncoding).reverse()) {
    if (decoded.length === 0) break
    const open = Object.hasOwn(streams, name) ? streams[name] : undefined
    if (open === undefined) throw unknownEncoding(name)
    decoded = await startOf(decoded, open(decoded), name, maxBytes, isCut)
  }
  return decoded.subarray(0, maxBytes)
}

function startOf(
  body: Uint8Array,
  stream: Transform,
  name: string,
  maxBytes: number,
  isCut: boolean,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    // Not iterated: an iterator loses what came before an error.
    stream.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes < maxBytes) return
      stream.destroy()
      resolve(Buffer.concat(chunks))
    })
    stream.on('end', () => resolve(Buffer.concat(chunks)))
    stream.on('error', (error) => {
      if (isCut) resolve(Buffer.concat(chunks))
      else reject(new BodyError('bad_encoding', `the body is not valid ${name}`, error))
    })
    stream.end(body)
  })
}

/** @throws BodyError when the body does not decode, or decodes to more than `maxBodyBytes`. */
export async function decodeBody(body: Uint8Array, contentEncoding: string, maxBodyBytes: number): Promise<Uint8Array> {
  let decoded = body
  for (const name of encodingsOf(contentEncoding).reverse()) {
    // Some servers label an empty body with an encoding.
    if (decoded.length === 0) break
    const decoder = Object.hasOwn(decoders, name) ? decoders[name] : undefined
    if (decoder === undefined) throw unknownEncoding(name)
    try {
      decoded = await decoder(decoded, { maxOutputLength: maxBodyBytes, chunkSize })
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(maxBodyBytes)
      throw new BodyError('bad_encoding', `the body is not valid ${name}`, error)
    }
  }
  return decoded
}

/** What undoes the encodings of a body as it comes, in this order. @throws BodyError for one that is not known. */
export function decodersOf(contentEncoding: string): Transform[] {
  return encodingsOf(contentEncoding)
    .reverse()
    .map((name) => {
      const open = Object.hasOwn(streams, name) ? streams[name] : undefined
      if (open === undefined) throw unknownEncoding(name)
      return open(zlibHeader)
    })
}

/** Its first bytes are not known yet where the body is decoded as it comes; then `deflate` is what the standard says. */
const zlibHeader = Uint8Array.of(0x78, 0x9c)

/** Those that change the body, as they were applied. */
function encodingsOf(contentEncoding: string): string[] {
  const encodings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const applied = encodings.filter((name) => name !== '' && name !== 'identity')
  if (applied.length <= maxEncodings) return applied
  throw new BodyError('bad_encoding', `${applied.length} content encodings on one body`)
}

const unknownEncoding = (name: string) => new BodyError('bad_encoding', `unknown content encoding "${name}"`)

export const tooLarge = (maxBodyBytes: number) => new BodyError('body_too_large', `Body exceeded ${maxBodyBytes} bytes`)

/** RFC 9110 section 8.4.1.2: `deflate` means zlib, but some servers send the bare stream. */
function hasZlibHeader(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0
}
