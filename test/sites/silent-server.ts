/** A server on this machine that opens connections, and says nothing on them: a request over TLS gets no further than to its handshake. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface SilentServer {
  readonly address: string
  readonly port: number
  /** Resolves when somebody has come. */
  readonly visited: Promise<void>
}

export async function openSilentServer(): Promise<SilentServer> {
  const visited = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    visited.resolve()
  })
  server.listen(0, '127.0.0.4')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { address, port } = server.address() as AddressInfo
  return { address, port, visited: visited.promise }
}
