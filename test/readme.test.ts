/** The README says what is true: its examples are run, its tables are compared with the code. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { json, text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { optionTable } from '../src/options.ts'
import { openFolder, runDoff, startDoff } from './cli/run-doff.ts'
import { type Bookshop, openBookshop } from './sites/bookshop.ts'
import { openWeb, send } from './sites/web.ts'

const root = resolve(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** TypeScript examples by the path in their first line. */
const examples = Object.fromEntries(
  [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
)

/** A folder with the README's files, whose spiders go to a bookshop here. */
async function openExamples(): Promise<{ folder: string; shop: Bookshop }> {
  const shop = await openBookshop({ books: 25 })
  onTestFinished(() => shop[Symbol.asyncDispose]())
  const books = await readFile(join(root, 'spiders/books.ts'), 'utf8')
  const here = Object.entries({ ...examples, 'spiders/books.ts': books }).map(([path, text]) => [
    path,
    text.replaceAll('https://books.toscrape.com/', shop.url),
  ])
  const folder = await openFolder(Object.fromEntries(here) as Record<string, string>)
  return { folder, shop }
}

const quickly = ['--quiet', '--delay', '0']

describe('the README', () => {
  it('has the examples that are run here', () => {
    expect(Object.keys(examples)).toEqual([
      'spiders/titles.ts',
      'main.ts',
      'nightly.ts',
      'judge.ts',
      'spiders/ranked.ts',
      'test.ts',
      'spiders/new-books.ts',
      'spiders/search.ts',
      'spiders/covers.ts',
      'config/night.ts',
    ])
  })

  it('opens with a spider that does what it says', async () => {
    const { folder, shop } = await openExamples()
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'titles',
      '-o',
      'titles.jsonl',
      '--contact',
      'you@example.org',
      ...quickly,
    ])
    expect([code, stderr]).toEqual([0, ''])
    const lines = (await readFile(join(folder, 'titles.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { title: string })
    expect(lines.map(({ title }) => title).toSorted()).toEqual(shop.books.map(({ title }) => title).toSorted())
    const shown = /```json\n(.*)\n```/.exec(readme)?.[1] ?? ''
    expect(Object.keys(JSON.parse(shown) as object)).toEqual(Object.keys(lines[0] ?? {}))
  })

  it('passes data with a follow as it says', async () => {
    const { folder, shop } = await openExamples()
    const { stdout } = await runDoff(folder, ['crawl', 'ranked', '-a', `site=${shop.url}`, '-o', '-', ...quickly])
    const ranks = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { rank: number }).rank)
    expect(ranks).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  it('crawls the pages of a sitemap as it says', async () => {
    const { folder, shop } = await openExamples()
    const { stdout } = await runDoff(folder, ['crawl', 'new-books', '-o', '-', ...quickly])
    expect(stdout.trimEnd().split('\n')).toHaveLength(shop.books.filter((_, index) => index % 3 !== 0).length)
  })

  it('sends a form and JSON as it says', async () => {
    const { folder } = await openExamples()
    const titlesOf = (asked: unknown) => ['One', 'Two'].map((n) => `${n} of ${JSON.stringify(asked)}`)
    const form = `<form id=search method=post action=/s><input type=hidden name=t value=1><input name=q>
      <input type=checkbox name=used value=yes><button name=go>Go</button></form>`
    const web = await openWeb({
      routes: {
        '/': (_request, response) => send(response, 200, form),
        '/s': async (request, response) =>
          send(
            response,
            200,
            titlesOf(await text(request))
              .map((title) => `<h3>${title}</h3>`)
              .join(''),
          ),
        '/api': async (request, response) =>
          send(response, 200, JSON.stringify(titlesOf(await json(request)).map((title) => ({ title })))),
      },
    })
    onTestFinished(() => web[Symbol.asyncDispose]())
    const spider = (examples['spiders/search.ts'] ?? '').replaceAll('https://shop.test/', web.urls[0] ?? '')
    await writeFile(join(folder, 'spiders/search.ts'), spider)
    const { stdout } = await runDoff(folder, ['crawl', 'search', '-o', '-', ...quickly])
    const titles = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { title: string }).title)
    expect(titles.toSorted()).toEqual([...titlesOf('t=1&q=tea&used=yes&go='), ...titlesOf({ newest: 2 })].toSorted())
  })

  it('downloads files as it says', async () => {
    const { folder, shop } = await openExamples()
    const { stdout } = await runDoff(folder, ['crawl', 'covers', '-o', '-', ...quickly])
    const items = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { title: string; path: string; bytes: number })
    expect(items.map(({ title }) => title)).toEqual(shop.books.slice(0, 20).map(({ title }) => title))
    // The shop has one picture for all of its books.
    expect(new Set(items.map(({ path }) => path)).size).toBe(1)
    const { path = '', bytes } = items[0] ?? {}
    expect(path).toMatch(/^\.doff\/covers\/files\/[0-9a-f]{2}\/[0-9a-f]{64}\.gif$/)
    expect(await readFile(join(folder, path))).toHaveLength(bytes ?? 0)
  })

  it('judges by a robots.txt as it says', async () => {
    const { folder } = await openExamples()
    const { stdout } = await promisify(execFile)(process.execPath, ['judge.ts'], { cwd: folder })
    const said = /\/\/ (\{ allowed.*\})/.exec(examples['judge.ts'] ?? '')?.[1]
    expect(stdout).toBe(`${said}\n`)
  })

  it('documents every column of the ledger', async () => {
    const { folder, shop } = await openExamples()
    await runDoff(folder, ['crawl', 'books', '-a', `site=${shop.url}`, '--max-pages', '1', ...quickly])
    using database = new DatabaseSync(join(folder, '.doff/books/crawl.db'), { readOnly: true })
    const columns = database.prepare("select name from pragma_table_info('ledger') where name <> 'id'").all()
    const table = readme.slice(readme.indexOf('| column | |'))
    const cells = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| (.*?) \|/gm)].map((match) => match[1] ?? '')
    const documented = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1]))
    expect(documented.toSorted()).toEqual(columns.map(({ name }) => name).toSorted())
  })

  it('shows a program that runs', async () => {
    const { folder } = await openExamples()
    await writeFile(
      join(folder, 'main.ts'),
      (examples['main.ts'] ?? '').replace('maxPages: 10', 'maxPages: 10, delayMs: 0'),
    )
    const { stdout } = await promisify(execFile)(process.execPath, ['main.ts'], { cwd: folder })
    const lines = stdout.trimEnd().split('\n')
    // One of the ten pages is the list, which has no item; the last line is the count.
    expect(lines).toHaveLength(9 + 1)
    expect(lines.at(-1)).toBe('10')
  })

  it('shows how a spider is tested', async () => {
    const { folder } = await openExamples()
    const { stdout } = await promisify(execFile)(process.execPath, ['test.ts'], { cwd: folder })
    expect(stdout).toBe('One 0\n')
  })

  it('shows commands that work', async () => {
    const { folder, shop } = await openExamples()
    const commands = [...readme.matchAll(/^npx doff (.*?)\s*(?:#.*)?$/gm)].map((match) => match[1] ?? '')
    expect(commands).toHaveLength(12)
    for (const command of commands) {
      const words = (command.split(' | ')[0] ?? '').replace('http://127.0.0.1:8080/', shop.url).split(/\s+/)
      const { code, stderr } = await runDoff(
        folder,
        words[0] === 'crawl' && words[1] !== '--help' ? [...words, ...quickly] : words,
      )
      expect([command, code, stderr]).toEqual([command, 0, words[0] === 'export' ? '25 items in books.csv.gz\n' : ''])
    }
  })

  it('shows queries that any SQLite tool answers, also while the crawl is running', async () => {
    const { folder, shop } = await openExamples()
    const queries = [...readme.matchAll(/^sqlite3 -readonly (\S+) (['"])(.*)\2$/gm)]
    expect(queries).toHaveLength(4)
    const args = ['crawl', 'books', '-a', `site=${shop.url}`, '--max-pages', '10']
    expect((await runDoff(folder, [...args, ...quickly])).code).toBe(3)
    const running = startDoff(folder, ['crawl', 'books', '--resume', '--delay', '300', '--max-pages', 'Infinity'])
    await running.said('crawl resumed')
    const answers = queries.map(([, path = '', , sql = '']) => {
      using database = new DatabaseSync(join(folder, path), { readOnly: true })
      return database.prepare(sql).all()
    })
    running.kill('SIGKILL')
    await running.ended
    const [waiting, failed, titles, sent] = answers
    expect(waiting).toEqual([{ name: '127.0.0.1', 'count(*)': expect.any(Number) as number }])
    expect(failed).toEqual([])
    expect(titles).toHaveLength(3)
    expect(sent).toContainEqual({ purpose: 'robots', status: 200, 'count(*)': 1, 'min(gap_ms)': null })
    expect(shop.books.map(({ title }) => title)).toContain(Object.values(titles?.[0] ?? {})[0])
  })

  it('documents every table of a store, and no other', async () => {
    const { folder, shop } = await openExamples()
    await runDoff(folder, ['crawl', 'books', '-a', `site=${shop.url}`, '--max-pages', '1', ...quickly])
    using database = new DatabaseSync(join(folder, '.doff/books/crawl.db'), { readOnly: true })
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").all()
    const table = readme.slice(readme.indexOf('| table | what it holds |'))
    const documented = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1])
    expect(documented.toSorted()).toEqual(tables.map(({ name }) => name).toSorted())
  })

  it('shows a program that is resumed: what it has read does not come again', async () => {
    const { folder, shop } = await openExamples()
    const text = examples['nightly.ts'] ?? ''
    await writeFile(join(folder, 'nightly.ts'), text.replace("start: 'resume'", "start: 'resume', delayMs: 0"))
    const run = async () => (await promisify(execFile)(process.execPath, ['nightly.ts'], { cwd: folder })).stdout
    expect((await run()).trimEnd().split('\n')).toHaveLength(shop.books.length)
    expect(await run()).toBe('')
  })

  it('shows code that compiles as strictly as doff itself', async () => {
    const { folder } = await openExamples()
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
      include: ['**/*.ts'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    const { stdout } = await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
    expect(stdout).toBe('')
  })

  it('shows a configuration that is one', async () => {
    const { folder } = await openExamples()
    const { code, stderr } = await runDoff(folder, ['crawl', 'titles', '--profile', 'night', ...quickly])
    expect([code, stderr]).toEqual([0, ''])
  })

  it('lists every option with its default and meaning, and no other', () => {
    const rows = Object.entries(optionTable).map(([name, { default: standard, meaning }]) => {
      const isNone = standard === undefined || (Array.isArray(standard) && standard.length === 0)
      return `| \`${name}\` | ${isNone ? 'none' : standard === Number.POSITIVE_INFINITY ? 'no limit' : `\`${String(standard)}\``} | ${meaning} |`
    })
    const table = readme.slice(readme.indexOf('| option | default'))
    expect(table.split('\n').slice(2, 2 + rows.length)).toEqual(rows)
    expect(table.split('\n')[2 + rows.length]).toBe('')
  })

  it('lists every reason that a fetch fails for, or that a request is skipped or put off for', () => {
    const unionsIn = (file: string, ...names: readonly string[]) => {
      const source = readFileSync(join(root, 'src', file), 'utf8')
      return names.flatMap((name) => {
        const union = new RegExp(`^export type ${name} =([\\s\\S]*?)\\n\\n`, 'm').exec(source)?.[1] ?? ''
        return [...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason)
      })
    }
    const reasons = [
      ...unionsIn('outcome.ts', 'PassingFault', 'TlsFault', 'Fault'),
      ...unionsIn('events.ts', 'SkipReason', 'DeferReason'),
      ...unionsIn('host.ts', 'AsideReason'),
    ]
    expect(reasons.length).toBeGreaterThan(35)
    const rows = [...readme.matchAll(/^\|((?: `[a-z_]+`)+) \|/gm)].map(([, row]) => row).join('')
    expect(reasons.filter((reason) => !rows.includes(` \`${reason}\``))).toEqual([])
  })

  it('names files that are there', () => {
    const named = [...readme.matchAll(/`((?:src|test|config)\/[\w/.-]+\.ts)`/g)].map(([, path]) => path ?? '')
    expect(named.filter((path) => !existsSync(join(root, path)) && path !== 'config/careful.ts')).toEqual([])
  })

  it('lists every exit code', () => {
    const codes = [...readme.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))
    expect(codes).toEqual(Object.values(exitCodes))
  })
})
