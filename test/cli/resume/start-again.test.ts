/** A crawl that is begun, or gone on with, where there is one already: what is repeated, what is said, and what is refused. */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { send } from '../../sites/web.ts'
import { startDoff } from '../run-doff.ts'
import { expectPages, expectRefusal, openCrawl, pages } from './open-crawl.ts'

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

  it.each([
    [
      [
        ['-a', 'nonsense'],
        ['-s', 'maxDepth=-1'],
        ['--log-level', 'bogus'],
        ['--log-format', 'bogus'],
      ],
    ],
    [
      [
        ['-o', 'out.xlsx'],
        ['-o', 'missing/out.jsonl'],
        ['-O', 'spiders'],
        ['--summary', 'missing/counts.json'],
      ],
    ],
  ])('what is wrong with a command is said before --fresh removes anything: %j', async (wrong) => {
    const { begin, resume, read } = await openCrawl()
    await begin('-o', 'out.jsonl', '--max-pages', '5')
    for (const flags of wrong) expect((await begin('--fresh', ...flags)).code, flags.join(' ')).toBe(2)
    expect((await resume('--max-pages', '30')).code).toBe(0)
    expectPages(await read('out.jsonl'), 30)
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
    const { folder, given, begin, doff } = await openCrawl({
      routes: {
        // It keeps the first process for as long as it takes.
        '/page-1': (_request, response, visit) => visit > 1 && send(response, 200, '<h1>Page 1</h1>'),
      },
    })
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
