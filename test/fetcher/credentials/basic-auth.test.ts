import { describe, expect, it, onTestFinished } from 'vitest'
import { authOriginOf, authorizations } from '../../../src/fetcher/credentials/basic-auth.ts'
import { type CrawlEvent, crawl, defineSpider } from '../../../src/index.ts'
import { collect } from '../../sites/spiders.ts'
import { openWeb, send } from '../../sites/web.ts'

describe('the place of a user name and password', () => {
  it.each([
    ['https://intranet.test', 'https://intranet.test'],
    ['https://intranet.test/', 'https://intranet.test'],
    ['HTTPS://Intranet.test:443', 'https://intranet.test'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['intranet.test', 'https://intranet.test'],
    ['127.0.0.1', 'https://127.0.0.1'],
    ['[::1]', 'https://[::1]'],
    ['bücher.test', 'https://xn--bcher-kva.test'],
  ])('%s is the origin %s', (place, origin) => {
    expect(authOriginOf(place)).toBe(origin)
  })

  it.each([
    '',
    'a.test:8080',
    'a.test/path',
    'https://a.test/path',
    'https://a.test?x',
    'https://u:p@a.test',
    'ftp://a.test',
    'a b',
  ])('%j is none', (place) => {
    expect(authOriginOf(place)).toBeUndefined()
  })
})

it('RFC 7617 section 2: the user name and password are sent as Base64', () => {
  expect(authorizations({ 'a.test': 'Aladdin:open sesame' }).get('https://a.test')).toBe(
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  )
})

it('RFC 7617 section 2.1: they are sent in UTF-8', () => {
  expect(authorizations({ 'a.test': 'test:123£' }).get('https://a.test')).toBe('Basic dGVzdDoxMjPCow==')
})

describe('basic authentication', () => {
  const secret = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`

  /** Two hosts whose pages need a password, as a server does it, and what came to each of them. */
  async function openSites() {
    const seen: { host: string; path: string; authorization: string | undefined }[] = []
    const answer =
      (html: string): NonNullable<NonNullable<Parameters<typeof openWeb>[0]>['routes']>[string] =>
      (request, response) => {
        const { authorization } = request.headers
        seen.push({ host: String(request.headers.host), path: request.url ?? '', authorization })
        if (authorization !== secret) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        else if (request.url === '/robots.txt') send(response, 200, 'User-agent: *\nSitemap: /sitemap.xml\n')
        else send(response, 200, html)
      }
    const urls: string[] = []
    const routes = {
      '/robots.txt': answer(''),
      '/sitemap.xml': answer('<urlset></urlset>'),
      '/': answer('<a href="/page">page</a> <a href="/away">away</a>'),
      '/page': answer('<h1>Inside</h1>'),
      '/away': (...[, response]: Parameters<ReturnType<typeof answer>>) =>
        void response.writeHead(302, { location: `${urls[1]}there` }).end(),
      '/there': answer('<h1>There</h1>'),
    }
    const web = await openWeb({ hosts: 2, routes })
    onTestFinished(() => web[Symbol.asyncDispose]())
    urls.push(...web.urls)
    const [here = '', there = ''] = web.urls
    return { seen, here, there }
  }

  const spiderOf = (seed: string) =>
    defineSpider({
      name: 'inside',
      seeds: [seed],
      sitemaps: true,
      options: { delayMs: 0, within: 'anywhere', allowPrivate: ['127.0.0.0/8'] },
      *parse(page) {
        yield { title: page.$('h1').text() }
        for (const url of page.links()) yield page.follow(url)
      },
    })

  it('goes with every request to its origin - robots.txt, sitemap, page - unasked', async () => {
    const { seen, here } = await openSites()
    const items = await collect(crawl(spiderOf(here), { basicAuth: { [new URL(here).origin]: 'ada:s3cret' } }))
    expect(items).toContainEqual({ title: 'Inside' })
    const host = new URL(here).host
    const toIt = seen.filter((request) => request.host === host)
    expect(toIt.map(({ path }) => path).toSorted()).toEqual(['/', '/page', '/robots.txt', '/sitemap.xml'])
    expect(new Set(toIt.map(({ authorization }) => authorization))).toEqual(new Set([secret]))
  })

  it('goes to no other origin, not even where a redirect leads', async () => {
    const { seen, here, there } = await openSites()
    await collect(crawl(spiderOf(here), { basicAuth: { [new URL(here).origin]: 'ada:s3cret' } }))
    const elsewhere = seen.filter(({ host }) => host === new URL(there).host)
    expect(elsewhere.map(({ path }) => path)).toEqual(['/robots.txt', '/there'])
    expect(elsewhere.every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  it("ours: a follow's own header goes before it", async () => {
    const { seen, here } = await openSites()
    const own = defineSpider({
      name: 'own',
      seeds: [here],
      options: { delayMs: 0, basicAuth: { [new URL(here).origin]: 'ada:s3cret' } },
      parse: (page) =>
        page.url.pathname === '/' ? [page.follow('/page', { headers: { Authorization: 'Bearer mine' } })] : [],
    })
    await collect(crawl(own))
    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/robots.txt', secret],
      ['/', secret],
      ['/page', 'Bearer mine'],
    ])
  })

  it.each([
    ['another scheme', (origin: string) => origin.replace('http:', 'https:')],
    ['another port', (origin: string) => origin.replace(/:\d+$/, ':1')],
    ['the host name, which stands for https', (origin: string) => new URL(origin).hostname],
  ])('for %s is not sent', async (_name, placeOf) => {
    const { seen, here } = await openSites()
    const basicAuth = { [placeOf(new URL(here).origin)]: 'ada:s3cret' }
    await collect(crawl(spiderOf(here), { basicAuth }))
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true)
  })

  it.each<[name: string, basicAuthFor: (origin: string) => Record<string, string>, remedy: (origin: string) => string]>(
    [
      ['is not set', () => ({}), (origin) => `set basicAuth for ${origin}`],
      ['is set for another host', () => ({ 'a.test': 'ada:s3cret' }), (origin) => `set basicAuth for ${origin}`],
      [
        'is set for https, and not for http',
        (origin) => ({ [new URL(origin).hostname]: 'ada:s3cret' }),
        (origin) => `basicAuth is set for https://${new URL(origin).hostname}, and not for ${origin}`,
      ],
      [
        'is wrong',
        (origin) => ({ [origin]: 'ada:wr0ng' }),
        (origin) => `the user name or password of basicAuth for ${origin} was refused`,
      ],
    ],
  )('that %s is said where a page wants it', async (_name, basicAuthFor, remedy) => {
    const { here } = await openSites()
    const { origin } = new URL(here)
    const events: CrawlEvent[] = []
    const observers = [(event: CrawlEvent) => events.push(event)]
    await collect(crawl(spiderOf(here), { basicAuth: basicAuthFor(origin), observers }))
    const messages = events.flatMap((event) => (event.kind === 'ended' ? [event.message] : []))
    expect(messages).toEqual([`Status 401: GET ${here} (${remedy(origin)})`])
    expect(JSON.stringify(events)).not.toMatch(/s3cret|wr0ng|YWRh/)
  })

  it.each<[name: string, challenge: string[], own: string | undefined, hasRemedy: boolean]>([
    ['offers it among others', ['Digest realm="x"', 'basic realm="y"'], undefined, true],
    ['does not offer it', ['Bearer realm="basic"'], undefined, false],
    ['offers nothing', [], undefined, false],
    ["refused the follow's own authorization", ['Basic'], 'Bearer mine', false],
  ])('is proposed only where it would help: a page that %s', async (_name, challenge, own, hasRemedy) => {
    const web = await openWeb({
      routes: { '/': (_, response) => void response.writeHead(401, { 'www-authenticate': challenge }).end() },
    })
    onTestFinished(() => web[Symbol.asyncDispose]())
    const [url = ''] = web.urls
    const events: CrawlEvent[] = []
    const headers = own === undefined ? {} : { headers: { authorization: own } }
    const spider = defineSpider({ name: 'one', seeds: [{ url, ...headers }], parse: () => [] })
    await collect(crawl(spider, { delayMs: 0, observers: [(event) => events.push(event)] }))
    expect(events.find(({ kind }) => kind === 'ended')).toMatchObject({
      message: `Status 401: GET ${url}${hasRemedy ? ` (set basicAuth for ${new URL(url).origin})` : ''}`,
    })
  })
})
