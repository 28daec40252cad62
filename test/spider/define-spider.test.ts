import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { SpiderError } from '../../src/errors.ts'
import { createPage } from '../../src/parse-page.ts'
import { defineSpider } from '../../src/spider/define-spider.ts'
import type { Page } from '../../src/spider/page.ts'
import type { Checked, ItemOf, Spider } from '../../src/spider/spider.ts'

const seeds = ['http://a.test/']
const page = createPage({ url: 'http://a.test/', body: '<h1>Title</h1>' }) as Page<never, never>

describe('defineSpider', () => {
  function* parse() {
    yield { a: 1 }
  }

  /** As somebody who does not use TypeScript would call it. */
  const define = (spec: unknown) => () => defineSpider(spec as { name: string; seeds: string[]; parse: typeof parse })

  it('makes a frozen spider of its description', () => {
    const spider = defineSpider({ name: 'books', description: 'All books', seeds, options: { maxDepth: 1 }, parse })
    expect(spider).toMatchObject({ name: 'books', description: 'All books', seeds, options: { maxDepth: 1 } })
    expect(spider.args).toBeUndefined()
    expect(Object.isFrozen(spider)).toBe(true)
  })

  it('has no options of its own unless it says so', () => {
    expect(defineSpider({ name: 'x', seeds, parse }).options).toEqual({})
  })

  it('knows its parsers by name, `parse` first', () => {
    const spider = defineSpider({ name: 'x', seeds, parse, parsers: { book: parse, author: parse } })
    expect([...spider.parsers.keys()]).toEqual(['parse', 'book', 'author'])
    expect(spider.parsers.get('toString')).toBeUndefined()
    expect([...((spider.parsers.get('book')?.(page) ?? []) as Iterable<unknown>)]).toEqual([{ a: 1 }])
  })

  it.each(['x', 'books', 'Books-2.0_x', '0', '_x'])('may be called %j', (name) => {
    expect(defineSpider({ name, seeds, parse }).name).toBe(name)
  })

  it.each<[spec: unknown, message: string]>([
    [undefined, 'Expected a spider to be an object, got undefined'],
    [null, 'Expected a spider to be an object'],
    ['books', 'Expected a spider to be an object, got string'],
    [{ seeds, parse }, 'Expected `name` of a spider to be letters, digits, "-", "_" and ".", got undefined'],
    [
      { name: 'a b', seeds, parse },
      'Expected `name` of spider "a b" to be letters, digits, "-", "_" and ".", got "a b"',
    ],
    [{ name: '', seeds, parse }, 'Expected `name` of spider "" to be letters, digits, "-", "_" and ".", got ""'],
    [{ name: '../x', seeds, parse }, 'Expected `name` of spider "../x" to be letters, digits'],
    [{ name: '.x', seeds, parse }, 'Expected `name` of spider ".x" to be letters, digits'],
    [{ name: 'x\n', seeds, parse }, 'to be letters, digits'],
    [{ name: 5, seeds, parse }, 'Expected `name` of a spider to be letters, digits, "-", "_" and ".", got 5'],
    [{ name: 'x', parse }, 'Expected `seeds` of spider "x" to be a list of URLs, or a function that returns one'],
    [{ name: 'x', seeds: 'http://a.test', parse }, 'Expected `seeds` of spider "x" to be a list of URLs'],
    [{ name: 'x', seeds }, 'Expected the parser `parse` of spider "x" to be a function, got undefined'],
    [{ name: 'x', seeds, parse: 'parse' }, 'Expected the parser `parse` of spider "x" to be a function, got string'],
    [
      { name: 'x', seeds, parse, parsers: { book: 1 } },
      'Expected the parser `book` of spider "x" to be a function, got number',
    ],
    [{ name: 'x', seeds, parse, parsers: { parse } }, 'Two parsers of spider "x" are called `parse`'],
    [
      { name: 'x', seeds, parse, seed: [] },
      'No field of spider "x" is called `seed` (known: name, description, args, seeds, sitemaps, options, parse, parsers)',
    ],
  ])('refuses %j', (spec, message) => {
    expect(define(spec)).toThrow(SpiderError)
    expect(define(spec)).toThrow(message)
  })

  it.each([null, 5])('refuses parsers that are %j with an error that says so', (parsers) => {
    expect(define({ name: 'x', seeds, parse, parsers })).toThrow(SpiderError)
  })
})

