/**
 * The hosts that the user typed, which the address guard lets be at private addresses: those of seeds and sitemaps that are written in the
 * spider, or were given to it as arguments. What a `seeds` function read from somewhere was not typed, whoever wrote it there.
 */
import { canonicalUrl, hostOf } from './canonical-url.ts'
import type { PageRequest } from './request.ts'
import type { Spider } from './spider/spider.ts'

/** @param args as they were given. */
export function typedHostsOf(spider: Spider, args: unknown, seeds: readonly PageRequest[]): ReadonlySet<string> {
  const sitemaps = (spider.sitemaps?.urls ?? []).map(hostOf)
  const hosts = seeds.map(({ url }) => hostOf(url))
  if (typeof spider.seeds !== 'function') return new Set([...hosts, ...sitemaps])
  const texts = textsIn(args)
  // A default is written in the function: `({ site }) => [site ?? 'http://localhost:8080/']`.
  const written = new Set([String(spider.seeds), ...texts].flatMap(hostsOfUrlsIn))
  const isTyped = (host: string) => written.has(host) || texts.some((text) => namesHost(text, host))
  return new Set([...[...new Set(hosts)].filter(isTyped), ...sitemaps])
}

/** Programs give arguments of any shape. */
const maxLevel = 4

function textsIn(args: unknown, level = 0): readonly string[] {
  if (typeof args === 'string') return [args]
  if (args instanceof URL) return [args.href]
  if (typeof args !== 'object' || args === null || level >= maxLevel) return []
  return Object.values(args).flatMap((value) => textsIn(value, level + 1))
}

function hostsOfUrlsIn(text: string): readonly string[] {
  const urls = text.match(/https?:\/\/[^\s'"`,;<>{}|$()\\]+/gi) ?? []
  return urls
    .map((url) => canonicalUrl(url))
    .filter((url) => url !== undefined)
    .map(hostOf)
}

/** As `-a server=localhost:8080` does, of which the spider makes a URL. */
function namesHost(text: string, host: string): boolean {
  const words = text.toLowerCase().split(/[\s,;]+/)
  return words.some((word) => word === host || word.startsWith(`${host}:`) || word.startsWith(`${host}/`))
}
