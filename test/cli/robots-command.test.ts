/** `doff robots` as a user sees it: every word of its answers, and that it asks for robots.txt and nothing else. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { openFolder, runDoff } from './run-doff.ts'

/** The answer, with what differs from day to day replaced. */
async function ask(path: string, web: WebOptions, ...flags: string[]) {
  const site = await openWeb(web)
  onTestFinished(() => site[Symbol.asyncDispose]())
  const folder = await openFolder({})
  const base = site.urls[0]?.slice(0, -1) ?? ''
  const { code, stdout, stderr } = await runDoff(folder, ['robots', base + path, ...flags])
  expect(stderr).toBe('')
  const text = stdout.replaceAll(base, 'SITE').replace(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
  return { code, lines: text.trimEnd().split('\n'), asked: site.log.map((line) => line.path) }
}

const file = `User-agent: *
Disallow: /private
Allow: /private/but/this

User-agent: doff
Disallow: /private # of ours
Allow: /private/open
Crawl-delay: 2.5
Content-Signal: search=yes, ai-train=no
Sitemap: /sitemap.xml
Sitemap: https://elsewhere.test/map.xml
`

const rest = [
  '  file      SITE/robots.txt (200)',
  '  answer    200; read just now, good until DATE',
  '  rules     2, of the group of doff',
  '  asks for  a Crawl-delay of 2,500 ms',
  '  sitemap   SITE/sitemap.xml',
  '  sitemap   https://elsewhere.test/map.xml',
  '  signal    line 9: content-signal: search=yes, ai-train=no',
  '  delay     2,500 ms (Crawl-delay)',
]

describe('doff robots', () => {
  it.each([
    ['allowed by a rule', '/private/open', 0, 'allowed by line 7: Allow: /private/open'],
    ['allowed by none', '/', 0, 'allowed: no rule matches'],
    ['disallowed', '/private/1', 3, 'disallowed by line 6: Disallow: /private'],
    ['a rule of another group says nothing', '/private/but/this', 3, 'disallowed by line 6: Disallow: /private'],
  ])('%s, and all that the file says', async (_name, path, code, verdict) => {
    expect(await ask(path, { robots: file })).toEqual({
      code,
      lines: [`SITE${path}`, `  verdict   ${verdict}`, ...rest],
      asked: ['/robots.txt'],
    })
  })

  it('a robots.txt that is not there', async () => {
    expect(await ask('/page', {})).toEqual({
      code: 0,
      lines: [
        'SITE/page',
        '  verdict   allowed: no rule matches',
        '  file      SITE/robots.txt (404)',
        '  answer    404; read just now, good until DATE',
        '  rules     none for us: all is allowed',
        '  delay     1,000 ms (delayMs)',
      ],
      asked: ['/robots.txt'],
    })
  })

  it('one that cannot be read is asked for once', async () => {
    expect(await ask('/', { robots: 503 }, '--delay', '300ms')).toEqual({
      code: 3,
      lines: [
        'SITE/',
        '  verdict   disallowed, for robots.txt cannot be read: Status 503: GET SITE/robots.txt',
        '  file      SITE/robots.txt (503)',
        '  delay     1,000 ms (back-off)',
      ],
      asked: ['/robots.txt'],
    })
  })

  it('one that asks for more patience than there is', async () => {
    const { code, lines, asked } = await ask('/', { robots: 'User-agent: *\nCrawl-delay: 61\n' })
    expect([code, lines[1], asked]).toEqual([
      3,
      '  verdict   put off: its Crawl-delay of 61,000 ms is longer than maxCrawlDelayMs (60,000 ms)',
      ['/robots.txt'],
    ])
    expect((await ask('/', { robots: 'User-agent: *\nCrawl-delay: 61\n' }, '-s', 'maxCrawlDelayMs=61s')).code).toBe(0)
  })

  it('one that redirects to another host is read there', async () => {
    const there = createServer((_request, response) => response.end('User-agent: *\nDisallow: /a\n'))
    await new Promise<void>((resolve) => there.listen(0, '127.0.0.9', resolve))
    onTestFinished(() => void there.close())
    const url = `http://127.0.0.9:${(there.address() as AddressInfo).port}/robots.txt`
    const routes: WebOptions['routes'] = {
      '/robots.txt': (_request, response) => response.writeHead(301, { location: url }).end(),
    }
    const { code, lines, asked } = await ask('/a', { routes }, '--allow-private', '127.0.0.9')
    expect([code, ...lines.slice(1, 3), ...asked]).toEqual([
      3,
      '  verdict   disallowed by line 2: Disallow: /a',
      `  file      SITE/robots.txt (301), then ${url} (200)`,
      '/robots.txt',
    ])
  })

  it('a host whose robots.txt is to be ignored is visited, and both are said', async () => {
    const { code, lines } = await ask('/private', { robots: file }, '-s', 'ignoreRobotsOf=127.0.0.2')
    expect([code, lines[1]]).toEqual([
      0,
      '  verdict   disallowed by line 6: Disallow: /private; ignored, for ignoreRobotsOf names the host',
    ])
  })

  it('many sitemaps are counted, and a control character is shown', async () => {
    const robots = `${Array.from({ length: 23 }, (_, index) => `Sitemap: /${index}.xml\n`).join('')}License: a\u001b[31mb\n`
    const { lines } = await ask('/', { robots })
    expect(lines.filter((line) => line.startsWith('  sitemap'))).toHaveLength(20)
    expect(lines).toContain('            and 3 more')
    expect(lines).toContain('  signal    line 24: license: a\\u001b[31mb')
  })

  it.each([
    ['no URL', 'shop', '"shop" is no http(s) URL (write it like https://shop.test/)'],
    ['another scheme', 'ftp://shop.test/', '"ftp://shop.test/" is no http(s) URL (write it like https://shop.test/)'],
    [
      'a password in the URL',
      'https://ada:s3cret@shop.test/',
      "\"https://***@shop.test/\" has a user name or a password in it: leave them out, and set `basicAuth` to { 'https://shop.test': 'user:password' }",
    ],
    [
      'a public host, and nobody who can be reached',
      'https://shop.test/',
      'No `contact` is set, and shop.test is not this machine: say how its owner can reach you (--contact you@example.org, or `contact` in config/default.ts)',
    ],
  ])('a mistake is one clear line: %s', async (_name, url, message) => {
    expect(await runDoff(await openFolder({}), ['robots', url])).toEqual({
      code: 2,
      stdout: '',
      stderr: `doff: ${message}\n`,
    })
  })
})

describe('doff robots --store', () => {
  it('asks nobody, and tells what the crawl knows: rules, the pace of the host, and until when it waits', async () => {
    const site = await openWeb({
      pages: 3,
      robots: 'User-agent: *\nDisallow: /page-2\n',
      routes: {
        '/page-1': (_request, response, visit) =>
          visit === 1 ? response.writeHead(429, { 'retry-after': '7200' }).end() : send(response, 200, ''),
      },
    })
    onTestFinished(() => site[Symbol.asyncDispose]())
    const url = site.urls[0] ?? ''
    const folder = await openFolder({
      'spiders/pages.ts': `import { defineSpider } from 'doff'
        export default defineSpider({ name: 'pages', seeds: [${JSON.stringify(url)}],
          parse: function* (page) { for (const link of page.links()) yield page.follow(link) } })`,
    })
    expect((await runDoff(folder, ['crawl', 'pages', '--delay', '100', '--quiet'])).code).toBe(3)
    const requests = site.log.length
    const { code, stdout, stderr } = await runDoff(folder, ['robots', `${url}page-2`, '--store', '.doff/pages'])
    expect([code, stderr]).toEqual([3, ''])
    const lines = stdout.replace(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, 'DATE').split('\n')
    expect(lines).toEqual([
      `${url}page-2`,
      '  verdict   disallowed by line 2: Disallow: /page-2',
      `  file      ${url}robots.txt`,
      '  answer    200; read just now, good until DATE',
      '  rules     1, of the group of * (there is none of ours)',
      '  delay     1,000 ms (back-off)',
      '  host      put off until DATE (it asks for more patience than maxRetryAfterMs)',
      '',
    ])
    const unknown = await runDoff(folder, ['robots', 'http://127.0.0.99/', '--store', '.doff/pages'])
    expect([unknown.code, unknown.stdout]).toEqual([
      3,
      'http://127.0.0.99/\n  verdict   not known: the crawl has not read its robots.txt, or not lately\n  file      http://127.0.0.99/robots.txt\n  delay     100 ms (delayMs)\n',
    ])
    expect(site.log).toHaveLength(requests)
    expect(await runDoff(folder, ['robots', url, '--store', 'nowhere'])).toMatchObject({
      code: 2,
      stderr: 'doff: There is no store in nowhere (name its folder with --store DIR)\n',
    })
  })
})
