// A small bookshop served on loopback, for tests and demos that must not touch the network.
// It has the page structure (URLs, element names, classes) of the public sandbox https://books.toscrape.com,
// so one spider works on both; every title, name and text is invented here and drawn from word lists
// with a seeded generator, so the same options always give the same shop.
// `books` is the truth to compare a crawl with, `log` is what the server saw of it.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'

export interface Book {
  readonly title: string
  readonly price: number // in pounds: 51.77 is shown as £51.77
  readonly upc: string
  readonly rating: number // 1 to 5, on the pages the class One to Five
  readonly category: string
  readonly available: number // copies in stock, at least 1
  readonly path: string // of the book's page: /catalogue/<slug>_<id>/index.html
  readonly description: string
}

export interface AccessLogLine {
  readonly at: number // performance.now() when the request arrived, before any latency
  readonly method: string
  readonly path: string // as requested, with its query
  readonly status: number
  readonly userAgent: string // empty when the request named none
}

export interface Bookshop extends AsyncDisposable {
  readonly url: string // http://127.0.0.1:PORT/
  readonly books: readonly Book[]
  readonly log: readonly AccessLogLine[] // the last 10,000 requests, oldest first
}

const PER_PAGE = 20
const LOG_LIMIT = 10_000
const STARS = ['One', 'Two', 'Three', 'Four', 'Five']
const GIF = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')
const ROBOTS = 'User-agent: *\nDisallow: /basket/\nAllow: /\n'

// Words start with a consonant and nouns take a plain s, so the templates below need no grammar.
const CATEGORIES: Readonly<Record<string, string>> = {
  Travel: 'ferryboat railway border caravan lagoon mountain passport suitcase',
  Mystery: 'footprint secret shadow keyhole cipher telegram cellar visitor',
  'Historical Fiction': 'lantern loom courtier guild manuscript tapestry crown pilgrim',
  Poetry: 'nightingale silence river window psalm season feather garden',
  'Science Fiction': 'comet robot satellite moon time-loop colonist signal starship',
  Fantasy: 'dragon spellbook tower wizard riddle forest goblin talisman',
  'Food and Drink': 'dumpling teapot recipe saucepan market kitchen biscuit spoon',
  Nature: 'hedgerow badger meadow tide heron beehive pond seed',
  Music: 'cello waltz-tune bandstand chord metronome songbook drum piano',
  Philosophy: 'question paradox mirror doubt cave conversation teacup puddle',
}
const words = (text: string) => text.split(',')
const ADJECTIVES = words('borrowed,crooked,drowsy,forgotten,gentle,hollow,midnight,paper,patient,quiet,salt,silver')
const FIRST_NAMES = words('Ada,Bruno,Clémence,Dagny,Emil,Greta,Hanno,Inês,Jonas,Klara,Linus,Maud,Noor,Otis,Petra')
const LAST_NAMES = words('Almondine,Birchall,Candlewick,Dunnock,Farthing,Glasswell,Hobday,Larkrise,Müllen,Thistle')
const PLACES = words('Harrow Bay,Upper Tamsin,Île-Brume,Cobblewick,Saint Orla,Vänterby,Mossgate,Little Fenning')
const TRADES = words('night baker,lighthouse keeper,retired cartographer,piano tuner,clockmaker,beekeeper')
const SEASONS = words('spring,summer,autumn,winter')

