/** `--cache` and `--replay`, as a user has them. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openWeb } from '../sites/web.ts'
import { openFolder, runDoff, startDoff } from './run-doff.ts'

// Each of them is several processes, one after the other.
vi.setConfig({ testTimeout: 120_000 })

const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    yield { path: page.url.pathname }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

async function open() {
  const web = await openWeb({
    robots: 'User-agent: *\nDisallow: /page-9\n',
    routes: {
      '/': ({ headers }, response) => {
        const links = Array.from({ length: 12 }, (_, n) => `<a href="/p${n}">p</a>`).join('')
        if (headers['if-none-match'] === '"front"') response.writeHead(304).end()
        else response.writeHead(200, { etag: '"front"', 'content-type': 'text/html' }).end(links)
      },
      ...Object.fromEntries(
        Array.from({ length: 12 }, (_, n) => [
          `/p${n}`,
          (_request: unknown, response: import('node:http').ServerResponse) =>
            response.writeHead(200, { 'cache-control': 'max-age=600' }).end(`<h1>${n}</h1>`),
        ]),
      ),
    },
  })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/pages.ts': pages })
  const args = ['crawl', 'pages', '-a', `site=${web.urls[0]}`, '--delay', '20', '--log-level', 'warn']
  const paths = () => web.log.splice(0).map(({ path }) => path)
  return { web, folder, args, paths }
}

describe('doff crawl --cache', () => {
  it('asks only for what may have changed, says so, and keeps its promises', async () => {
    const { folder, args, paths } = await open()
    const first = await runDoff(folder, [...args, '--cache', 'kept', '-O', 'first.jsonl'])
    expect(first.code).toBe(0)
    expect(first.stderr).not.toContain('  cache ')
    expect(paths()).toHaveLength(14)
    const second = await runDoff(folder, [...args, '--fresh', '--cache', 'kept', '-O', 'second.jsonl'])
    expect(second.code).toBe(0)
    expect(paths()).toEqual(['/robots.txt', '/'])
    expect(second.stderr).toContain('  cache    12 answered without a request, 1 found unchanged by one (304)')
    const linesOf = async (file: string) => (await readFile(join(folder, file), 'utf8')).split('\n').toSorted()
    expect(await linesOf('second.jsonl')).toEqual(await linesOf('first.jsonl'))
    const audit = await runDoff(folder, ['audit', 'pages'])
    expect([audit.code, audit.stdout]).toEqual([0, expect.stringContaining('2 requests') as string])
  })

  it('is part of the command that --resume repeats, after a kill too', async () => {
    const { folder, args, paths } = await open()
    await runDoff(folder, [...args, '--cache', 'kept', '--store', 'memory'])
    paths()
    const running = startDoff(folder, [...args, '--cache', 'kept', '--delay', '300', '--log-level', 'debug'])
    await running.said('requested')
    running.kill('SIGKILL')
    await running.ended
    const { code } = await runDoff(folder, ['crawl', 'pages', '--resume', '--delay', '20', '--quiet'])
    expect(code).toBe(0)
    expect(paths().filter((path) => path.startsWith('/p'))).toEqual([])
    expect((await runDoff(folder, ['audit', 'pages'])).code).toBe(0)
  })

  it('can be left out of a crawl that was begun with it, or changed for a recording', async () => {
    const { folder, args, paths } = await open()
    const resume = ['crawl', 'pages', '--resume', '--quiet', '--max-pages']
    await runDoff(folder, [...args, '--cache', 'kept', '--max-pages', '3'])
    await writeFile(join(folder, 'kept/exchanges.db'), 'text '.repeat(1000))
    const refused = await runDoff(folder, [...resume, '5'])
    expect(refused.code).toBe(1)
    expect((await runDoff(folder, [...resume, '5', '--cache', 'none'])).code).toBe(3)
    expect((await runDoff(folder, [...resume, '7', '--replay', 'recording'])).code).toBe(3)
    expect(existsSync(join(folder, 'recording/exchanges.db'))).toBe(true)
    expect((await runDoff(folder, [...resume, '13', '--replay', 'none'])).code).toBe(0)
    expect(paths().filter((path) => path.startsWith('/p'))).toHaveLength(12)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('is refused beside --replay, and where its folder holds something else', async () => {
    const { folder, args } = await open()
    const both = await runDoff(folder, [...args, '--cache', 'a', '--replay', 'b'])
    expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/^doff: A crawl has a `cache` or a recording/)])
    await runDoff(folder, [...args, '--store', 'memory', '--replay', 'b'])
    const other = await runDoff(folder, [...args, '--store', 'memory', '--cache', 'b'])
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('doff: b/exchanges.db is no cache')])
    await writeFile(join(folder, 'b/exchanges.db'), 'text '.repeat(1000))
    const broken = await runDoff(folder, [...args, '--store', 'memory', '--replay', 'b'])
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining('damaged, or no database (remove it)')])
    const small = await runDoff(folder, [...args, '-s', 'maxCacheBytes=1000', '--cache', 'c'])
    expect([small.code, small.stderr]).toEqual([2, expect.stringContaining('at least 1 MiB')])
  })
})

it.each(['--cache', '--replay', '--files'])('--fresh removes nothing where %s is no folder', async (flag) => {
  const { folder, args } = await open()
  await runDoff(folder, args)
  await writeFile(join(folder, 'text'), 'text')
  const { code, stderr } = await runDoff(folder, [...args, '--fresh', flag, 'text'])
  expect([code === 0, stderr]).toEqual([false, expect.stringMatching(/^doff: .*text.*\n$/)])
  const { stdout } = await runDoff(folder, ['export', 'pages', '-o', '-'])
  expect(stdout.match(/"path"/g)).toHaveLength(13)
})

describe('doff crawl --replay', () => {
  it('needs no site the second time', async () => {
    const { web, folder, args } = await open()
    await runDoff(folder, [...args, '--replay', 'kept', '-O', 'first.jsonl'])
    await web[Symbol.asyncDispose]()
    const second = await runDoff(folder, [
      ...args,
      '--fresh',
      '--replay',
      'kept',
      '--delay',
      '1h',
      '-O',
      'second.jsonl',
    ])
    expect(second.code).toBe(0)
    expect(second.stderr).toContain('0 requests to 0 hosts')
    const linesOf = async (file: string) => (await readFile(join(folder, file), 'utf8')).split('\n').toSorted()
    expect(await linesOf('second.jsonl')).toEqual(await linesOf('first.jsonl'))
    expect((await runDoff(folder, ['audit', 'pages'])).code).toBe(0)
  })
})
