/** Where a crawl starts: the spider's seeds as requests. */
import { canonicalUrl } from './canonical-url.ts'
import { messageOf, SeedError } from './errors.ts'
import type { PageRequest } from './request.ts'
import type { Spider } from './spider/spider.ts'

/** @throws SeedError naming the seed that is no crawlable URL. */
export function seedsOf(spider: Spider, args: unknown): readonly PageRequest[] {
  const seeds = listSeeds(spider, args)
  if (!Array.isArray(seeds) || seeds.length === 0) throw new SeedError(seeds, `Spider "${spider.name}" has no seeds`)
  return seeds.map((seed: unknown) => {
    const url = typeof seed === 'string' ? canonicalUrl(seed) : undefined
    if (url === undefined) {
      throw new SeedError(
        seed,
        `Seed ${JSON.stringify(seed)} of spider "${spider.name}" is no http(s) URL (write it like https://shop.test/)`,
      )
    }
    return {
      kind: 'page',
      url,
      parser: 'parse',
      priority: 0,
      depth: 0,
      referrer: undefined,
      data: undefined,
      attempt: 0,
      redirects: [],
    }
  })
}

function listSeeds(spider: Spider, args: unknown): unknown {
  if (typeof spider.seeds !== 'function') return spider.seeds
  let seeds: unknown
  try {
    seeds = spider.seeds(args as never)
  } catch (error) {
    throw new SeedError(undefined, `The seeds of spider "${spider.name}" failed: ${messageOf(error)}`)
  }
  if (!(seeds instanceof Promise)) return seeds
  // Its failure is not the point.
  seeds.catch(() => undefined)
  throw new SeedError(
    undefined,
    `The seeds of spider "${spider.name}" are a promise: make them a list, or a sync function`,
  )
}
