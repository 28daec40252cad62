/** What may come to a crawl from outside while it runs. */
import type { Crawl } from '../crawl.ts'
import { messageOf } from '../errors.ts'
import type { Screen } from './screen.ts'

/** Ctrl-C, a container that is stopped, a terminal that is closed. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal drains, the second stops; until it is disposed of. */
export function listenForInterrupts(run: Crawl<object>, stopping: AbortController, screen: Screen): Disposable {
  let isDraining = false
  const interrupt = () => {
    if (isDraining) return stopping.abort()
    isDraining = true
    screen.say('Finishing the requests that are out; once more stops at once.')
    run.drain()
  }
  // A promise that a parser left unawaited costs nobody the crawl.
  const complain = (error: unknown) =>
    screen.log.error({ err: error }, `a promise failed that nobody awaited: ${messageOf(error)}`)
  for (const signal of signals) process.on(signal, interrupt)
  process.on('unhandledRejection', complain)
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, interrupt)
      process.off('unhandledRejection', complain)
    },
  }
}
