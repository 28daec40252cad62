/** What a spider asks besides plain GETs, as a server sees it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CrawlEvent, crawl, defineSpider, type Page, type SendingOptions } from '../src/index.ts'
import { Store } from '../src/store/store.ts'
import { openFolder, runDoff, startDoff } from './cli/run-doff.ts'
import { collect } from './sites/spiders.ts'
import { openWeb, send, type WebOptions } from './sites/web.ts'

interface Got {
  /** `POST /search`. */
  readonly what: string
  readonly host: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (response: ServerResponse, got: Got, visit: number) => void

/** A web that writes down what it is asked, whole. */
async function openAsked(answers: Readonly<Record<string, Answer>>, more: WebOptions = {}) {
  const asked: Got[] = []
  const routes = Object.entries(answers).map(([path, answer]) => {
    const route = async (request: IncomingMessage, response: ServerResponse, visit: number) => {
      const got = {
        what: `${request.method} ${path}`,
        host: request.headers.host?.split(':')[0] ?? '',
        headers: request.headers,
        body: await text(request),
      }
      asked.push(got)
      answer(response, got, visit)
    }
    return [path, route] as const
  })
  const web = await openWeb({
    ...more,
    routes: { ...more.routes, ...Object.fromEntries(routes) } as WebOptions['routes'] & object,
  })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const [site = ''] = web.urls
  return { web, site, asked, whats: () => asked.map(({ what }) => what) }
}

const ok: Answer = (response, { what, body }) => send(response, 200, `<h1>${what} ${body}</h1>`)
const redirect =
  (status: number, location: string): Answer =>
  (response) =>
    void response.writeHead(status, { location }).end()

const echo = (page: Page) => [
  { text: page.$('h1').text().trim(), redirects: page.redirects.map((url) => new URL(url).pathname) },
]

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'doff-requests-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const quick = { delayMs: 0 }

