import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FetcherOptions } from '../../../src/fetcher/fetcher.ts'
import { crawl } from '../../../src/index.ts'
import { openHttpProxy, openSocksProxy, type TestProxy } from '../../sites/proxies.ts'
import { openSecureWeb, trustAuthority } from '../../sites/secure-web.ts'
import { collect, pagesSpider } from '../../sites/spiders.ts'
import { openFetcher as openAny } from '../open-fetcher.ts'

/** Nobody here resolves a name: that is the proxy's to do. */
const noNames = () => Promise.reject(new Error('a name was looked up here'))

const openFetcher = (options: Partial<FetcherOptions> = {}) =>
  openAny({ lookup: noNames, connectTimeoutMs: 1_000, headersTimeoutMs: 2_000, bodyTimeoutMs: 2_000, ...options })

const limits = { maxBodyBytes: 10_000, totalTimeoutMs: 5_000 }

/** A plain web, which tells what it was asked. */
async function openPlainWeb(answer?: (request: IncomingMessage) => string) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.statusCode = request.url === '/robots.txt' ? 404 : 200
    response.setHeader('content-type', 'text/html').end(answer?.(request) ?? 'ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, requests }
}

const kinds = {
  http: { open: openHttpProxy, scheme: 'http' },
  https: { open: () => openHttpProxy({ isSecure: true }), scheme: 'https' },
  socks5: { open: openSocksProxy, scheme: 'socks5' },
  socks5h: { open: openSocksProxy, scheme: 'socks5h' },
} as const

const proxyAt = (scheme: string, { port }: TestProxy, userinfo = '') => `${scheme}://${userinfo}127.0.0.1:${port}`

beforeEach(trustAuthority)

describe.each(Object.values(kinds))('a proxy ($scheme)', ({ open, scheme }) => {
  it('is asked for http and https, by name; the host learns nothing of it', async () => {
    const [proxy, plain] = [await open(), await openPlainWeb()]
    const secure = await openSecureWeb((_request, response) => void response.end('ok'))
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy) })
    for (let n = 0; n < 2; n++) {
      const http = await fetcher.fetch(`http://shop.test:${plain.port}/a?b=c`, limits)
      expect(http).toMatchObject({ kind: 'page', status: 200, address: undefined })
      expect(await fetcher.fetch(`https://localhost:${secure.port}/`, limits)).toMatchObject({ kind: 'page' })
    }
    const isSocks = scheme.startsWith('socks')
    // A tunnel is asked for once, and kept.
    expect(proxy.log.filter(({ target }) => target.includes('shop.test'))).toHaveLength(isSocks ? 1 : 2)
    expect(proxy.log.at(0)?.target).toBe(isSocks ? `shop.test:${plain.port}` : `http://shop.test:${plain.port}/a?b=c`)
    expect(proxy.log.filter(({ target }) => target === `localhost:${secure.port}`)).toHaveLength(1)
    expect(secure.log.map(({ httpVersion }) => httpVersion)).toEqual(['2.0', '2.0'])
    expect(plain.requests[0]?.headers.host).toBe(`shop.test:${plain.port}`)
    expect(plain.requests[0]?.url).toBe('/a?b=c')
  })

  it("does not stand in for the host's certificate", async () => {
    const [proxy, secure] = [await open(), await openSecureWeb((_request, response) => void response.end('ok'))]
    const url = `https://shop.test:${secure.port}/`
    expect(await openFetcher({ proxy: proxyAt(scheme, proxy) }).fetch(url, limits)).toMatchObject({
      reason: 'tls_wrong_host',
    })
    const lenient = openFetcher({ proxy: proxyAt(scheme, proxy), ignoreCertificateOf: ['shop.test'] })
    expect(await lenient.fetch(url, limits)).toMatchObject({ kind: 'page' })
  })

  it('that dies in mid-answer is a fault that passes', async () => {
    const proxy = await open()
    const plain = await openPlainWeb(() => {
      setImmediate(() => proxy.die())
      return 'x'.repeat(100_000)
    })
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy) })
    const big = { ...limits, maxBodyBytes: 1_000_000 }
    const cut = await fetcher.fetch(`http://shop.test:${plain.port}/`, big)
    expect(cut).toMatchObject({ kind: expect.stringMatching(/retry|page/) })
    expect(await fetcher.fetch(`http://shop.test:${plain.port}/`, limits)).toMatchObject({
      kind: 'retry',
      reason: 'proxy',
    })
  })
})

