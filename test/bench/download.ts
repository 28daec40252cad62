/**
 * What a download costs: a file of made-up bytes, from a server in a process of its own, is crawled to disk.
 *
 *     npm run bench:download -- 1GB
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crawl, defineSpider } from '../../src/index.ts'
import { digestOf, openFileServer } from '../sites/file-server.ts'
import { send } from '../sites/web.ts'

const [size = '1GB', role = 'crawl'] = process.argv.slice(2)
const bytes = Number.parseInt(size, 10) * (size.endsWith('GB') ? 1e9 : 1e6)
const megabytes = (value: number) => Math.round(value / 1e6)

if (role === 'serve') {
  const server = await openFileServer({
    '/': { answer: (_request, response) => send(response, 200, '<a href=/file.bin>file</a>') },
    '/file.bin': { bytes },
  })
  process.send?.(server.url)
  process.on('disconnect', () => process.exit())
} else {
  const server = fork(import.meta.filename, [size, 'serve'])
  const [url] = (await once(server, 'message')) as [string]
  const folder = await mkdtemp(join(tmpdir(), 'doff-download-'))
  try {
    const spider = defineSpider({
      name: 'download',
      seeds: [url],
      *parse(page) {
        for (const link of page.links()) yield page.download(link, 'file')
      },
      parsers: {
        *file(page) {
          yield page.file
        },
      },
    })
    const rssBefore = process.memoryUsage.rss()
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    const items = await Array.fromAsync(crawl(spider, { delayMs: 0, store: folder, maxFileBytes: 2 * bytes }))
    const seconds = (performance.now() - startedAt) / 1_000
    const cpu = process.cpuUsage(cpuBefore)
    const peakRss = process.resourceUsage().maxRSS * 1024
    const { path = '', sha256 } = items[0] ?? {}
    console.log(
      JSON.stringify({
        megabytes: megabytes((await stat(path)).size),
        isRight: sha256 === digestOf(bytes, 1),
        seconds: Number(seconds.toFixed(1)),
        megabytesPerSecond: Math.round(bytes / 1e6 / seconds),
        cpuSeconds: Number(((cpu.user + cpu.system) / 1e6).toFixed(1)),
        rssBefore: megabytes(rssBefore),
        peakRss: megabytes(peakRss),
      }),
    )
  } finally {
    server.disconnect()
    await rm(folder, { recursive: true, force: true })
  }
}
