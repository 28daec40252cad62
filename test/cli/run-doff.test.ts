import { expect, it } from 'vitest'
import { openFolder, startDoff } from './run-doff.ts'

it('a wait for what doff says ends when doff does, with its exit code and what it said instead', async () => {
  const folder = await openFolder({})
  const running = startDoff(folder, ['crawl', 'nobody'])
  await expect(running.said('crawl started')).rejects.toThrow(
    /exit code 2 before it said "crawl started".* It said: doff: No spider is called "nobody"/,
  )
  await running.said('No spider')
})