describe.each([
  ['http', openHttpProxy],
  ['socks5', openSocksProxy],
] as const)('a proxy (%s) with a password', (scheme, open) => {
  it('gets it, and the hosts do not', async () => {
    const [proxy, plain] = [await open({ credentials: 'ada:p@ss:w%rd' }), await openPlainWeb()]
    const secure = await openSecureWeb((_request, response) => void response.end('ok'))
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy, 'ada:p%40ss:w%25rd@') })
    expect(await fetcher.fetch(`http://shop.test:${plain.port}/`, limits)).toMatchObject({ kind: 'page' })
    expect(await fetcher.fetch(`https://localhost:${secure.port}/`, limits)).toMatchObject({ kind: 'page' })
    expect(proxy.log.map(({ credentials }) => credentials)).toEqual(['ada:p@ss:w%rd', 'ada:p@ss:w%rd'])
    for (const { headers } of [...plain.requests, ...secure.log]) {
      expect(JSON.stringify(headers)).not.toMatch(/proxy-auth|YWRh|ss:w/)
    }
  })

  it.each([
    ['', 'asks for a user name and a password'],
    ['ada:wrong@', 'does not accept the user name and the password'],
  ])('that is not given it (%s) says so, and is not asked again', async (userinfo, message) => {
    const [proxy, plain] = [await open({ credentials: 'ada:right' }), await openPlainWeb()]
    const secure = await openSecureWeb((_request, response) => void response.end('ok'))
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy, userinfo) })
    for (const url of [`http://shop.test:${plain.port}/`, `https://localhost:${secure.port}/`]) {
      const outcome = await fetcher.fetch(url, limits)
      expect(outcome).toMatchObject({ kind: 'failed', reason: 'proxy_auth', status: undefined })
      expect('message' in outcome && outcome.message).toBe(
        `The proxy 127.0.0.1:${proxy.port} ${message}: GET ${url} (set both in the URL of proxy)`,
      )
    }
    expect(plain.requests).toEqual([])
  })
})

