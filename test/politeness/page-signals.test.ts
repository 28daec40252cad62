/** What pages ask of robots, heard by a whole crawl: POLITENESS items E1 to E5 (X-Robots-Tag, `<meta name="robots">`, `rel`, canonical). */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type CrawlEvent, type CrawlOptions, crawl, defineSpider } from '../../src/index.ts'
import type { ItemOf, Spider } from '../../src/spider/spider.ts'
import { Store } from '../../src/store/store.ts'
import { expectToAddUp } from '../sites/counts.ts'
import { collect } from '../sites/spiders.ts'
import { openWeb, send } from '../sites/web.ts'

/** No gap: the web here is ours. */
const quick: CrawlOptions = { delayMs: 0, robotsRetryMs: 30, productToken: 'AcmeBot' }

/** A page, with the lines of its X-Robots-Tag. */
const answer =
  (html: string, ...tags: string[]) =>
  (_request: unknown, response: ServerResponse) => {
    if (tags.length > 0) response.setHeader('x-robots-tag', tags)
    send(response, 200, html)
  }

type Routes = Readonly<Record<string, ReturnType<typeof answer>>>

const spiderOf = (seed: string) =>
  defineSpider({
    name: 'signals',
    seeds: [seed],
    *parse(page) {
      const { noindex, nofollow, all } = page.directives
      yield { path: page.url.pathname, noindex, nofollow, all, canonical: page.canonical }
      for (const url of page.links()) yield page.follow(url)
    },
  })

/** Crawls over real sockets from the front page of a web with these routes. */
async function crawlOf<Item extends object = ItemOf<ReturnType<typeof spiderOf>>>(
  routes: Routes,
  options: CrawlOptions = {},
  makeSpider: (seed: string) => Spider<Item> = spiderOf as never,
) {
  const web = await openWeb({ pages: 0, routes })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const events: CrawlEvent[] = []
  const run = crawl(makeSpider(web.urls[0] ?? ''), {
    ...quick,
    ...options,
    observers: [(event) => void events.push(event)],
  })
  const items = await collect(run)
  expectToAddUp(run.stats)
  return { items, events, stats: run.stats, log: web.log, paths: web.log.slice(1).map(({ path }) => path) }
}

/** A front page with one link, of which it is told what it asks. */
const frontAnd = (html: string, ...tags: string[]): Routes => ({
  '/': answer(`${html}<a href="/next">next</a>`, ...tags),
  '/next': answer('<h1>Next</h1>'),
})

const past = 'Sat, 25 Jun 2010 15:00:00 GMT'
const ahead = 'Sat, 25 Jun 2095 15:00:00 GMT'

describe('X-Robots-Tag', () => {
  it.each<[title: string, lines: string[], noindex: boolean, nofollow: boolean]>([
    ['one line', ['noindex'], true, false],
    ['rules of several lines add up', ['noindex', 'nofollow'], true, true],
    ['commas, any case', ['NoArchive, NOINDEX'], true, false],
    ['none is both', ['none'], true, true],
    ['all takes nothing back', ['noindex', 'all'], true, false],
    ['a line for us', ['acmebot: noindex'], true, false],
    ['a line for another robot', ['otherbot: noindex, nofollow'], false, false],
    ['the scope of a token ends with its line', ['otherbot: noarchive', 'noindex'], true, false],
    ['a token speaks for all of its line', ['otherbot: noarchive, noindex', 'nofollow'], false, true],
    ['max-snippet is no token', ['max-snippet: 20', 'noindex'], true, false],
    ['after unavailable_after it is noindex', [`unavailable_after: ${past}`], true, false],
    ['a date has commas and colons of its own', [`unavailable_after: ${past}, nofollow`], true, true],
    ['before unavailable_after it is not', [`unavailable_after: ${ahead}`], false, false],
    ['unknown rules are ignored', ['nomoney, noindexing'], false, false],
  ])('POLITENESS E1: %s', async (_title, lines, noindex, nofollow) => {
    const { items, stats, paths } = await crawlOf(frontAnd('', ...lines), { keepNoindex: true })
    expect(items[0]).toMatchObject({ noindex, nofollow })
    expect(paths).toEqual(nofollow ? ['/'] : ['/', '/next'])
    expect(stats.dropped.nofollow).toBe(nofollow ? 1 : 0)
  })

  it('POLITENESS E1: on an answer that is no HTML counts as well', async () => {
    const json = (_request: unknown, response: ServerResponse) => {
      response.setHeader('x-robots-tag', ['noindex'])
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"robots":"<meta name=robots content=all>"}')
    }
    const { items, stats } = await crawlOf({ '/': json }, {}, (seed) =>
      defineSpider({ name: 'json', seeds: [seed], parse: (page) => [page.json<object>()] }),
    )
    expect(items).toEqual([])
    expect(stats.itemsWithheld).toBe(1)
  })
})

