/** A crawl that is killed, stopped or refused, and gone on with: the command line as a user has it, real processes and real kills. */
import { execFile } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { type KillPlan, openKillSite, runKilledCrawl } from '../soak/killed-crawl.ts'
import { type Ended, openFolder, runDoff, startDoff } from './run-doff.ts'

const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    yield { path: page.url.pathname, title: page.$('h1').text(), at: new Date(0) }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

/** A folder with a spider, a site of so many pages, and the commands that crawl it. */
async function openCrawl(web: WebOptions = {}, files: Readonly<Record<string, string>> = {}) {
  const site = await openWeb({ pages: 30, ...web })
  onTestFinished(() => site[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/pages.ts': pages, ...files })
  const given = ['-a', `site=${site.urls[0] ?? ''}`, '--delay', '0', '--quiet']
  return {
    folder,
    log: site.log,
    begin: (...args: string[]) => runDoff(folder, ['crawl', 'pages', ...given, ...args]),
    resume: (...args: string[]) => runDoff(folder, ['crawl', 'pages', '--resume', '--quiet', ...args]),
    doff: (...args: string[]) => runDoff(folder, args),
    read: (file: string) => readFile(join(folder, file), 'utf8'),
    given,
  }
}

const pathsIn = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { path: string }).path)

function expectPages(text: string, count: number): void {
  const paths = pathsIn(text)
  expect(paths).toHaveLength(count)
  expect(new Set(paths).size).toBe(count)
}

/** A user's mistake is said in one line, without a stack. */
function expectRefusal({ code, stdout, stderr }: Ended, exitCode: number, message: string | RegExp): void {
  expect(stderr).toMatch(/^doff: [^\n]+\n$/)
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([exitCode, ''])
}

