/** Runs case after case, and says which one it is at, so that one that never ends is known by name. */
import { parentPort, workerData } from 'node:worker_threads'
import { runCase } from './run-case.ts'
import { targets } from './targets.ts'

const { progress, seed: firstSeed } = workerData as { progress: Float64Array; seed: number }
const names = Object.keys(targets)
process.on('unhandledRejection', (error) => parentPort?.postMessage(`unhandled rejection: ${String(error)}`))

// Ended from outside.
for (let seed = firstSeed; ; seed += 1) {
  for (const [index, name] of names.entries()) {
    progress[0] = index
    progress[1] = seed
    try {
      await runCase(name, seed)
    } catch (error) {
      parentPort?.postMessage(`${name} ${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    progress[2] = (progress[2] ?? 0) + 1
  }
}
