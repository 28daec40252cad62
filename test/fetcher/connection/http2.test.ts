import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FetcherOptions } from '../../../src/fetcher/fetcher.ts'
import { crawl } from '../../../src/index.ts'
import type { Fault, Outcome } from '../../../src/outcome.ts'
import {
  endHeaders,
  endStream,
  frame,
  frames,
  openFrameServer,
  openSecureWeb,
  status200,
  trustAuthority,
} from '../../sites/secure-web.ts'
import { collect, pagesSpider } from '../../sites/spiders.ts'
import { openFetcher as openAny } from '../open-fetcher.ts'

const openFetcher = (options: Partial<FetcherOptions> = {}) =>
  openAny({ headersTimeoutMs: 300, bodyTimeoutMs: 900, ...options })

const limits = { maxBodyBytes: 100_000, totalTimeoutMs: 3_000 }

const ok = (_request: Http2ServerRequest, response: Http2ServerResponse) => void response.end('ok')

beforeEach(trustAuthority)

describe('HTTP/2', () => {
  it('is spoken where the server offers it, unless it is turned off', async () => {
    const web = await openSecureWeb(ok)
    const url = `https://127.0.0.1:${web.port}/`
    await openFetcher().fetch(url, limits)
    await openFetcher({ http2: false }).fetch(url, limits)
    expect(web.log.map(({ httpVersion }) => httpVersion)).toEqual(['2.0', '1.1'])
  })

  it('is not spoken where the server does not', async () => {
    const web = await openSecureWeb(ok, { protocols: ['http/1.1'] })
    expect(await openFetcher().fetch(`https://127.0.0.1:${web.port}/`, limits)).toMatchObject({ kind: 'page' })
    expect(web.log.map(({ httpVersion }) => httpVersion)).toEqual(['1.1'])
  })

  it('tells when a stream was opened, when the first byte came, when it ended, and at which address', async () => {
    const web = await openSecureWeb((_request, response) => {
      setTimeout(() => response.write('o'), 80)
      setTimeout(() => response.end('k'), 160)
    })
    const fetcher = openFetcher()
    const url = `https://127.0.0.1:${web.port}/`
    for (let n = 0; n < 2; n++) {
      const { timing, kind, address, bytes } = await fetcher.fetch(url, limits)
      expect([kind, address, bytes]).toEqual(['page', '127.0.0.1', 2])
      expect((timing.firstByteAt ?? 0) - timing.sentAt).toBeGreaterThanOrEqual(78)
      expect(timing.endedAt - (timing.firstByteAt ?? 0)).toBeGreaterThan(0)
      // On one clock: the request cannot have come before it was sent.
      expect(web.log[n]?.at).toBeGreaterThanOrEqual(timing.sentAt - 1)
    }
    expect(web.sessions.all).toBe(1)
  })

  it('has a session of its own for each origin, and a new one when one has ended', async () => {
    const [one, other] = [await openSecureWeb(ok), await openSecureWeb(ok)]
    const fetcher = openFetcher()
    for (const { port } of [one, other, one, other]) await fetcher.fetch(`https://127.0.0.1:${port}/`, limits)
    expect([one.sessions.all, other.sessions.all]).toEqual([1, 1])
    for (const session of one.openSessions) session.close()
    await sleep(50)
    expect(await fetcher.fetch(`https://127.0.0.1:${one.port}/`, limits)).toMatchObject({ kind: 'page' })
    expect([one.sessions.all, other.sessions.all]).toEqual([2, 1])
  })

  it('gives statuses, redirects and encodings as HTTP/1.1 does', async () => {
    const web = await openSecureWeb(({ url }, response) => {
      if (url === '/moved') response.writeHead(302, { location: '/there' }).end()
      else response.writeHead(404, { 'x-one': ['a', 'b'] }).end()
    })
    const origin = `https://127.0.0.1:${web.port}`
    const fetcher = openFetcher()
    expect(await fetcher.fetch(`${origin}/moved`, limits)).toMatchObject({
      kind: 'redirect',
      target: `${origin}/there`,
    })
    expect(await fetcher.fetch(`${origin}/gone`, limits)).toMatchObject({ kind: 'failed', reason: 'http_404' })
  })
})

