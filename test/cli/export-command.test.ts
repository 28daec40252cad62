/** `doff export`, as a user has it. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { execSql, expectRefusal, openCrawl, pages } from './resume/open-crawl.ts'

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
