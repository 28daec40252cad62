/** `doff list`: the spiders in `spiders/`, with their descriptions. */
import { exitCodes } from './exit-codes.ts'
import { listSpiders } from './load-spider.ts'

export async function listCommand(): Promise<number> {
  const listed = await listSpiders()
  const width = Math.max(0, ...listed.map(({ spider }) => spider?.name.length ?? 0))
  for (const { spider, file } of listed) {
    if (spider !== undefined)
      process.stdout.write(`${spider.name.padEnd(width)}  ${spider.description ?? `(${file})`}\n`)
  }
  for (const { error } of listed) {
    if (error !== undefined) process.stderr.write(`doff: ${error.message}\n`)
  }
  if (listed.length === 0) process.stderr.write('doff: there are no spiders in spiders/\n')
  return listed.some(({ error }) => error !== undefined) ? exitCodes.usage : exitCodes.finished
}