describe('a crawl on HTTP/2', () => {
  it.each([1, 3])('has at most %i streams and sessions at once, and keeps its gaps', async (perHostConcurrency) => {
    const links = Array.from({ length: 50 }, (_, page) => `<a href="/page-${page}">${page}</a>`).join('')
    const web = await openSecureWeb(({ url }, response) => {
      if (url === '/robots.txt') response.statusCode = 404
      response.setHeader('content-type', 'text/html')
      setTimeout(() => response.end(links), perHostConcurrency === 1 ? 1 : 60)
    })
    const run = crawl(pagesSpider([`https://127.0.0.1:${web.port}/`]), { delayMs: 30, perHostConcurrency })
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 51, failed: 0, retries: 0 })
    expect(new Set(web.log.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['2.0']))
    expect(Math.max(...web.log.map(({ open }) => open))).toBe(perHostConcurrency)
    expect(web.sessions.most).toBeLessThanOrEqual(perHostConcurrency)
    // With several at once, the gap is kept between our sendings.
    if (perHostConcurrency > 1) return
    const gaps = web.log.slice(1).map(({ at }, index) => at - (web.log[index]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30)
  })
})

/** Calls until the socket is closed. */
function keep(socket: Socket, write: () => unknown): void {
  const writing = setInterval(() => {
    // As fast as it is taken.
    while (!socket.destroyed && socket.writableLength < 100_000) if (write() === false) break
  }, 1)
  socket.once('close', () => clearInterval(writing))
}

const headersOf = (stream: number, flags = endHeaders) => frame(frames.headers, flags, stream, status200)
const word = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const data = (stream: number, text = '', flags = 0) => frame(frames.data, flags, stream, Buffer.from(text))
/** A literal field, not indexed (RFC 7541 section 6.2.2). */
const field = (name: string, value: string) =>
  Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)])
const goAway = (last: number, code: number) => frame(frames.goAway, 0, 0, Buffer.concat([word(last), word(code)]))