describe('a request', () => {
  it('is sent as a follow says it: method, headers and body', async () => {
    const { site, asked } = await openAsked({ '/form': ok, '/json': ok, '/parts': ok, '/get': ok, '/empty': ok })
    const spider = defineSpider({
      name: 'asks',
      seeds: [site],
      parse: (page) => [
        page.follow('/form', 'echo', { form: { q: 'tea & ü' }, headers: { 'X-Token': 'ä' } }),
        page.follow('/json', 'echo', { json: { q: ['ü'] } }),
        page.follow('/parts', 'echo', { multipart: { q: 'ü', f: { content: '€', filename: 'x.txt' } } }),
        page.follow('/get', 'echo', { headers: { Accept: 'text/csv', Authorization: 'Bearer x' } }),
        page.follow('/empty', 'echo', { method: 'POST' }),
      ],
      parsers: { echo },
    })
    const items = await collect(crawl(spider, quick))
    expect(items.map((item) => item.text).slice(0, 2)).toEqual([
      'POST /form q=tea+%26+%C3%BC',
      'POST /json {"q":["ü"]}',
    ])
    expect(asked.map(({ what }) => what)).toEqual([
      'POST /form',
      'POST /json',
      'POST /parts',
      'GET /get',
      'POST /empty',
    ])
    const [form, json, parts, get, empty] = asked
    expect(form).toMatchObject({
      body: 'q=tea+%26+%C3%BC',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '16', 'x-token': 'ä' },
    })
    expect(json?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String('{"q":["ü"]}'.length + 1),
    })
    expect(form?.headers['user-agent']).toMatch(/^doff\//)
    const read = await new Response(parts?.body, {
      headers: { 'content-type': parts?.headers['content-type'] ?? '' },
    }).formData()
    expect(read.get('q')).toBe('ü')
    expect(await (read.get('f') as File).text()).toBe('€')
    expect(get?.headers).toMatchObject({ accept: 'text/csv', authorization: 'Bearer x' })
    expect(get?.headers).not.toHaveProperty('content-length')
    expect(empty).toMatchObject({ body: '', headers: { 'content-length': '0' } })
  })

  it('is sent as a seed says it, and its page goes to the parser of the seed', async () => {
    const { site, whats } = await openAsked({ '/s': ok })
    const spider = defineSpider({
      name: 'seeds',
      seeds: [
        { url: `${site}s`, form: { q: 1 }, parser: 'echo' },
        { url: `${site}s`, form: { q: 2 }, parser: 'echo', priority: 1 },
      ],
      parse: () => [],
      parsers: { echo },
    })
    const items = await collect(crawl(spider, quick))
    expect(items.map((item) => item.text)).toEqual(['POST /s q=2', 'POST /s q=1'])
    expect(whats()).toEqual(['POST /s', 'POST /s'])
  })

  it('of a form is what its page says', async () => {
    const html =
      '<form action=/results method=post><input type=hidden name=token value=t1><input name=q><button name=go>Go</button></form>'
    const { site, asked } = await openAsked({ '/search': (response) => send(response, 200, html), '/results': ok })
    const spider = defineSpider({
      name: 'search',
      seeds: [`${site}search`],
      parse: (page) => [page.follow(page.form('form', { q: 'tea' }), 'echo')],
      parsers: { echo },
    })
    expect(await collect(crawl(spider, quick))).toEqual([{ text: 'POST /results token=t1&q=tea&go=', redirects: [] }])
    expect(asked).toHaveLength(2)
  })

  it('is made once, told apart by method and body', async () => {
    const { site, whats } = await openAsked({ '/s': ok })
    const spider = defineSpider({
      name: 'twice',
      seeds: [site],
      *parse(page) {
        for (const q of [1, 2, 1]) yield page.follow('/s', 'echo', { form: { q } })
        yield page.follow('/s', 'echo', { method: 'HEAD' })
        yield page.follow('/s', 'echo')
      },
      parsers: { echo },
    })
    const run = crawl(spider, quick)
    await collect(run)
    expect(whats()).toEqual(['POST /s', 'POST /s', 'HEAD /s', 'GET /s'])
    expect(run.stats.dropped.seen).toBe(1)
  })

  it('to what robots.txt disallows is not sent', async () => {
    const { site, asked } = await openAsked({ '/private': ok }, { robots: 'User-agent: *\nDisallow: /private' })
    const spider = defineSpider({ name: 'no', seeds: [{ url: `${site}private`, form: { q: 1 } }], parse: echo })
    const run = crawl(spider, quick)
    expect(await collect(run)).toEqual([])
    expect(asked).toEqual([])
    expect(run.stats.skippedBy).toEqual({ disallowed: 1 })
  })

  it('that cannot be sent costs its page, with words that name the field', async () => {
    const { site } = await openAsked({})
    const spider = defineSpider({
      name: 'wrong',
      seeds: [site],
      parse: (page) => [page.follow('/s', { headers: { host: 'b.test' } })],
    })
    const events: CrawlEvent[] = []
    await collect(crawl(spider, { ...quick, observers: [(event) => events.push(event)] }))
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'ended',
        message: `Parser \`parse\` failed: \`headers\`: \`host\` is not for a spider to set (the URL says it): ${site}`,
      }),
    )
  })

  it('that fails is told by its method and URL', async () => {
    const { site } = await openAsked({ '/s': (response) => send(response, 404, '') })
    const spider = defineSpider({ name: 'told', seeds: [{ url: `${site}s`, form: {} }], parse: echo })
    const events: CrawlEvent[] = []
    await collect(crawl(spider, { ...quick, observers: [(event) => events.push(event)] }))
    expect(events).toContainEqual(expect.objectContaining({ kind: 'ended', message: `Status 404: POST ${site}s` }))
  })
})

describe('a request that was cut off, and may have arrived', () => {
  it.each<[what: string, asked: SendingOptions, sent: number]>([
    ['is not made again if it is a POST', { form: { q: 1 } }, 1],
    ['is made again if it is a POST that says it may be', { form: { q: 1 }, idempotent: true }, 2],
    ['is made again if it is a HEAD', { method: 'HEAD' }, 2],
    ['is not made again if it is a GET that says it may not be', { idempotent: false }, 1],
  ])('%s', async (_what, asked, sent) => {
    const cutOff: Answer = (response, got, visit) => {
      if (visit === 1) response.destroy()
      else ok(response, got, visit)
    }
    const { site, whats } = await openAsked({ '/s': cutOff })
    const spider = defineSpider({ name: 'cut', seeds: [{ url: `${site}s`, ...asked }], parse: echo })
    const run = crawl(spider, quick)
    expect(await collect(run)).toHaveLength(sent - 1)
    expect(whats()).toHaveLength(sent)
    expect(run.stats.failedBy).toEqual(sent === 1 ? { connection_reset: 1 } : {})
  })
})

