import { expect, it } from 'vitest'
import { Crowds } from '../../src/politeness/crowds.ts'

const aside = (wait: Promise<void>) => wait
const none = Number.POSITIVE_INFINITY

it('as many as may visit an address do, four times as many wait, and the others are sent away', async () => {
  const crowds = new Crowds({ perAddressConcurrency: 2, perDomainConcurrency: none })
  const order: string[] = []
  const visits = Array.from({ length: 12 }, async (_, index) => {
    const leave = await crowds.enter(['127.0.0.1'], `${index}.test`, aside)
    order.push(leave === undefined ? `${index} sent away` : `${index}`)
    return leave
  })
  await Promise.all(visits.slice(0, 2))
  await Promise.all(visits.slice(10))
  expect(order.toSorted()).toEqual(['0', '1', '10 sent away', '11 sent away'])
  const [first] = await Promise.all(visits.slice(0, 1))
  // To be told twice changes nothing.
  first?.()
  first?.()
  await visits[2]
  expect(order).toHaveLength(5)
  const next = await crowds.enter(['127.0.0.2'], 'a.test', aside)
  expect(next).toBeTypeOf('function')
})

it('who is sent away from an address takes no room in its domain', async () => {
  const crowds = new Crowds({ perAddressConcurrency: 1, perDomainConcurrency: 100 })
  const visits = Array.from({ length: 6 }, () => crowds.enter(['127.0.0.1'], 'a.test', aside))
  expect(await visits[5]).toBeUndefined()
  const others = Array.from({ length: 95 }, (_, index) => crowds.enter([`127.0.1.${index}`], 'a.test', aside))
  expect((await Promise.all(others)).every((leave) => leave !== undefined)).toBe(true)
})

it('a host that may be visited at two addresses takes room at both', async () => {
  const crowds = new Crowds({ perAddressConcurrency: 1, perDomainConcurrency: none })
  const leave = await crowds.enter(['::1', '127.0.0.1'], 'a.test', aside)
  let hasEntered = false
  const other = crowds.enter(['127.0.0.1'], 'b.test', aside).then(() => {
    hasEntered = true
  })
  await Promise.resolve()
  expect(hasEntered).toBe(false)
  leave?.()
  await other
})
