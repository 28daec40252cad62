import { expect, it } from 'vitest'
import { Errands } from '../src/errands.ts'
import type { Asked, KeptAnswers } from '../src/fetcher/cache/kept-answers.ts'
import type { Turn } from '../src/frontier/frontier.ts'
import type { Errand, HostVisits } from '../src/host-visits.ts'

it('what came of a request is kept by the headers that it was sent with, not those of before or after', async () => {
  let cookie = 'sid=before'
  const asked: Asked[] = []
  const kept: KeptAnswers = {
    recall: () => Promise.resolve({}),
    keep: (ask, outcome) => {
      asked.push(ask)
      return Promise.resolve(outcome)
    },
    [Symbol.dispose]: () => undefined,
  }
  // It waits for its place, and is answered: both may bring cookies.
  const hosts = {
    request: async (_turn: Turn, errand: Errand, onSending: () => void) => {
      cookie = 'sid=sent'
      await Promise.resolve()
      onSending()
      cookie = 'sid=after'
      return { ...errand, outcome: { kind: 'failed', reason: 'http_404' } }
    },
    paceAfter: () => ({ event: {}, sent: {} }),
    latestRobots: () => undefined,
  } as unknown as HostVisits
  const errands = new Errands({ hosts, kept, fetcher: { headersOf: () => ({ cookie }) } })
  const errand = { purpose: 'page', url: 'http://h.test/', limits: {}, rule: '' } as unknown as Errand
  await errands.send({} as Turn, errand, {})
  expect(asked.map(({ headers }) => headers)).toEqual([{ cookie: 'sid=sent' }])
})
