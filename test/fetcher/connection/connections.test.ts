import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import { AddressGuard } from '../../../src/fetcher/connection/address-guard.ts'
import { Connections } from '../../../src/fetcher/connection/connections.ts'
import { Names } from '../../../src/fetcher/connection/names.ts'
import { Exchange } from '../../../src/fetcher/exchange.ts'

/** A server that hears what is sent to it, and never answers. */
async function openTrap() {
  const closed = Promise.withResolvers<void>()
  const trap = { port: 0, connections: 0, heard: '', closed: closed.promise }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    trap.connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => closed.resolve())
    socket.on('data', (data) => {
      trap.heard += data.toString()
    })
  })
  server.listen(0, '127.0.0.3')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  trap.port = (server.address() as AddressInfo).port
  return trap
}

const strict = new AddressGuard([], [])
const lax = new AddressGuard(['127.0.0.0/8'], [])

/** @returns what a request that leaves on them comes to. */
async function ask(origin: string, namesGuard: AddressGuard, guard: AddressGuard): Promise<unknown> {
  const names = new Names(() => Promise.resolve([{ address: '127.0.0.3', family: 4 }]), 1_000, systemClock, namesGuard)
  const timeouts = { connectTimeoutMs: 5_000 }
  await using connections = new Connections({ perHostConcurrency: 1, ...timeouts }, names, guard, undefined)
  const exchange = new Exchange(systemClock, { maxBodyBytes: 1_000, totalTimeoutMs: 10_000 }, () => true)
  connections.agent.dispatch({ origin, path: '/', method: 'GET' }, exchange)
  return await exchange.answered
}

const blocked = (message: string) => expect.objectContaining({ code: 'ERR_ADDRESS_BLOCKED', message })

it.each(['http', 'https'])('%s: a connection to a private address is not opened', async (scheme) => {
  const trap = await openTrap()
  const answer = await ask(`${scheme}://127.0.0.3:${trap.port}`, strict, strict)
  expect(answer).toEqual(blocked('127.0.0.3 is a loopback address (127.0.0.0/8, RFC 1122)'))
  expect(trap.connections).toBe(0)
})

it.each(['http', 'https'])('%s: nor is one to a name that leads there', async (scheme) => {
  const trap = await openTrap()
  const answer = await ask(`${scheme}://inner.test:${trap.port}`, strict, strict)
  expect(answer).toEqual(blocked('inner.test is at 127.0.0.3, a loopback address (127.0.0.0/8, RFC 1122)'))
  expect(trap.connections).toBe(0)
})

it.each(['http', 'https'])('%s: one that is open there all the same is closed, and nothing is sent', async (scheme) => {
  const trap = await openTrap()
  // As if the look-up had been gone round.
  const answer = await ask(`${scheme}://inner.test:${trap.port}`, lax, strict)
  expect(answer).toEqual(blocked('inner.test is at 127.0.0.3, a loopback address (127.0.0.0/8, RFC 1122)'))
  // What was sent has come by then.
  await trap.closed
  expect(trap.heard).toBe('')
})
