/**
 * Going on with a file that a crawl has written before, from where its cursor is.
 *
 * What comes after the cursor was written by a process that was killed before it could say so; it is cut off, and written again from the
 * item log. If it is not what the log has, somebody else wrote it, and it is put aside first: no byte of anybody's is destroyed.
 */
import { open, stat, writeFile } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import type { Cursor } from '../cursor.ts'
import { OutputError } from '../errors.ts'
import { FileSink } from './file-sink.ts'
import type { Encoder, Format } from './format.ts'

/** Up to `limit` items after item `after`, in order. */
export type ReadLog = (after: number, limit: number) => readonly { readonly id: number; readonly item: unknown }[]

export interface GoOnOptions {
  readonly warn: (message: string) => void
  readonly readLog: ReadLog
  /** A fresh encoder that has written what the cursor speaks of. */
  readonly createEncoder: () => Encoder
  /** The command that writes a file again from the log. */
  readonly exportCommand: string
}

/** A longer tail than a killed process can have left. */
const maxTailBytes = 64 * 1024 * 1024
const batchSize = 500

/** @throws OutputError when the file is shorter than its cursor says, or gone. */
export async function goOn(format: Format, cursor: Cursor, options: GoOnOptions): Promise<FileSink> {
  const { path } = format
  const { bytes, isClosed } = cursor
  if (bytes === null) return FileSink.goOn(format, null)
  const size = (await stat(path).catch(() => undefined))?.size
  if ((size ?? 0) < bytes) throw isNotWhole(path, size, cursor, options.exportCommand)
  if (size === undefined || size === bytes) return FileSink.goOn(format, bytes)
  // What was appended to a file that was closed well is not ours, and stays.
  if (isClosed) return (await FileSink.append(format)).sink
  if (!(await isOfLog(format, cursor, size, options))) await putAside(path, bytes, size, options.warn)
  return FileSink.goOn(format, bytes)
}

function isNotWhole(path: string, size: number | undefined, cursor: Cursor, exportCommand: string): OutputError {
  if (cursor.bytes === Number.MAX_SAFE_INTEGER)
    return new OutputError(
      `${path} was being exported, and that did not come to its end: write it again: ${exportCommand}`,
    )
  const found = size === undefined ? 'is not there' : `has ${size} bytes`
  const remedy =
    cursor.foreignBytes > 0
      ? 'not all of it was of this crawl, so put it back, or go on with another file: --resume -o OTHER'
      : `put it back, or write it again from the store: ${exportCommand}`
  return new OutputError(`${path} ${found}, and ${cursor.bytes} were written to it: ${remedy}`)
}

/** Whether the file goes on after the cursor as the log does. */
async function isOfLog(format: Format, cursor: Cursor, size: number, options: GoOnOptions): Promise<boolean> {
  const from = cursor.bytes ?? 0
  if (size - from > maxTailBytes) return false
  const bytes = await readFrom(format.path, from, size - from)
  const tail = format.isGzip ? unpack(bytes) : bytes
  if (tail === undefined) return false
  const encoder = options.createEncoder()
  let compared = 0
  let after = cursor.item
  while (compared < tail.length) {
    const batch = options.readLog(after, batchSize)
    if (batch.length === 0) return false
    for (const { id, item } of batch) {
      const line = Buffer.from(encoder.encode(item))
      const found = tail.subarray(compared, compared + line.length)
      if (!line.subarray(0, found.length).equals(found)) return false
      compared += found.length
      after = id
    }
  }
  return true
}

/** As far as it goes: the last member may be torn. */
function unpack(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return undefined
  }
}

async function putAside(path: string, from: number, size: number, warn: (message: string) => void): Promise<void> {
  const aside = `${path}.cut-${new Date().toISOString().replaceAll(/[-:]|\..*/g, '')}`
  await writeFile(aside, await readFrom(path, from, size - from), { flag: 'wx' })
  warn(
    `${path} had ${size - from} bytes that this crawl's log does not know, after those that it does: they are in ${aside} now`,
  )
}

async function readFrom(path: string, position: number, length: number): Promise<Buffer> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
