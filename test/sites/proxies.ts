/** Proxies on this machine, each with a log of what it was asked for. Names that end in `.test` lead to 127.0.0.1, as they would by its resolver. */
import { once } from 'node:events'
import { createServer as createHttpServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { certified } from './secure-web.ts'

export interface ProxyLine {
  /** `GET` or `CONNECT`, or `SOCKS5`. */
  readonly method: string
  /** As it was asked for. */
  readonly target: string
  /** `user:password`. */
  readonly credentials: string | undefined
}

export interface TestProxy {
  readonly port: number
  readonly log: readonly ProxyLine[]
  /** Connections to it that are open. */
  readonly open: ReadonlySet<Socket>
  /** Ends at once, with all connections. */
  die(): void
}

export interface ProxyOptions {
  /** `user:password`, without which it serves nobody. */
  readonly credentials?: string
  /** What it does instead of its work. */
  readonly instead?: (socket: Socket) => void
  readonly isSecure?: boolean
}

const addressOf = (host: string) => (/(^|\.)(test|localhost)$/.test(host) ? '127.0.0.1' : host.replace(/^\[|\]$/g, ''))

async function start(
  server: Server,
  log: readonly ProxyLine[],
  open: Set<Socket>,
  isIdle: boolean,
): Promise<TestProxy> {
  const keep = (socket: Socket) => {
    open.add(socket)
    // An end is noticed by those who read.
    if (isIdle) socket.on('end', () => socket.end()).resume()
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
  }
  server.on('connection', keep)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const die = () => {
    for (const socket of open) socket.destroy()
    server.close()
  }
  onTestFinished(die)
  return { port: (server.address() as AddressInfo).port, log, open, die }
}

function join(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy()).on('close', () => other.destroy())
  other.on('error', () => one.destroy()).on('close', () => one.destroy())
  one.pipe(other).pipe(one)
}

/** HTTP: forwards what it is asked for by a whole URL, and tunnels on CONNECT. */
export function openHttpProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const log: ProxyLine[] = []
  const open = new Set<Socket>()
  const credentialsOf = ({ headers }: IncomingMessage) => {
    const [, encoded] = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '') ?? []
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString()
  }
  const note = (request: IncomingMessage) => {
    const credentials = credentialsOf(request)
    log.push({ method: request.method ?? '', target: request.url ?? '', credentials })
    return options.credentials === undefined || credentials === options.credentials
  }
  const server = options.isSecure === true ? createHttpsServer(certified) : createHttpServer()
  server.on('request', (request, response) => {
    if (!note(request)) return void response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end()
    if (options.instead !== undefined) return options.instead(request.socket)
    const { hostname, port, pathname, search } = new URL(request.url ?? '')
    const { 'proxy-authorization': _, ...headers } = request.headers
    const target = { host: addressOf(hostname), port, path: pathname + search, method: request.method, headers }
    const forwarded = httpRequest(target, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    request.pipe(forwarded)
  })
  server.on('connect', (request, socket: Socket, head) => {
    if (!note(request)) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    if (options.instead !== undefined) return options.instead(socket.on('end', () => socket.end()).resume())
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? []
    const target = connect(Number(port), addressOf(host))
    let isOpen = false
    target.on('error', () => {
      if (!isOpen) socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    target.on('connect', () => {
      isOpen = true
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      join(socket, target)
    })
  })
  return start(server, log, open, false)
}

/** SOCKS5 (RFC 1928), with user and password (RFC 1929) where they are asked for. */
export function openSocksProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const log: ProxyLine[] = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    if (options.instead !== undefined) {
      options.instead(socket)
      return
    }
    serveSocks(socket, options.credentials, log).catch(() => socket.destroy())
  })
  return start(server, log, open, options.instead !== undefined)
}

async function serveSocks(socket: Socket, credentials: string | undefined, log: ProxyLine[]): Promise<void> {
  let buffered = Buffer.alloc(0)
  const read = async (bytes: number) => {
    while (buffered.length < bytes) {
      const [data] = (await once(socket, 'data')) as [Buffer]
      buffered = Buffer.concat([buffered, data])
    }
    const taken = buffered.subarray(0, bytes)
    buffered = buffered.subarray(bytes)
    return taken
  }
  const text = async () => (await read((await read(1))[0] ?? 0)).toString()
  const [, methods = 0] = await read(2)
  const offered = await read(methods)
  let given: string | undefined
  if (credentials === undefined) socket.write(Buffer.from([5, 0]))
  else if (!offered.includes(2)) return void socket.end(Buffer.from([5, 255]))
  else {
    socket.write(Buffer.from([5, 2]))
    await read(1)
    given = `${await text()}:${await text()}`
    const isRight = given === credentials
    socket.write(Buffer.from([1, isRight ? 0 : 1]))
    if (!isRight) return void socket.end()
  }
  const [, , , kind] = await read(4)
  const host = kind === 3 ? await text() : [...(await read(4))].join('.')
  const port = (await read(2)).readUInt16BE()
  log.push({ method: 'SOCKS5', target: `${host}:${port}`, credentials: given })
  const target = connect(port, addressOf(host))
  target.once('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
  await once(target, 'connect')
  socket.removeAllListeners('data')
  socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
  join(socket, target)
}
