/** B7, RFC 9309 section 2.5: what is read of a robots.txt that is too long, on real sockets. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crawl } from '../../src/index.ts'
import { collect, pagesSpider } from '../sites/spiders.ts'
import { openWeb } from '../sites/web.ts'

const KiB = 1024
const MiB = 1024 * KiB

const rules = 'User-agent: *\nDisallow: /page-1\n'

/** The rules, and a gigabyte of blank lines: a file of gzip may have many members (RFC 1952 section 2.2). */
const blank = gzipSync(Buffer.alloc(MiB, '\n'))
const bomb = Buffer.concat([gzipSync(rules), ...Array<Uint8Array>(KiB).fill(blank)])

/** Crawls pages 0 to 2 of a site with that robots.txt. */
async function crawlSite(robots: (response: ServerResponse) => void, options: Parameters<typeof crawl>[1] = {}) {
  await using web = await openWeb({ pages: 3, routes: { '/robots.txt': (_, response) => robots(response) } })
  const [front = ''] = web.urls
  const run = crawl(pagesSpider([front, `${front}page-1`, `${front}page-2`]), {
    delayMs: 1,
    robotsRetryMs: 1,
    maxRobotsAttempts: 1,
    ...options,
  })
  await collect(run)
  return { paths: web.log.map(({ path }) => path), stats: run.stats }
}

/** Writes for as long as it is read; tells how much of it got out. */
function writeEndlessly(response: ServerResponse, chunk: Uint8Array): () => number {
  let bytes = 0
  const write = () => {
    while (!response.destroyed) {
      bytes += chunk.length
      if (!response.write(chunk)) break
    }
  }
  response.on('drain', write)
  write()
  return () => bytes
}

describe('B7, RFC 9309 section 2.5: a robots.txt', () => {
  it('of 2 MB: the rules in its first 500 KiB hold, also its last full one there, and later ones do not', async () => {
    const comments = (bytes: number) => '# nothing\n'.repeat(bytes / 10)
    const head = `User-agent: *\n${comments(499 * KiB)}Disallow: /page-1\n`
    const { paths } = await crawlSite((response) => response.end(`${head}${comments(1.5 * MiB)}Disallow: /page-2\n`))
    expect(paths).toEqual(['/robots.txt', '/', '/page-2'])
  })

  it('that is cut in the middle of a rule does not get a shorter, wider one', async () => {
    const head = 'User-agent: *\n'
    // The limit falls after "Disallow: /page-".
    const rule = 'Disallow: /page-'
    const body = `${head}${'#'.repeat(512 * KiB - head.length - rule.length - 1)}\n${rule}9\n`
    const { paths } = await crawlSite((response) => response.end(body))
    expect(paths).toEqual(['/robots.txt', '/', '/page-1', '/page-2'])
  })

  it('without an end is read no further', async () => {
    let written = () => 0
    const { paths, stats } = await crawlSite((response) => {
      response.write(rules)
      written = writeEndlessly(response, Buffer.from('# nothing\n'.repeat(6_000)))
    })
    expect(paths).toEqual(['/robots.txt', '/', '/page-2'])
    // What the sockets hold on their way comes on top.
    expect(written()).toBeLessThan(20 * MiB)
    expect(stats.bytes).toBeLessThan(MiB)
  })

  it.each([
    ['gzip', bomb],
    ['gzip, gzip', gzipSync(bomb)],
  ])(
    'of a few bytes of %s that unfold to 1 GB: its first rules hold, and memory stays flat',
    async (encoding, body) => {
      let most = 0
      const before = process.memoryUsage.rss()
      const watch = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss() - before)
      }, 5)
      const { paths } = await crawlSite((response) => {
        response.writeHead(200, { 'content-encoding': encoding, 'content-type': 'text/plain' }).end(body)
      })
      clearInterval(watch)
      expect(paths).toEqual(['/robots.txt', '/', '/page-2'])
      expect(most).toBeLessThan(64 * MiB)
    },
  )

  it('that drips for ever is given up after its own time limit, and its pages are put off', async () => {
    const startedAt = performance.now()
    const { paths, stats } = await crawlSite(
      (response) => {
        response.write(rules)
        const drip = setInterval(() => response.write('#\n'), 20)
        response.on('close', () => clearInterval(drip))
      },
      { robotsTimeoutMs: 300 },
    )
    expect(paths).toEqual(['/robots.txt'])
    expect(stats.deferredBy).toEqual({ robots_unreachable: 3 })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('B5, RFC 9309 section 2.3.1.4: a robots.txt', () => {
  it.each<[what: string, robots: (response: ServerResponse) => void]>([
    ['that is cut off', (response) => response.writeHead(200, { 'content-length': 100 }).write(rules)],
    ['whose encoding is broken', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(rules)],
    [
      'whose encoding is cut off',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(rules).subarray(0, 25)),
    ],
    ['whose socket is closed', (response) => response.socket?.destroy()],
    ['whose head is none', (response) => response.socket?.end('HTTP/1.1 what\r\n\r\n')],
  ])('%s gives no leave', async (what, robots) => {
    const { paths, stats } = await crawlSite((response) => {
      robots(response)
      if (what === 'that is cut off') setTimeout(() => response.destroy(), 30)
    })
    expect(new Set(paths)).toEqual(new Set(['/robots.txt']))
    expect(stats.deferredBy).toEqual({ robots_unreachable: 3 })
  })
})
