/** One case of a target: the input that a seed stands for, read as that target reads it. */
import { mutated } from './mutate.ts'
import { targets } from './targets.ts'

/** @throws what is a find. */
export async function runCase(target: string, seed: number): Promise<void> {
  const found = targets[target]
  if (found === undefined) throw new Error(`no target is called ${target} (known: ${Object.keys(targets).join(', ')})`)
  await found.run(mutated(found.corpus, seed), seed)
}
