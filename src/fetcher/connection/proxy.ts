/**
 * The way through a proxy: for http the proxy is asked for the whole URL (RFC 9112 section 3.2.2), for https, and with SOCKS5 for both, it
 * opens a tunnel (RFC 9110 section 9.3.6, RFC 1928), in which the host's certificate is verified as without one. Names are resolved by the
 * proxy. User and password go to the proxy alone.
 */
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { SocksClient } from 'socks'
import type { Connect, ConnectTarget } from './connections.ts'
import type { ProxyAddress } from './proxy-url.ts'

/** The proxy is to blame, and not the host. */
export class ProxyError extends Error {
  readonly code: 'ERR_PROXY' | 'ERR_PROXY_AUTH'
  constructor({ hostname, port }: ProxyAddress, fault: string, code: ProxyError['code'] = 'ERR_PROXY') {
    super(`The proxy ${hostname}:${port} ${fault}`)
    this.code = code
  }
}

export const wantsPassword = (proxy: ProxyAddress) =>
  new ProxyError(
    proxy,
    proxy.user === undefined ? 'asks for a user name and a password' : 'does not accept the user name and the password',
    'ERR_PROXY_AUTH',
  )

/** Whether the proxy is asked for URLs of this scheme, and not for a tunnel. */
export const isForwarding = (proxy: ProxyAddress, protocol: string) =>
  proxy.protocol !== 'socks5:' && protocol === 'http:'

/** RFC 9110 section 11.7.2. */
export function proxyAuthorization({ user, password }: ProxyAddress): { readonly 'proxy-authorization'?: string } {
  if (user === undefined) return {}
  return { 'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

/**
 * Opens sockets to hosts by way of the proxy.
 * @param open opens one to the proxy.
 * @param secure opens TLS to a host on a socket.
 * @param limitMs for the tunnel; 0 is none.
 */
export function throughProxy(proxy: ProxyAddress, open: Connect, secure: Connect, limitMs: number): Connect {
  const { hostname, port } = proxy
  const protocol = proxy.protocol === 'https:' ? 'https:' : 'http:'
  return (target, callback) => {
    open({ protocol, hostname, host: hostname, port: String(port) }, (error, socket) => {
      if (error !== null) {
        callback(new ProxyError(proxy, `cannot be reached (${error.message})`), null)
        return
      }
      if (isForwarding(proxy, target.protocol)) {
        callback(null, socket)
        return
      }
      openTunnel(proxy, socket, target, limitMs).then(
        () =>
          target.protocol === 'https:' ? secure({ ...target, httpSocket: socket }, callback) : callback(null, socket),
        (fault: unknown) => {
          socket.destroy()
          callback(fault instanceof ProxyError ? fault : tunnelFault(proxy, fault), null)
        },
      )
    })
  }
}

const tunnelPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

async function openTunnel(proxy: ProxyAddress, socket: Socket, target: ConnectTarget, limitMs: number): Promise<void> {
  const port = Number(target.port) || (tunnelPorts[target.protocol] ?? 0)
  const tooLate = new ProxyError(proxy, `opened no way to ${target.hostname} within ${limitMs} ms`)
  const timer = limitMs === 0 ? undefined : setTimeout(() => socket.destroy(tooLate), limitMs)
  try {
    if (proxy.protocol === 'socks5:') await askSocks(proxy, socket, target.hostname, port, limitMs)
    else await askHttp(proxy, socket, target.hostname, port)
  } finally {
    clearTimeout(timer)
  }
}

function askHttp(proxy: ProxyAddress, socket: Socket, hostname: string, port: number): Promise<void> {
  const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
  const headers = { host: authority, ...proxyAuthorization(proxy) }
  return new Promise((resolve, reject) => {
    const asking = request({ method: 'CONNECT', path: authority, headers, createConnection: () => socket })
    asking.once('connect', ({ statusCode = 0 }, _socket, head) => {
      if (head.length > 0) socket.unshift(head)
      if (statusCode >= 200 && statusCode < 300) resolve()
      // tinyproxy says 401 where the password is wrong.
      else if (statusCode === 407 || statusCode === 401) reject(wantsPassword(proxy))
      else reject(new ProxyError(proxy, `opened no way to ${authority}: status ${statusCode}`))
    })
    asking.once('error', reject)
    asking.once('close', () => reject(new ProxyError(proxy, `closed the connection, asked for ${authority}`)))
    asking.end()
  })
}

/** Where there is no limit. */
const longestTunnelMs = 600_000
const lateMs = 1_000

async function askSocks(
  proxy: ProxyAddress,
  socket: Socket,
  host: string,
  port: number,
  limitMs: number,
): Promise<void> {
  const { user = '', password } = proxy
  await SocksClient.createConnection({
    command: 'connect',
    proxy: { host: proxy.hostname, port: proxy.port, type: 5, ...(user === '' ? {} : { userId: user, password }) },
    destination: { host, port },
    existing_socket: socket,
    // The limit is ours. This one is never cleared, and holds the socket and the password for as long.
    timeout: (limitMs === 0 ? longestTunnelMs : limitMs) + lateMs,
  })
}

/** What is thrown by others may hold the password, and is not kept as a cause. */
function tunnelFault(proxy: ProxyAddress, fault: unknown): ProxyError {
  const message = fault instanceof Error ? fault.message : String(fault)
  return /authentication/i.test(message) ? wantsPassword(proxy) : new ProxyError(proxy, `opened no way: ${message}`)
}
