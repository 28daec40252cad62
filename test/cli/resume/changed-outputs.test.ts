/** Outputs that somebody has changed between two runs of a crawl, or while it writes them. */
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { startDoff } from '../run-doff.ts'
import { execSql, expectPages, expectRefusal, forgetClosing, openCrawl, pages, pathsIn } from './open-crawl.ts'

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

  it.concurrent.for<[name: string, harm: (path: string) => Promise<void>, message: string]>([
    ['deleted', (path: string) => rm(path), 'was deleted, replaced or cut short'],
    ['rotated', (path: string) => rename(path, `${path}.old`), 'was deleted, replaced or cut short'],
    ['emptied', (path: string) => truncate(path), 'was deleted, replaced or cut short'],
    ['written to', (path: string) => appendFile(path, '{"path":"/mine"}\n'), 'is written to by somebody else'],
  ])(
    'a file that is %s while it is written ends the crawl, instead of being written into nowhere',
    async ([, harm, message], { onTestFinished }) => {
      const { folder, given } = await openCrawl({ latencyMs: 60, pages: 60 }, {}, onTestFinished)
      const running = startDoff(folder, ['crawl', 'pages', ...given, '-o', 'out.jsonl', '--log-level', 'info'])
      await running.said('crawl started')
      await vi.waitFor(async () => expect((await stat(join(folder, 'out.jsonl'))).size).toBeGreaterThan(0), {
        timeout: 30_000,
      })
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
