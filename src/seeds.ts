/** Where a crawl starts: the spider's seeds as requests. */
import { canonicalUrl, originOf } from './canonical-url.ts'
import { messageOf, SeedError } from './errors.ts'
import { hasUserinfo, withoutUserinfo } from './redact.ts'
import type { PageRequest } from './request.ts'
import type { Spider } from './spider/spider.ts'

/** @throws SeedError naming the seed that is no crawlable URL. */
export function seedsOf(spider: Spider, args: unknown): readonly PageRequest[] {
  const seeds = listSeeds(spider, args)
  if (!Array.isArray(seeds) || seeds.length === 0) throw new SeedError(seeds, `Spider "${spider.name}" has no seeds`)
  return seeds.map((seed: unknown) => {
    const url = urlOf(seed, (shown) => `Seed ${shown} of spider "${spider.name}"`)
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

/**
 * The canonical URL of what a person has written.
 * @param called what it is called in a message.
 * @throws SeedError, which shows no password.
 */
export function urlOf(written: unknown, called: (shown: string) => string): string {
  const seed = typeof written === 'string' ? withoutUserinfo(written) : written
  const name = called(JSON.stringify(seed))
  const url = typeof written === 'string' ? canonicalUrl(written) : undefined
  if (url === undefined) throw new SeedError(seed, `${name} is no http(s) URL (write it like https://shop.test/)`)
  if (typeof written === 'string' && hasUserinfo(written)) {
    const origin = originOf(url)
    const remedy = `leave them out, and set \`basicAuth\` to { '${origin}': 'user:password' }`
    throw new SeedError(seed, `${name} has a user name or a password in it: ${remedy}`)
  }
  return url
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
