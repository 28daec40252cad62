/** `doff audit` over real crawls: it must say what an independent check of the servers' access log says, and no doctored ledger may pass. */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { auditCommand } from '../../src/cli/audit-command.ts'
import { migrations } from '../../src/store/schema.ts'
import { Store } from '../../src/store/store.ts'
import { audit } from '../sites/audit.ts'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { openFolder, runDoff, startDoff } from './run-doff.ts'

const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ sites }) => (sites ?? '').split(','),
  options: { maxDepth: 1000, maxRetries: 1, headersTimeoutMs: 400, maxRobotsAttempts: 1 },
  sitemaps: true,
  *parse(page) {
    yield { path: page.url.pathname }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

const hostOf = ({ socket }: IncomingMessage) => socket.localAddress ?? ''

/** Each host has its own ways. */
const routes: NonNullable<WebOptions['routes']> = {
  '/robots.txt': (request, response) => {
    const host = hostOf(request)
    if (host === '127.0.0.2') response.end('User-agent: *\nDisallow: /page-3\nSitemap: /map.xml\n')
    else if (host === '127.0.0.3') response.end('User-agent: *\nCrawl-delay: 0.4\n')
    else if (host === '127.0.0.4') response.writeHead(301, { location: '/moved/robots.txt' }).end()
    else send(response, 404, '')
  },
  '/moved/robots.txt': (_request, response) => response.end('User-agent: *\nDisallow: /page-5\n'),
  '/map.xml': (request, response) =>
    response.end(
      `<urlset><url><loc>http://${request.headers.host}/page-4</loc></url><url><loc>http://${request.headers.host}/page-3</loc></url></urlset>`,
    ),
  '/page-1': (request, response, visit) => {
    const host = hostOf(request)
    if (host === '127.0.0.2' && visit === 1) response.writeHead(429, { 'retry-after': '2' }).end()
    else if (host === '127.0.0.4') response.writeHead(302, { location: '/page-2' }).end()
    else if (host === '127.0.0.5' && visit === 1) request.socket.destroy()
    else send(response, 200, '<h1>one</h1>')
  },
  '/page-2': (request, response, visit) => {
    // It dawdles beyond the crawl's patience.
    if (hostOf(request) === '127.0.0.3' && visit === 1) return
    send(response, 200, '<h1>two</h1>')
  },
}

interface Json {
  readonly requests: number
  readonly requestsBeforeLedger: number
  readonly broken: number
  readonly hosts: readonly {
    readonly host: string
    readonly requests: number
    readonly leastGapMs: number
    readonly promisedGapMs: number
    readonly delayFrom: string
    readonly mostAtOnce: number
    readonly isRobotsFirst: boolean
    readonly disallowed: number
    readonly retryAfters: number
    readonly retryAftersKept: number
  }[]
  readonly breaches: readonly { readonly promise: string; readonly id: number; readonly message: string }[]
}

/** What `doff audit` says and returns, without a process of its own: there are many to ask. */
async function auditHere(store: string, flags = {}): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  try {
    return { code: await auditCommand(undefined, { store, ...flags }), stdout }
  } finally {
    write.mockRestore()
  }
}

async function auditJson(store: string): Promise<Json & { code: number }> {
  const { code, stdout } = await auditHere(store, { json: true })
  return { code, ...(JSON.parse(stdout) as Json) }
}

interface Sent {
  readonly host: string
  readonly url: string
  readonly address: string | null
  readonly sent_at: number
}

function ledgerIn(store: string): readonly Sent[] {
  using database = new DatabaseSync(join(store, 'crawl.db'), { readOnly: true })
  return database
    .prepare(
      'select name as host, url, address, ledger.sent_at from ledger join host on host.id = host order by ledger.sent_at',
    )
    .all() as unknown as Sent[]
}

const pathsOf = (rows: readonly Sent[], host: string) =>
  rows.filter((row) => row.host === host).map(({ url }) => new URL(url).pathname)

let folder: string
let store: string
let web: Awaited<ReturnType<typeof openWeb>>

