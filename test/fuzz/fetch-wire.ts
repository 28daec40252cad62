/** Fetches from the wire, one a seed: each must come to an outcome within its time limit, with a reason that is known. */
import { systemClock } from '../../src/clock.ts'
import { Fetcher } from '../../src/fetcher/fetcher.ts'
import { resolveOptions } from '../../src/options.ts'
import { openWire } from './wire.ts'

const limits = { maxBodyBytes: 200_000, totalTimeoutMs: 400 }
const graceMs = 10_000
const kinds = new Set(['page', 'unchanged', 'redirect', 'retry', 'failed'])

/**
 * @param seeds one for each fetch.
 * @param onFind is told of a seed whose fetch did not end as it must.
 */
export async function fetchWire(
  seeds: Iterator<number>,
  concurrency: number,
  onFind: (seed: number, what: string) => void,
): Promise<Readonly<Record<string, number>>> {
  await using wire = await openWire()
  const counts: Record<string, number> = {}
  const options = {
    ...resolveOptions({
      allowPrivate: ['127.0.0.0/8'],
      connectTimeoutMs: 1_000,
      headersTimeoutMs: 200,
      bodyTimeoutMs: 200,
    }),
    perHostConcurrency: concurrency,
  }
  {
    await using fetcher = new Fetcher({ ...options, userAgent: 'doff/0', from: undefined }, systemClock)
    const fetchNext = async () => {
      for (let step = seeds.next(); step.done !== true; step = seeds.next()) {
        const seed = step.value
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<'late'>((resolve) => {
          timer = setTimeout(resolve, graceMs, 'late')
        })
        try {
          const outcome = await Promise.race([fetcher.fetch(`${wire.origin}/${seed}`, limits), late])
          if (outcome === 'late') onFind(seed, 'no outcome')
          else if (!kinds.has(outcome.kind)) onFind(seed, `outcome ${outcome.kind}`)
          else if (outcome.kind === 'page' && outcome.body.length > limits.maxBodyBytes)
            onFind(seed, 'a body over the limit')
          else {
            const reason = 'reason' in outcome ? outcome.reason : outcome.kind
            counts[reason] = (counts[reason] ?? 0) + 1
          }
        } catch (error) {
          onFind(seed, String(error))
        } finally {
          clearTimeout(timer)
        }
      }
    }
    await Promise.all(Array.from({ length: concurrency }, fetchNext))
  }
  // What was closed here is closed there, a moment later.
  for (let wait = 0; wait < 50 && wire.open() > 0; wait += 1) await systemClock.sleep(20)
  if (wire.open() > 0) onFind(Number.NaN, `${wire.open()} connections are left open`)
  return counts
}
