/** What a user keeps to themselves is found nowhere afterwards: not in the store, the log, the summary or the ledger. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openHttpProxy } from '../sites/proxies.ts'
import { openWeb, send, type WebOptions } from '../sites/web.ts'
import { openFolder, runDoff } from './run-doff.ts'

const pages = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    yield { title: page.$('h1').text() }
    for (const url of page.links()) yield page.follow(url)
  },
})
`

const secret = 's3cret-of-ada'
const authorization = `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`

/** A site that lets nobody in without the password, and a folder to crawl it from. */
async function openSite(routes: NonNullable<WebOptions['routes']> = {}) {
  const answer: NonNullable<WebOptions['routes']>[string] = (request, response) => {
    if (request.headers.authorization !== authorization) return send(response, 401, 'no')
    send(response, 200, '<h1>Inside</h1><a href="/deep">deep</a>')
  }
  const web = await openWeb({ routes: { '/': answer, '/deep': answer, ...routes } })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const site = web.urls[0] ?? ''
  return { site, origin: new URL(site).origin, folder: await openFolder({ 'spiders/pages.ts': pages }) }
}

/** Every file below a folder, as it is on disk. */
async function contentsOf(folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')))
  return texts.join('\n')
}

interface Given {
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const told = ['--log-level', 'trace', '--delay', '0', '--summary', 'counts.json', '-o', 'out.jsonl']

function expectNoSecret(text: string): void {
  expect(text).not.toContain(secret)
  expect(text).not.toContain(authorization.slice('Basic '.length))
}

describe('a secret', () => {
  it.each<[string, (setting: string) => Given]>([
    ['-s', (setting) => ({ args: ['-s', `basicAuth=${setting}`] })],
    ['the environment', (setting) => ({ environment: { DOFF_BASIC_AUTH: setting } })],
  ])('given by %s opens the site, and is in no file and no line afterwards', async (_name, given) => {
    const { site, origin, folder } = await openSite()
    const { args = [], environment = {} } = given(`${origin}=ada:${secret}`)
    const ended = await runDoff(folder, ['crawl', 'pages', '-a', `site=${site}`, ...told, ...args], environment)
    expect(ended.code).toBe(0)
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"title":"Inside"}\n{"title":"Inside"}\n')
    const kept = await contentsOf(join(folder, '.doff'))
    // What is looked through is what a crawl has left there.
    expect(kept).toContain(`${site}deep`)
    expectNoSecret(kept)
    expectNoSecret(ended.stderr + ended.stdout + (await readFile(join(folder, 'counts.json'), 'utf8')))
    const audit = await runDoff(folder, ['audit', 'pages', '--json'])
    expectNoSecret(audit.stdout)
  })

  it.each<[string, (setting: string) => Given, string]>([
    ['-s', (setting) => ({ args: ['-s', `basicAuth=${setting}`] }), 'doff crawl pages --resume -s basicAuth=...'],
    [
      'the environment',
      (setting) => ({ environment: { DOFF_BASIC_AUTH: setting } }),
      'DOFF_BASIC_AUTH=... doff crawl pages --resume',
    ],
  ])('given by %s is to be given again when the crawl is resumed, which says so', async (_name, given, command) => {
    const { site, origin, folder } = await openSite()
    const { args = [], environment = {} } = given(`${origin}=ada:${secret}`)
    const options = ['-a', `site=${site}`, ...told, '--max-pages', '1', '-s', 'maxBufferedItems=7']
    const first = await runDoff(folder, ['crawl', 'pages', ...options, ...args], environment)
    expect([first.code, first.stderr]).toEqual([
      3,
      expect.stringContaining(`Go on with: ${command} --max-pages MORE\n`),
    ])
    const resume = ['crawl', 'pages', '--resume', '--max-pages', '9', '--log-level', 'info']
    const without = await runDoff(folder, resume)
    expect([without.code, without.stdout]).toEqual([2, ''])
    expect(without.stderr).toBe(
      'doff: The crawl in .doff/pages was begun with a secret in `basicAuth`, and secrets are not kept with a crawl: give it again, as DOFF_BASIC_AUTH=... or `-s basicAuth=...` (or go on without it: `-s basicAuth=none`)\n',
    )
    const resumed = await runDoff(folder, [...resume, ...args], environment)
    expect(resumed.code).toBe(0)
    // It is what it was, and so are the other settings.
    expect(resumed.stderr).not.toMatch(/basicAuth|maxBufferedItems/)
    expect(await readFile(join(folder, 'out.jsonl'), 'utf8')).toBe('{"title":"Inside"}\n{"title":"Inside"}\n')
    expectNoSecret((await contentsOf(join(folder, '.doff'))) + first.stderr + without.stderr + resumed.stderr)
  })

  it('is not asked for again by a crawl that goes on without it', async () => {
    const { site, origin, folder } = await openSite()
    const options = ['-a', `site=${site}`, ...told, '--max-pages', '1', '-s', `basicAuth=${origin}=ada:${secret}`]
    expect((await runDoff(folder, ['crawl', 'pages', ...options])).code).toBe(3)
    const resume = ['crawl', 'pages', '--resume', '--max-pages', '9', '--log-level', 'info']
    const without = await runDoff(folder, [...resume, '-s', 'basicAuth=none'])
    expect([without.code, without.stderr]).toEqual([0, expect.stringContaining('basicAuth was a secret, is none')])
    expect(without.stderr).toContain(`Status 401: GET ${site}deep`)
    expect((await runDoff(folder, resume)).code).toBe(0)
  })

  it('that a proxy wants is kept nowhere, and the crawl does not go on without the proxy by accident', async () => {
    const { site, folder } = await openSite({
      '/': (_request, response) => send(response, 200, '<a href="/deep">x</a>'),
    })
    const proxy = await openHttpProxy({ credentials: `ada:${secret}` })
    const setting = `proxy=http://ada:${secret}@127.0.0.1:${proxy.port}`
    const first = await runDoff(folder, [
      'crawl',
      'pages',
      '-a',
      `site=${site}`,
      ...told,
      '--max-pages',
      '1',
      '-s',
      setting,
    ])
    expect(first.code).toBe(3)
    expect(proxy.log.map(({ target }) => target)).toEqual([`${site}robots.txt`, site])
    const without = await runDoff(folder, ['crawl', 'pages', '--resume', '--max-pages', '9'])
    expect([without.code, proxy.log.length]).toEqual([2, 2])
    expect(without.stderr).toContain('was begun with a secret in `proxy`, and secrets are not kept with a crawl')
    const none = await runDoff(folder, ['crawl', 'pages', '--resume', '--max-pages', '9', '-s', 'proxy=none'])
    expect([none.code, proxy.log.length]).toEqual([0, 2])
    expectNoSecret((await contentsOf(join(folder, '.doff'))) + first.stderr + without.stderr + none.stderr)
  })

  it.each([
    ['a wrong value', `basicAuth=https://a.test/path=ada:${secret}`],
    ['a misspelt option', `basicAuht=https://a.test=ada:${secret}`],
  ])('is not shown in a message about %s', async (_name, setting) => {
    const { folder } = await openSite()
    const ended = await runDoff(folder, ['crawl', 'pages', '-s', setting])
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toMatch(/^doff: [^\n]*`basicA\w+` \(in -s basicA\w+=\.\.\.\)[^\n]*\n$/)
    expectNoSecret(ended.stderr)
  })

  it('in the URL of a seed is refused, and neither shown nor stored', async () => {
    const { origin, folder } = await openSite()
    const seed = origin.replace('//', `//ada:${secret}@`)
    const ended = await runDoff(folder, ['crawl', 'pages', '-a', `site=${seed}`, ...told])
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toContain(`set \`basicAuth\` to { '${origin}': 'user:password' }`)
    expectNoSecret(ended.stderr + (await contentsOf(join(folder, '.doff'))))
  })
})
