import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, lstat, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { openFolder, runDoff, startDoff } from './run-doff.ts'

const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  description: 'Every page',
  seeds: (args) => [args.site ?? 'https://shop.test/'],
  *parse(page) {
    yield { path: page.url.pathname, title: page.$('h1').text(), at: new Date(0) }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

async function webOf(options: WebOptions): Promise<{ site: string; log: { path: string }[] }> {
  const web = await openWeb(options)
  onTestFinished(() => web[Symbol.asyncDispose]())
  return { site: web.urls[0] ?? '', log: web.log }
}

const linesOf = async (folder: string, file: string) =>
  (await readFile(join(folder, file), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { path: string })

/** A user's mistake is said in one line, without a stack. */
function expectOneLine(stderr: string): void {
  expect(stderr).toMatch(/^doff: [^\n]+\n$/)
  expect(stderr).not.toMatch(/\n\s+at /)
}

describe('doff crawl', () => {
  it('runs a spider by name, appends its items to a file and sums up on standard error', async () => {
    const { site } = await webOf({ pages: 12 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const args = [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'out.jsonl',
      '--delay',
      '0',
      '--summary',
      'summary.json',
    ]
    const { code, stdout, stderr } = await runDoff(folder, args)
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('')
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(12)
    expect(stderr).toContain('pages finished after')
    expect(stderr).toContain('12 fetched, 0 redirected, 0 failed, 0 skipped, 0 waiting')
    expect(stderr).toContain('12 in out.jsonl')
    const summary = JSON.parse(await readFile(join(folder, 'summary.json'), 'utf8')) as Record<string, unknown>
    expect(summary).toMatchObject({
      spider: 'pages',
      stopReason: 'finished',
      fetched: 12,
      items: 12,
      outputs: ['out.jsonl'],
    })

    expect((await runDoff(folder, [...args, '--fresh'])).code).toBe(0)
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(24)
  })

  it('runs a spider by path', async () => {
    const { site } = await webOf({ pages: 2 })
    const folder = await openFolder({ 'elsewhere/mine.ts': pages })
    const { code, stdout } = await runDoff(folder, [
      'crawl',
      './elsewhere/mine.ts',
      '-a',
      `site=${site}`,
      '-o',
      '-',
      '--delay',
      '0',
    ])
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
  })

  it('writes nothing but data to standard output, and logs as JSON to standard error', async () => {
    const { site } = await webOf({ pages: 5 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const args = [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      '-',
      '-o',
      'out.csv',
      '-O',
      'all.jsonl',
      '--delay',
      '0',
      '--quiet',
      '--log-level',
      'info',
    ]
    const { code, stdout, stderr } = await runDoff(folder, args)
    expect(code).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toHaveLength(5)
    expect(stdout).toContain('{"path":"/","title":"Page 0","at":"1970-01-01T00:00:00.000Z"}')
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toHaveLength(2)
    expect((await readFile(join(folder, 'out.csv'), 'utf8')).split('\n')[0]).toBe('path,title,at')
    expect(await linesOf(folder, 'all.jsonl')).toHaveLength(5)
  })

  it('says everything in JSON when told to, the summary too', async () => {
    const { site } = await webOf({ pages: 3 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0'], {
      DOFF_LOG_FORMAT: 'json',
    })
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string })
    expect(lines.at(-1)).toMatchObject({ msg: 'summary', fetched: 3, stopReason: 'finished', outputs: [] })
  })

  it('keeps quiet when told to', async () => {
    const { site } = await webOf({ pages: 2 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0', '--quiet'])
    expect(stderr).toBe('')
  })

  it('logs a parser that throws with its URL and parser', async () => {
    const { site } = await webOf({ pages: 2 })
    const spider = pages.replace('yield { path', "if (page.depth === 1) throw new Error('no price')\n    yield { path")
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0', '--quiet'])
    expect(code).toBe(0)
    const line = JSON.parse(stderr.trim()) as { err: { stack: string } }
    expect(line).toMatchObject({
      url: `${site}page-1`,
      parser: 'parse',
      msg: `Parser \`parse\` failed: no price: ${site}page-1`,
    })
    expect(line.err.stack).toContain('spiders/pages.ts')
    expect(line.err.stack).not.toContain('src/spider/finds.ts')
  })

  it('logs a selector that cannot be read with its field and its place in the spider, and the URL once', async () => {
    const { site } = await webOf({ pages: 1 })
    const spider = pages.replace('yield { path', "page.extract({ title: 'h1', price: 'b[' })\n    yield { path")
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0', '--quiet'])
    const line = JSON.parse(stderr.trim()) as { msg: string; err: { stack: string } }
    const why = 'the field `price`: `b[` is no CSS selector (Expected name, found nothing)'
    expect(line.msg).toBe(`Parser \`parse\` failed: ${why}: ${site}`)
    expect(line.err.stack).toContain('spiders/pages.ts')
    expect(line.err.stack).not.toContain('/node_modules/')
  })

  it('logs what a page lacks with the URL once', async () => {
    const { site } = await webOf({ pages: 1 })
    const spider = pages.replace('yield { path', "page.form('form')\n    yield { path")
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0', '--quiet'])
    const { msg } = JSON.parse(stderr.trim()) as { msg: string }
    expect(msg).toBe(`Parser \`parse\` failed: \`form\` finds nothing: ${site}`)
  })
})

describe('-O', () => {
  it('leaves the old file until the crawl has finished well', async () => {
    const { site } = await webOf({ pages: 40, latencyMs: 30 })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '{"old":true}\n' })
    const running = startDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-O',
      'out.jsonl',
      '--delay',
      '0',
      '--log-level',
      'debug',
    ])
    await running.said('"msg":"fetched"')
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"old":true}\n')
    expect((await running.ended).code).toBe(0)
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(40)
    expect(existsSync(join(folder, 'out.jsonl.part'))).toBe(false)
  })

  it('keeps both, and says where the new items are, when the crawl was interrupted', async () => {
    const { site } = await webOf({ pages: 400, latencyMs: 10 })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '{"old":true}\n' })
    const running = startDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-O',
      'out.jsonl',
      '--delay',
      '0',
      '--log-level',
      'debug',
    ])
    await running.said('"msg":"fetched"')
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('in out.jsonl.part')
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"old":true}\n')
    expect((await linesOf(folder, 'out.jsonl.part')).length).toBeGreaterThan(0)
  })

  it('follows a link, as -o does', async () => {
    const { site } = await webOf({ pages: 3 })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'real.jsonl': '{"old":true}\n' })
    await symlink('real.jsonl', join(folder, 'out.jsonl'))
    const { code } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '-O', 'out.jsonl', '--delay', '0'])
    expect(code).toBe(0)
    expect(await linesOf(folder, 'real.jsonl')).toHaveLength(3)
    expect((await lstat(join(folder, 'out.jsonl'))).isSymbolicLink()).toBe(true)
  })

  it('does not replace a file when nothing could be fetched', async () => {
    const { site } = await webOf({ robots: 'User-agent: *\nDisallow: /' })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '{"old":true}\n' })
    const { code } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '-O', 'out.jsonl', '--delay', '0'])
    expect(code).toBe(3)
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"old":true}\n')
  })
})

