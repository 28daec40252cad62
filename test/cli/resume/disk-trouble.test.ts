/** A disk that is full, or damaged, under a crawl. */
import { execFile } from 'node:child_process'
import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { expectPages, expectRefusal, openCrawl, pages, pathsIn } from './open-crawl.ts'

describe('disk trouble', () => {
  const doff = fileURLToPath(new URL('../../../src/cli/doff.js', import.meta.url))
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
