/** A server of made-up files, which knows ranges and validators, and is told how it misbehaves. It makes the bytes as it sends them. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { randomFrom } from './web.ts'

export interface FileRoute {
  readonly bytes?: number
  /** Other seeds are other contents. Default 1. */
  readonly seed?: number
  /** Default `application/octet-stream`. */
  readonly type?: string
  /** By visit, from 1. Default: one that goes with the seed. `undefined` sends none. */
  readonly etag?: ((visit: number) => string | undefined) | undefined
  readonly lastModified?: string | ((visit: number) => string)
  /** After how many bytes of an answer's body its connection breaks, by visit. */
  readonly cutAfter?: (visit: number) => number | undefined
  /** A status that is answered instead, by visit. */
  readonly status?: (visit: number) => number | undefined
  /** Of a part, sent besides the others, or in place of them. */
  readonly partHeaders?: (from: number) => Readonly<Record<string, string>>
  readonly ranges?: 'honoured' | 'ignored' | 'without if-range' | 'shifted' | 'short' | 'refused'
  /** Answers on its own. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse, visit: number) => void
}

export interface FileServer extends AsyncDisposable {
  readonly url: string
  readonly log: { readonly path: string; readonly range: string | undefined; status: number; sentBytes: number }[]
}

const blockBytes = 64 * 1024

/** The bytes of a made-up file, in pieces. */
export function* madeUp(bytes: number, seed: number, from = 0): Generator<Buffer> {
  const random = randomFrom(seed)
  const block = Buffer.alloc(blockBytes)
  for (let at = 0; at < blockBytes; at += 4) block.writeUInt32LE(random() * 2 ** 32, at)
  for (let index = Math.floor(from / blockBytes); index * blockBytes < bytes; index += 1) {
    const piece = Buffer.from(block)
    piece.writeUInt32LE(index, 0)
    const start = index * blockBytes
    yield piece.subarray(Math.max(0, from - start), Math.min(blockBytes, bytes - start))
  }
}

export function digestOf(bytes: number, seed: number): string {
  const digest = createHash('sha256')
  for (const piece of madeUp(bytes, seed)) digest.update(piece)
  return digest.digest('hex')
}

export async function openFileServer(routes: Readonly<Record<string, FileRoute>>, port = 0): Promise<FileServer> {
  const log: FileServer['log'] = []
  const visits = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const line: FileServer['log'][number] = { path, range: request.headers.range, status: 0, sentBytes: 0 }
    log.push(line)
    const visit = (visits.get(path) ?? 0) + 1
    visits.set(path, visit)
    response.on('close', () => {
      line.status = response.statusCode
    })
    const route = routes[path]
    if (route === undefined) response.writeHead(404).end()
    else if (route.status?.(visit) !== undefined) response.writeHead(route.status(visit) ?? 0).end('no file')
    else if (route.answer !== undefined) route.answer(request, response, visit)
    else send(request, response, route, visit, line).catch(() => undefined)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    log,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  route: FileRoute,
  visit: number,
  line: FileServer['log'][number],
): Promise<void> {
  const { bytes = 1_000, seed = 1, type = 'application/octet-stream', ranges = 'honoured' } = route
  const lastModified = typeof route.lastModified === 'function' ? route.lastModified(visit) : route.lastModified
  const etag = 'etag' in route ? route.etag?.(visit) : `"${seed}"`
  const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN)
  const fits =
    [etag, lastModified].includes(request.headers['if-range'] as string | undefined) || ranges === 'without if-range'
  const isPart = first >= 0 && fits && ranges !== 'ignored'
  const headers = {
    'content-type': type,
    ...(etag === undefined ? undefined : { etag }),
    ...(lastModified === undefined ? undefined : { 'last-modified': lastModified }),
  }
  if (isPart && (first >= bytes || ranges === 'refused')) {
    response.writeHead(416, { 'content-range': `bytes */${bytes}` }).end()
    return
  }
  const from = isPart ? first + (ranges === 'shifted' ? 1 : 0) : 0
  const to = isPart && ranges === 'short' ? Math.min(bytes, from + 1_500_000) : bytes
  response.writeHead(isPart ? 206 : 200, {
    ...headers,
    'content-length': to - from,
    ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${bytes}`, ...route.partHeaders?.(from) } : undefined),
  })
  const cutAfter = route.cutAfter?.(visit) ?? Number.POSITIVE_INFINITY
  const pieces = function* () {
    for (const piece of madeUp(to, seed, from)) {
      const rest = cutAfter - line.sentBytes
      const sent = piece.length > rest ? piece.subarray(0, rest) : piece
      line.sentBytes += sent.length
      if (sent.length > 0) yield sent
      if (line.sentBytes >= cutAfter) return
    }
  }
  await pipeline(Readable.from(pieces(), { objectMode: false, highWaterMark: blockBytes }), response, { end: false })
  if (line.sentBytes < cutAfter) response.end()
  // What was written goes out first; then the connection breaks.
  else response.socket?.end()
}
