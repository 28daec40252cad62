/**
 * Mutation fuzzing of everything that reads what strangers send.
 *
 *     npm run fuzz                       # 30 minutes, from a seed that is printed
 *     npm run fuzz -- 5 1234             # 5 minutes, from seed 1234
 *     npm run fuzz -- case html 99       # one case again
 *
 * A find is a crash, an unhandled rejection, or a case that takes longer than 10 s (of which no good one takes a hundredth). Finds go into
 * finds.ts, and so into the tests.
 */
import { Worker } from 'node:worker_threads'
import { fetchWire } from './fetch-wire.ts'
import { runCase } from './run-case.ts'
import { targets } from './targets.ts'

const hangMs = 10_000
const names = Object.keys(targets)

if (process.argv[2] === 'case') {
  await runCase(process.argv[3] ?? '', Number(process.argv[4]))
  console.log('no find')
  process.exit()
}

const minutes = Number(process.argv[2] ?? 30)
const firstSeed = Number(process.argv[3] ?? Date.now() % 1_000_000_000)
const endsAt = performance.now() + minutes * 60_000
const finds: string[] = []
const find = (what: string) => {
  finds.push(what)
  console.log(`FIND ${what}`)
}
process.on('unhandledRejection', (error) =>
  find(`unhandled rejection: ${error instanceof Error ? error.stack : error}`),
)
process.on('uncaughtException', (error) => find(`uncaught exception: ${error.stack}`))
console.log(`fuzzing for ${minutes} minutes from seed ${firstSeed}: ${names.join(', ')}, wire`)

/** What the worker is at: target, seed, cases done. */
const progress = new Float64Array(new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT))
let slowestMs = 0
let slowest = ''

async function fuzzTargets(): Promise<void> {
  let seed = firstSeed
  while (performance.now() < endsAt) {
    const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), {
      workerData: { progress, seed },
      resourceLimits: { maxOldGenerationSizeMb: 1_024 },
    })
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => resolve())
      worker.on('error', (error) => find(`${names[progress[0] ?? 0]} ${progress[1]}: the worker died: ${error}`))
      worker.on('message', (what: string) => find(what))
    })
    // Until its first case is done, it is being loaded.
    const doneBefore = progress[2]
    let at = ''
    let since = performance.now()
    const watch = setInterval(() => {
      const now = `${names[progress[0] ?? 0]} ${progress[1]}`
      const tookMs = performance.now() - since
      if (now === at && progress[2] !== doneBefore && tookMs > slowestMs) [slowestMs, slowest] = [tookMs, now]
      if (now === at && tookMs > hangMs) find(`${now}: takes longer than ${hangMs} ms`)
      if (now !== at) [at, since] = [now, performance.now()]
      else if (tookMs > hangMs || performance.now() > endsAt) void worker.terminate()
      if (performance.now() > endsAt) void worker.terminate()
    }, 20)
    await ended
    clearInterval(watch)
    seed = (progress[1] ?? seed) + 1
  }
}

function* seedsUntilTheEnd(): Generator<number> {
  for (let seed = firstSeed; performance.now() < endsAt; seed += 1) {
    fetches += 1
    yield seed
  }
}
let fetches = 0
const rss = () => Math.round(process.memoryUsage().rss / 2 ** 20)
const report = setInterval(() => {
  const passed = Math.round(minutes - (endsAt - performance.now()) / 60_000)
  console.log(`${passed} min: ${progress[2]} cases, ${fetches} fetches, ${finds.length} finds, RSS ${rss()} MiB`)
}, 60_000)
const [outcomes] = await Promise.all([
  fetchWire(seedsUntilTheEnd(), 16, (seed, what) => find(`wire ${seed}: ${what}`)),
  fuzzTargets(),
])
clearInterval(report)
console.log({
  cases: progress[2],
  fetches,
  outcomes,
  slowest: `${slowest}: ${Math.round(slowestMs)} ms`,
  rssMiB: rss(),
  finds,
})
process.exitCode = finds.length === 0 ? 0 : 1