describe('a HEAD', () => {
  it('is a page with headers and no body, whatever encoding and length it names', async () => {
    const { site, whats } = await openAsked({
      '/big': (response) =>
        void response.writeHead(200, { 'content-length': '99999999', 'content-encoding': 'gzip', etag: '"x"' }).end(),
      '/gone': (response) => send(response, 404, ''),
    })
    const spider = defineSpider({
      name: 'head',
      seeds: [
        { url: `${site}big`, method: 'HEAD' },
        { url: `${site}gone`, method: 'HEAD' },
      ],
      parse: (page) => [
        { bytes: page.body.length, text: page.text, etag: page.headers.etag, length: page.headers['content-length'] },
      ],
    })
    const run = crawl(spider, quick)
    expect(await collect(run)).toEqual([{ bytes: 0, text: '', etag: '"x"', length: '99999999' }])
    expect(run.stats.failedBy).toEqual({ http_404: 1 })
    expect(whats()).toEqual(['HEAD /big', 'HEAD /gone'])
  })

  it('is no page with the content of others: its follows are taken, however many there are', async () => {
    const paths = Array.from({ length: 15 }, (_, n) => `/page-${n}`)
    const { site, web } = await openAsked({}, { pages: 20 })
    const spider = defineSpider({
      name: 'heads',
      seeds: paths.map((path) => ({ url: new URL(path, site).href, method: 'HEAD' as const })),
      parse: (page) => [page.follow(page.url, 'echo')],
      parsers: { echo },
    })
    expect(await collect(crawl(spider, quick))).toHaveLength(15)
    expect(web.log).toHaveLength(1 + 15 + 15)
  })
})

describe('a redirect', () => {
  it.each([
    [301, 'GET /b', ''],
    [302, 'GET /b', ''],
    [303, 'GET /b', ''],
    [307, 'POST /b', 'q=1'],
    [308, 'POST /b', 'q=1'],
  ])('%i of a POST becomes %s', async (status, what, body) => {
    const { site, asked } = await openAsked({ '/a': redirect(status, '/b'), '/b': ok })
    const spider = defineSpider({
      name: 'way',
      seeds: [{ url: `${site}a`, form: { q: 1 }, headers: { 'x-token': 't' } }],
      parse: echo,
    })
    expect(await collect(crawl(spider, quick))).toEqual([{ text: `${what} ${body}`.trim(), redirects: ['/a'] }])
    expect(asked[1]).toMatchObject({ what, body, headers: { 'x-token': 't' } })
    expect('content-type' in (asked[1]?.headers ?? {})).toBe(body !== '')
  })

  it('of a HEAD stays one', async () => {
    const { site, whats } = await openAsked({ '/a': redirect(303, '/b'), '/b': ok })
    const spider = defineSpider({ name: 'way', seeds: [{ url: `${site}a`, method: 'HEAD' }], parse: echo })
    await collect(crawl(spider, quick))
    expect(whats()).toEqual(['HEAD /a', 'HEAD /b'])
  })

  it('takes no headers of its own to another origin, and keeps them on its own', async () => {
    const headers = { Authorization: 'Bearer s', Cookie: 'a=b', 'X-Api-Key': 's', 'Accept-Language': 'de' }
    const got: IncomingMessage['headers'][] = []
    const web = await openWeb({
      hosts: 2,
      routes: {
        '/in': (_request, response) => void response.writeHead(302, { location: '/on' }).end(),
        '/on': (request, response) => {
          got.push(request.headers)
          response.writeHead(302, { location: new URL('/out', web.urls[1]).href }).end()
        },
        '/out': (request, response) => {
          got.push(request.headers)
          send(response, 200, '<h1>out</h1>')
        },
      },
    })
    onTestFinished(() => web[Symbol.asyncDispose]())
    const spider = defineSpider({
      name: 'away',
      seeds: [{ url: new URL('/in', web.urls[0]).href, headers }],
      parse: echo,
    })
    const items = await collect(crawl(spider, { ...quick, within: 'anywhere', allowPrivate: ['127.0.0.0/8'] }))
    expect(items).toEqual([{ text: 'out', redirects: ['/in', '/on'] }])
    expect(got[0]).toMatchObject({
      authorization: 'Bearer s',
      cookie: 'a=b',
      'x-api-key': 's',
      'accept-language': 'de',
    })
    expect(got[1]).toMatchObject({ 'accept-language': 'de' })
    for (const name of ['authorization', 'cookie', 'x-api-key']) expect(got[1]).not.toHaveProperty(name)
  })

  it('of a POST to its own URL, and back there later as a GET, is no loop', async () => {
    const a: Answer = (response, got) => {
      if (got.what.startsWith('POST')) response.writeHead(303, { location: '/b' }).end()
      else ok(response, got, 1)
    }
    const { site, whats } = await openAsked({ '/a': a, '/b': redirect(302, '/a') })
    const spider = defineSpider({ name: 'login', seeds: [{ url: `${site}a`, form: { user: 'u' } }], parse: echo })
    const store = newFolder()
    expect(await collect(crawl(spider, { ...quick, store }))).toEqual([{ text: 'GET /a', redirects: ['/a', '/b'] }])
    expect(whats()).toEqual(['POST /a', 'GET /b', 'GET /a'])
  })

  it('that leads round in POSTs is one', async () => {
    const { site, whats } = await openAsked({ '/a': redirect(307, '/b'), '/b': redirect(308, '/a') })
    const spider = defineSpider({ name: 'round', seeds: [{ url: `${site}a`, json: {} }], parse: echo })
    const run = crawl(spider, quick)
    await collect(run)
    expect(whats()).toEqual(['POST /a', 'POST /b'])
    expect(run.stats.failedBy).toEqual({ redirect_loop: 1 })
  })
})

