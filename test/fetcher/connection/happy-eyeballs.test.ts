/** RFC 8305: a name with several addresses is visited at one that answers. The sockets are real; only the name is made up. */
import { spawn } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { crawl } from '../../../src/index.ts'
import { collect, pagesSpider } from '../../sites/spiders.ts'
import { openWeb } from '../../sites/web.ts'
import { openFetcher } from '../open-fetcher.ts'

const limits = { maxBodyBytes: 1_000, totalTimeoutMs: 10_000 }

async function serve(host: string, port = 0): Promise<number> {
  const server = createServer((_request, response) => void response.end('ok'))
  server.listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const at = (...addresses: readonly string[]): Promise<readonly LookupAddress[]> =>
  Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))

const python = '/usr/bin/python3'
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

/**
 * A port at an address where connections are begun and never answered: one that listens, accepts nobody, and has its backlog full.
 * Node accepts all by itself, so it is Python that listens.
 */
async function openDeafPort(address: string, port: number): Promise<void> {
  const script = `
import socket, sys, time
listening = socket.socket()
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind((sys.argv[1], int(sys.argv[2])))
listening.listen(0)
waiting = []
for _ in range(4):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex((sys.argv[1], int(sys.argv[2])))
    waiting.append(one)
print('full', flush=True)
time.sleep(60)
`
  const child = spawn(python, ['-c', script, address, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
}

describe('a name with several addresses', () => {
  it('is visited at its IPv4 address where nothing listens at the IPv6 one', async () => {
    const port = await serve('127.0.0.1')
    const fetcher = openFetcher({ lookup: () => at('::1', '127.0.0.1') })
    const outcome = await fetcher.fetch(`http://shop.localhost:${port}/`, limits)
    expect(outcome).toMatchObject({ kind: 'page', address: '127.0.0.1' })
  })

  it.skipIf(!hasIpv6)('is visited at its IPv6 address where nothing listens at the IPv4 one', async () => {
    const port = await serve('::1')
    const fetcher = openFetcher({ lookup: () => at('127.0.0.1', '::1') })
    expect(await fetcher.fetch(`http://shop.localhost:${port}/`, limits)).toMatchObject({
      kind: 'page',
      address: '::1',
    })
  })

  it.skipIf(!existsSync(python))('is visited at the next one where the first is deaf', async () => {
    const port = await serve('127.0.0.9')
    await openDeafPort('127.0.0.8', port)
    const fetcher = openFetcher({ lookup: () => at('127.0.0.8', '127.0.0.9') })
    const outcome = await fetcher.fetch(`http://shop.localhost:${port}/`, limits)
    expect(outcome).toMatchObject({ kind: 'page', address: '127.0.0.9' })
    const alone = openFetcher({ lookup: () => at('127.0.0.8'), connectTimeoutMs: 500 })
    expect(await alone.fetch(`http://shop.localhost:${port}/`, limits)).toMatchObject({ reason: 'connect_timeout' })
  })

  it('that lead nowhere is one failure', async () => {
    const fetcher = openFetcher({ lookup: () => at('::1', '127.0.0.1') })
    expect(await fetcher.fetch('http://shop.localhost:1/', limits)).toMatchObject({ reason: 'connection_refused' })
  })
})

describe('a name that cannot be resolved', () => {
  const noAnswer = new Promise<never>(() => undefined)
  const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })

  it.each<[what: string, answer: () => Promise<never>]>([
    ['for its server never answers', () => noAnswer],
    ['for there is none', () => Promise.reject(notFound)],
  ])('%s holds up no host but its own', async (_what, answer) => {
    await using web = await openWeb({ hosts: 2, pages: 30 })
    const lookup = (name: string) => (name === 'lost.localhost' ? answer() : at('127.0.0.1'))
    const seeds = ['http://lost.localhost/', 'http://lost.localhost/2', ...web.urls]
    const options = {
      lookup,
      delayMs: 0,
      connectTimeoutMs: 700,
      maxRobotsAttempts: 1,
      robotsRetryMs: 1,
      concurrency: 2,
    }
    const run = crawl(pagesSpider(seeds), options)
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 60, failed: 0, deferredBy: { robots_unreachable: 2 } })
  })
})
