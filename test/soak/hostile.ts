/**
 * Many fetches from the hostile server, at random by a seed: each must end in its outcome, memory must stay flat, and nothing may stay open.
 * `npm run soak:hostile [fetches] [seed]`. Exit code 1 if anything is not as it must be.
 *
 * The young generation of V8's heap is kept small, for left alone it grows to 128 MB by and by, whatever is alive in it, and would hide a leak.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openHostile } from '../sites/hostile.ts'
import { behaviours } from '../sites/hostile-behaviours.ts'
import {
  behaviourNames,
  countWhenQuiet,
  fetchHostile,
  openHandles,
  openHostileFetcher,
  trustHostile,
} from '../sites/hostile-fetches.ts'
import { randomFrom } from '../sites/web.ts'

const fetches = Number(process.argv[2] ?? 20_000)
const random = randomFrom(Number(process.argv[3] ?? 1))
const concurrency = 32
const warmUp = 2_000
const mostGrowthMiB = 50

trustHostile()
const hostile = await openHostile()
const before = openHandles()
const fetcher = openHostileFetcher(concurrency)
const lag = monitorEventLoopDelay()
lag.enable()
const startedAt = performance.now()
const rssMiB = () => process.memoryUsage.rss() / 1024 ** 2
const wrong = new Map<string, number>()
const met = new Set<string>()
let begun = 0
let ended = 0
let warmMiB = 0
let mostMiB = 0

function progress(): string {
  const { heapUsed, external } = process.memoryUsage()
  const [rss, heap, outside] = [rssMiB(), heapUsed / 1024 ** 2, external / 1024 ** 2].map((mib) => mib.toFixed(0))
  return `${ended} fetches: RSS ${rss} MiB, heap ${heap} MiB, outside it ${outside} MiB`
}

async function fetchOn(): Promise<void> {
  while (begun < fetches) {
    begun += 1
    const name = behaviourNames[Math.floor(random() * behaviourNames.length)] ?? ''
    const { outcome, message } = await fetchHostile(fetcher, hostile, name)
    met.add(name)
    ended += 1
    mostMiB = Math.max(mostMiB, rssMiB())
    if (ended === warmUp) warmMiB = rssMiB()
    if (ended % warmUp === 0) console.error(progress())
    if (JSON.stringify(outcome) === JSON.stringify(behaviours[name]?.comesTo)) continue
    const what = `${name} came to ${JSON.stringify(outcome)}: ${message.replace(/:\d+\//, ':PORT/')}`
    wrong.set(what, (wrong.get(what) ?? 0) + 1)
  }
}

await Promise.all(Array.from({ length: concurrency }, fetchOn))
const endMiB = rssMiB()
await fetcher[Symbol.asyncDispose]()
const { open, all } = await countWhenQuiet(hostile)
const after = openHandles()
const handles = after.length - before.length
await hostile[Symbol.asyncDispose]()

const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
console.log(
  `${ended} fetches of ${met.size} behaviours (of ${behaviourNames.length}) in ${seconds} s, ${all} connections`,
)
console.log(
  `RSS ${warmMiB.toFixed(0)} MiB after ${warmUp}, ${endMiB.toFixed(0)} MiB at the end, ${mostMiB.toFixed(0)} MiB at most`,
)
console.log(`Event loop: ${(lag.max / 1e6).toFixed(0)} ms late at most`)
console.log(`${open} sockets and ${handles} handles left (${after.join(', ')})`)
for (const [what, times] of wrong) console.log(`${times} x ${what}`)
if (wrong.size > 0 || open > 0 || handles > 0 || endMiB - warmMiB > mostGrowthMiB) process.exitCode = 1
