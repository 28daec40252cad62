/** Servers on this machine that speak TLS, with a certificate of an authority of the tests' own (certificates/), good until 2126. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const file = (name: string) => readFileSync(new URL(`certificates/${name}`, import.meta.url))

/** What a client must trust for the servers here. */
export const authorityFile = fileURLToPath(new URL('certificates/authority.pem', import.meta.url))

/** As NODE_EXTRA_CA_CERTS does for a process from its start on. */
export function trustAuthority(): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, file('authority.pem').toString()])
  onTestFinished(() => setDefaultCACertificates(before))
}

/** For localhost, 127.0.0.1 to 127.0.0.3 and ::1. */
export const certified = { key: file('server-key.pem'), cert: file('server.pem') }

/** A line of the access log. */
export interface SecureLine {
  readonly path: string
  readonly httpVersion: string
  readonly at: number
  /** Requests that were open when this one came, itself included. */
  readonly open: number
  readonly headers: Http2ServerRequest['headers']
}

export interface SecureWeb {
  readonly port: number
  readonly log: readonly SecureLine[]
  /** HTTP/2 sessions that there were, and most of them at once. */
  readonly sessions: { all: number; open: number; most: number }
  readonly openSessions: ReadonlySet<ServerHttp2Session>
  readonly server: Http2SecureServer
}

/** HTTP/2, and HTTP/1.1 for those who do not offer it. */
export async function openSecureWeb(
  answer: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  options: { readonly host?: string; readonly protocols?: readonly string[] } = {},
): Promise<SecureWeb> {
  const log: SecureLine[] = []
  const sessions = { all: 0, open: 0, most: 0 }
  const openSessions = new Set<ServerHttp2Session>()
  let open = 0
  const { host = '127.0.0.1', protocols } = options
  // What the server itself would set is left to it.
  const alpn =
    protocols === undefined
      ? {}
      : {
          ALPNCallback: (offered: { protocols: string[] }) =>
            offered.protocols.find((name) => protocols.includes(name)),
        }
  const settings = { allowHTTP1: true, ...alpn }
  const server = createSecureServer({ ...certified, ...settings }, (request, response) => {
    open += 1
    response.once('close', () => {
      open -= 1
    })
    const at = performance.timeOrigin + performance.now()
    log.push({ path: request.url, httpVersion: request.httpVersion, at, open, headers: request.headers })
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    answer(request, response)
  })
  server.on('session', (session) => {
    sessions.all += 1
    sessions.open += 1
    sessions.most = Math.max(sessions.most, sessions.open)
    openSessions.add(session)
    session.on('error', () => undefined)
    session.once('close', () => {
      sessions.open -= 1
      openSessions.delete(session)
    })
  })
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const session of openSessions) session.destroy()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, log, sessions, openSessions, server }
}

/** Types and flags of frames (RFC 9113 section 6). */
export const frames = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
}
export const endStream = 1
export const endHeaders = 4

/** `:status: 200`, of the static table (RFC 7541 appendix A). */
export const status200 = Buffer.from([0x88])

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A server that speaks HTTP/2 in frames of one's own: `answer` is called with every HEADERS frame's stream, once settings are exchanged. */
export async function openFrameServer(
  answer: (socket: Socket, stream: number, type: number) => void,
): Promise<{ readonly port: number; readonly opened: () => number; readonly open: ReadonlySet<Socket> }> {
  const open = new Set<Socket>()
  let opened = 0
  const server = createTlsServer({ ...certified, ALPNProtocols: ['h2'] }, (socket) => {
    opened += 1
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    socket.write(frame(frames.settings, 0, 0))
    let rest = Buffer.alloc(0)
    let isGreeted = false
    socket.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      // The preface (RFC 9113 section 3.4).
      if (!isGreeted && rest.length >= 24) {
        isGreeted = true
        rest = rest.subarray(24)
      }
      while (isGreeted && rest.length >= 9) {
        const length = rest.readUIntBE(0, 3)
        if (rest.length < 9 + length) return
        const [type = 0, flags = 0] = rest.subarray(3, 5)
        const stream = rest.readUInt32BE(5)
        const payload = rest.subarray(9, 9 + length)
        rest = rest.subarray(9 + length)
        if (type === frames.settings && flags === 0) socket.write(frame(frames.settings, 1, 0))
        if (type === frames.ping && flags === 0) socket.write(frame(frames.ping, 1, 0, payload))
        if (type === frames.headers || type === frames.reset) answer(socket, stream, type)
      }
    })
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, opened: () => opened, open }
}