describe('a crawl of several hosts that hiccup, redirect, and ask for patience', () => {
  const delayMs = 100
  // Not with openFolder, whose folder ends with a test.
  const made: string[] = []
  beforeAll(async () => {
    web = await openWeb({ hosts: 4, pages: 6, routes })
    const repository = new URL('../..', import.meta.url).pathname
    folder = await mkdtemp(join(tmpdir(), 'doff-audit-'))
    made.push(folder)
    await mkdir(join(folder, 'node_modules'))
    await symlink(repository, join(folder, 'node_modules/doff'))
    await mkdir(join(folder, 'spiders'))
    await writeFile(join(folder, 'spiders/pages.ts'), pages)
    // Nobody listens there.
    const sites = [...web.urls, 'http://127.0.0.9:9/'].join(',')
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `sites=${sites}`,
      '--delay',
      '100',
      '--quiet',
    ])
    expect(code, stderr).toBe(3)
    store = join(folder, '.doff/pages')
  }, 60_000)
  afterAll(async () => {
    await web[Symbol.asyncDispose]()
    for (const path of made) await rm(path, { recursive: true, force: true })
  })

  it('its ledger has every request that the servers saw, in their order, and those that came to none', () => {
    const rows = ledgerIn(store)
    expect(web.log.length).toBeGreaterThan(25)
    for (const { host, paths } of audit(web.log)) expect([host, ...pathsOf(rows, host)]).toEqual([host, ...paths])
    expect(pathsOf(rows, '127.0.0.9')).toEqual(['/robots.txt'])
    expect(rows).toHaveLength(web.log.length + 1)
    const paths = pathsOf(rows, '127.0.0.2').concat(pathsOf(rows, '127.0.0.4'), pathsOf(rows, '127.0.0.5'))
    expect(paths).toContain('/map.xml')
    expect(paths).toContain('/moved/robots.txt')
    expect(pathsOf(rows, '127.0.0.2').filter((path) => path === '/page-1')).toHaveLength(2)
    expect(pathsOf(rows, '127.0.0.5').filter((path) => path === '/page-1')).toHaveLength(2)
    expect(pathsOf(rows, '127.0.0.3').filter((path) => path === '/page-2')).toHaveLength(2)
    expect(rows.filter(({ address, host }) => address !== host).map(({ url }) => url)).toEqual([
      'http://127.0.0.9:9/robots.txt',
    ])
  })

  it('the audit passes, and agrees with the access log', async () => {
    const { code, requests, broken, hosts, breaches } = await auditJson(store)
    expect(breaches).toEqual([])
    expect([code, broken, requests]).toEqual([0, 0, web.log.length + 1])
    const seen = audit(web.log)
    expect(hosts.map(({ host }) => host).toSorted()).toEqual([...seen.map(({ host }) => host), '127.0.0.9'].toSorted())
    for (const server of seen) {
      const ours = hosts.find(({ host }) => host === server.host)
      expect(ours).toMatchObject({
        requests: server.requests,
        mostAtOnce: server.mostAtOnce,
        isRobotsFirst: server.firstPath === '/robots.txt',
        disallowed: 0,
      })
      expect(server.leastGapMs).toBeGreaterThanOrEqual(ours?.promisedGapMs ?? Number.NaN)
      expect(Math.abs((ours?.leastGapMs ?? Number.NaN) - server.leastGapMs)).toBeLessThan(50)
    }
    expect(seen.flatMap(({ host, paths }) => (host === '127.0.0.2' ? paths : []))).not.toContain('/page-3')
    expect(seen.flatMap(({ host, paths }) => (host === '127.0.0.4' ? paths : []))).not.toContain('/page-5')
    const of = (name: string) => hosts.find(({ host }) => host === name)
    expect(of('127.0.0.2')).toMatchObject({ retryAfters: 1, retryAftersKept: 1 })
    expect(of('127.0.0.3')).toMatchObject({ promisedGapMs: 400, delayFrom: 'Crawl-delay' })
    expect(of('127.0.0.4')).toMatchObject({ promisedGapMs: delayMs, delayFrom: 'delayMs' })
    expect(of('127.0.0.5')?.promisedGapMs).toBe(delayMs)
  })

  it('a person gets a table, by the name of the spider', async () => {
    const { code, stdout, stderr } = await runDoff(folder, ['audit', 'pages'])
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(
      /^host {7}requests +least gap \/ promised +at once +robots first +disallowed +Retry-After kept +bytes +promises$/,
    )
    const row = lines.find((line) => line.startsWith('127.0.0.3'))
    expect(row).toMatch(/^127\.0\.0\.3 +\d+ +4\d\d \/ 400 ms \(Crawl-delay\) +1 +yes +0 +- +[\d,]+ +kept$/)
    expect(lines.find((line) => line.startsWith('127.0.0.2'))).toMatch(/ 1 of 1 /)
    expect(lines.at(-1)).toBe(`All promises were kept, in ${web.log.length + 1} requests to 5 hosts.`)
  })

  /** A copy of the store, in which somebody was at work. */
  async function doctored(work: (database: DatabaseSync) => void): Promise<string> {
    const copy = await mkdtemp(join(tmpdir(), 'doff-doctored-'))
    onTestFinished(() => rm(copy, { recursive: true, force: true }))
    await cp(store, copy, { recursive: true })
    using database = new DatabaseSync(join(copy, 'crawl.db'))
    work(database)
    return copy
  }

  /** The id of a page of 127.0.0.2. */
  const somePage = (database: DatabaseSync) =>
    Number(
      database
        .prepare(
          `select max(ledger.id) as id from ledger join host on host.id = host where purpose = 'page' and name = ?`,
        )
        .get('127.0.0.2')?.id,
    )
  const lastId = (database: DatabaseSync) => Number(database.prepare('select max(id) as id from ledger').get()?.id)

  const doctorings: [string, (database: DatabaseSync) => number, string?][] = [
    [
      'a time was edited',
      (database) => {
        const id = somePage(database)
        database.prepare('update ledger set sent_at = sent_at + 1 where id = ?').run(id)
        return id
      },
    ],
    [
      'a row was deleted from the middle: the next one shows it',
      (database) => {
        const id = somePage(database)
        database.prepare('delete from ledger where id = ?').run(id - 1)
        return id
      },
    ],
    [
      'the first row was deleted',
      (database) => {
        database.prepare('delete from ledger where id = 1').run()
        return 2
      },
    ],
    [
      'the last row was deleted',
      (database) => {
        database.prepare('delete from ledger where id = ?').run(lastId(database))
        return lastId(database)
      },
    ],
    [
      'all rows were deleted',
      (database) => {
        database.exec('delete from ledger')
        return 0
      },
    ],
    [
      'a row was put in at the end',
      (database) => {
        const columns = database
          .prepare('select name from pragma_table_info(?)')
          .all('ledger')
          .map(({ name }) => String(name))
          .filter((name) => name !== 'id')
          .join(', ')
        database.exec(`insert into ledger (${columns}) select ${columns} from ledger where id = 3`)
        return lastId(database)
      },
    ],
    [
      'a URL was replaced by one that is disallowed',
      (database) => {
        const id = somePage(database)
        database.prepare("update ledger set url = replace(url, '/page-', '/page-3?') where id = ?").run(id)
        return id
      },
      'disallowed',
    ],
    [
      'a URL that was disallowed is hidden',
      (database) => {
        const id = somePage(database)
        database.prepare("update ledger set url = url || '?harmless' where id = ?").run(id)
        return id
      },
    ],
    [
      'two rows changed places',
      (database) => {
        database.exec('update ledger set id = -1 where id = 4; update ledger set id = 4 where id = 5')
        database.exec('update ledger set id = 5 where id = -1')
        return 4
      },
    ],
    [
      'a host was renamed',
      (database) => {
        database.exec("update host set name = '127.0.0.77' where name = '127.0.0.2'")
        return Number(
          database
            .prepare("select min(ledger.id) as id from ledger join host on host.id = host where name like '%.77'")
            .get()?.id,
        )
      },
    ],
    [
      'the rules that pages were judged by were replaced by milder ones',
      (database) => {
        database.exec("update rules set record = json_set(record, '$.rules.rules', json('[]'))")
        return somePage(database)
      },
    ],
    [
      'the rules that pages were judged by are no JSON',
      (database) => {
        database.exec("update rules set record = 'nonsense'")
        return somePage(database)
      },
    ],
    [
      'the rules that pages were judged by were removed',
      (database) => {
        database.exec('delete from rules')
        return somePage(database)
      },
    ],
  ]
  it.each(doctorings)('a doctored ledger fails, and its row is named: %s', async (_name, work, promise = 'ledger') => {
    let id = Number.NaN
    const copy = await doctored((database) => {
      id = work(database)
    })
    const { code, broken, breaches } = await auditJson(copy)
    expect(code).toBe(3)
    expect(broken).toBeGreaterThan(0)
    expect(breaches.map((breach) => `${breach.promise} ${breach.id}`)).toContain(`${promise} ${id}`)
  })

  it('a ledger of an impolite crawl fails by its gap, though nobody has changed it since', async () => {
    let id = 0
    const copy = await doctored((database) => {
      id = somePage(database)
      const early = `(select max(sent_at) from ledger before where before.host = ledger.host and before.sent_at < ledger.sent_at)`
      database.prepare(`update ledger set sent_at = ${early} + delay_ms - 30, not_before = 0 where id = ?`).run(id)
      writeChainAnew(database)
    })
    const { code, breaches } = await auditJson(copy)
    expect(code).toBe(3)
    expect(breaches.map((breach) => [breach.promise, breach.id])).toEqual([['gap', id]])
    const { code: again, stdout } = await auditHere(copy)
    expect(again).toBe(3)
    expect(stdout).toMatch(
      /^1 promise was broken, in \d+ requests to 5 hosts:\nrow \d+, gap: A gap of \d+ ms where \d+ ms were promised: page http/m,
    )
    expect(stdout).toMatch(/^127\.0\.0\.2 .* 1 BROKEN$/m)
  })

  it('so does one that promises less than its crawl did, or that calls its rules ignored', async () => {
    for (const [change, promise] of [
      ['delay_ms = 99', 'delayMs'],
      ["url = replace(url, '/page-', '/page-3?'), rule = 'ignored: ignoreRobotsOf'", 'disallowed'],
    ]) {
      const copy = await doctored((database) => {
        database.prepare(`update ledger set ${change} where id = ?`).run(somePage(database))
        writeChainAnew(database)
      })
      const { code, breaches } = await auditJson(copy)
      expect([code, ...breaches.map((breach) => breach.promise)]).toEqual([3, promise])
    }
  })

  it('no control character of a ledger reaches the terminal', async () => {
    const nasty = '\u001b[31mred\u009b\u202e\u0007\r\n'
    const copy = await doctored((database) => {
      database.prepare('update ledger set url = url || ? where id = ?').run(nasty, somePage(database))
      database.prepare("update host set name = ? where name = '127.0.0.3'").run(nasty)
    })
    for (const flags of [{}, { json: true }]) {
      const { code, stdout } = await auditHere(copy, flags)
      expect(code).toBe(3)
      expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
      expect(stdout).toContain('\\u001b[31mred\\u009b\\u202e')
    }
  })

  it('doctored rows that are no URLs are said to be doctored, and end no audit', async () => {
    const copy = await doctored((database) => {
      database.prepare("update ledger set url = 'nonsense', sent_at = 1e999 where id = ?").run(somePage(database))
    })
    const { code, stdout } = await auditHere(copy)
    expect(code).toBe(3)
    expect(stdout).toContain('is not what was written')
  })
})

