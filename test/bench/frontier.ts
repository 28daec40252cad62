/**
 * `npm run bench:frontier`: what the durable frontier costs, and what it keeps in memory. It reports; it asserts nothing.
 *
 *     npm run bench:frontier -- [lines hosts crawl] [--urls 1000000] [--runs 5]
 *
 * CPU is what the process used, user and system together: these machines share their cores, and CPU varies less than wall time.
 */
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { openWebApart } from '../sites/web-apart.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { urls: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '5' } },
})
const parts = positionals.length === 0 ? ['lines', 'hosts', 'crawl'] : positionals

async function measure(heapMib: number, ...args: string[]): Promise<Record<string, number>> {
  const worker = new URL('./frontier-worker.ts', import.meta.url).pathname
  // Left alone, V8 lets the young generation grow beyond so small a heap, and then marks it again and again.
  const command = [`--max-old-space-size=${heapMib}`, '--max-semi-space-size=16', worker, ...args]
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout) as Record<string, number>
}

const say = (text: string) => process.stdout.write(`${text}\n`)

if (parts.includes('lines')) {
  const r = await measure(128, 'lines', values.urls)
  say(
    `lines of ${Number(values.urls).toLocaleString('en-US')} URLs on 100 hosts, 60 links a page, 10 of them new, heap of 128 MB:`,
  )
  say(
    `  CPU a page: ${r.firstUs} us at 10,000 URLs, ${r.lastUs} us at the end: x ${((r.lastUs ?? 0) / (r.firstUs ?? 1)).toFixed(2)}`,
  )
  say(`  longest pause ${r.pauseMs} ms; RSS ${r.rssMib} MiB; ${r.diskMib} MiB on disk; opens again in ${r.reopenMs} ms`)
}
if (parts.includes('hosts')) {
  const r = await measure(128, 'hosts', '100000')
  say(`100,000 hosts with work, heap of 128 MB:`)
  say(`  RSS ${r.rssMib} MiB; the next host in ${r.nextUs} us; a turn taken and settled in ${r.turnUs} us`)
}
if (parts.includes('crawl')) {
  const runs = Number(values.runs)
  await using web = await openWebApart({ hosts: 4, pages: 1_250 })
  const cpu: Record<string, number[]> = { memory: [], disk: [] }
  let pauseMs = 0
  for (let run = 0; run < runs; run += 1) {
    for (const store of ['memory', 'disk']) {
      const r = await measure(512, 'crawl', store, web.urls.join(','))
      cpu[store]?.push(r.cpuMs ?? 0)
      if (store === 'disk') pauseMs = Math.max(pauseMs, r.pauseMs ?? 0)
    }
  }
  const [memory = 0, disk = 0] = [median(cpu.memory ?? []), median(cpu.disk ?? [])]
  say(`a crawl of 5,000 pages on 4 hosts at full speed, medians of ${runs}:`)
  say(
    `  CPU ${memory} ms in memory, ${disk} ms on disk: x ${(disk / memory).toFixed(2)}; longest pause on disk ${pauseMs} ms`,
  )
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
