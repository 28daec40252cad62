/**
 * Answers on the wire, changed by a seed: the server reads the seed off the path and sends what it stands for, in pieces, then waits or closes.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { randomFrom } from '../sites/web.ts'
import { mutated } from './mutate.ts'

const html = '<!doctype html><title>T</title><a href="/x">x</a>'
const packed = gzipSync(html)
const answer = (head: string, body: string | Uint8Array = '') =>
  Buffer.concat([Buffer.from(head.replaceAll('\n', '\r\n')), Buffer.from(body)])
const chunked = (...chunks: readonly (string | Uint8Array)[]) =>
  Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      Buffer.from(chunk),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('0\r\n\r\n'),
  ])

export const answers: readonly Uint8Array[] = [
  answer(`HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\nContent-Length: ${html.length}\n\n`, html),
  answer('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n', chunked(html, html)),
  answer(`HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: ${packed.length}\n\n`, packed),
  answer('HTTP/1.1 200 OK\nContent-Encoding: br\nTransfer-Encoding: chunked\n\n', chunked(brotliCompressSync(html))),
  answer('HTTP/1.1 200 OK\nContent-Encoding: gzip, gzip\nConnection: close\n\n', gzipSync(packed)),
  answer('HTTP/1.1 301 Moved\nLocation: /elsewhere?é\nContent-Length: 0\n\n'),
  answer('HTTP/1.1 103 Early Hints\nLink: </x>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\n', 'ok'),
  answer('HTTP/1.1 204 No Content\nSet-Cookie: a=b; Path=/\nSet-Cookie: c=d\n\n'),
  answer('HTTP/1.1 503 Busy\nRetry-After: 1\nContent-Length: 4\n\n', 'busy'),
  answer('HTTP/1.0 200 OK\n\n', html),
  answer(
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X\n\n',
    Buffer.from('2;ext=1\r\nok\r\n0\r\nX: y\r\n\r\n'),
  ),
]

export interface Wire extends AsyncDisposable {
  readonly origin: string
  readonly open: () => number
}

export async function openWire(): Promise<Wire> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      const seed = Number(/^[A-Z]+ \/(\d+)/.exec(data.toString('latin1'))?.[1] ?? Number.NaN)
      if (!Number.isNaN(seed)) send(socket, seed)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(socket: Socket, seed: number): void {
  const bytes = mutated(answers, seed)
  const random = randomFrom(seed + 1)
  const cut = Math.floor(random() * (bytes.length + 1))
  socket.write(bytes.subarray(0, cut))
  setTimeout(() => {
    socket.write(bytes.subarray(cut))
    const end = random()
    if (end < 0.4) socket.end()
    else if (end < 0.5) socket.resetAndDestroy()
  }, random() * 20)
}