type Answer = (socket: Socket, stream: number) => void
describe('a server that misbehaves on HTTP/2', () => {
  it.each<[what: string, answer: Answer, expected: Partial<Outcome> | { readonly reason: Fault }]>([
    [
      'refuses the stream',
      (socket, id) => socket.write(frame(frames.reset, 0, id, word(7))),
      { reason: 'connection_reset' },
    ],
    [
      'resets the stream',
      (socket, id) => socket.write(frame(frames.reset, 0, id, word(2))),
      { reason: 'connection_reset' },
    ],
    [
      'cancels the stream in mid-body, which Node takes for its end',
      (socket, id) => socket.write(Buffer.concat([headersOf(id), data(id, 'o'), frame(frames.reset, 0, id, word(8))])),
      { reason: 'body_cut_off' },
    ],
    [
      'resets the stream in mid-body, as if all were well (RFC 9113 section 8.1 allows that after its end only)',
      (socket, id) => socket.write(Buffer.concat([headersOf(id), data(id, 'o'), frame(frames.reset, 0, id, word(0))])),
      { reason: 'body_cut_off' },
    ],
    [
      'does so a while after a part of the body',
      (socket, id) => {
        socket.write(Buffer.concat([headersOf(id), data(id, 'o')]))
        setTimeout(() => socket.write(frame(frames.reset, 0, id, word(0))), 50)
      },
      { reason: 'body_cut_off' },
    ],
    [
      'resets the stream after its end, which is allowed',
      (socket, id) =>
        socket.write(Buffer.concat([headersOf(id), data(id, 'ok', endStream), frame(frames.reset, 0, id, word(0))])),
      { kind: 'page' },
    ],
    [
      'resets the stream in mid-body',
      (socket, id) => socket.write(Buffer.concat([headersOf(id), data(id, 'o'), frame(frames.reset, 0, id, word(2))])),
      { reason: 'body_cut_off' },
    ],
    [
      'goes away before it has read the request',
      (socket) => socket.write(goAway(0, 0)),
      { reason: 'connection_reset' },
    ],
    ['goes away with an error', (socket) => socket.write(goAway(0, 11)), { reason: 'connection_reset' }],
    [
      'goes away, and still answers',
      (socket, id) => socket.write(Buffer.concat([goAway(id, 0), headersOf(id), data(id, 'ok', endStream)])),
      { kind: 'page' },
    ],
    ['hangs up', (socket) => socket.destroy(), { reason: 'connection_reset' }],
    [
      'hangs up in mid-body',
      (socket, id) => socket.end(Buffer.concat([headersOf(id), data(id, 'o')])),
      { reason: 'body_cut_off' },
    ],
    ['is silent', () => undefined, { reason: 'headers_timeout' }],
    ['is silent after its headers', (socket, id) => socket.write(headersOf(id)), { reason: 'body_timeout' }],
    [
      'sends a body of another length than it says',
      (socket, id) => {
        const head = Buffer.concat([status200, field('content-length', '9')])
        socket.write(Buffer.concat([frame(frames.headers, endHeaders, id, head), data(id, 'ok', endStream)]))
      },
      { reason: 'body_cut_off' },
    ],
    [
      'sends a body without an end',
      (socket, id) => {
        socket.write(headersOf(id))
        let sent = 0
        keep(socket, () => {
          sent += 10_000
          return sent < 200_000 && socket.write(data(id, 'x'.repeat(10_000)))
        })
      },
      { reason: 'body_too_large' },
    ],
    [
      'sends empty pieces of a body without an end',
      (socket, id) => {
        socket.write(headersOf(id))
        keep(socket, () => socket.write(data(id)))
      },
      { reason: 'protocol' },
    ],
    [
      'sends CONTINUATION without an end',
      (socket, id) => {
        socket.write(headersOf(id, 0))
        keep(socket, () => socket.write(frame(frames.continuation, 0, id, field('x-more', 'y'.repeat(100)))))
      },
      { reason: 'protocol' },
    ],
    [
      'sends PING without an end',
      (socket) => keep(socket, () => socket.write(frame(frames.ping, 0, 0, Buffer.alloc(8)))),
      { reason: 'protocol' },
    ],
    [
      'sends SETTINGS without an end',
      (socket) => keep(socket, () => socket.write(frame(frames.settings, 0, 0))),
      { reason: 'protocol' },
    ],
    [
      'sends 1xx answers without an end',
      (socket, id) =>
        keep(socket, () =>
          socket.write(
            frame(frames.headers, endHeaders, id, Buffer.concat([Buffer.from([0x08, 3]), Buffer.from('103')])),
          ),
        ),
      { reason: 'protocol' },
    ],
    [
      'sends a thousand headers',
      (socket, id) => {
        const fields = Array.from({ length: 1_000 }, (_, index) => field(`x-${index}`, 'y'.repeat(10)))
        const block = Buffer.concat([status200, ...fields])
        socket.write(frame(frames.headers, 0, id, block.subarray(0, 16_000)))
        socket.write(frame(frames.continuation, endHeaders, id, block.subarray(16_000)))
      },
      { reason: 'connection_reset' },
    ],
    [
      'sends no HTTP/2 at all',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
      { reason: 'protocol' },
    ],
    [
      'sends a frame that is too large',
      (socket, id) => socket.write(frame(frames.data, 0, id, Buffer.alloc(100_000))),
      { reason: 'protocol' },
    ],
    [
      'sends headers that do not decode',
      (socket, id) => socket.write(frame(frames.headers, endHeaders, id, Buffer.alloc(20, 0xff))),
      { reason: 'protocol' },
    ],
    [
      'sends a bad header',
      (socket, id) =>
        socket.write(frame(frames.headers, endHeaders, id, Buffer.concat([status200, field('Bad Name', 'x')]))),
      { reason: 'protocol' },
    ],
    ['answers a stream that nobody opened', (socket) => socket.write(headersOf(99)), { reason: 'protocol' }],
    [
      'answers with status 0',
      (socket, id) =>
        socket.write(
          frame(
            frames.headers,
            endHeaders + endStream,
            id,
            Buffer.concat([Buffer.from([0x08, 3]), Buffer.from('000')]),
          ),
        ),
      { reason: 'protocol' },
    ],
  ])('that %s makes one outcome of one request, and none of the next ones', async (_what, answer, expected) => {
    let requests = 0
    const server = await openFrameServer((socket, stream, type) => {
      if (type !== frames.headers) return
      requests += 1
      if (requests === 1) answer(socket, stream)
      else socket.write(Buffer.concat([headersOf(stream), data(stream, 'ok', endStream)]))
    })
    const fetcher = openFetcher({ headersTimeoutMs: 900 })
    const url = `https://127.0.0.1:${server.port}/`
    const outcome = await fetcher.fetch(url, limits)
    expect(outcome).toMatchObject(expected)
    expect(requests).toBe(1)
    expect(await fetcher.fetch(url, limits)).toMatchObject({ kind: 'page' })
    expect(requests).toBe(2)
    if (outcome.kind !== 'page') expect(server.open.size).toBe(1)
  })

  it('cannot send anything any more once a request of its was given up', async () => {
    const server = await openFrameServer((socket, stream, type) => {
      // Late, after the request was taken back.
      if (type === frames.headers) setTimeout(() => socket.write(headersOf(stream)), 350)
    })
    const fetcher = openFetcher()
    expect(await fetcher.fetch(`https://127.0.0.1:${server.port}/`, limits)).toMatchObject({
      reason: 'headers_timeout',
    })
    await sleep(100)
    expect(server.open.size).toBe(0)
  })

  it('and lets no further stream begin keeps nobody waiting for longer than an answer may', async () => {
    const noStreams = frame(frames.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 0]))
    const server = await openFrameServer((socket, stream, type) => {
      if (type !== frames.headers) return
      socket.write(frame(frames.headers, endHeaders | endStream, stream, status200))
      socket.write(noStreams)
    })
    const fetcher = openFetcher()
    const url = `https://127.0.0.1:${server.port}/`
    expect(await fetcher.fetch(url, limits)).toMatchObject({ kind: 'page' })
    // Until the settings have arrived.
    await sleep(100)
    // As for a download, which may take as long as it needs.
    const endless = { ...limits, totalTimeoutMs: 0 }
    expect(await fetcher.fetch(url, endless)).toMatchObject({ reason: 'headers_timeout', neverLeft: true })
    await expect.poll(() => server.open.size).toBe(0)
  })

  it('cannot send larger headers than over HTTP/1.1', async () => {
    const web = await openSecureWeb((request, response) => {
      response.setHeader('x-large', 'v'.repeat(Number(request.url?.slice(1))))
      response.end('ok')
    })
    const fetcher = openFetcher({ maxHeaderBytes: 2_048 })
    const of = (bytes: number) => fetcher.fetch(`https://127.0.0.1:${web.port}/${bytes}`, limits)
    expect(await of(1_000)).toMatchObject({ kind: 'page' })
    expect(await of(2_048)).toMatchObject({ kind: 'failed', reason: 'headers_too_large' })
    expect(await of(1_000)).toMatchObject({ kind: 'page' })
    expect(web.log.map(({ httpVersion }) => httpVersion)).toEqual(['2.0', '2.0', '2.0'])
  })

  it('and does not let a stream be opened keeps nobody waiting for longer than a request may take', async () => {
    const server = await openFrameServer(() => undefined)
    const fetcher = openFetcher({ headersTimeoutMs: 0, bodyTimeoutMs: 0 })
    expect(await fetcher.fetch(`https://127.0.0.1:${server.port}/`, limits)).toMatchObject({ reason: 'total_timeout' })
  })
})
