import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { openFetcher } from './open-fetcher.ts'

/** A server that speaks in raw bytes: `answer` gets each connection's first data. */
async function rawServer(
  answer: (socket: Socket, request: string) => void,
): Promise<{ url: string; connections: () => number }> {
  let connections = 0
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    connections += 1
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
    socket.on('data', (data) => answer(socket, data.toString()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, connections: () => connections }
}

const limits = { maxBodyBytes: 1_000, totalTimeoutMs: 10_000 }
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('one exchange', () => {
  it('tells when it was sent, when the first byte came and when it ended', async () => {
    const { url } = await rawServer((socket) => {
      setTimeout(() => socket.write(ok.slice(0, -2)), 80)
      setTimeout(() => socket.write(ok.slice(-2)), 160)
    })
    const before = systemClock.now()
    const { timing, kind } = await openFetcher().fetch(url, limits)
    expect(kind).toBe('page')
    expect(timing.sentAt).toBeGreaterThan(before)
    expect((timing.firstByteAt ?? 0) - timing.sentAt).toBeGreaterThanOrEqual(78)
    expect(timing.endedAt - (timing.firstByteAt ?? 0)).toBeGreaterThan(0)
  })

  it('counts as sent when it goes on an open connection, not while one is being opened', async () => {
    const { url } = await rawServer((socket) => socket.write(ok))
    const fetcher = openFetcher()
    // Two at once on one connection: the second waits for the first.
    const outcomes = await Promise.all([fetcher.fetch(url, limits), fetcher.fetch(url, limits)])
    expect(outcomes[1].timing.sentAt).toBeGreaterThanOrEqual(outcomes[0].timing.endedAt - 1)
  })

  it('keeps to as many connections to an origin as it is told, and keeps them alive', async () => {
    const { url, connections } = await rawServer((socket) => socket.write(ok))
    const fetcher = openFetcher()
    for (let n = 0; n < 5; n++) await fetcher.fetch(url, limits)
    await Promise.all(Array.from({ length: 5 }, () => fetcher.fetch(url, limits)))
    expect(connections()).toBe(1)
  })

  it('does not keep a connection for as long as its server offers to', async () => {
    let closed = 0
    const offer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3600\r\nContent-Length: 2\r\n\r\nok'
    const { url } = await rawServer((socket) => {
      socket.once('close', () => {
        closed += 1
      })
      socket.write(offer)
    })
    await openFetcher({ longestIdleMs: 1_000 }).fetch(url, limits)
    await expect.poll(() => closed, { timeout: 10_000 }).toBe(1)
  })

  it('RFC 9110 section 15.2: passes over interim answers', async () => {
    const { url } = await rawServer((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n${ok}`))
    expect(await openFetcher().fetch(url, limits)).toMatchObject({ kind: 'page', status: 200 })
  })

  it.each([
    ['headers_timeout', { headersTimeoutMs: 300 }, () => undefined],
    ['body_timeout', { bodyTimeoutMs: 300 }, (socket: Socket) => void socket.write(ok.slice(0, -1))],
  ] as const)('ends as %s', async (reason, options, answer) => {
    const { url } = await rawServer(answer)
    expect(await openFetcher(options).fetch(url, limits)).toMatchObject({ kind: 'retry', reason })
  })

  it('ends as total_timeout though bytes keep dripping in, and the connection is closed', async () => {
    let isClosed = false
    const { url } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n')
      const dripping = setInterval(() => socket.write('.'), 20)
      socket.on('close', () => {
        clearInterval(dripping)
        isClosed = true
      })
    })
    expect(await openFetcher().fetch(url, { ...limits, totalTimeoutMs: 200 })).toMatchObject({
      kind: 'retry',
      reason: 'total_timeout',
    })
    await sleep(50)
    expect(isClosed).toBe(true)
  })

  it('names what to do about it, which is for the caller to say where that is another option', async () => {
    const { url } = await rawServer(() => undefined)
    const messages: unknown[] = []
    for (const remedies of [undefined, { total_timeout: 'raise robotsTimeoutMs' }, { total_timeout: '' }]) {
      const outcome = await openFetcher().fetch(url, { ...limits, totalTimeoutMs: 100, ...(remedies && { remedies }) })
      messages.push('message' in outcome && outcome.message)
    }
    const failed = `No full answer within 100 ms: GET ${url}`
    expect(messages).toEqual([`${failed} (raise totalTimeoutMs)`, `${failed} (raise robotsTimeoutMs)`, failed])
  })

  it.each([
    ['', ''],
    ['Location: mailto:x', ' (it is "mailto:x")'],
    ['Location: http://[::zz/', ' (it is "http://[::zz/")'],
    ['Location: http://ada:s3cret@[::zz/', ' (it is "http://***@[::zz/")'],
    ['Location: /a\r\nLocation: /b', ' (it is "/a" and "/b")'],
    ['Location: data:\u009b31m\u00e9', ' (it is "data:\ufffd31m\u00e9")'],
    [`Location: tel:${'1'.repeat(1_000)}`, ` (it is "tel:${'1'.repeat(195)}…)`],
  ])('shows of a redirect that leads nowhere what it says, harmless and short: %j', async (location, shown) => {
    const { url } = await rawServer((socket) => {
      const head = `HTTP/1.1 302 Found\r\nContent-Length: 0\r\n${location}${location === '' ? '' : '\r\n'}\r\n`
      socket.write(Buffer.from(head, 'latin1'))
    })
    expect(await openFetcher().fetch(url, limits)).toMatchObject({
      kind: 'failed',
      reason: 'redirect_without_target',
      message: `302 without a usable Location${shown}: GET ${url}`,
    })
  })

  it('stops reading a body that is too large; cut short only where that is asked for', async () => {
    const { url } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const flooding = setInterval(() => socket.write('x'.repeat(10_000)), 1)
      socket.on('close', () => clearInterval(flooding))
    })
    const fetcher = openFetcher()
    expect(await fetcher.fetch(url, limits)).toMatchObject({ kind: 'failed', reason: 'body_too_large' })
    const cut = await fetcher.fetch(url, { ...limits, truncate: true, maxBodyBytes: 100_000 })
    expect(cut.kind).toBe('page')
  })

  it('that is cut off by the end of the fetcher comes to its end, also while it is connecting', async () => {
    const { url } = await rawServer(() => undefined)
    const fetcher = openFetcher()
    const fetching = fetcher.fetch(url, limits)
    await fetcher[Symbol.asyncDispose]()
    expect((await fetching).kind).not.toBe('page')
  })
})
