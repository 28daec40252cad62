/** Where a crawl starts: the spider's seeds as requests. */
import { hash } from 'node:crypto'
import { canonicalUrl, originOf } from './canonical-url.ts'
import { messageOf, SeedError } from './errors.ts'
import type { JsonValue } from './json.ts'
import { hasUserinfo, withoutUserinfo } from './redact.ts'
import { inWords, methodOf, type PageRequest } from './request.ts'
import { type SendingOptions, sendingFields, sendingOf } from './spider/form/sending.ts'
import { checkData } from './spider/item.ts'
import type { Spider } from './spider/spider.ts'

const fields: readonly string[] = ['url', 'parser', 'data', 'priority', ...sendingFields]

/** @throws SeedError naming the seed that is no crawlable URL, or that asks what cannot be. */
export function seedsOf(spider: Spider, args: unknown): readonly PageRequest[] {
  const seeds = listSeeds(spider, args)
  if (!Array.isArray(seeds) || seeds.length === 0) throw new SeedError(seeds, `Spider "${spider.name}" has no seeds`)
  return seeds.map((seed: unknown) => requestOf(seed, spider))
}

/** What a seed is remembered by when the crawl goes on; one of the same URL that asks for something else is another. */
export function nameOfSeed(seed: PageRequest): string {
  if (methodOf(seed) === 'GET') return seed.url
  const { body } = seed.sending ?? {}
  return body === undefined ? inWords(seed) : `${inWords(seed)} (body ${hash('sha1', body).slice(0, 8)})`
}

function requestOf(seed: unknown, spider: Spider): PageRequest {
  const given = (typeof seed === 'object' && seed !== null && 'url' in seed ? seed : { url: seed }) as SeedFields
  const url = urlOf(given.url, (shown) => `Seed ${shown} of spider "${spider.name}"`)
  const fail = (what: string): never => {
    throw new SeedError(url, `Seed ${url} of spider "${spider.name}": ${what}`)
  }
  const unknown = Object.keys(given).find((name) => !fields.includes(name))
  if (unknown !== undefined) fail(`no field of a seed is called \`${unknown}\` (known: ${fields.join(', ')})`)
  const { parser = 'parse', priority = 0 } = given
  if (typeof parser !== 'string' || !spider.parsers.has(parser))
    return fail(`no parser is called \`${String(parser)}\` (known: ${[...spider.parsers.keys()].join(', ')})`)
  if (typeof priority !== 'number' || Number.isNaN(priority)) return fail('its `priority` is no number')
  const data = given.data === undefined ? undefined : checkData(given.data)
  if (data?.ok === false) return fail(`its data cannot be stored: ${data.message}`)
  let sending: PageRequest['sending']
  try {
    sending = sendingOf(given as SendingOptions)
  } catch (error) {
    fail(messageOf(error))
  }
  return {
    kind: 'page',
    url,
    parser,
    priority,
    depth: 0,
    referrer: undefined,
    data: data?.value as JsonValue | undefined,
    attempt: 0,
    redirects: [],
    ...(sending === undefined ? undefined : { sending }),
  }
}

type SeedFields = Readonly<Record<string, unknown>>

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
