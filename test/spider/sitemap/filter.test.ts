import { describe, expect, it } from 'vitest'
import { type SitemapFilter, sitemapFilter } from '../../../src/spider/sitemap/filter.ts'
import type { SitemapPart } from '../../../src/spider/sitemap/sitemap.ts'

const page = (path: string, lastModified?: number): SitemapPart => ({
  kind: 'page',
  entry: { url: `https://shop.test/${path}`, lastModified },
})
const child = (path: string, lastModified?: number): SitemapPart => ({ ...page(path, lastModified), kind: 'sitemap' })
const filter = (spec: Partial<SitemapFilter>) => sitemapFilter({ include: [], exclude: [], since: undefined, ...spec })

describe('what a sitemap names is wanted', () => {
  const noon = Date.UTC(2024, 4, 10, 12)

  it.each<[what: string, spec: Partial<SitemapFilter>, part: SitemapPart, expected: boolean]>([
    ['if nothing is asked', {}, page('a', 0), true],
    ['if it matches one of `include`', { include: [/x/, /\/p\//] }, page('p/1'), true],
    ['not if it matches none', { include: [/x/, /\/p\//] }, page('q/1'), false],
    ['not if it matches one of `exclude`', { include: [/p/], exclude: [/x/, /1$/] }, page('p/1'), false],
    ['if it matches none of `exclude`', { exclude: [/x/] }, page('p/1'), true],
    ['if it was modified later than `since`', { since: noon }, page('a', noon + 1), true],
    ['not if it was modified before', { since: noon }, page('a', Date.UTC(2024, 4, 9, 23, 59)), false],
    ['ours: if its date is the day of `since`', { since: noon }, page('a', Date.UTC(2024, 4, 10)), true],
    ['if it gives no date', { since: noon }, page('a'), true],
    ['not by its date alone', { since: noon, include: [/x/] }, page('a', noon), false],
    ['also a sitemap that matches nothing', { include: [/x/], exclude: [/a/] }, child('a'), true],
    ['but no sitemap that was modified before', { since: noon }, child('a', 0), false],
  ])('%s', (_what, spec, part, expected) => expect(filter(spec)(part)).toBe(expected))

  it('each time alike: a pattern does not remember where it stopped', () => {
    const isWanted = filter({ include: [/p/g, /q/y], exclude: [/no/g] })
    for (let times = 0; times < 4; times += 1) {
      expect(isWanted(page('p'))).toBe(true)
      expect(isWanted(page('p/no'))).toBe(false)
    }
  })
})