describe('the items of a spider are inferred', () => {
  it('from an async generator', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      async *parse(page) {
        yield { title: page.$('h1').text() }
      },
    })
    expectTypeOf(spider).toEqualTypeOf<Spider<{ title: string }>>()
  })

  it('from a generator', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      *parse(page) {
        yield { depth: page.depth }
      },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ depth: number }>()
  })

  it('from an async function that returns a list', () => {
    const spider = defineSpider({ name: 'x', seeds, parse: async (page) => [{ status: page.status }] })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ status: number }>()
  })

  it('from a function that returns a list', () => {
    const spider = defineSpider({ name: 'x', seeds, parse: (page) => page.links().map((url) => ({ url })) })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ url: string }>()
  })

  it('as the union of what all parsers yield, without the follows', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      async *parse(page) {
        yield { kind: 'list' as const }
        for (const url of page.links('.book')) yield page.follow(url, 'book')
        for (const url of page.links('.next')) yield page.follow(url)
      },
      parsers: {
        *book(page) {
          yield { kind: 'book' as const, title: page.text }
          yield page.follow('/author', 'author', { data: { n: 1 } })
        },
        author: async (page: Page<{ n: number }>) => [{ kind: 'author' as const, n: page.data.n }, page.follow('/')],
      },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<
      { kind: 'list' } | { kind: 'book'; title: string } | { kind: 'author'; n: number }
    >()
  })

  it('as none from parsers that only follow', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      *parse(page) {
        yield page.follow('/b')
      },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<never>()
  })

  it('from what extract gives', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      *parse(page) {
        yield { ...page.extract({ title: 'h1', tags: ['.tag'] }), n: 1 }
      },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ n: number; title: string | undefined; tags: string[] }>()
  })
})

describe('a follow is checked by the compiler', () => {
  const parsers = {
    *any(page: Page) {
      yield { url: page.url.href }
    },
    *numbered(page: Page<{ n: number }>) {
      yield { n: page.data.n }
    },
  }

  it('and passes when its parser is there and its data is what that parser asks for', () => {
    const spider = defineSpider({
      name: 'x',
      seeds,
      *parse(page) {
        yield page.follow('/a', 'any')
        yield page.follow('/a', 'any', { data: { whatever: true } })
        yield page.follow('/b', 'numbered', { data: { n: 1 } })
        yield page.follow('/b', 'numbered', { data: { n: 1, more: 'x' } })
        yield page.follow('/c', 'parse')
        yield page.follow('/c', { data: { n: 1 } })
      },
      parsers,
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ url: string } | { n: number }>()
  })

  it('and does not compile to a parser that is not there', () => {
    defineSpider({
      name: 'x',
      seeds,
      // @ts-expect-error -- no parser is called "boook"
      *parse(page) {
        yield page.follow('/b', 'boook')
      },
      parsers,
    })
    defineSpider({
      name: 'x',
      seeds,
      // @ts-expect-error -- no parser is called "any", as there are none
      parse: (page) => [page.follow('/b', 'any')],
    })
  })

  it('and does not compile to an unknown parser from another parser either', () => {
    defineSpider({
      name: 'x',
      seeds,
      parse: (page) => [page.follow('/b', 'book')],
      parsers: {
        // @ts-expect-error -- no parser is called "autor"
        book: (page) => [page.follow('/c', 'autor')],
      },
    })
  })

  it('and does not compile with data that the parser does not ask for', () => {
    defineSpider({
      name: 'x',
      seeds,
      // @ts-expect-error -- the parser "numbered" asks for other data than this follow brings
      *parse(page) {
        yield page.follow('/b', 'numbered', { data: { n: 'one' } })
      },
      parsers,
    })
  })

  it('and does not compile without the data that the parser asks for', () => {
    defineSpider({
      name: 'x',
      seeds,
      // @ts-expect-error -- the parser "numbered" asks for other data than this follow brings
      async *parse(page) {
        yield page.follow('/b', 'numbered')
      },
      parsers,
    })
  })

  it('and does not compile when only one of several is wrong', () => {
    defineSpider({
      name: 'x',
      seeds,
      // @ts-expect-error -- no parser is called "boook"
      async *parse(page) {
        yield { a: 1 }
        yield page.follow('/a', 'any')
        yield page.follow('/b', 'boook')
      },
      parsers,
    })
  })
})

describe('a description is checked by the compiler', () => {
  const parse = () => [{ a: 1 }]

  it('and needs a name, seeds and a parser', () => {
    // @ts-expect-error -- `name` is missing
    expect(() => defineSpider({ seeds, parse })).toThrow('`name`')
    // @ts-expect-error -- `seeds` is missing
    expect(() => defineSpider({ name: 'x', parse })).toThrow('`seeds`')
    // @ts-expect-error -- `parse` is missing
    expect(() => defineSpider({ name: 'x', seeds })).toThrow('`parse`')
  })

  it('and has no field that nobody knows', () => {
    // @ts-expect-error -- a spider has no field "startUrls"
    expect(() => defineSpider({ name: 'x', seeds, parse, startUrls: [] })).toThrow('startUrls')
  })

  it('and has options of the right kind', () => {
    // @ts-expect-error -- a number is asked for
    defineSpider({ name: 'x', seeds, parse, options: { maxDepth: '1' } })
  })

  it('and yields objects', () => {
    // @ts-expect-error -- text is no item
    defineSpider({ name: 'x', seeds, parse: () => ['title'] })
  })
})

describe('the parser that sitemaps name is checked by the compiler', () => {
  const parse = () => [{ a: 1 }]
  const book = () => [{ b: 1 }]

  it('and may be `parse`, or one of the others, or none', () => {
    const spiders = [
      defineSpider({ name: 'x', seeds, parse, sitemaps: true }),
      defineSpider({ name: 'x', seeds, parse, sitemaps: ['http://a.test/s.xml'] }),
      defineSpider({ name: 'x', seeds, parse, sitemaps: { since: '2026-01-01', include: [/x/] } }),
      defineSpider({ name: 'x', seeds, parse, sitemaps: { parser: 'parse' } }),
    ]
    expect(spiders.map(({ sitemaps }) => sitemaps?.parser)).toEqual(['parse', 'parse', 'parse', 'parse'])
    const spider = defineSpider({ name: 'x', seeds, parse, parsers: { book }, sitemaps: { parser: 'book' } })
    expect(spider.sitemaps?.parser).toBe('book')
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ a: number } | { b: number }>()
  })

  it('and does not compile if it is not there, with a sentence that says so', () => {
    const sitemaps = { parser: 'boook' } as const
    expect(() =>
      // @ts-expect-error -- no parser is called "boook"
      defineSpider({ name: 'x', seeds, parse, parsers: { book }, sitemaps: { parser: 'boook' } }),
    ).toThrow('Expected `sitemaps.parser` of spider "x" to be the name of a parser (known: parse, book), got `"boook"`')
    type Spec = { name: string; seeds: string[]; parse: typeof parse; sitemaps: typeof sitemaps }
    type Told = 'no parser is called "boook"'
    expectTypeOf<Checked<Spec>['sitemaps']>().toEqualTypeOf<Told>()
    // What the compiler compares with: of `never` it could only say that nothing is assignable to it.
    expectTypeOf<(Spec & Checked<Spec>)['sitemaps']['parser']>().not.toBeNever()
  })

  it('and has no other form', () => {
    // @ts-expect-error -- false is none
    expect(() => defineSpider({ name: 'x', seeds, parse, sitemaps: false })).toThrow('`sitemaps`')
    // @ts-expect-error -- a list is asked for
    expect(() => defineSpider({ name: 'x', seeds, parse, sitemaps: 'http://a.test/s.xml' })).toThrow('`sitemaps`')
  })
})