describe('interrupts', () => {
  it('the first drains: what is out comes to its end, its items are written, and the counts add up', async () => {
    const { site, log } = await webOf({ pages: 400, latencyMs: 200 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const running = startDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'out.jsonl',
      '--delay',
      '0',
      '--log-level',
      'debug',
      '--summary',
      's.json',
    ])
    await running.said('"msg":"fetched"')
    const before = log.length
    running.kill('SIGTERM')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('Finishing the requests that are out; once more stops at once.')
    expect(log.length).toBeLessThanOrEqual(before + 1)
    const summary = JSON.parse(await readFile(join(folder, 's.json'), 'utf8')) as {
      fetched: number
      items: number
      stopReason: string
    }
    expect(summary).toMatchObject({ stopReason: 'drained', items: summary.fetched })
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(summary.items)
  })

  it('the second stops at once', async () => {
    const { site } = await webOf({ routes: { '/': () => undefined } })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const running = startDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0', '--log-level', 'debug'])
    await running.said('"msg":"requested"')
    running.kill('SIGINT')
    await running.said('Finishing')
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('pages was stopped')
  })

  it('a reader of the pipe that leaves ends the crawl without a word of complaint', async () => {
    const { site, log } = await webOf({ pages: 2_000 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const doff = fileURLToPath(new URL('../../src/cli/doff.js', import.meta.url))
    const command = `"${process.execPath}" "${doff}" crawl pages -a site=${site} -o - --delay 0 --quiet | head -n 2`
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], { cwd: folder })
    expect(stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(stderr).toBe('')
    expect(log.length).toBeLessThan(2_000)
  })
})

describe('the address guard', () => {
  const linkElsewhere: NonNullable<WebOptions['routes']>[string] = (_request, response) =>
    send(response, 200, '<a href="http://127.0.0.3:1/">elsewhere</a>')

  it('lets a host be private that was given as an argument, and no other: the log says which, and why', async () => {
    const web = await webOf({ routes: { '/': linkElsewhere } })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const args = ['crawl', 'pages', '-a', `site=${web.site}`, '--delay', '0', '-s', 'within=anywhere']
    const { code, stderr } = await runDoff(folder, [...args, '--log-format', 'json'])
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(
      '127.0.0.3 is a loopback address (127.0.0.0/8, RFC 1122): GET http://127.0.0.3:1/ (allowPrivate opens it)',
    )
  })

  it('--allow-private opens more', async () => {
    const web = await openWeb({ hosts: 2, pages: 1 })
    onTestFinished(() => web[Symbol.asyncDispose]())
    const listed = pages.replace(/seeds: .*/, "seeds: (args) => readFileSync(args.list, 'utf8').split('\\n'),")
    const folder = await openFolder({
      'spiders/pages.ts': `import { readFileSync } from 'node:fs'\n${listed}`,
      'list.txt': web.urls.join('\n'),
    })
    const args = [
      'crawl',
      'pages',
      '--fresh',
      '-a',
      'list=list.txt',
      '--delay',
      '0',
      '--summary',
      'counts.json',
      '--quiet',
    ]
    const countsOf = async (...more: readonly string[]) => {
      await runDoff(folder, [...args, ...more])
      return JSON.parse(await readFile(join(folder, 'counts.json'), 'utf8')) as object
    }
    expect(await countsOf()).toMatchObject({ fetched: 0, failedBy: { address_blocked: 2 }, requests: 0 })
    expect(await countsOf('--allow-private', '127.0.0.3')).toMatchObject({
      fetched: 1,
      failedBy: { address_blocked: 1 },
    })
    const both = ['--allow-private', '127.0.0.2', '--allow-private', '127.0.0.3/32']
    expect(await countsOf(...both)).toMatchObject({ fetched: 2, failed: 0 })
  })
})

describe('a mistake is one clear line and exit code 2', () => {
  const cases: [string, readonly string[], RegExp][] = [
    ['an unknown spider', ['crawl', 'nope'], /No spider is called "nope" \(known: pages\)/],
    ['a path to nothing', ['crawl', './nope.ts'], /There is no file \.\/nope\.ts/],
    [
      'a bad option',
      ['crawl', 'pages', '--max-depth', '-1'],
      /Expected `maxDepth` \(in --max-depth\) to be a non-negative integer, got `-1` \(number\)/,
    ],
    [
      'a bad range',
      ['crawl', 'pages', '--allow-private', '10.0.0.0/8', '--allow-private', 'localhost'],
      /Expected `allowPrivate` \(in --allow-private\) to be a list of IP addresses and ranges like .*, got \[10\.0\.0\.0\/8, localhost\]/,
    ],
    [
      'an unknown option',
      ['crawl', 'pages', '-s', 'maxDept=1'],
      /No option is called `maxDept` .*did you mean `maxDepth`/,
    ],
    [
      'a setting without a value',
      ['crawl', 'pages', '-s', 'maxDepth'],
      /Expected `-s maxDepth` to be `-s option=value`/,
    ],
    ['a bad argument', ['crawl', 'pages', '-a', 'site'], /Expected `-a site` to be `-a key=value`/],
    ['a bad seed', ['crawl', 'pages', '-a', 'site=shop'], /Seed "shop" of spider "pages" is no http\(s\) URL/],
    ['a missing contact', ['crawl', 'pages'], /No `contact` is set, and shop\.test is not this machine/],
    [
      'an unknown format',
      ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-o', 'out.xyz'],
      /The format of output "out\.xyz" is unknown/,
    ],
    [
      'an unwritable output',
      ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-o', 'no/out.jsonl'],
      /Cannot write no\/out\.jsonl: its folder does not exist/,
    ],
    [
      'a folder as output',
      ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-O', 'jsonl:spiders'],
      /Cannot write spiders.*: it is a folder/,
    ],
    [
      'an output named twice',
      ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-o', 'a.jsonl', '-O', 'a.jsonl'],
      /Output a\.jsonl is named twice/,
    ],
    [
      'an unknown profile',
      ['crawl', 'pages', '--profile', 'night'],
      /There is no profile "night" in config\/ \(known: none\)/,
    ],
    ['an unknown log level', ['crawl', 'pages', '--log-level', 'loud'], /Expected the log level to be one of/],
    ['an unknown log format', ['crawl', 'pages', '--log-format', 'xml'], /Expected the log format to be one of/],
    ['an unknown flag', ['crawl', 'pages', '--frob'], /unknown option '--frob'/],
    ['an unknown command', ['frob'], /unknown command 'frob'/],
    ['no spider', ['crawl'], /missing required argument 'spider'/],
  ]
  it.each(cases)('%s', async (_name, args, message) => {
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stdout, stderr } = await runDoff(folder, args)
    expect(stderr).toMatch(message)
    expectOneLine(stderr)
    expect(code).toBe(2)
    expect(stdout).toBe('')
  })

  const broken: [string, string, RegExp][] = [
    [
      'a spider that does not parse',
      'const x = {\nexport default 1',
      /Cannot load spiders\/pages\.ts:\d: SyntaxError: /,
    ],
    [
      'a spider in TypeScript that cannot be stripped',
      'enum A { b }\nexport default A',
      /Cannot load .*enum is not supported/,
    ],
    [
      'a spider that throws',
      'const a = undefined\nexport default a.b',
      /Cannot load spiders\/pages\.ts:2: TypeError: /,
    ],
    [
      'a spider that imports nothing',
      "import './gone.ts'\nexport default 1",
      /Cannot load spiders\/pages\.ts: Error: Cannot find module .*gone\.ts/,
    ],
    ['a spider without a default export', 'export const a = 1', /spiders\/pages\.ts has no default export/],
    [
      'a default export that is no spider',
      'export default { name: 1 }',
      /The default export of spiders\/pages\.ts is no spider/,
    ],
    [
      'a spider with an unknown field',
      pages.replace('description', 'descripton'),
      /spiders\/pages\.ts: No field of spider "pages" is called `descripton`/,
    ],
  ]
  it.each(broken)('%s', async (_name, text, message) => {
    const folder = await openFolder({ 'spiders/pages.ts': text })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages'])
    expect(stderr).toMatch(message)
    expectOneLine(stderr)
    expect(code).toBe(2)
  })

  it.skipIf(process.getuid?.() === 0)('an output without permission', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '' })
    await chmod(join(folder, 'out.jsonl'), 0o444)
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      'site=http://127.0.0.1/',
      '-o',
      'out.jsonl',
    ])
    expect(stderr).toContain('permission denied')
    expect(code).toBe(2)
  })

  it('one file by two spellings', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const args = ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-o', 'a.jsonl', '-O', 'jsonl:./a.jsonl']
    const { code, stderr } = await runDoff(folder, args)
    expect([code, stderr]).toEqual([2, 'doff: Output a.jsonl is named twice\n'])
  })

  it('a torn last record in a CSV file to append to', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.csv': 'path,title,at\n/,"Pa' })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages', '-a', 'site=http://127.0.0.1/', '-o', 'out.csv'])
    expect(stderr).toContain('out.csv ends in a torn line')
    expect(code).toBe(2)
  })

  it('a torn last line in a file to append to', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '{"a":1}\n{"a":' })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      'site=http://127.0.0.1/',
      '-o',
      'out.jsonl',
    ])
    expect(stderr).toBe('doff: out.jsonl ends in a torn line ("{"a":"): repair it, or use -O to replace the file\n')
    expect(code).toBe(2)
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"a":1}\n{"a":')
  })
})

