/**
 * `npm run bench:robots`: what the largest robots.txt cost, to read and for each question afterwards. It reports; it asserts nothing.
 *
 * URLs are fresh ones: no answer is kept from an earlier question.
 */
import { parseRobots } from '../../src/politeness/parse-robots.ts'
import { hugeFiles } from '../sites/robots-files.ts'

const questions = 5_000
const mib = () => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 ** 2 + process.memoryUsage().arrayBuffers / 1024 ** 2
}
/** Of the whole process: these machines share their cores, and CPU varies less than wall time. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
const say = (text: string) => process.stdout.write(`${text}\n`)

for (const { name, text, pathOf } of hugeFiles) {
  const file = Buffer.from(text)
  const urls = Array.from({ length: questions }, (_, number) => `https://a.test${pathOf(number)}`)
  const longUrls = urls.map(
    (url) => url + '/some-words/and?more=of-them&page=17'.repeat(60).slice(0, 2_060 - url.length),
  )
  const before = mib()
  const startedAt = cpuMs()
  const robots = parseRobots(file, 'https://a.test/robots.txt', 'doff')
  const readAt = cpuMs()
  robots.judge('https://a.test/')
  const indexedAt = cpuMs()
  const rate = (asked: readonly string[]) => {
    const from = cpuMs()
    const allowed = asked.filter((url) => robots.judge(url).allowed).length
    return `${(((cpuMs() - from) * 1_000) / asked.length).toFixed(1)} us (${allowed} of ${asked.length} allowed)`
  }
  const [short, long] = [rate(urls), rate(longUrls)]
  say(`${name} (${(file.length / 1024).toFixed(0)} KiB):`)
  say(
    `  read ${(readAt - startedAt).toFixed(1)} ms, indexed ${(indexedAt - readAt).toFixed(1)} ms, kept ${(mib() - before).toFixed(1)} MiB`,
  )
  say(`  a fresh URL ${short}, one of 2 kB ${long}`)
  // Also keeps the rules until here.
  robots.judge('https://a.test/')
}