describe('the arguments of a spider', () => {
  it('are texts by name without a schema', () => {
    defineSpider({
      name: 'x',
      seeds: (args) => {
        expectTypeOf(args).toEqualTypeOf<Readonly<Record<string, string | undefined>>>()
        return [args.site ?? 'http://a.test/']
      },
      parse: (page) => {
        expectTypeOf(page.args).toEqualTypeOf<Readonly<Record<string, string | undefined>>>()
        return []
      },
    })
  })

  it('are typed by a schema, in seeds and on every page', () => {
    const spider = defineSpider({
      name: 'x',
      args: z.object({ site: z.url(), pages: z.coerce.number().default(1) }),
      seeds: (args) => {
        expectTypeOf(args).toEqualTypeOf<{ site: string; pages: number }>()
        return [args.site]
      },
      *parse(page) {
        expectTypeOf(page.args).toEqualTypeOf<{ site: string; pages: number }>()
        yield { pages: page.args.pages }
      },
      parsers: {
        book: (page) => {
          expectTypeOf(page.args).toEqualTypeOf<{ site: string; pages: number }>()
          return [{ site: page.args.site }]
        },
      },
    })
    expectTypeOf<ItemOf<typeof spider>>().toEqualTypeOf<{ pages: number } | { site: string }>()
    expect(spider.args?.['~standard'].vendor).toBe('zod')
    const seedsOf = spider.seeds as unknown as (args: { site: string; pages: number }) => readonly string[]
    expect(seedsOf({ site: 'http://b.test/', pages: 1 })).toEqual(['http://b.test/'])
  })

  it('that the schema does not know do not compile', () => {
    defineSpider({
      name: 'x',
      args: z.object({ site: z.string() }),
      // @ts-expect-error -- there is no argument `sites`
      seeds: (args) => [args.sites],
      parse: () => [],
    })
  })
})