describe('other ends', () => {
  it('a full disk ends the crawl with exit code 1 and one line', async () => {
    const { site } = await webOf({ pages: 50 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'jsonl:/dev/full',
      '--delay',
      '0',
      '--quiet',
    ])
    expect(stderr).toBe('doff: Cannot write /dev/full: the disk is full\n')
    expect(code).toBe(1)
  })

  it('a pipe or a device is written to like a file', async () => {
    const { site } = await webOf({ pages: 3 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'jsonl:/dev/null',
      '--delay',
      '0',
      '--quiet',
    ])
    expect([code, stderr]).toEqual([0, ''])
  })

  it('a reader of help or a list that leaves is no fault', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const doff = fileURLToPath(new URL('../../src/cli/doff.js', import.meta.url))
    for (const command of ['list', 'crawl --help']) {
      const { stderr } = await promisify(execFile)('sh', ['-c', `"${process.execPath}" "${doff}" ${command} | true`], {
        cwd: folder,
      })
      expect(stderr).toBe('')
    }
  })

  it('a disk that fills up leaves whole lines, and the file can be appended to again', async () => {
    const { site } = await webOf({ pages: 600 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const doff = fileURLToPath(new URL('../../src/cli/doff.js', import.meta.url))
    const args = [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'out.jsonl',
      '--delay',
      '0',
      '--quiet',
      '--store',
      'memory',
    ]
    // Files of this shell can have 16 KiB; a signal would come first, and is told to stay away.
    const command = `trap '' XFSZ; ulimit -f 16; exec "${process.execPath}" "${doff}" ${args.join(' ')}`
    const failed = await promisify(execFile)('bash', ['-c', command], { cwd: folder }).catch(
      (error: { code: number; stderr: string }) => error,
    )
    expect(failed).toMatchObject({ code: 1, stderr: 'doff: Cannot write out.jsonl: the file would be too large\n' })
    const written = (await linesOf(folder, 'out.jsonl')).length
    expect(written).toBeGreaterThan(10)
    expect((await runDoff(folder, [...args, '--max-pages', '5'])).code).toBe(3)
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(written + 5)
  })

  it('a promise that a parser left alone, and that fails, costs nothing', async () => {
    const { site } = await webOf({ pages: 10 })
    const spider = pages.replace('yield { path', "void Promise.reject(new Error('left alone'))\n    yield { path")
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'out.jsonl',
      '--delay',
      '0',
      '--quiet',
    ])
    expect(code).toBe(0)
    expect(stderr).toContain('a promise failed that nobody awaited: left alone')
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(10)
  })

  it('nothing fetched is exit code 3', async () => {
    const { site } = await webOf({ robots: 'User-agent: *\nDisallow: /' })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '--delay', '0'])
    expect(code).toBe(3)
    expect(stderr).toContain('1 skipped (1 disallowed)')
  })

  it('a crawl that maxPages cut short is exit code 3, and its file is complete', async () => {
    const { site } = await webOf({ pages: 50 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-O',
      'out.jsonl',
      '--delay',
      '0',
      '--max-pages',
      '5',
    ])
    expect(code).toBe(3)
    expect(stderr).toContain('pages ended at maxPages, with pages left to fetch')
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(5)
  })

  it('appends on a line of its own to a file whose last line has no end', async () => {
    const { site } = await webOf({ pages: 1 })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.jsonl': '{"a":1}' })
    await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, '-o', 'out.jsonl', '--delay', '0'])
    expect(await linesOf(folder, 'out.jsonl')).toHaveLength(2)
  })

  it('a CSV file with other columns is not appended to', async () => {
    const { site } = await webOf({ pages: 1 })
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'out.csv': 'a,b\n1,2\n' })
    const { code, stderr } = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      '-o',
      'out.csv',
      '--delay',
      '0',
      '--quiet',
    ])
    expect(stderr).toBe(
      'doff: out.csv has the columns a,b, and the items path,title,at: use another file, or -O to replace it\n',
    )
    expect(code).toBe(1)
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe('a,b\n1,2\n')
  })
})

