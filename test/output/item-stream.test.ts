import { describe, expect, it } from 'vitest'
import { ItemStream } from '../../src/output/item-stream.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

/** A stream over a log that is filled by hand. */
function openStream(maxItems: number) {
  const log: { id: number; item: unknown }[] = []
  const stream = new ItemStream((after, limit) => Promise.resolve(log.slice(after, after + limit)), maxItems)
  /** A page that yields items and commits them at its end. */
  const page = async (items: number) => {
    const places = stream.openPlaces()
    for (let n = 0; n < items; n++) await places.take()
    for (let n = 0; n < items; n++) log.push({ id: log.length + 1, item: log.length + 1 })
    places.commit()
  }
  return { stream, page }
}

describe('the way from parsers to the reader', () => {
  it('gives items in order of commit, and ends when told to, after what is left', async () => {
    const { stream, page } = openStream(10)
    await page(3)
    await page(2)
    stream.end()
    expect(await Array.fromAsync(stream.items())).toEqual([1, 2, 3, 4, 5])
  })

  it('holds no more items than its bound while nobody reads', async () => {
    const { stream, page } = openStream(5)
    const pages = Array.from({ length: 20 }, () => page(1))
    await tick()
    expect(stream.held).toBe(5)
    const reader = stream.items()
    const read: unknown[] = []
    for (let n = 0; n < 20; n++) {
      read.push((await reader.next()).value)
      await tick()
      expect(stream.held).toBeLessThanOrEqual(5)
    }
    await Promise.all(pages)
    expect(read).toHaveLength(20)
  })

  it('lets one page, and only one, go beyond the bound when all that hold places wait', async () => {
    const { stream, page } = openStream(4)
    // Each of them needs more than there is room for beside the others.
    const pages = [page(4), page(4), page(4)]
    await tick()
    // One went on to its end; the others wait for the reader.
    expect(stream.held).toBeGreaterThan(4)
    expect(stream.held).toBeLessThanOrEqual(4 + 3)
    const reader = stream.items()
    for (let n = 0; n < 12; n++) expect((await reader.next()).value).toBe(n + 1)
    await Promise.all(pages)
    expect(stream.held).toBe(0)
  })

  it('a page with more items than the bound is not stuck', async () => {
    const { stream, page } = openStream(2)
    await page(50)
    stream.end()
    expect(await Array.fromAsync(stream.items())).toHaveLength(50)
  })

  it('interleaved pages that hold all places between them are not stuck', async () => {
    const { stream } = openStream(2)
    const [a, b] = [stream.openPlaces(), stream.openPlaces()]
    await a.take()
    await b.take()
    const waits = [a.take(), b.take()]
    await waits[0]
    expect(stream.held).toBe(3)
    a.giveBack()
    await waits[1]
    expect(stream.held).toBe(2)
    b.giveBack()
    expect(stream.held).toBe(0)
  })

  it('gives the places of a failed page to those that wait', async () => {
    const { stream, page } = openStream(1)
    const failing = stream.openPlaces()
    await failing.take()
    const waiting = page(1)
    await tick()
    expect(stream.held).toBe(1)
    failing.giveBack()
    await waiting
    stream.end()
    expect(await Array.fromAsync(stream.items())).toEqual([1])
  })

  it('lets everybody go when it ends', async () => {
    const { stream } = openStream(1)
    const [a, b] = [stream.openPlaces(), stream.openPlaces()]
    await a.take()
    const waiting = b.take()
    stream.end()
    await waiting
    expect(await Array.fromAsync(stream.items())).toEqual([])
  })
})
