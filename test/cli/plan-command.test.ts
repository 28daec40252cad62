/** `doff plan` as a user sees it: what it says of each host, and that it asks for robots.txt, for sitemaps if told to, and for nothing else. */
import type { IncomingMessage } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { openFolder, runDoff } from './run-doff.ts'

const hostOf = ({ socket }: IncomingMessage) => socket.localAddress ?? ''

const sitemapOf = (pages: number) => (request: IncomingMessage) =>
  `<urlset>${Array.from({ length: pages }, (_, page) => `<url><loc>http://${request.headers.host}/map/${page}</loc></url>`).join('')}</urlset>`

/** 127.0.0.2 has rules and a sitemap, .3 a Crawl-delay, .4 too long a one, .5 is in trouble. */
const routes: NonNullable<WebOptions['routes']> = {
  '/robots.txt': (request, response) => {
    const host = hostOf(request)
    if (host === '127.0.0.2')
      response.end('User-agent: *\nDisallow: /private\nDisallow: /map/7\nSitemap: /map.xml\nSitemap: /gone.xml\n')
    else if (host === '127.0.0.3') response.end('User-agent: *\nCrawl-delay: 0.5\nDisallow: /private\n')
    else if (host === '127.0.0.4') response.end('User-agent: *\nCrawl-delay: 90\n')
    else send(response, 500, '')
  },
  '/map.xml': (request, response) => response.end(sitemapOf(120)(request)),
  '/gone.xml': (_request, response) => send(response, 404, ''),
}

async function plan(hosts: number, paths: readonly string[], ...flags: string[]) {
  const web = await openWeb({ hosts, routes })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const seeds = web.urls.flatMap((url) => paths.map((path) => new URL(path, url).href))
  const folder = await openFolder({
    'spiders/shop.ts': `import { defineSpider } from 'doff'
export default defineSpider({ name: 'shop', seeds: ${JSON.stringify(seeds)}, sitemaps: true, parse: () => [] })`,
  })
  const started = performance.now()
  const { code, stdout, stderr } = await runDoff(folder, ['plan', 'shop', '--delay', '200ms', ...flags])
  const bases = web.urls.map((url) => url.slice(0, -1))
  const text = bases.reduce((said, base) => said.replaceAll(base, new URL(base).hostname), stdout)
  return {
    ...{ code, stderr, elapsedMs: performance.now() - started },
    lines: text.trimEnd().split('\n'),
    asked: web.log.map(({ host, path }) => `${host}${path}`).toSorted(),
  }
}

const sorted = (lines: readonly string[]) => lines.toSorted()