describe('in a store', () => {
  it('the method is told by page and ledger', async () => {
    const { site } = await openAsked({ '/a': redirect(303, '/b'), '/b': ok })
    const spider = defineSpider({ name: 'told', seeds: [{ url: `${site}a`, form: { q: 1 } }], parse: echo })
    const folder = newFolder()
    await collect(crawl(spider, { ...quick, store: folder }))
    using store = Store.openToRead(folder)
    const pages = store.database.prepare('select url, method from page order by id').all()
    expect(pages).toEqual([
      { url: `${site}a`, method: 'POST' },
      { url: `${site}b`, method: null },
    ])
    expect(
      [...store.ledger.rows()].map(({ sent, isGenuine }) => [sent.method, new URL(sent.url).pathname, isGenuine]),
    ).toEqual([
      [undefined, '/robots.txt', true],
      ['POST', '/a', true],
      [undefined, '/b', true],
    ])
  })

  it('a seed that asks something else of a URL is new, and the others are not asked again', async () => {
    const { site, whats } = await openAsked({ '/s': ok })
    const spiderOf = (...queries: number[]) =>
      defineSpider({ name: 'more', seeds: queries.map((q) => ({ url: `${site}s`, form: { q } })), parse: echo })
    const resume = { ...quick, store: newFolder(), start: 'resume' } as const
    await collect(crawl(spiderOf(1), resume))
    const events: CrawlEvent[] = []
    expect(
      await collect(crawl(spiderOf(1, 2), { ...resume, observers: [(event) => events.push(event)] })),
    ).toMatchObject([{ text: 'POST /s q=2' }])
    expect(whats()).toEqual(['POST /s', 'POST /s'])
    expect(events[0]).toMatchObject({ changes: [expect.stringMatching(/^the seed POST .*s \(body \w{8}\) is new$/)] })
  })

  it('a POST that waits outlives a kill, with its headers and body', async () => {
    const { web, site, asked } = await openAsked({ '/s': ok })
    const folder = await openFolder({
      'spiders/posts.ts': `
        import { defineSpider } from 'doff'
        export default defineSpider({
          name: 'posts',
          seeds: ['${site}'],
          *parse(page) {
            for (let q = 0; q < 30; q++) yield page.follow('/s', 'echo', { form: { q }, headers: { 'x-token': 'ä' + q }, data: q })
          },
          parsers: { *echo(page) { yield { q: page.data, text: page.$('h1').text() } } },
        })`,
    })
    const args = ['crawl', 'posts', '-o', 'out.jsonl', '--resume']
    const running = startDoff(folder, [...args, '--delay', '60ms'])
    while (asked.length < 5) await sleep(10)
    running.kill('SIGKILL')
    await running.ended
    expect(asked.length).toBeLessThan(30)
    const { code, stdout, stderr } = await runDoff(folder, [...args, '--delay', '0', '--quiet'])
    expect([code, stdout, stderr]).toEqual([0, '', ''])
    const out = await readFile(join(folder, 'out.jsonl'), 'utf8')
    const items = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { q: number; text: string })
    expect(items.toSorted((a, b) => a.q - b.q)).toEqual(
      Array.from({ length: 30 }, (_, q) => ({ q, text: `POST /s q=${q}` })),
    )
    for (const { body, headers } of asked) expect(headers['x-token']).toBe(`ä${body.slice(2)}`)
    // What was out when it was killed, and what had not been written down, was sent again.
    expect(web.log.length - 31).toBeLessThan(10)
  }, 90_000)
})
