/**
 * A seeded, made-up web on this machine: hosts 127.0.0.2, .3, ... of linked pages, with an access log as a server would keep it. The same
 * seed gives the same web. Pages can be told to misbehave: `troubles` says which, and what a crawl must make of them is known beforehand.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebOptions {
  /** Default 1. */
  readonly hosts?: number
  /** Pages of each host, its front page among them. Default 10. */
  readonly pages?: number
  /** Default 1. */
  readonly seed?: number
  /** The robots.txt of every host; a number is a status. Default 404. */
  readonly robots?: string | number
  /** How long each answer takes. Default 0. */
  readonly latencyMs?: number
  /** Mixes pages among the others that redirect, hiccup, fail and dawdle. Default false. */
  readonly troubles?: boolean
  /** Answers of one's own, by path; they take precedence. */
  readonly routes?: Readonly<
    Record<string, (request: IncomingMessage, response: ServerResponse, visit: number) => void>
  >
}

/** A line of the access log. Times in milliseconds since the epoch. */
export interface AccessLine {
  readonly host: string
  readonly path: string
  readonly at: number
  /** Requests of this host that were open when this one came, itself included. */
  readonly open: number
  readonly userAgent: string
  readonly from: string | undefined
  status: number
  endedAt: number
}

export interface Web extends AsyncDisposable {
  /** The front page of each host, as a canonical URL. */
  readonly urls: readonly string[]
  readonly log: AccessLine[]
}

/** What a page is, besides well. */
export type Trouble = 'none' | 'redirect' | 'hiccup' | 'missing' | 'broken' | 'slow'

/** Every seventh page is in trouble, each kind in turn; the front page never is. */
export function troubleOf(page: number): Trouble {
  const kinds: readonly Trouble[] = ['redirect', 'hiccup', 'missing', 'broken', 'slow']
  return page > 0 && page % 7 === 0 ? (kinds[(page / 7) % kinds.length] ?? 'none') : 'none'
}

/** The pages that page `page` of `pages` links to: a binary tree, so that all can be reached, and three more by the seed. */
export function linksOf(page: number, pages: number, seed: number): readonly number[] {
  const children = [2 * page + 1, 2 * page + 2].filter((child) => child < pages)
  const random = randomFrom(seed * 1_000_003 + page)
  return [...children, ...Array.from({ length: 3 }, () => Math.floor(random() * pages))]
}

export async function openWeb(options: WebOptions = {}): Promise<Web> {
  const log: AccessLine[] = []
  const servers = await Promise.all(
    Array.from({ length: options.hosts ?? 1 }, (_, index) => openHost(index, options, log)),
  )
  return {
    urls: servers.map((server) => urlOf(server)),
    log,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(close))
    },
  }
}

async function openHost(index: number, options: WebOptions, log: AccessLine[]): Promise<Server> {
  const host = `127.0.0.${index + 2}`
  const visits = new Map<string, number>()
  let open = 0
  const server = createServer((request, response) => {
    const at = performance.timeOrigin + performance.now()
    const path = request.url ?? ''
    const { 'user-agent': userAgent = '', from } = request.headers
    open += 1
    const line: AccessLine = { host, path, at, open, userAgent, from, status: 0, endedAt: 0 }
    log.push(line)
    response.on('close', () => {
      open -= 1
      line.status = response.statusCode
      line.endedAt = performance.timeOrigin + performance.now()
    })
    const visit = (visits.get(path) ?? 0) + 1
    visits.set(path, visit)
    const answer = () => answerTo(request, response, visit, options, host)
    if (options.latencyMs === undefined) answer()
    else setTimeout(answer, options.latencyMs)
  })
  server.listen(0, host)
  await once(server, 'listening')
  return server
}

function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  visit: number,
  options: WebOptions,
  host: string,
): void {
  const path = request.url ?? ''
  const route = options.routes?.[path]
  if (route !== undefined) route(request, response, visit)
  else if (path === '/robots.txt') answerRobots(response, options.robots ?? 404)
  else answerPage(path, response, visit, options, host)
}

function answerPage(path: string, response: ServerResponse, visit: number, options: WebOptions, host: string): void {
  const { pages = 10, seed = 1 } = options
  const page = path === '/' ? 0 : Number(/^\/(?:page|moved)-(\d+)$/.exec(path)?.[1] ?? Number.NaN)
  const trouble = options.troubles === true ? troubleOf(page) : 'none'
  if (!(page < pages)) {
    send(response, 404, 'no such page')
  } else if (trouble === 'redirect' && path.startsWith('/page')) {
    response.writeHead(301, { location: `/moved-${page}` }).end()
  } else if (trouble === 'missing') {
    send(response, 404, 'gone')
  } else if (trouble === 'broken') {
    send(response, 500, 'broken')
  } else if (trouble === 'hiccup' && visit === 1) {
    send(response, 503, 'one moment')
  } else {
    const links = linksOf(page, pages, seed).map(
      (to) => `<li><a href="${to === 0 ? '/' : `/page-${to}`}">Page ${to}</a></li>`,
    )
    const html = `<!doctype html><title>Page ${page} of ${host}</title><h1>Page ${page}</h1><ul>${links.join('')}</ul>`
    setTimeout(() => send(response, 200, html), trouble === 'slow' ? 150 : 0)
  }
}

function answerRobots(response: ServerResponse, robots: string | number): void {
  if (typeof robots === 'number') send(response, robots, '')
  else response.writeHead(200, { 'content-type': 'text/plain' }).end(robots)
}

export function send(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html)
}

function urlOf(server: Server): string {
  const { address, port } = server.address() as AddressInfo
  return `http://${address}:${port}/`
}

async function close(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

/** Mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