describe('doff plan', () => {
  it('tells hosts, delays and where they are from, what is disallowed, and how long the seeds take', async () => {
    const { code, stderr, lines, asked } = await plan(4, ['/', '/private'])
    expect([code, stderr]).toEqual([0, ''])
    expect(lines[0]).toBe('shop would begin with 2 URLs, from the seeds:')
    expect(lines[2]).toBe('host       allowed  disallowed  put off  delay                 time for these')
    expect(sorted(lines.slice(3, 7))).toEqual([
      '127.0.0.2        1           1        0  200 ms (delayMs)      0.2 s',
      '127.0.0.3        1           1        0  500 ms (Crawl-delay)  0.5 s',
      '127.0.0.4        0           0        2  200 ms (delayMs)      -',
      '127.0.0.5        0           0        2  1,000 ms (back-off)   -',
    ])
    expect(sorted(lines.slice(8, -3))).toEqual([
      '127.0.0.2/private: line 2 of robots.txt: Disallow: /private',
      '127.0.0.2/robots.txt: 200, 2 rules for us, 2 sitemaps named',
      '127.0.0.3/private: line 3 of robots.txt: Disallow: /private',
      '127.0.0.3/robots.txt: 200, 1 rule for us, 0 sitemaps named',
      '127.0.0.4/: Crawl-delay of 90000 ms (maxCrawlDelayMs is 60000)',
      '127.0.0.4/private: Crawl-delay of 90000 ms (maxCrawlDelayMs is 60000)',
      '127.0.0.4/robots.txt: 200, 0 rules for us, 0 sitemaps named',
      '127.0.0.5/: Status 500: GET 127.0.0.5/robots.txt',
      '127.0.0.5/private: Status 500: GET 127.0.0.5/robots.txt',
      '127.0.0.5/robots.txt: cannot be read: Status 500: GET 127.0.0.5/robots.txt',
    ])
    expect(lines.slice(-3)).toEqual([
      '',
      'Hosts are visited side by side (16 requests at once at most), so this takes about 0.5 s; links that are found on these pages come on top.',
      'With --sitemaps, sitemaps are read, to tell how large the sites are.',
    ])
    expect(asked).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'].map((host) => `${host}/robots.txt`))
  })

  it('--sitemaps: reads those that robots.txt names, and reckons with their pages', async () => {
    const { code, stderr, lines, asked } = await plan(1, ['/'], '--sitemaps', '--max-pages', '50')
    expect([code, stderr]).toEqual([0, ''])
    // Of 120 pages, 11 begin with /map/7; the others take 200 ms and 3 % each.
    expect(lines).toEqual([
      'shop would begin with 110 URLs, from the seeds and 1 sitemap:',
      '',
      'host       allowed  disallowed  put off  delay             time for these',
      '127.0.0.2      110          11        0  200 ms (delayMs)  22.5 s',
      '',
      '127.0.0.2/robots.txt: 200, 2 rules for us, 2 sitemaps named',
      'Status 404: GET 127.0.0.2/gone.xml',
      ...[7, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79].map(
        (page) => `127.0.0.2/map/${page}: line 3 of robots.txt: Disallow: /map/7`,
      ),
      '',
      'Hosts are visited side by side (16 requests at once at most), so this takes about 22.5 s; links that are found on these pages come on top.',
      'maxPages ends the crawl after 50 pages.',
    ])
    expect(asked).toEqual(['127.0.0.2/gone.xml', '127.0.0.2/map.xml', '127.0.0.2/robots.txt'])
  })

  it('a sitemap that is put off is none of the URLs', async () => {
    const { lines, asked } = await plan(3, ['/'], '--sitemaps')
    expect(lines).toContain('127.0.0.4        0           0        1  200 ms (delayMs)      -')
    expect(asked).not.toContain('127.0.0.4/sitemap.xml')
  })

  it('no host gets more than maxPagesPerHost, in the time either', async () => {
    const { lines } = await plan(1, ['/'], '--sitemaps', '-s', 'maxPagesPerHost=10', '--concurrency', '1')
    expect(lines[3]).toBe('127.0.0.2      110          11        0  200 ms (delayMs)  2.0 s')
    expect(lines.slice(-2)).toEqual([
      'Hosts are visited side by side (1 request at once at most), so this takes about 2.0 s; links that are found on these pages come on top.',
      'maxPagesPerHost lets no host have more than 10 pages.',
    ])
  })

  it('where nothing may be fetched, it says so, with exit code 3', async () => {
    const { code, lines, asked } = await plan(1, ['/private'])
    expect([code, lines[0], asked]).toEqual([
      3,
      'shop would begin with 0 URLs, from the seeds:',
      ['127.0.0.2/robots.txt'],
    ])
    expect(lines).toContain('127.0.0.2        0           1        0  200 ms (delayMs)  -')
    expect(lines.at(-2)).toBe('Nothing may be fetched.')
  })

  it.each([
    ['an unknown spider', 'nope', 'No spider is called "nope" (known: away)'],
    [
      'a public host, and nobody who can be reached',
      'away',
      'No `contact` is set, and shop.test is not this machine: say how its owner can reach you (--contact you@example.org, or `contact` in config/default.ts)',
    ],
  ])('a mistake is one clear line: %s', async (_name, name, message) => {
    const folder = await openFolder({
      'spiders/away.ts': `import { defineSpider } from 'doff'
export default defineSpider({ name: 'away', seeds: ['https://shop.test/'], parse: () => [] })`,
    })
    expect(await runDoff(folder, ['plan', name])).toEqual({ code: 2, stdout: '', stderr: `doff: ${message}\n` })
  })
})
