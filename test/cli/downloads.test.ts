/** Downloads from the command line: real processes, real kills, real limits. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { digestOf, type FileRoute, openFileServer } from '../sites/file-server.ts'
import { send } from '../sites/web.ts'
import { openFolder, runDoff, startDoff } from './run-doff.ts'

const root = resolve(import.meta.dirname, '../..')
const megabyte = 1024 * 1024

const covers = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'covers',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    for (const url of page.links()) yield page.download(url, 'cover')
  },
  parsers: {
    *cover(page) {
      yield { ...page.file }
    },
  },
})
`

async function openCrawl(file: FileRoute) {
  const server = await openFileServer({
    '/': { answer: (_request, response) => send(response, 200, '<a href=/a.png>A</a><a href=/b.png>B</a>') },
    '/a.png': { type: 'image/png' },
    '/b.png': { type: 'image/png', seed: 2, ...file },
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/covers.ts': covers })
  const items = async () =>
    (await readFile(join(folder, 'out.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; sha256: string; url: string })
  /** Of the large one, as the server's log has them. */
  const ranges = () => server.log.filter(({ path }) => path === '/b.png').map(({ range }) => range)
  const begin = ['crawl', 'covers', '-a', `site=${server.url}`, '--delay', '0', '--quiet', '-o', 'out.jsonl']
  return { server, folder, items, ranges, begin }
}

it('kill -9 in the middle of a file, then --resume: the file is whole, and its item is there once', async () => {
  const bytes = 60 * megabyte
  const { server, folder, items, ranges, begin } = await openCrawl({ bytes })
  const running = startDoff(folder, [...begin, '--files', 'kept'])
  while (!server.log.some(({ path, sentBytes }) => path === '/b.png' && sentBytes > 8 * megabyte))
    await new Promise((resolve) => setImmediate(resolve))
  running.kill('SIGKILL')
  await running.ended
  const sent = server.log.at(-1)?.sentBytes ?? 0
  expect(sent).toBeLessThan(bytes)

  const { code, stderr } = await runDoff(folder, ['crawl', 'covers', '--resume', '--quiet'])
  expect([code, stderr]).toEqual([0, ''])
  const digests = [digestOf(1_000, 1), digestOf(bytes, 2)]
  expect((await items()).map(({ sha256 }) => sha256)).toEqual(digests)
  for (const { path, sha256 } of await items()) {
    expect(path).toBe(join('kept', sha256.slice(0, 2), `${sha256}.png`))
    const { stdout } = await promisify(execFile)('sha256sum', [join(folder, path)])
    expect(stdout.slice(0, 64)).toBe(sha256)
  }
  const [first, second, ...more] = ranges()
  expect([first, more]).toEqual([undefined, []])
  expect(Number(/^bytes=(\d+)-$/.exec(second ?? '')?.[1])).toBeGreaterThan(megabyte)
  expect(await readdir(join(folder, 'kept', '.part'))).toEqual([])
  // Both are of the crawl that is there: they are not asked for again.
  const before = server.log.length
  await runDoff(folder, ['crawl', 'covers', '--resume', '--quiet'])
  expect(server.log).toHaveLength(before)
}, 90_000)

it('a full disk ends the crawl with exit code 1 and one line; with room, --resume goes on', async () => {
  const bytes = 10 * megabyte
  const { folder, items, ranges, begin } = await openCrawl({ bytes })
  // A limit on the size of files is a disk that any machine has.
  const limited = spawn(
    'sh',
    ['-c', 'ulimit -f 10000; exec "$@"', 'sh', process.execPath, join(root, 'src/cli/doff.js'), ...begin],
    { cwd: folder },
  )
  let stderr = ''
  limited.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = (await once(limited, 'close')) as [number]
  expect(stderr).toMatch(
    /^doff: Cannot keep the file .doff\/covers\/files\/.part\/\w+: the file would be too large .*\n$/,
  )
  expect(code).toBe(1)
  expect((await items()).map(({ sha256 }) => sha256)).toEqual([digestOf(1_000, 1)])

  const resumed = await runDoff(folder, ['crawl', 'covers', '--resume', '--quiet'])
  expect([resumed.code, resumed.stderr]).toEqual([0, ''])
  expect((await items()).map(({ sha256 }) => sha256)).toEqual([digestOf(1_000, 1), digestOf(bytes, 2)])
  expect(ranges()).toEqual([undefined, expect.stringMatching(/^bytes=\d{6,}-$/)])
}, 90_000)

it('without a store there must be a folder for files', async () => {
  const { folder, begin } = await openCrawl({})
  const { code, stderr } = await runDoff(folder, [...begin, '--store', 'memory'])
  expect(stderr).toMatch(/^doff: The parser `parse` downloads files, and there is no folder .*\(--files DIR\).*\n$/)
  expect(code).toBe(2)
})

it('memory stays as it is, however long the file', async () => {
  const bench = join(root, 'test/bench/download.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [bench, '200MB'])
  const { isRight, megabytes, rssBefore, peakRss } = JSON.parse(stdout) as Record<string, number>
  expect([isRight, megabytes]).toEqual([true, 200])
  expect((peakRss ?? 0) - (rssBefore ?? 0)).toBeLessThan(55)
}, 90_000)