/** What somebody could do who knows how the chain is made: it protects from slips and from edits, not from its owner. */
function writeChainAnew(database: DatabaseSync): void {
  const rows = database
    .prepare('select ledger.*, name from ledger join host on host.id = host order by ledger.id')
    .all()
  let chain = ''
  for (const { id, name, host: _host, chain: _chain, method, ...values } of rows) {
    const methods = method === null || method === undefined ? [] : [method]
    const said: SQLInputValue[] = [chain, String(name), ...Object.values(values), ...methods]
    chain = hash('sha1', JSON.stringify(said)).slice(0, 16)
    database.prepare('update ledger set chain = ? where id = ?').run(chain, Number(id))
  }
}

/** A folder with the spider, and the arguments of a crawl of the sites. */
async function openCrawl(options: WebOptions, spider = pages) {
  const site = await openWeb(options)
  onTestFinished(() => site[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/pages.ts': spider.replace('sitemaps: true,', '') })
  const begin = ['crawl', 'pages', '-a', `sites=${site.urls.join(',')}`, '--quiet']
  return { folder, store: join(folder, '.doff/pages'), log: site.log, begin }
}

describe('a crawl that is killed and gone on with', () => {
  it('keeps its promises across the kills; only what was out when they came is missing from the ledger', async () => {
    const { folder, store, log, begin } = await openCrawl({
      hosts: 3,
      pages: 8,
      latencyMs: 40,
      robots: 'User-agent: *\n',
    })
    const args = [...begin, '--delay', '120', '--log-level', 'debug']
    const kills = 2
    for (let kill = 0; kill < kills; kill += 1) {
      const running = startDoff(folder, kill === 0 ? args : [...args, '--resume'])
      await running.said('"msg":"fetched"')
      running.kill('SIGKILL')
      await running.ended
    }
    expect((await runDoff(folder, [...args, '--resume'])).code).toBe(0)
    const { code, breaches, hosts } = await auditJson(store)
    expect([code, breaches]).toEqual([0, []])
    const rows = ledgerIn(store)
    for (const { host, paths, leastGapMs } of audit(log)) {
      const missing = [...paths]
      for (const path of pathsOf(rows, host)) missing.splice(missing.indexOf(path), 1)
      expect(missing.length).toBeLessThanOrEqual(kills)
      expect(leastGapMs).toBeGreaterThanOrEqual(120)
      expect(hosts.find((ours) => ours.host === host)?.requests).toBe(paths.length - missing.length)
    }
  })

  it('is held to what its options promised at the time', async () => {
    const { folder, store, log, begin } = await openCrawl({ pages: 16, latencyMs: 60 })
    const run = async (...args: string[]) => runDoff(folder, [...begin, ...args])
    expect((await run('--delay', '10', '--per-host', '3', '--max-pages', '6')).code).toBe(3)
    expect((await run('--resume', '--delay', '150', '--per-host', '1', '--max-pages', '10')).code).toBe(3)
    expect((await run('--resume', '--delay', '20', '--per-host', '3', '--max-pages', '99')).code).toBe(0)
    const { code, breaches, hosts } = await auditJson(store)
    expect([code, breaches]).toEqual([0, []])
    expect(hosts).toMatchObject([{ requests: log.length, mostAtOnce: audit(log)[0]?.mostAtOnce }])
    expect(audit(log)[0]?.mostAtOnce).toBe(3)
    using database = new DatabaseSync(join(store, 'crawl.db'))
    const promises = database.prepare('select delay_ms, delay_from from ledger order by id').all()
    expect(promises.slice(8, 11).map(({ delay_ms }) => delay_ms)).toEqual([150, 150, 150])
    expect(new Set(promises.map(({ delay_from }) => delay_from))).toEqual(new Set(['delayMs']))
    // The same ledger, had three at once never been promised.
    database.exec(`update crawl set value = replace(value, '"perHostConcurrency":3', '"perHostConcurrency":2')`)
    expect((await auditJson(store)).breaches.map(({ promise }) => promise)).toContain('at once')
  })
})

it('with three requests of a host out at once, all are in the ledger, and no alarm is false', async () => {
  const { folder, store, log, begin } = await openCrawl({ hosts: 2, pages: 60, latencyMs: 12 })
  expect((await runDoff(folder, [...begin, '--delay', '5', '--per-host', '3'])).code).toBe(0)
  const { code, breaches, hosts } = await auditJson(store)
  expect([code, breaches]).toEqual([0, []])
  const rows = ledgerIn(store)
  for (const { host, requests, paths, mostAtOnce } of audit(log)) {
    expect(hosts.find((ours) => ours.host === host)).toMatchObject({ requests, mostAtOnce })
    expect(pathsOf(rows, host).toSorted()).toEqual(paths.toSorted())
  }
})

it('a crawl at work can be audited, as often as one likes', async () => {
  const { folder, store, begin } = await openCrawl({ hosts: 4, pages: 100 })
  const running = startDoff(folder, [...begin, '--delay', '2', '--log-level', 'debug'])
  await running.said('"msg":"fetched"')
  let isOver = false
  running.ended.then(() => (isOver = true)).catch(() => undefined)
  const requests: number[] = []
  while (!isOver) {
    const found = await auditJson(store)
    expect([found.code, found.breaches]).toEqual([0, []])
    requests.push(found.requests)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect((await running.ended).code).toBe(0)
  expect(new Set(requests).size).toBeGreaterThan(3)
})

describe('a store of a doff that kept no ledger', () => {
  /** As it was left by the first version, in the middle of a crawl. */
  async function oldStore(): Promise<string> {
    const folder = await openFolder({})
    using database = new DatabaseSync(join(folder, 'crawl.db'))
    database.exec(`${migrations[0]}; pragma user_version = 1; pragma application_id = ${0x646f6666}`)
    database.exec(`insert into crawl values ('spider', '"pages"'), ('seeds', '[]')`)
    database.exec("insert into count values ('requests', 1200)")
    return folder
  }

  it('is said to be of another version, and how to bring it up to date', async () => {
    const folder = await oldStore()
    const { code, stdout, stderr } = await runDoff(folder, ['audit', '--store', '.'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe('doff: The store . has version 1, this doff knows 3: resume its crawl once with this doff\n')
  })

  it('gives no alarm once it is migrated, and what cannot be checked is said', async () => {
    const folder = await oldStore()
    Store.open(folder)[Symbol.dispose]()
    const { code, stdout } = await auditHere(folder)
    expect([code, stdout]).toEqual([
      0,
      'Nothing was sent.\n1,200 requests of an older doff, which kept no ledger, cannot be checked.\n',
    ])
    expect(await auditJson(folder)).toMatchObject({ code: 0, requests: 0, requestsBeforeLedger: 1_200 })
  })
})

it('a long ledger is read row by row', async () => {
  const folder = await openFolder({})
  const [hosts, each] = [100, 1_000]
  {
    using store = Store.open(folder)
    for (let host = 1; host <= hosts; host += 1)
      store.database.prepare('insert into host (id, name) values (?, ?)').run(host, `h${host}.test`)
    store.database.write(() => {
      for (let row = 0; row < hosts * each; row += 1) {
        const host = 1 + (row % hosts)
        const sentAt = 1_000 * Math.floor(row / hosts)
        const url = `http://h${host}.test/robots.txt?${'x'.repeat(300)}${row}`
        store.ledger.append(host, {
          ...{ host: `h${host}.test`, address: '127.0.0.1', purpose: 'robots', url, sentAt, endedAt: sentAt + 5 },
          ...{
            notBefore: 0,
            gapMs: 1_000,
            delayMs: 1_000,
            delayFrom: 'delayMs',
            rule: 'none',
            rulesVersion: undefined,
          },
          ...{ status: 200, fault: undefined, bytes: 100, retryAfterMs: undefined },
        })
      }
      store.counters.add({ requests: hosts * each })
    })
    store.setFacts({ options: { perAddressConcurrency: 'Infinity' } }).catch(() => undefined)
  }
  const started = performance.now()
  const script = `await import(${JSON.stringify(new URL('../../src/cli/audit-command.ts', import.meta.url).href)})
    .then(({ auditCommand }) => auditCommand(undefined, { store: '.' })).then((code) =>
    console.error(JSON.stringify([code, process.resourceUsage().maxRSS])))`
  const { stderr } = await promisify(execFile)(process.execPath, ['--max-old-space-size=64', '-e', script], {
    cwd: folder,
  })
  const [code, maxKib = 0] = JSON.parse(stderr) as number[]
  expect(code).toBe(0)
  console.info(`100,000 rows: ${Math.round(performance.now() - started)} ms, ${Math.round(maxKib / 1024)} MiB`)
  expect(maxKib).toBeLessThan(400 * 1024)
}, 60_000)

describe('a mistake is one clear line', () => {
  it.each<[string, readonly string[], string]>([
    ['no spider and no store', ['audit'], 'Say whose ledger is to be audited: doff audit SPIDER, or --store DIR'],
    [
      'an unknown spider',
      ['audit', 'nope'],
      'There is no crawl of "nope" in .doff/ (name the folder of its state with --store DIR)',
    ],
    [
      'a folder without a store',
      ['audit', '--store', 'x'],
      'There is no store in x (name its folder with --store DIR)',
    ],
  ])('%s', async (_name, args, message) => {
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    expect(await runDoff(folder, args)).toEqual({ code: 2, stdout: '', stderr: `doff: ${message}\n` })
  })
})