describe('options come from flags, then -s, the environment, the profile, the spider and config/default.ts', () => {
  const files = {
    'spiders/pages.ts': pages.replace(
      "name: 'pages',",
      "name: 'pages',\n  options: { maxDepth: 4, maxUrlLength: 44 },",
    ),
    'config/default.ts':
      "import { defineConfig } from 'doff'\nexport default defineConfig({ maxDepth: 5, maxUrlLength: 55, delayMs: 0 })\n",
    'config/night.ts': "import { defineConfig } from 'doff'\nexport default defineConfig({ maxDepth: 3 })\n",
  }
  // Each row leaves out the source that won the row before it.
  const rows: [string, readonly string[], Readonly<Record<string, string>>, number][] = [
    ['flag', ['--max-depth', '0', '-s', 'maxDepth=1', '--profile', 'night'], { DOFF_MAX_DEPTH: '2' }, 0],
    ['-s', ['-s', 'maxDepth=1', '--profile', 'night'], { DOFF_MAX_DEPTH: '2' }, 1],
    ['environment', ['--profile', 'night'], { DOFF_MAX_DEPTH: '2' }, 2],
    ['profile', ['--profile', 'night'], {}, 3],
    ['profile by environment', [], { DOFF_PROFILE: 'night' }, 3],
    ['spider', [], {}, 4],
  ]
  it.each(rows)('%s', async (_name, args, environment, depth) => {
    // Ten pages in a row: as many are fetched as maxDepth says, and the first.
    const next = (to: number) => (_request: unknown, response: Parameters<typeof send>[0]) =>
      send(response, 200, `<a href="/${to}">next</a>`)
    const { site } = await webOf({
      routes: Object.fromEntries(['', ...'123456789'].map((path, n) => [`/${path}`, next(n + 1)])),
    })
    const folder = await openFolder(files)
    const { code, stdout } = await runDoff(
      folder,
      ['crawl', 'pages', '-a', `site=${site}`, '-o', '-', '--quiet', ...args],
      environment,
    )
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(depth + 1)
  })

  it('config/default.ts, where nobody else says anything', async () => {
    const folder = await openFolder({
      ...files,
      'spiders/pages.ts': pages,
      'config/default.ts': files['config/default.ts'].replace('5,', '-5,'),
    })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages'])
    expect(code).toBe(2)
    expect(stderr).toBe(
      'doff: config/default.ts: Expected `maxDepth` to be a non-negative integer, got `-5` (number)\n',
    )
  })

  it('an environment variable that is no option is refused by name', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    const { code, stderr } = await runDoff(folder, ['crawl', 'pages'], { DOFF_MAX_DEPHT: '1' })
    expect(code).toBe(2)
    expect(stderr).toContain('No option is called `DOFF_MAX_DEPHT`')
    expectOneLine(stderr)
  })
})