describe('kill -9 at random instants, then --resume', () => {
  const longestMs = 2_500
  it.each<[string, Omit<KillPlan, 'longestMs'>]>([
    ['-o', { outputs: ['-o out.jsonl'], kills: 4, seed: 11 }],
    ['-O', { outputs: ['-O out.jsonl'], kills: 2, seed: 12 }],
    ['gzip', { outputs: ['-o out.jsonl.gz'], kills: 2, seed: 13 }],
    ['two outputs', { outputs: ['-o out.csv', '-o out.jsonl'], kills: 2, seed: 14 }],
  ])(
    '%s: the same items and counts as an uninterrupted crawl, none lost, none twice, no torn line',
    async (_name, plan) => {
      await using site = await openKillSite(800)
      const whole = await runKilledCrawl(site, { ...plan, kills: 0, longestMs })
      const killed = await runKilledCrawl(site, { ...plan, longestMs })
      expect([whole.faults, killed.faults]).toEqual([[], []])
      expect(whole.items).toHaveLength(880)
      expect(killed.items.toSorted()).toEqual(whole.items.toSorted())
      expect(killed.counts).toEqual(whole.counts)
      expect(killed.killedAfterMs).toHaveLength(plan.kills)
    },
  )

  it('ours: no site sees a smaller gap than the delay, nor a page before its robots.txt', async () => {
    const delayMs = 150
    await using site = await openKillSite(60)
    const { log, faults } = await runKilledCrawl(site, { outputs: [], kills: 5, seed: 5, longestMs: 2_500, delayMs })
    expect(faults).toEqual([])
    for (const lines of Map.groupBy(log, ({ host }) => host).values()) {
      expect(lines[0]?.path).toBe('/robots.txt')
      const gaps = lines.slice(1).map((line, index) => line.at - (lines[index]?.at ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(delayMs)
    }
  })

  it('RFC 9110 section 10.2.3: a Retry-After is kept across a kill', async () => {
    let toldAt = 0
    const { folder, log, given, resume } = await openCrawl({
      pages: 5,
      routes: {
        '/page-1': (_request, response, visit) => {
          if (visit > 1) return send(response, 200, '<h1>at last</h1>')
          toldAt = performance.timeOrigin + performance.now()
          response.writeHead(429, { 'retry-after': '3' }).end()
        },
      },
    })
    const running = startDoff(folder, ['crawl', 'pages', ...given, '--log-level', 'info'])
    await running.said('will be tried again')
    running.kill('SIGKILL')
    await running.ended
    expect((await resume()).code).toBe(0)
    const after = log.filter(({ at }) => at > toldAt + 100)
    expect(after.length).toBeGreaterThan(0)
    expect((after[0]?.at ?? 0) - toldAt).toBeGreaterThanOrEqual(3_000)
    // Its robots.txt was kept, too.
    expect(log.filter(({ path }) => path === '/robots.txt')).toHaveLength(1)
  })
})

describe('starting again', () => {
  it('an unfinished crawl is neither gone on with nor overwritten unasked', async () => {
    const { begin, resume, read } = await openCrawl()
    expect((await begin('-o', 'out.jsonl', '--max-pages', '10')).code).toBe(3)
    const before = await read('out.jsonl')
    const refusal =
      /The crawl in \.doff\/pages is unfinished \(10 fetched, \d+ waiting\): --resume goes on with it, --fresh starts anew/
    expectRefusal(await begin('-O', 'out.jsonl'), 2, refusal)
    expect(await read('out.jsonl')).toBe(before)
    expect((await resume('--max-pages', '30')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
  })

  it('a finished one wants --fresh, and --resume changes nothing', async () => {
    const { begin, resume, read, log } = await openCrawl()
    expect((await begin('-o', 'out.jsonl')).code).toBe(0)
    expectRefusal(await begin('-o', 'out.jsonl'), 2, /is finished \(30 fetched, 0 waiting\): --fresh starts anew/)
    const requests = log.length
    expect((await resume()).code).toBe(0)
    expect(log).toHaveLength(requests)
    expectPages(await read('out.jsonl'), 30)
    expect((await begin('--fresh', '-O', 'out.jsonl')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
    expect(log).toHaveLength(2 * requests)
  })

  it('--resume where there is nothing begins a crawl, so that a container can always say it', async () => {
    const { begin, read } = await openCrawl()
    expect((await begin('--resume', '-o', 'out.jsonl')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
  })

  it('repeats arguments, flags and outputs of the last command, and those that are given win', async () => {
    const { folder, given, read, doff } = await openCrawl()
    const begun = await doff(
      'crawl',
      'pages',
      ...given,
      '-s',
      'maxUrlLength=1000',
      '-o',
      'a.jsonl',
      '-o',
      'a.csv',
      '--max-pages',
      '5',
    )
    expect(begun.code).toBe(3)
    const { code, stderr } = await doff('crawl', 'pages', '--resume', '--max-pages', '9', '--log-level', 'info')
    expect(code, stderr).toBe(3)
    expect(stderr).toContain('crawl resumed')
    expect(stderr).toContain('changed since the crawl began: maxPages was 5, is 9')
    expect(stderr).toContain('Go on with: doff crawl pages --resume --max-pages MORE')
    expectPages(await read('a.jsonl'), 9)
    expect((await read('a.csv')).trimEnd().split('\n')).toHaveLength(1 + 9)
    expect((await doff('crawl', 'pages', '--resume', '-o', 'b.jsonl', '--max-pages', '30', '--quiet')).code).toBe(0)
    // A new output gets the whole log, and the others wait to be named again.
    expectPages(await read('b.jsonl'), 30)
    expectPages(await read('a.jsonl'), 9)
    expect((await stat(join(folder, '.doff/pages'))).mode & 0o777).toBe(0o700)
  })

  it('repeats what was allowed, and says what has changed without passwords', async () => {
    const { folder, doff, given } = await openCrawl({ hosts: 2 })
    const args = [...given, '-s', 'within=anywhere', '--allow-private', '127.0.0.3', '--allow-private', '10.0.0.0/8']
    expect((await doff('crawl', 'pages', ...args, '-a', 'note=ftp://me:secret@a.test/', '--max-pages', '1')).code).toBe(
      3,
    )
    const { stderr } = await doff(
      'crawl',
      'pages',
      '--resume',
      '-a',
      'note=ftp://me:other@b.test/',
      '--log-level',
      'info',
    )
    expect(stderr).toContain('ftp://***@b.test/')
    expect(stderr).not.toMatch(/secret|other|changed since the crawl began: allowPrivate/)
    using store = new DatabaseSync(join(folder, '.doff/pages/crawl.db'), { readOnly: true })
    const options = String(store.prepare("select value from crawl where name = 'options'").get()?.value)
    expect(JSON.parse(options)).toMatchObject({ allowPrivate: ['127.0.0.3', '10.0.0.0/8'] })
  })

  it('maxPages and the summary are of the whole crawl', async () => {
    const { begin, resume, read } = await openCrawl()
    await begin('--max-pages', '10')
    expect((await resume()).code).toBe(3)
    expect((await resume('--max-pages', '20', '--summary', 'counts.json')).code).toBe(3)
    const stats = JSON.parse(await read('counts.json')) as Record<string, number>
    expect(stats).toMatchObject({ fetched: 20, items: 20, requests: 21, hosts: 1, robotsRequests: 1 })
    expect(stats.added).toBe(20 + (stats.waiting ?? 0))
  })

  it('another scope is refused, with what it was and is', async () => {
    const { begin, resume } = await openCrawl()
    await begin('--max-pages', '5')
    expectRefusal(await resume('--max-depth', '3'), 2, /its scope has changed: maxDepth was 20, is 3 .*--fresh/)
    expectRefusal(await resume('-s', 'exclude=page-7'), 2, /exclude was \[\], is \["\/page-7\/"\]/)
    expectRefusal(
      await resume('-a', 'site=http://127.0.0.9:1/'),
      2,
      /hosts of the seeds was \["127.0.0.2"\], is \["127.0.0.9"\]/,
    )
    expect((await resume('--max-pages', '30')).code).toBe(0)
  })

  it('an edited parser is said, and a parser that is gone while requests wait for it is refused', async () => {
    const spider = pages
      .replace('page.follow(url)', "page.follow(url, 'other')")
      .replace('*parse(page) {', 'parsers: { *other(page) { yield { path: page.url.pathname } } },\n  *parse(page) {')
    const { folder, begin, resume } = await openCrawl({}, { 'spiders/pages.ts': spider })
    await begin('--max-pages', '1')
    await writeFile(
      join(folder, 'spiders/pages.ts'),
      spider.replace('{ path: page.url.pathname }', '{ p: page.url.pathname }'),
    )
    const edited = await resume('--max-pages', '2', '--log-level', 'info')
    expect(edited.stderr).toContain('the parser `other` has been edited: items may differ from those before')
    await writeFile(join(folder, 'spiders/pages.ts'), pages)
    expectRefusal(
      await resume(),
      2,
      /requests wait for the parser `other` \(http.*\), and the spider has none of that name/,
    )
  })

  it('two spiders cannot share a store', async () => {
    const { begin, folder, doff, given } = await openCrawl(
      {},
      { 'spiders/other.ts': pages.replace("'pages'", "'other'") },
    )
    await begin('--store', 'state')
    const other = await doff('crawl', 'other', ...given, '--store', 'state', '--resume')
    expectRefusal(other, 2, /The store state holds a crawl of the spider "pages", not of "other"/)
    expect(await stat(join(folder, 'state/crawl.db'))).toBeDefined()
  })

  it.each([
    [['--resume', '--fresh'], '--resume goes on and --fresh starts anew: give one of them'],
    [['--resume', '--store', 'memory'], 'There is nothing to --resume with --store memory'],
  ])('%j contradict one another', async (flags, message) => {
    const { begin } = await openCrawl()
    expectRefusal(await begin(...flags), 2, message)
  })

  it('what is wrong with a command is said before --fresh removes anything', async () => {
    const { begin, resume, doff } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '5')
    expect((await doff('crawl', 'pages', '--fresh', '-a', 'nonsense')).code).toBe(2)
    expect((await begin('--fresh', '-s', 'maxDepth=-1')).code).toBe(2)
    expect((await begin('--fresh', '-o', 'out.xlsx')).code).toBe(2)
    expect((await resume('--max-pages', '30')).code).toBe(0)
  })

  it.each([
    ['--log-level', 'bogus'],
    ['--log-format', 'bogus'],
    ['--summary', 'missing/counts.json'],
    ['-o', 'missing/out.jsonl'],
    ['-O', 'spiders'],
  ])('--fresh removes nothing when %s is %s', async (...flags) => {
    const { begin, doff } = await openCrawl()
    await begin('--max-pages', '5')
    expect((await begin('--fresh', ...flags)).code).toBe(2)
    expect((await doff('export', 'pages', '-o', '-')).stdout.trimEnd().split('\n')).toHaveLength(5)
  })

  it('a --resume that is refused leaves the crawl as it was', async () => {
    const { begin, resume, read, log } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    expectRefusal(await resume('-o', 'missing/out.jsonl'), 2, 'its folder does not exist')
    expectRefusal(await resume('--max-depth', '3', '-o', 'other.jsonl'), 2, 'its scope has changed')
    await expect(read('other.jsonl')).rejects.toThrow('ENOENT')
    expect((await resume('--max-pages', '30')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
    const requests = log.length
    expectRefusal(await resume('-o', 'missing/out.jsonl'), 2, 'its folder does not exist')
    expectRefusal(await begin(), 2, 'is finished')
    expect(log).toHaveLength(requests)
  })

  it('-s wins over a flag of the command before', async () => {
    const { begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '5')
    expect((await resume('-s', 'maxPages=30', '-s', 'delayMs=1')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
  })

  it('another product token is told by its own rules, not by those that were kept for the old one', async () => {
    const robots = 'User-agent: doff\nAllow: /\n\nUser-agent: *\nDisallow: /page\n'
    const { begin, resume, log } = await openCrawl({ robots })
    await begin('--max-pages', '3')
    const before = log.length
    expect((await resume('-s', 'productToken=other', '--max-pages', '30')).code).toBe(0)
    expect(log.slice(before).map(({ path }) => path)).toEqual(['/robots.txt'])
  })

  it("a crawl that never began, for its output was wrong, stands in nobody's way", async () => {
    const { begin, read } = await openCrawl()
    expectRefusal(await begin('-o', 'missing/out.jsonl'), 2, 'its folder does not exist')
    expect((await begin('-o', 'out.jsonl')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
  })

  it('--store memory keeps nothing', async () => {
    const { begin, folder } = await openCrawl()
    expect((await begin('--store', 'memory')).code).toBe(0)
    await expect(stat(join(folder, '.doff'))).rejects.toThrow('ENOENT')
  })

  it('a store that another process has is refused at once, with its pid', async () => {
    const { folder, given, begin, doff } = await openCrawl({ latencyMs: 50 })
    const running = startDoff(folder, ['crawl', 'pages', ...given, '--log-level', 'info'])
    await running.said('crawl started')
    const pid = (await readFile(join(folder, '.doff/pages/pid'), 'utf8')).trim()
    expectRefusal(await begin(), 1, `The store .doff/pages is in use by process ${pid}: `)
    const exported = await doff('export', 'pages', '-o', '-')
    expect(exported.code).toBe(0)
    running.kill('SIGKILL')
    await running.ended
    expect((await begin('--resume')).code).toBe(0)
  })

  it('Ctrl-C once or twice: what it says is how it goes on', async () => {
    const { folder, given, read, resume } = await openCrawl({ latencyMs: 40 })
    const loud = given.filter((flag) => flag !== '--quiet')
    const running = startDoff(folder, ['crawl', 'pages', ...loud, '-O', 'out.jsonl'])
    await running.said('crawl started')
    await new Promise((resolve) => setTimeout(resolve, 300))
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('Go on with: doff crawl pages --resume')
    const again = startDoff(folder, ['crawl', 'pages', '--resume'])
    await again.said('crawl resumed')
    again.kill('SIGINT')
    again.kill('SIGINT')
    expect((await again.ended).code).toBe(130)
    await expect(read('out.jsonl')).rejects.toThrow('ENOENT')
    expect((await resume()).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
    await expect(read('out.jsonl.part')).rejects.toThrow('ENOENT')
  })
})

/** As after a kill: the cursor does not know that the output was closed. */
const forgetClosing = (folder: string) => execSql(folder, 'update output set is_closed = 0')

function execSql(folder: string, sql: string): void {
  using database = new DatabaseSync(join(folder, '.doff/pages/crawl.db'))
  database.exec(sql)
}

describe('what was put off', () => {
  const crawlDelay = 'User-agent: *\nCrawl-delay: 0.3\n'
  const tooLong = ['-s', 'maxCrawlDelayMs=100']

  it('a crawl that could not have all: exit code 3, why, and how it goes on; with more patience --resume completes it', async () => {
    const { folder, given, resume, read, log } = await openCrawl({ pages: 4, robots: crawlDelay })
    const args = given.filter((arg) => arg !== '--quiet')
    const first = await runDoff(folder, ['crawl', 'pages', ...args, ...tooLong, '-o', 'out.jsonl'])
    expect(first.code).toBe(3)
    expect(first.stderr).toMatch(/finished what it could; the rest was put off, after/)
    expect(first.stderr).toMatch(/1 put off \(1 crawl delay too long\), 0 waiting/)
    expect(first.stderr).toMatch(/Go on with: doff crawl pages --resume\n/)
    expect(log.map(({ path }) => path)).toEqual(['/robots.txt'])

    const again = await runDoff(folder, ['crawl', 'pages', ...given, '-o', 'out.jsonl'])
    expectRefusal(again, 2, 'is unfinished (0 fetched, 0 waiting, 1 put off): --resume goes on with it')
    expect((await resume()).code).toBe(3)
    expect(log).toHaveLength(1)
    expect((await resume('-s', 'maxCrawlDelayMs=1000')).code).toBe(0)
    expectPages(await read('out.jsonl'), 4)
  })

  it('a limit on time ends the crawl, which goes on with more of it', async () => {
    const { begin, resume, read } = await openCrawl({ pages: 12, latencyMs: 40 })
    expect((await begin('-o', 'out.jsonl', '-s', 'maxTimeMs=300', '--delay', '100')).code).toBe(3)
    expect((await resume('-s', 'maxTimeMs=Infinity', '--delay', '0')).code).toBe(0)
    expectPages(await read('out.jsonl'), 12)
  })

  it('what would let dropped URLs pass is refused, as another scope is', async () => {
    const { begin, resume } = await openCrawl()
    await begin('--max-pages', '3')
    expectRefusal(
      await resume('-s', 'detectTraps=false'),
      2,
      'its scope has changed: detectTraps was true, is false (URLs were dropped by the old one',
    )
  })
})

describe('outputs that were changed in between', () => {
  it('what a killed process wrote beyond the cursor is cut back', async () => {
    const { folder, begin, resume, read, doff } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    const before = await read('out.jsonl')
    forgetClosing(folder)
    await appendFile(join(folder, 'out.jsonl'), '{"path":"/page-1","title":"torn')
    expect((await resume('--max-pages', '30')).code).toBe(0)
    const after = await read('out.jsonl')
    expect(after.startsWith(before)).toBe(true)
    expectPages(after, 30)
    expect((await doff('export', 'pages', '-o', '-')).stdout).toBe(after)
  })

  it('what somebody appended to a file that was closed well stays', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    await appendFile(join(folder, 'out.jsonl'), '{"path":"/mine"}')
    expect((await resume('--max-pages', '30')).code).toBe(0)
    expectPages(await read('out.jsonl'), 31)
    expect(pathsIn(await read('out.jsonl'))[10]).toBe('/mine')
  })

  it.each([
    ['shorter', (path: string) => truncate(path, 100), /out\.jsonl has 100 bytes, and \d+ were written to it/],
    ['missing', (path: string) => rm(path), /out\.jsonl is not there, and \d+ were written to it/],
  ])(
    'a %s file is refused, with the command that writes it again; then the crawl goes on with it',
    async (_name, harm, message) => {
      const { folder, begin, resume, read, doff } = await openCrawl()
      await begin('-o', 'out.jsonl', '--max-pages', '10')
      await harm(join(folder, 'out.jsonl'))
      const refused = await resume('--max-pages', '30')
      expectRefusal(refused, 2, message)
      const command = /doff (export pages -O out\.jsonl)/.exec(refused.stderr)?.[1] ?? ''
      const exported = await doff(...command.split(' '))
      expect([exported.code, exported.stderr]).toEqual([0, '10 items in out.jsonl\n'])
      expect((await resume('--max-pages', '30')).code).toBe(0)
      expectPages(await read('out.jsonl'), 30)
    },
  )

  it("what is beyond the cursor and not the log's is put aside, and said: no byte of anybody's is lost", async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    forgetClosing(folder)
    const foreign = '{"path":"/of-another-crawl"}\n'.repeat(3)
    await appendFile(join(folder, 'out.jsonl'), foreign)
    const { code, stderr } = await resume('--max-pages', '30')
    expect(code).toBe(0)
    expect(stderr).toMatch(/out\.jsonl had \d+ bytes that this crawl's log does not know/)
    expectPages(await read('out.jsonl'), 30)
    const aside = (await readdir(folder)).filter((name) => name.startsWith('out.jsonl.cut-'))
    expect(aside).toHaveLength(1)
    expect(await read(aside[0] ?? '')).toBe(foreign)
  })

  it('what is beyond the cursor and is what the log goes on with is cut off without a word', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '-o', 'out.csv.gz', '--max-pages', '10')
    const lines = (await read('out.jsonl')).split('\n')
    const bytes = Buffer.byteLength(`${lines.slice(0, 4).join('\n')}\n`)
    execSql(folder, `update output set is_closed = 0, item = 4, bytes = ${bytes} where path like '%out.jsonl'`)
    execSql(
      folder,
      "update output set is_closed = 0, item = 0, bytes = 0, columns = null where path like '%out.csv.gz'",
    )
    expect(await resume('--max-pages', '30')).toMatchObject({ code: 0, stderr: '' })
    expectPages(await read('out.jsonl'), 30)
    expect(
      gunzipSync(await readFile(join(folder, 'out.csv.gz')))
        .toString()
        .trimEnd()
        .split('\n'),
    ).toHaveLength(31)
    expect((await readdir(folder)).filter((name) => name.includes('.cut-'))).toEqual([])
  })

  it('the advice for a file that held other things before does not destroy them', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await writeFile(join(folder, 'out.jsonl'), '{"path":"/old"}\n')
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    await truncate(join(folder, 'out.jsonl'), 100)
    expectRefusal(
      await resume(),
      2,
      /not all of it was of this crawl, so put it back, or go on with another file: --resume -o OTHER/,
    )
    expect((await resume('-o', 'other.jsonl', '--max-pages', '30')).code).toBe(0)
    expectPages(await read('other.jsonl'), 30)
  })

  it.each([
    ['deleted', (path: string) => rm(path), 'was deleted, replaced or cut short'],
    ['rotated', (path: string) => rename(path, `${path}.old`), 'was deleted, replaced or cut short'],
    ['emptied', (path: string) => truncate(path), 'was deleted, replaced or cut short'],
    ['written to', (path: string) => appendFile(path, '{"path":"/mine"}\n'), 'is written to by somebody else'],
  ])(
    'a file that is %s while it is written ends the crawl, instead of being written into nowhere',
    async (_name, harm, message) => {
      const { folder, given } = await openCrawl({ latencyMs: 60, pages: 60 })
      const running = startDoff(folder, ['crawl', 'pages', ...given, '-o', 'out.jsonl', '--log-level', 'info'])
      await running.said('crawl started')
      await new Promise((resolve) => setTimeout(resolve, 500))
      await harm(join(folder, 'out.jsonl'))
      const { code, stderr } = await running.ended
      expect(code).toBe(1)
      expect(stderr).toContain(`doff: out.jsonl ${message} while the crawl was writing it`)
    },
  )

  it('of two crawls that replace one file, the second has it, and the first says so', async () => {
    const { folder, given, read } = await openCrawl({ latencyMs: 30, pages: 40 })
    const [one, two] = ['one', 'two'].map((store) =>
      startDoff(folder, ['crawl', 'pages', ...given, '--store', store, '-O', 'out.jsonl', '--log-level', 'info']),
    )
    const ends = await Promise.all([one?.ended, two?.ended])
    expect(ends.map((end) => end?.code).toSorted()).toEqual([0, 1])
    expect(ends.find((end) => end?.code === 1)?.stderr).toContain('was deleted, replaced or cut short')
    expectPages(await read('out.jsonl'), 40)
  })

  it('says what may surprise: nothing to resume, an output left behind, a file that gets the whole log', async () => {
    const { folder, begin, resume } = await openCrawl()
    const begun = await begin('--resume', '-o', 'a.jsonl', '--max-pages', '5')
    expect(begun.stderr).toContain('there is no crawl in .doff/pages to resume: this begins one')
    await writeFile(join(folder, 'b.jsonl'), '{"path":"/old"}\n')
    const { stderr } = await resume('-o', 'b.jsonl', '--max-pages', '9')
    expect(stderr).toContain('a.jsonl is no longer an output of this crawl')
    expect(stderr).toContain('b.jsonl is new to this crawl: all items of its log are appended to the 16 bytes')
  })

  it('-o goes on with what -O has put in its place', async () => {
    const { begin, resume, read } = await openCrawl()
    await begin('-O', 'out.jsonl', '--max-pages', '10')
    expectPages(await read('out.jsonl'), 10)
    await resume('-o', 'out.jsonl', '--max-pages', '20')
    expectPages(await read('out.jsonl'), 20)
    await resume('-O', 'out.jsonl', '--max-pages', '30')
    expectPages(await read('out.jsonl'), 30)
  })

  it('a gzip file can be read at any time, appended to, and is the same unpacked', async () => {
    const { folder, begin, resume, doff } = await openCrawl()
    await begin('-o', 'out.jsonl.gz', '-o', 'out.csv.gz', '--max-pages', '10')
    const unpack = async (file: string) => gunzipSync(await readFile(join(folder, file))).toString()
    expectPages(await unpack('out.jsonl.gz'), 10)
    await resume('--max-pages', '30')
    expectPages(await unpack('out.jsonl.gz'), 30)
    expect((await unpack('out.csv.gz')).trimEnd().split('\n')).toHaveLength(1 + 30)
    await writeFile(join(folder, 'torn.jsonl.gz'), (await readFile(join(folder, 'out.jsonl.gz'))).subarray(0, -5))
    expectRefusal(await doff('export', 'pages', '-o', 'torn.jsonl.gz'), 2, 'is no whole gzip file')
  })

  it('a CSV file that was there before has one header, also when the crawl was killed before its first item', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    const header = 'path,title,at\n/old,Old,x\n'
    await writeFile(join(folder, 'out.csv'), header)
    await begin('-o', 'out.csv', '--max-pages', '3')
    execSql(folder, `update output set is_closed = 0, item = 0, bytes = ${header.length}, columns = null`)
    expect((await resume('--max-pages', '30')).code).toBe(0)
    const lines = (await read('out.csv')).trimEnd().split('\n')
    expect(lines).toHaveLength(2 + 30)
    expect(lines.filter((line) => line.startsWith('path,'))).toHaveLength(1)
  })

  it('one file by two spellings is one output', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await mkdir(join(folder, 'data'))
    await symlink(join(folder, 'data'), join(folder, 'link'))
    await begin('-o', 'data/out.jsonl', '--max-pages', '10')
    await resume('-o', 'link/out.jsonl', '--max-pages', '30')
    expectPages(await read('data/out.jsonl'), 30)
    expectRefusal(await resume('-o', 'data/out.jsonl', '-o', 'link/out.jsonl'), 2, 'is named twice')
  })

  it('an export over a file of the crawl that did not come to its end has to be made again', async () => {
    const { folder, begin, resume, doff, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    execSql(folder, `update output set bytes = ${Number.MAX_SAFE_INTEGER}`)
    expectRefusal(
      await resume(),
      2,
      /was being exported, and that did not come to its end: .*doff export pages -O out.jsonl/,
    )
    expect((await doff('export', 'pages', '-O', 'out.jsonl')).code).toBe(0)
    await resume('--max-pages', '30')
    expectPages(await read('out.jsonl'), 30)
  })

  it('a CSV file keeps its columns, also where the next item has others', async () => {
    const spider = pages.replace("title: page.$('h1').text(), ", "...(page.depth === 0 ? { title: 'front' } : {}), ")
    const { begin, resume, read } = await openCrawl({}, { 'spiders/pages.ts': spider })
    await begin('-o', 'out.csv', '--max-pages', '10')
    expect((await resume('--max-pages', '30')).code).toBe(0)
    const lines = (await read('out.csv')).trimEnd().split('\n')
    expect(lines[0]).toBe('path,title,at')
    expect(lines).toHaveLength(1 + 30)
    expect(lines[30]).toMatch(/^\/page-\d+,,1970/)
  })
})

describe('doff export', () => {
  it('writes the whole log, in any format, as often as one likes', async () => {
    const { begin, doff, read, folder } = await openCrawl()
    await begin('-o', 'out.jsonl')
    await rm(join(folder, 'spiders/pages.ts'))
    const { code, stderr } = await doff('export', 'pages', '-O', 'a.csv', '-O', 'b.jsonl.gz', '-o', 'c.jsonl')
    expect([code, stderr]).toEqual([0, '30 items in c.jsonl and a.csv and b.jsonl.gz\n'])
    expect(await read('c.jsonl')).toBe(await read('out.jsonl'))
    expect(gunzipSync(await readFile(join(folder, 'b.jsonl.gz'))).toString()).toBe(await read('out.jsonl'))
    expect((await read('a.csv')).split('\n')[1]).toBe('/,Page 0,1970-01-01T00:00:00.000Z')
  })

  it('gives every field of the log a column, also one that only later items have', async () => {
    const spider = pages.replace("title: page.$('h1').text(), ", '...(page.depth > 1 ? { late: page.depth } : {}), ')
    const { begin, doff } = await openCrawl({}, { 'spiders/pages.ts': spider })
    await begin()
    const { code, stdout, stderr } = await doff('export', 'pages', '-o', 'csv:-')
    expect([code, stderr]).toEqual([0, '30 items in standard output\n'])
    expect(stdout.split('\n')[0]).toBe('path,at,late')
    expect(stdout).toMatch(/\n\/page-\d+,1970-01-01T00:00:00.000Z,2\n/)
  })

  it('writes to standard output also for a crawl that did', async () => {
    const { begin, doff } = await openCrawl()
    const { stdout } = await begin('-o', '-')
    expect(await doff('export', 'pages', '-o', '-')).toMatchObject({ code: 0, stdout })
  })

  it('tells an item that is damaged, and no stack', async () => {
    const { folder, begin, doff, resume } = await openCrawl()
    await begin()
    execSql(folder, 'update item set value = substr(value, 1, 9) where id = 7')
    expectRefusal(
      await doff('export', 'pages', '-o', 'jsonl:x'),
      1,
      /its file is damaged, item 7 of its log cannot be read/,
    )
    const { code, stderr } = await resume('-o', 'new.jsonl')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^doff: Cannot read the store [^\n]+\n$/m)
    expect(stderr).not.toContain('finished')
  })

  it('says what is missing', async () => {
    const { begin, doff } = await openCrawl()
    expectRefusal(await doff('export', 'pages', '-o', '-'), 2, 'There is no crawl of "pages" in .doff/')
    expectRefusal(await doff('export', 'pages', '--store', 'nowhere', '-o', '-'), 2, 'There is no store in nowhere')
    await begin()
    expectRefusal(
      await doff('export', 'pages'),
      2,
      'Say where to write the items: -O FILE, or -o - for standard output',
    )
    expectRefusal(await doff('export', 'pages', '-O', 'x.xlsx'), 2, 'The format of output "x.xlsx" is unknown')
  })
})

describe('disk trouble', () => {
  const doff = fileURLToPath(new URL('../../src/cli/doff.js', import.meta.url))
  /** Files of the shell can have so many KiB; a signal would come first, and is told to stay away. */
  const runWithLimit = (folder: string, kib: number, args: readonly string[]) =>
    promisify(execFile)(
      'bash',
      ['-c', `trap '' XFSZ; ulimit -f ${kib}; exec "${process.execPath}" "${doff}" ${args.join(' ')}`],
      { cwd: folder },
    ).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )

  it('a disk that fills up under the store: exit code 1, one line, whole lines in the output; with room, it goes on', async () => {
    const { folder, given, resume, read } = await openCrawl({ pages: 800 })
    const failed = await runWithLimit(folder, 600, ['crawl', 'pages', ...given, '-o', 'out.jsonl'])
    expectRefusal({ ...failed, code: failed.code }, 1, /Cannot write the store \.doff\/pages: .*go on with --resume/)
    const exported = pathsIn(await read('out.jsonl'))
    expect(exported.length).toBeGreaterThan(20)
    expect(exported.length).toBeLessThan(800)
    expect((await resume()).code).toBe(0)
    expectPages(await read('out.jsonl'), 800)
    expect(pathsIn(await read('out.jsonl')).slice(0, exported.length)).toEqual(exported)
  })

  it('a disk that fills up under the output: the same', async () => {
    const wide = pages.replace("title: page.$('h1').text()", "title: 'x'.repeat(3000)")
    const { folder, given, resume, read } = await openCrawl({ pages: 300 }, { 'spiders/pages.ts': wide })
    const failed = await runWithLimit(folder, 500, ['crawl', 'pages', ...given, '-o', 'out.jsonl', '--store', 'state'])
    expect(failed.code).toBe(1)
    const { code } = await resume('--store', 'state')
    expect(code).toBe(0)
    expectPages(await read('out.jsonl'), 300)
  })

  it('a damaged store: exit code 1, and what was exported is not touched', async () => {
    const { folder, begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '10')
    await truncate(join(folder, '.doff/pages/crawl.db'), 5_000)
    expectRefusal(await resume(), 1, /Cannot open the store \.doff\/pages: its file is damaged.*--fresh/)
    expectPages(await read('out.jsonl'), 10)
  })

  it('a folder that cannot be made', async () => {
    const { begin } = await openCrawl()
    expectRefusal(await begin('--store', 'spiders/pages.ts/x'), 1, 'a part of its path is no folder')
  })
})