describe('<meta name="robots">', () => {
  it.each<[title: string, html: string, noindex: boolean, nofollow: boolean]>([
    ['in the head', '<meta name="robots" content="noindex">', true, false],
    ['name and content in any case', '<META NAME="Robots" CONTENT="NoIndex,NOFOLLOW">', true, true],
    ['by our name', '<meta name="acmebot" content="none">', true, true],
    ["by another robot's name", '<meta name="googlebot" content="none">', false, false],
    ['several add up', '<meta name=robots content=noindex><meta name=acmebot content=nofollow>', true, true],
    ['index takes nothing back', '<meta name=robots content=noindex><meta name=acmebot content=index>', true, false],
    ['not in the body', '<body><meta name="robots" content="none">', false, false],
    ['not in a comment', '<!-- <meta name="robots" content="none"> -->', false, false],
    ['not in a script', "<script>\"<meta name='robots' content='none'>\"</script>", false, false],
    ['not in a title', '<title><meta name="robots" content="none"></title>', false, false],
    ['a property is no name', '<meta property="robots" content="none">', false, false],
  ])('POLITENESS E2: %s', async (_title, html, noindex, nofollow) => {
    const { items, stats, paths } = await crawlOf(frontAnd(html), { keepNoindex: true })
    expect(items[0]).toMatchObject({ noindex, nofollow })
    expect(paths).toEqual(nofollow ? ['/'] : ['/', '/next'])
    expect(stats.dropped.nofollow).toBe(nofollow ? 1 : 0)
  })

  it('POLITENESS E2: adds up with the header', async () => {
    const { items } = await crawlOf(frontAnd('<meta name="robots" content="nofollow">', 'noindex, max-snippet: 20'), {
      keepNoindex: true,
    })
    expect(items).toEqual([
      { path: '/', noindex: true, nofollow: true, all: ['noindex', 'max-snippet: 20', 'nofollow'] },
    ])
  })

  it('ours: counts though the parser takes the head away', async () => {
    const { items, stats, paths } = await crawlOf(frontAnd('<meta name="robots" content="none">'), {}, (seed) =>
      defineSpider({
        name: 'beheader',
        seeds: [seed],
        *parse(page) {
          page.$('head, script, style').remove()
          yield { text: page.$.root().text() }
          for (const url of page.links()) yield page.follow(url)
        },
      }),
    )
    expect(items).toEqual([])
    expect(paths).toEqual(['/'])
    expect(stats).toMatchObject({ itemsWithheld: 1, dropped: { nofollow: 1 } })
  })
})

describe('a page that says noindex', () => {
  it('POLITENESS E3: loses its items, which are counted, and its links are followed', async () => {
    const { items, events, stats, paths } = await crawlOf(frontAnd('', 'noindex'))
    expect(items.map(({ path }) => path)).toEqual(['/next'])
    expect(paths).toEqual(['/', '/next'])
    expect(stats).toMatchObject({ fetched: 2, items: 1, itemsWithheld: 1 })
    const ended = events.find((event) => event.kind === 'ended')
    expect(ended).toMatchObject({ items: 0, itemsWithheld: 1, follows: 1 })
  })

  it('ours: keeps its items if the spider says keepNoindex', async () => {
    const { items, stats } = await crawlOf(frontAnd('', 'noindex'), { keepNoindex: true })
    expect(items.map(({ path }) => path)).toEqual(['/', '/next'])
    expect(stats).toMatchObject({ items: 2, itemsWithheld: 0 })
  })

  it('ours: gives the places of its items back: more of them than the reader has places for do not stop the crawl', async () => {
    const chain = Array.from({ length: 12 }, (_, n) => [
      n === 0 ? '/' : `/${n}`,
      answer(`<a href="/${n + 1}">on</a>`, 'noindex'),
    ])
    const { items, stats } = await crawlOf(Object.fromEntries(chain), { maxBufferedItems: 2 })
    expect(items).toEqual([])
    expect(stats).toMatchObject({ fetched: 12, itemsWithheld: 12, failedBy: { http_404: 1 }, stopReason: 'finished' })
  })
})

describe('a page that says nofollow', () => {
  const many = {
    '/': answer('<a href="/next">1</a><a href="/b">2</a>', 'nofollow'),
    '/next': answer(''),
    '/b': answer(''),
  }

  it('POLITENESS E3: is kept, and its follows are dropped and counted', async () => {
    const { items, stats, paths } = await crawlOf(many)
    expect(items).toHaveLength(1)
    expect(paths).toEqual(['/'])
    expect(stats).toMatchObject({ offered: 3, added: 1, fetched: 1, dropped: { nofollow: 2 } })
  })

  it('ours: is followed if the spider says followNofollow', async () => {
    const { stats, paths } = await crawlOf(many, { followNofollow: true })
    expect(paths).toEqual(['/', '/next', '/b'])
    expect(stats.dropped.nofollow).toBe(0)
  })
})