describe('a proxy that fails', () => {
  const hang = () => undefined
  it.each<[what: string, scheme: 'http' | 'socks5', instead: (socket: Socket) => void]>([
    [
      'answers CONNECT with 502',
      'http',
      (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno'),
    ],
    [
      'answers CONNECT with 302',
      'http',
      (socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n'),
    ],
    ['answers CONNECT with noise', 'http', (socket) => socket.end('\u0000\u0001 noise\r\n\r\n')],
    [
      'answers CONNECT with headers without an end',
      'http',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`),
    ],
    ['hangs', 'http', hang],
    ['hangs up', 'http', (socket) => socket.destroy()],
    ['hangs', 'socks5', hang],
    ['hangs up', 'socks5', (socket) => socket.destroy()],
    ['speaks something else', 'socks5', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('and %s (%s) is to blame itself, in time', async (_what, scheme, instead) => {
    const proxy = await (scheme === 'http' ? openHttpProxy : openSocksProxy)({ instead })
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy, 'ada:s3cret@'), connectTimeoutMs: 300 })
    const outcome = await fetcher.fetch('https://shop.test/', limits)
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'proxy', address: undefined })
    expect('message' in outcome && outcome.message).toContain(`The proxy 127.0.0.1:${proxy.port} `)
    expect(JSON.stringify(outcome)).not.toContain('s3cret')
    await expect.poll(() => proxy.open.size).toBe(0)
  })

  it('and answers CONNECT with 401 wants another password, as tinyproxy does', async () => {
    const instead = (socket: Socket) => socket.end('HTTP/1.0 401 Unauthorized\r\n\r\n')
    const proxy = await openHttpProxy({ instead })
    const fetcher = openFetcher({ proxy: proxyAt('http', proxy, 'ada:wrong@') })
    expect(await fetcher.fetch('https://shop.test/', limits)).toMatchObject({ kind: 'failed', reason: 'proxy_auth' })
  })

  it.each(['http', 'https', 'socks5'] as const)('and is not there (%s) is to blame itself', async (scheme) => {
    const proxy = await openHttpProxy()
    proxy.die()
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy) })
    expect(await fetcher.fetch('http://shop.test/', limits)).toMatchObject({ kind: 'retry', reason: 'proxy' })
  })

  it.each(['http', 'socks5'] as const)('to reach the host (%s) says so', async (scheme) => {
    const proxy = await (scheme === 'http' ? openHttpProxy : openSocksProxy)()
    const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy) })
    expect(await fetcher.fetch('https://shop.test:1/', limits)).toMatchObject({ kind: 'retry', reason: 'proxy' })
  })

  it('leaves nothing behind of a tunnel that is closed but for a few seconds (socks5)', async () => {
    const proxy = await openSocksProxy()
    const fetcher = openFetcher({ proxy: proxyAt('socks5', proxy), connectTimeoutMs: 1_500 })
    const timers = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => timers.mockRestore())
    const web = await openPlainWeb()
    expect(await fetcher.fetch(`http://shop.test:${web.port}/`, limits)).toMatchObject({ kind: 'page' })
    const longestMs = Math.max(...timers.mock.calls.map(([, ms = 0]) => ms))
    // The limit of a whole request, which ends with it.
    expect(longestMs).toBe(limits.totalTimeoutMs)
  })

  it('with a certificate that is not good is not used', async () => {
    const proxy = await openHttpProxy({ isSecure: true })
    const fetcher = openFetcher({
      proxy: `https://shop.test:${proxy.port}`,
      lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    })
    expect(await fetcher.fetch('http://shop.test/', limits)).toMatchObject({ kind: 'retry', reason: 'proxy' })
    expect(proxy.log).toEqual([])
  })
})

describe('a crawl through a proxy', () => {
  it.each(['http', 'socks5'] as const)('asks for everything through it, each host at its pace (%s)', async (scheme) => {
    const proxy = await (scheme === 'http' ? openHttpProxy : openSocksProxy)()
    const times = new Map<string, number[]>()
    const web = await openPlainWeb(({ headers: { host = '' } }) => {
      times.set(host, [...(times.get(host) ?? []), performance.now()])
      return Array.from({ length: 5 }, (_, page) => `<a href="/page-${page}">${page}</a>`).join('')
    })
    const seeds = ['one.test', 'two.test'].map((name) => `http://${name}:${web.port}/`)
    const options = { proxy: proxyAt(scheme, proxy), delayMs: 40, lookup: noNames, contact: 'a@b.test' }
    const run = crawl(pagesSpider(seeds), options)
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 12, failed: 0, robotsRequests: 2 })
    expect(web.requests.filter(({ url }) => url === '/robots.txt')).toHaveLength(2)
    for (const at of times.values()) {
      expect(at).toHaveLength(7)
      expect(Math.min(...at.slice(1).map((time, index) => time - (at[index] ?? 0)))).toBeGreaterThanOrEqual(40)
    }
    if (scheme === 'http') expect(proxy.log).toHaveLength(14)
  })

  it('takes no word of the proxy for that of a robots.txt', async () => {
    const [proxy, web] = [await openHttpProxy({ credentials: 'ada:right' }), await openPlainWeb()]
    const options = { proxy: proxyAt('http', proxy), delayMs: 0, robotsRetryMs: 1, contact: 'a@b.test' }
    const run = crawl(pagesSpider([`http://one.test:${web.port}/`]), options)
    await collect(run)
    expect(run.stats).toMatchObject({ fetched: 0, deferredBy: { robots_unreachable: 1 } })
    expect(web.requests).toEqual([])
  })
})

describe('the address guard behind a proxy', () => {
  it.each(['http', 'socks5'] as const)(
    'lets nobody reach what is private, by address or as localhost (%s)',
    async (scheme) => {
      const proxy = await (scheme === 'http' ? openHttpProxy : openSocksProxy)()
      const web = await openPlainWeb()
      const fetcher = openFetcher({ proxy: proxyAt(scheme, proxy), allowPrivate: [] })
      // A connection to the proxy opens no door to its own machine.
      expect(await fetcher.fetch(`http://shop.test:${web.port}/`, limits)).toMatchObject({ kind: 'page' })
      expect(fetcher.refusalOf('127.0.0.1')).toBeDefined()
      for (const host of ['127.0.0.1', '[::1]', '10.0.0.1', '[::ffff:127.0.0.1]', 'localhost', 'a.localhost']) {
        for (const url of [`http://${host}:${web.port}/`, `https://${host}/`])
          expect(await fetcher.fetch(url, limits)).toMatchObject({ kind: 'failed', reason: 'address_blocked' })
      }
      expect(proxy.log).toHaveLength(1)
      const typedHosts = ['localhost', '127.0.0.1']
      const typed = openFetcher({ proxy: proxyAt(scheme, proxy), allowPrivate: [], typedHosts })
      for (const host of typedHosts)
        expect(await typed.fetch(`http://${host}:${web.port}/`, limits)).toMatchObject({ kind: 'page' })
    },
  )
})
