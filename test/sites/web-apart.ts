/**
 * The made-up web in a process of its own, so that its access log is a server's and owes nothing to the crawl's event loop. Routes cannot
 * be given: functions do not travel.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type AccessLine, openWeb, type WebOptions } from './web.ts'

export interface WebApart extends AsyncDisposable {
  readonly urls: readonly string[]
  readLog(): Promise<readonly AccessLine[]>
}

export async function openWebApart(options: Omit<WebOptions, 'routes'>): Promise<WebApart> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], { execArgv: [] })
  const [urls] = (await once(child, 'message')) as [readonly string[]]
  return {
    urls,
    async readLog() {
      child.send('log')
      const [log] = (await once(child, 'message')) as [readonly AccessLine[]]
      return log
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const web = await openWeb(JSON.parse(process.argv[2] ?? '{}') as WebOptions)
  process.on('message', () => process.send?.(web.log))
  process.on('disconnect', () => process.exit())
  process.send?.(web.urls)
}