describe('rel=nofollow on a link', () => {
  const links = {
    '/': answer(
      '<a rel="nofollow" href="/1">1</a><a rel="noopener NoFollow ugc" href="/2">2</a><a rel="ugc sponsored" href="/3">3</a>' +
        '<a rel="nofollower" href="/4">4</a><a rel="\nnofollow\t" href="/5">5</a><a rel="nofollow" href="mailto:a@b.test">m</a>',
    ),
    ...Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`/${n + 1}`, answer('')])),
  }

  it('POLITENESS E4: is a space-separated list in any case; such links are passed over and counted', async () => {
    const { stats, paths, events } = await crawlOf(links)
    expect(paths.toSorted()).toEqual(['/', '/3', '/4'])
    expect(stats).toMatchObject({ nofollowLinks: 3, skippedLinks: 1, offered: 3 })
    expect(events.find((event) => event.kind === 'ended')).toMatchObject({ nofollowLinks: 3, follows: 2 })
  })

  it('ours: is followed if the spider says followNofollow', async () => {
    const { stats, paths } = await crawlOf(links, { followNofollow: true })
    expect(paths).toHaveLength(6)
    expect(stats.nofollowLinks).toBe(0)
  })

  it('POLITENESS E4: keeps nobody from a link to the same page that does not say it', async () => {
    const { paths } = await crawlOf({
      '/': answer('<a rel=nofollow href="/next">1</a><a href="/next">2</a>'),
      '/next': answer(''),
    })
    expect(paths).toEqual(['/', '/next'])
  })
})

describe('other links of a page', () => {
  it('POLITENESS E5, D1: canonical, hreflang and refresh are known to the parser and by themselves not fetched', async () => {
    const head =
      '<link rel="canonical" href="/canonical"><link rel="alternate" hreflang="de" href="/de"><meta http-equiv="refresh" content="0; url=/refreshed">'
    const { items, paths } = await crawlOf({ '/': answer(`<head>${head}</head>`) })
    expect(paths).toEqual(['/'])
    expect(new URL(items[0]?.canonical ?? '').pathname).toBe('/canonical')
  })

  it('POLITENESS E5: a canonical that the parser follows goes through scope and robots.txt like any other', async () => {
    const web = await openWeb({
      pages: 0,
      robots: 'User-agent: *\nDisallow: /private',
      routes: {
        '/': answer('<link rel="canonical" href="/private"><a href="/b">b</a>'),
        '/b': answer('<link rel=canonical href="http://elsewhere.test/">'),
      },
    })
    onTestFinished(() => web[Symbol.asyncDispose]())
    const spider = defineSpider({
      name: 'canonical',
      seeds: [...web.urls],
      *parse(page) {
        if (page.canonical !== undefined) yield page.follow(page.canonical)
        for (const url of page.links()) yield page.follow(url)
      },
    })
    const run = crawl(spider, quick)
    await collect(run)
    expect(web.log.map(({ path }) => path)).toEqual(['/robots.txt', '/', '/b'])
    expect(run.stats).toMatchObject({ skippedBy: { disallowed: 1 }, dropped: { out_of_scope: 1 } })
    expectToAddUp(run.stats)
  })
})

it('POLITENESS E3: what a page asks is passed on to the parser, and recorded with the page in a store', async () => {
  const store = await mkdtemp(join(tmpdir(), 'doff-signals-'))
  onTestFinished(() => rmSync(store, { recursive: true, force: true }))
  const { items } = await crawlOf(frontAnd('<meta name=robots content=noai>', 'noarchive', 'max-snippet: 20'), {
    store,
  })
  expect(items.map(({ all }) => all)).toEqual([['noarchive', 'max-snippet: 20', 'noai'], []])
  using opened = Store.openToRead(store)
  const rows = opened.database.prepare('select directives from page order by id').all()
  expect(rows.map(({ directives }) => directives)).toEqual(['["noarchive","max-snippet: 20","noai"]', null])
})

it('POLITENESS G1, G2: says who it is on every request as the server sees it, and names no referrer', async () => {
  const seen: (string | undefined)[][] = []
  const note = (html: string) => (request: { headers: NodeJS.Dict<string | string[]> }, response: ServerResponse) => {
    const { 'user-agent': agent, from, referer, cookie, authorization } = request.headers
    seen.push([agent, from, referer, cookie, authorization].map((value) => value?.toString()))
    response.setHeader('set-cookie', 'a=1')
    send(response, 200, html)
  }
  const routes = {
    '/robots.txt': note(''),
    '/sitemap.xml': note('<urlset/>'),
    '/': note('<a href="/next">n</a>'),
    '/next': note(''),
  }
  await crawlOf(routes as unknown as Routes, { contact: 'me@a.test' }, (seed) =>
    defineSpider({
      name: 'who',
      seeds: [seed],
      sitemaps: true,
      parse: (page) => page.links().map((url) => page.follow(url)),
    }),
  )
  expect(seen).toHaveLength(4)
  for (const [agent, ...others] of seen) {
    expect(agent).toMatch(/^AcmeBot\/\d+\.\d+\.\d+ \(\+mailto:me@a\.test\)$/)
    expect(others).toEqual(['me@a.test', undefined, undefined, undefined])
  }
})
