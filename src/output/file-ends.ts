/** The first and the last line of a file that is to be appended to, also of a compressed one. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { OutputError } from '../errors.ts'

export interface FileEnds {
  readonly firstLine: string
  /** What follows the last line end: empty, if the file ends in one. */
  readonly lastLine: string
}

/** A last line that is longer is taken for torn, unless it is whole JSON from there. */
const maxTailBytes = 1024 * 1024
const maxHeadBytes = 64 * 1024

/** @throws OutputError when a compressed file cannot be read to its end. */
export async function readEnds(path: string, isGzip: boolean, size: number): Promise<FileEnds> {
  if (isGzip) return readGzipEnds(path)
  const head = await textOf(path, 0, maxHeadBytes)
  const tail = await textOf(path, Math.max(0, size - maxTailBytes), maxTailBytes)
  return { firstLine: firstLineOf(head), lastLine: lastLineOf(tail) }
}

/** A compressed file has no places to jump to: it is read through, and so is checked. */
async function readGzipEnds(path: string): Promise<FileEnds> {
  let head = ''
  let tail = Buffer.alloc(0)
  const input = createReadStream(path)
  const unpacked = input.pipe(createGunzip())
  input.on('error', (error) => unpacked.destroy(error))
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      if (head.length < maxHeadBytes) head += chunk.toString()
      tail = Buffer.concat([tail, chunk])
      if (tail.length > 2 * maxTailBytes) tail = Buffer.from(tail.subarray(-maxTailBytes))
    }
  } catch (error) {
    throw new OutputError(`${path} is no whole gzip file: repair it, or use -O to replace the file`, { cause: error })
  }
  return { firstLine: firstLineOf(head), lastLine: lastLineOf(tail.toString()) }
}

async function textOf(path: string, start: number, length: number): Promise<string> {
  const chunks: Buffer[] = []
  const stream = createReadStream(path, { start, end: start + length - 1 })
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const firstLineOf = (text: string) => text.split(/\r?\n/, 1)[0] ?? ''

const lastLineOf = (text: string) => text.slice(text.lastIndexOf('\n') + 1)
