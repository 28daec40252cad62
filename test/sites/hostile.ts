/**
 * The hostile server: a process of its own, so that what it takes is not counted, that does to each connection what `behaviours` says of the
 * path. Its certificates are in certificates/, all for `localhost` and 127.0.0.1; they were made with OpenSSL 3.0, once:
 *
 *     openssl ecparam -name prime256v1 -genkey -noout -out ca.key                    # two authorities, and one key for all servers
 *     openssl ca -batch -selfsign -extensions v3_ca -keyfile ca.key -in ca.csr -out ca.pem -startdate 20200101000000Z -enddate 99991231235959Z
 *     openssl ca -batch -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem -startdate 20190101000000Z -enddate 20200101000000Z
 *
 * (and so on for `good`, `not-yet-valid` from the year 9998 on, `wrong-host`, `untrusted` by `other.pem`, `self-signed` with -selfsign.)
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Lookup } from '../../src/fetcher/connection/names.ts'
import { behaviours, type Line, type Place } from './hostile-behaviours.ts'

export interface Hostile extends AsyncDisposable {
  urlOf(name: string): string
  /** Connections that the server has open, and all that it has had. */
  count(): Promise<{ readonly open: number; readonly all: number }>
}

const certificate = (name: string) => readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8')

/** What a client has to trust. */
export const hostileAuthority = certificate('ca.pem')

/** The names of the places that no server is at; all others are at this machine. */
export const hostileLookup: Lookup = (name) => {
  if (name === 'silent.test') return new Promise(() => undefined)
  if (name !== 'missing.test') return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
  return Promise.reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
}

export async function openHostile(): Promise<Hostile> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] })
  const [ports] = (await once(child, 'message')) as [Partial<Record<Place, number>>]
  return {
    urlOf(name) {
      const { at = 'plain', scheme = at === 'tls' ? 'https' : 'http' } = behaviours[name] ?? {}
      if (at === 'refused') return 'http://127.0.0.1:1/'
      if (at === 'no-name') return 'http://missing.test/'
      if (at === 'silent-name') return 'http://silent.test/'
      return `${scheme}://${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${ports[at]}/${name}`
    },
    async count() {
      child.send('count')
      const [count] = (await once(child, 'message')) as [{ open: number; all: number }]
      return count
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** No flood goes on for ever, though nobody stops it. */
const mostBytes = 100 * 1024 * 1024

function lineOf(socket: Socket): Line {
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    end: (bytes) => void (bytes === undefined ? socket.end() : socket.end(bytes)),
    reset: () => void socket.resetAndDestroy(),
    every(ms, bytes, times = Number.POSITIVE_INFINITY) {
      let left = times
      const timer = setInterval(() => {
        socket.write(bytes)
        left -= 1
        if (left === 0) clearInterval(timer)
      }, ms)
      socket.once('close', () => clearInterval(timer))
    },
    flood(bytes) {
      let left = mostBytes
      const pour = () => {
        while (left > 0 && !socket.destroyed) {
          left -= bytes.length
          if (!socket.write(bytes)) return void socket.once('drain', pour)
        }
        socket.end()
      }
      pour()
    },
  }
}

/** Speaks plain HTTP on it, as the path says. */
function serve(socket: Socket): void {
  let asked = ''
  socket.on('data', (data) => {
    // The beginning of a TLS handshake.
    if (asked === '' && data[0] === 0x16) return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    asked += data.toString('latin1')
    if (!asked.includes('\r\n\r\n')) return
    const name = asked.slice(asked.indexOf('/') + 1, asked.indexOf(' HTTP/1.1'))
    asked = ''
    const answer = behaviours[name]?.answer ?? behaviours.ok?.answer
    answer?.(lineOf(socket))
  })
}

const secure = (name: string, more: TlsOptions = {}, chain = ''): Server =>
  createTlsServer({ key: certificate('leaf.key'), cert: certificate(name) + chain, ...more }, serve)

const servers: Readonly<Partial<Record<Place, () => Server>>> = {
  plain: () => createServer(serve),
  early: () =>
    createServer((socket) => {
      socket.on('data', () => undefined)
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nearly')
    }),
  tls: () => secure('good.pem'),
  expired: () => secure('expired.pem'),
  'not-yet-valid': () => secure('not-yet-valid.pem'),
  'self-signed': () => secure('self-signed.pem'),
  untrusted: () => secure('untrusted.pem'),
  'untrusted-chain': () => secure('untrusted.pem', {}, certificate('other.pem')),
  'wrong-host': () => secure('wrong-host.pem'),
  'old-tls': () => secure('good.pem', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  'odd-cipher': () => secure('good.pem', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA@SECLEVEL=0' }),
  'tls-closed': () => createServer((socket) => socket.once('data', () => socket.end())),
  'tls-silent': () => createServer((socket) => socket.resume()),
  // Fatal, handshake_failure.
  'tls-alert': () =>
    createServer((socket) => socket.once('data', () => socket.end(Buffer.from('15030300020228', 'hex')))),
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const open = new Set<Socket>()
  let all = 0
  const ports: Partial<Record<Place, number>> = {}
  for (const [place, create] of Object.entries(servers)) {
    const server = create().on('tlsClientError', () => undefined)
    server.on('connection', (socket: Socket) => {
      all += 1
      open.add(socket)
      socket.on('error', () => undefined).on('close', () => open.delete(socket))
    })
    server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports[place as Place] = (server.address() as AddressInfo).port
  }
  process.on('message', () => process.send?.({ open: open.size, all }))
  process.on('disconnect', () => process.exit())
  process.send?.(ports)
}