describe('doff list', () => {
  it('shows the spiders with their descriptions', async () => {
    const folder = await openFolder({
      'spiders/pages.ts': pages,
      'spiders/other.ts': pages.replace("'pages'", "'a-longer-name'").replace(/ {2}description.*\n/, ''),
      'spiders/pages.test.ts': 'throw new Error()',
    })
    const { code, stdout, stderr } = await runDoff(folder, ['list'])
    expect(stdout).toBe('a-longer-name  (spiders/other.ts)\npages          Every page\n')
    expect([code, stderr]).toEqual([0, ''])
  })

  it('says which cannot be loaded, and shows the others', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': pages, 'spiders/broken.ts': 'export default 1' })
    const { code, stdout, stderr } = await runDoff(folder, ['list'])
    expect(stdout).toBe('pages  Every page\n')
    expect(stderr).toContain('spiders/broken.ts is no spider')
    expect(code).toBe(2)
  })
})

describe('a process that leaves the loop', () => {
  it('ends by itself: no socket, timer or handle is left', async () => {
    const { site } = await webOf({ pages: 500, latencyMs: 3 })
    const folder = await openFolder({ 'spiders/pages.ts': pages })
    await writeFile(
      join(folder, 'main.ts'),
      `import { crawl } from 'doff'
import pages from './spiders/pages.ts'
let items = 0
for await (const item of crawl(pages, { args: { site: '${site}' }, delayMs: 10, robotsTimeoutMs: 60_000 })) if (++items === 3) break
const left = performance.now()
process.on('exit', () => console.log(process.getActiveResourcesInfo().filter((name) => !name.startsWith('Pipe')).join(), Math.round(performance.now() - left)))
`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.ts')], {
      cwd: folder,
      timeout: 15_000,
    })
    const [, elapsedMs] = /^ (\d+)\n$/.exec(stdout) ?? []
    // Far below any of the crawl's time limits.
    expect(Number(elapsedMs), stdout).toBeLessThan(2_000)
  })
})