function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function writeBooks(count: number, seed: number): Book[] {
  const random = mulberry32(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const capital = (text: string) => text.replace(/(^|[ -])[a-z]/g, (start) => start.toUpperCase())
  const shelves = Object.entries(CATEGORIES)
  const editions = new Map<string, number>()
  return Array.from({ length: count }, (_, index) => {
    // Squared, so that shelves differ in size and the first ones need a second page.
    const [category, list] = shelves[Math.floor(random() ** 2 * shelves.length)] as [string, string]
    const nouns = list.split(' ')
    const noun = nouns.splice(below(nouns.length), 1)[0] as string
    const [other, adjective, place, trade] = [pick(nouns), pick(ADJECTIVES), pick(PLACES), pick(TRADES)]
    const [first, last, season] = [pick(FIRST_NAMES), pick(LAST_NAMES), pick(SEASONS)]
    const name = pick([
      `The ${capital(adjective)} ${capital(noun)}`,
      `The ${capital(noun)} of ${place}`,
      `${capital(noun)} & ${capital(other)}`,
      `The ${capital(trade)}'s ${capital(noun)}`,
      `Seven ${capital(noun)}s for ${first} ${last}`,
      `${capital(season)} in ${place}: The Story of a ${capital(noun)}`,
      `Everything I Know about ${capital(noun)}s I Learned in ${place}`,
    ])
    const edition = (editions.get(name) ?? 0) + 1
    editions.set(name, edition)
    const title = edition === 1 ? name : `${name}, Volume ${edition}`
    const description = [
      pick([
        `When ${first} ${last}, a ${trade}, comes home with a ${adjective} ${noun}, all of ${place} talks.`,
        `Every ${season} ${place} counts one ${noun} too many, and ${first} ${last} means to find out why.`,
        `${first} ${last} has been a ${trade} in ${place} for thirty years and never mentioned the ${noun}.`,
      ]),
      pick([
        `What begins as a quarrel about a ${other} soon becomes the longest friendship of a lifetime.`,
        `Between one ${other} and the next, ${first} learns what is worth keeping and what may be lent.`,
        `Nobody believes in the ${other}, "least of all before breakfast", until it is ${first}'s turn.`,
      ]),
      pick([
        'Warm, wry and a little windswept: a book for anyone who has ever missed the last boat.',
        'A generous story about patience, weather & the people who live next door.',
        'Best read slowly, with the window open and something in the oven.',
      ]),
    ].join(' ')
    // NFD splits accents off, so that é gives e and not a dash.
    const slug = title
      .normalize('NFD')
      .replace(/[\u0300-\u036f']/g, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
    const price = (1000 + below(5000)) / 100
    const upc = Array.from({ length: 16 }, () => below(16).toString(16)).join('')
    const path = `/catalogue/${slug}_${count - index}/index.html`
    return { title, price, upc, rating: 1 + below(5), category, available: 1 + below(22), path, description }
  })
}

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
const pounds = (price: number) => `£${price.toFixed(2)}`
const image = ({ upc }: Book) => `/media/cache/${upc.slice(0, 2)}/${upc.slice(2, 4)}/${upc}.jpg`
// As the sandbox does: every link is relative to the page it is on.
const link = (from: string, to: string) => posix.relative(posix.dirname(from), to)
const anchor = (from: string, to: string, text: string) => `<a href="${link(from, to)}">${escapeHtml(text)}</a>`
const stars = ({ rating }: Book) =>
  `<p class="star-rating ${STARS[rating - 1]}">${'<i class="icon-star"></i>'.repeat(5)}</p>`

function layout(from: string, title: string, trail: readonly (readonly [string, string])[], main: string): string {
  const crumbs = [['/index.html', 'Home'] as const, ...trail].map(([to, text]) => `<li>${anchor(from, to, text)}</li>`)
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)} | The Doff Bookshop - Sandbox</title></head>
<body class="default">
<header class="header container-fluid">${anchor(from, '/index.html', 'The Doff Bookshop')}
<a href="/basket/">Basket</a></header>
<div class="container-fluid page"><div class="page_inner">
<ul class="breadcrumb">${crumbs.join('\n')}
<li class="active">${escapeHtml(title)}</li></ul>
${main}
</div></div></body>
</html>
`
}

function pod(from: string, book: Book): string {
  const [href, title] = [link(from, book.path), escapeHtml(book.title)]
  // Cut at a word, as the sandbox does: only the attribute has the full title.
  const short = book.title.length > 24 ? `${book.title.slice(0, 21).replace(/\s+\S*$/, '')} ...` : book.title
  return `<li class="col-xs-6 col-sm-4 col-md-3 col-lg-3"><article class="product_pod">
<div class="image_container"><a href="${href}">
<img src="${link(from, image(book))}" alt="${title}" class="thumbnail"></a></div>
${stars(book)}
<h3><a href="${href}" title="${title}">${escapeHtml(short)}</a></h3>
<div class="product_price"><p class="price_color">${pounds(book.price)}</p>
<p class="instock availability"><i class="icon-ok"></i> In stock</p></div>
</article></li>`
}

function bookPage(book: Book, home: string, shelf: string): string {
  const [stock, price] = [`In stock (${book.available} available)`, pounds(book.price)]
  const rows = [
    ['UPC', book.upc],
    ['Product Type', 'Books'],
    ['Price (excl. tax)', price],
    ['Price (incl. tax)', price],
    ['Tax', '£0.00'],
    ['Availability', stock],
    ['Number of reviews', '0'],
  ]
  return layout(
    book.path,
    book.title,
    [
      [home, 'Books'],
      [shelf, book.category],
    ],
    `<article class="product_page">
<div class="row"><div class="col-sm-6"><div id="product_gallery" class="carousel">
<div class="item active"><img src="${link(book.path, image(book))}" alt="${escapeHtml(book.title)}"></div></div></div>
<div class="col-sm-6 product_main"><h1>${escapeHtml(book.title)}</h1>
<p class="price_color">${price}</p>
<p class="instock availability"><i class="icon-ok"></i> ${stock}</p>
${stars(book)}</div></div>
<div id="product_description" class="sub-header"><h2>Product Description</h2></div>
<p>${escapeHtml(book.description)}</p>
<div class="sub-header"><h2>Product Information</h2></div>
<table class="table table-striped">
${rows.map(([name, value]) => `<tr><th>${name}</th><td>${value}</td></tr>`).join('\n')}
</table></article>`,
  )
}

// Pages are rendered when asked for, so a large shop opens as fast as a small one.
function routesOf(books: readonly Book[]): Map<string, () => string> {
  const routes = new Map<string, () => string>()
  const home = '/catalogue/category/books_1/index.html'
  const shelves = Object.keys(CATEGORIES)
    .map((name, index) => {
      const path = `/catalogue/category/books/${name.toLowerCase().replaceAll(' ', '-')}_${index + 2}/index.html`
      return { name, path, books: books.filter((book) => book.category === name) }
    })
    .filter((shelf) => shelf.books.length > 0)
  const menu = (from: string) => shelves.map(({ name, path }) => `<li>${anchor(from, path, name)}</li>`).join('\n')

  // `at` gives the path of a page of this listing; page 1 of the catalogue is also the home page.
  const addListing = (heading: string, list: readonly Book[], at: (page: number) => string) => {
    const pages = Math.max(1, Math.ceil(list.length / PER_PAGE))
    const render = (from: string, page: number) => {
      const shown = list.slice((page - 1) * PER_PAGE, page * PER_PAGE)
      const previous = page > 1 ? `<li class="previous">${anchor(from, at(page - 1), 'previous')}</li>` : ''
      const next = page < pages ? `<li class="next">${anchor(from, at(page + 1), 'next')}</li>` : ''
      const pager = `<ul class="pager">${previous}<li class="current">Page ${page} of ${pages}</li>${next}</ul>`
      return layout(
        from,
        heading,
        [],
        `<div class="row"><aside class="sidebar col-sm-4 col-md-3">
<div class="side_categories"><ul class="nav nav-list"><li>${anchor(from, home, 'Books')}<ul>
${menu(from)}</ul></li></ul></div></aside>
<div class="col-sm-8 col-md-9"><div class="page-header action"><h1>${escapeHtml(heading)}</h1></div>
<form class="form-horizontal"><strong>${list.length}</strong> results</form>
<section><ol class="row">
${shown.map((book) => pod(from, book)).join('\n')}
</ol>${pages > 1 ? pager : ''}</section></div></div>`,
      )
    }
    for (let page = 1; page <= pages; page++) routes.set(at(page), () => render(at(page), page))
    if (at(1) === '/catalogue/page-1.html') routes.set('/index.html', () => render('/index.html', 1))
  }

  const beside = (path: string) => (page: number) => (page === 1 ? path : path.replace('index', `page-${page}`))
  addListing('All products', books, (page) => `/catalogue/page-${page}.html`)
  addListing('Books', books, beside(home))
  for (const shelf of shelves) {
    addListing(shelf.name, shelf.books, beside(shelf.path))
    for (const book of shelf.books) routes.set(book.path, () => bookPage(book, home, shelf.path))
  }
  routes.set('/basket/index.html', () => layout('/basket/index.html', 'Basket', [], '<p>Your basket is empty.</p>'))
  return routes
}

/** One book in three was changed long ago. */
function sitemapOf(books: readonly Book[], origin: string): string {
  const entries = books.map(
    ({ path }, index) =>
      `<url><loc>${origin}${path}</loc><lastmod>${index % 3 === 0 ? '2019-02-03' : '2025-06-01'}</lastmod></url>`,
  )
  return `<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${entries.join('')}</urlset>\n`
}

function acceptsGzip(codings: string | string[] | undefined): boolean {
  return String(codings)
    .split(',')
    .some((coding) => /^\s*gzip\s*(?!;\s*q=0(\.0*)?\s*$)(;|$)/i.test(coding))
}

export async function openBookshop(
  options: { books?: number; seed?: number; host?: string; port?: number; latencyMs?: number } = {},
): Promise<Bookshop> {
  const { books: count = 100, seed = 1, host = '127.0.0.1', port = 0, latencyMs = 0 } = options
  if (!/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host)) throw new RangeError(`not a loopback host: ${host}`)
  const books = writeBooks(count, seed)
  const routes = routesOf(books)
  const images = new Set(books.map(image))
  const log: AccessLogLine[] = []

  const find = (path: string): [status: number, type: string, body: string | Buffer] => {
    if (path === '/robots.txt') return [200, 'text/plain; charset=utf-8', ROBOTS]
    if (path === '/sitemap.xml') return [200, 'application/xml', sitemapOf(books, `http://${host}:${bound()}`)]
    if (images.has(path)) return [200, 'image/gif', GIF]
    const page = routes.get(path.endsWith('/') ? `${path}index.html` : path)?.()
    const missing = '<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<a href="/">Home</a>\n'
    return [page === undefined ? 404 : 200, 'text/html; charset=utf-8', page ?? missing]
  }
  const server = createServer((request, response) => {
    const { method = 'GET', url: path = '/', headers } = request
    const readable = method === 'GET' || method === 'HEAD'
    const [status, type, body] = readable ? find(path.replace(/\?.*/, '')) : [405, 'text/plain', 'GET and HEAD only\n']
    log.push({ at: performance.now(), method, path, status, userAgent: headers['user-agent'] ?? '' })
    if (log.length > LOG_LIMIT) log.shift()
    const zipped = typeof body === 'string' && acceptsGzip(headers['accept-encoding'])
    const bytes = zipped ? gzipSync(body) : Buffer.from(body)
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': bytes.length,
      Vary: 'Accept-Encoding',
      ...(zipped && { 'Content-Encoding': 'gzip' }),
      ...(!readable && { Allow: 'GET, HEAD' }),
    })
    const send = () => response.end(method === 'HEAD' ? undefined : bytes)
    // Unreferenced: an answer still waiting when the shop closes must not hold the process.
    if (latencyMs > 0) setTimeout(send, latencyMs).unref()
    else send()
  })

  const bound = () => (server.address() as AddressInfo).port

  server.listen(port, host)
  await once(server, 'listening')
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound()}/`,
    books,
    log,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
