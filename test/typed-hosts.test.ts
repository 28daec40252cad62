import { describe, expect, it } from 'vitest'
import { defineSpider } from '../src/index.ts'
import { seedsOf } from '../src/seeds.ts'
import type { SitemapsSpec } from '../src/spider/sitemap/check-sitemaps.ts'
import { typedHostsOf } from '../src/typed-hosts.ts'

type Seeds = readonly string[] | ((args: Readonly<Record<string, string | undefined>>) => readonly string[])

function typedIn(seeds: Seeds, args: unknown = {}, sitemaps?: SitemapsSpec): readonly string[] {
  const read = sitemaps === undefined ? {} : { sitemaps }
  const spider = defineSpider({ name: 'typed', seeds, ...read, parse: () => [] })
  return [...typedHostsOf(spider, args, seedsOf(spider, args))]
}

/** Seeds that come from somewhere else. */
const file = ['http://127.0.0.1:8080/', 'http://10.0.0.5/a', 'http://shop.test/']

describe('the hosts that the user typed', () => {
  it('are those of seeds that are written as a list', () => {
    expect(typedIn(['http://0x7f.1/', 'HTTP://LOCALHOST.:80/'])).toEqual(['127.0.0.1', 'localhost'])
  })

  it('are those of sitemaps that are named, and not of those that are found', () => {
    const seeds = () => file
    expect(typedIn(seeds, {}, ['http://[::1]/s.xml', 'http://127.0.0.2/s.xml'])).toEqual(['[::1]', '127.0.0.2'])
    expect(typedIn(seeds, {}, true)).toEqual([])
  })

  it.each<[given: unknown, typed: readonly string[]]>([
    [{ site: 'http://127.0.0.1:8080/' }, ['127.0.0.1']],
    [{ site: 'http://127.0.0.1:3000/other' }, ['127.0.0.1']],
    [{ site: 'http://user:secret@127.0.0.1/' }, ['127.0.0.1']],
    [{ site: 'http://127.1/' }, ['127.0.0.1']],
    [{ server: '127.0.0.1:8080' }, ['127.0.0.1']],
    [{ server: '127.0.0.1' }, ['127.0.0.1']],
    [{ server: '127.0.0.1/start' }, ['127.0.0.1']],
    [{ servers: '10.0.0.5, 127.0.0.1:1' }, ['127.0.0.1', '10.0.0.5']],
    [{ sites: 'http://10.0.0.5/,http://127.0.0.1/' }, ['127.0.0.1', '10.0.0.5']],
    [{ sites: ['http://10.0.0.5/', new URL('http://shop.test/')] }, ['10.0.0.5', 'shop.test']],
    [{ deep: { site: { url: 'http://10.0.0.5/' } } }, ['10.0.0.5']],
    ['http://10.0.0.5/', ['10.0.0.5']],
    [{ file: 'seeds.txt' }, []],
    [{ rate: '10.5', port: '2130706433' }, []],
    [{ site: 'http://127.0.0.1.evil.test/' }, []],
    [{ site: 'http://evil.test/127.0.0.1' }, []],
    [{ count: 1, none: null, nothing: undefined }, []],
    [undefined, []],
  ])('are those that the arguments %j name', (given, typed) => expect(typedIn(() => file, given)).toEqual(typed))

  it('are those of a default that is written in the function', () => {
    expect(typedIn(({ site }) => [site ?? 'http://127.0.0.1:8080/'])).toEqual(['127.0.0.1'])
    const port = 8080
    expect(typedIn(() => [`http://[::1]:${port}/`])).toEqual(['[::1]'])
  })

  it('are not those of a default that gave way to another', () => {
    const seeds: Seeds = ({ list }) => (list === undefined ? ['http://127.0.0.9/'] : file)
    expect(typedIn(seeds, { list: 'seeds.txt' })).toEqual([])
  })

  it('are looked for without end in no arguments', () => {
    const args: Record<string, unknown> = { site: 'http://10.0.0.5/' }
    args.self = args
    expect(typedIn(() => file, args)).toEqual(['10.0.0.5'])
  })
})
