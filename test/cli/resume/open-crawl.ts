/** What the tests of crawls that go on have in common: a folder with a spider, a site, and the commands that crawl it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished } from 'vitest'
import { openWeb, type WebOptions } from '../../sites/web.ts'
import { type Ended, openFolder, runDoff } from '../run-doff.ts'

export const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    yield { path: page.url.pathname, title: page.$('h1').text(), at: new Date(0) }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

/** A folder with a spider, a site of so many pages, and the commands that crawl it. A test beside others says when it is finished. */
export async function openCrawl(
  web: WebOptions = {},
  files: Readonly<Record<string, string>> = {},
  whenFinished = onTestFinished,
) {
  const site = await openWeb({ pages: 30, ...web })
  whenFinished(() => site[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/pages.ts': pages, ...files }, whenFinished)
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

export const pathsIn = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { path: string }).path)

export function expectPages(text: string, count: number): void {
  const paths = pathsIn(text)
  expect(paths).toHaveLength(count)
  expect(new Set(paths).size).toBe(count)
}

/** A user's mistake is said in one line, without a stack. */
export function expectRefusal({ code, stdout, stderr }: Ended, exitCode: number, message: string | RegExp): void {
  expect(stderr).toMatch(/^doff: [^\n]+\n$/)
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([exitCode, ''])
}

/** As after a kill: the cursor does not know that the output was closed. */
export const forgetClosing = (folder: string) => execSql(folder, 'update output set is_closed = 0')

export function execSql(folder: string, sql: string): void {
  using database = new DatabaseSync(join(folder, '.doff/pages/crawl.db'))
  database.exec(sql)
}
