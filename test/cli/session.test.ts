/** A site that one has to log in to, crawled by a process that is killed: the session is part of the crawl. */
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openWeb, send } from '../sites/web.ts'
import { openFolder, runDoff, startDoff } from './run-doff.ts'

const members = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'members',
  seeds: ({ site }) => [site ?? 'http://127.0.0.1:9/'],
  *parse(page) {
    yield page.follow(page.form('form', { user: 'ada', password: 'sesame' }), 'list')
  },
  parsers: {
    *list(page) {
      for (const url of page.links('a.page')) yield page.follow(url, 'member')
    },
    *member(page) {
      yield { path: page.url.pathname, title: page.$('h1').text() }
    },
  },
})
`

const loginForm = `<form method="post" action="/login">
  <input name="user"><input name="password" type="password"><input name="token" type="hidden" value="t0"><button>Go</button>
</form>`

const pages = 24

/** Its pages are for those who have a session; how often somebody logged in, and who was turned away, is noted. */
async function openClub() {
  const sessions: string[] = []
  const turnedAway: string[] = []
  let shown = 0
  const inside = (html: string) => (request: IncomingMessage, response: ServerResponse) => {
    const isMember = sessions.some((session) => request.headers.cookie === `session=${session}; theme=dark`)
    if (!isMember) {
      turnedAway.push(request.url ?? '')
      return send(response, 403, 'members only')
    }
    shown += 1
    setTimeout(() => send(response, 200, html), 30)
  }
  const list = Array.from({ length: pages }, (_, page) => `<a class="page" href="/member-${page}">${page}</a>`).join('')
  const web = await openWeb({
    routes: {
      '/': (_request, response) => send(response, 200, loginForm),
      '/login': async (request, response) => {
        const sent = `${request.method} ${await text(request)}`
        if (sent !== 'POST user=ada&password=sesame&token=t0') return send(response, 403, sent)
        const session = `s3cret-${sessions.length}-${Math.random()}`
        sessions.push(session)
        const cookies = [`session=${session}; Path=/; HttpOnly; SameSite=Strict`, 'theme=dark; Path=/; Max-Age=3600']
        response.writeHead(303, { location: '/list', 'set-cookie': cookies }).end()
      },
      '/list': inside(list),
      ...Object.fromEntries(
        Array.from({ length: pages }, (_, page) => [`/member-${page}`, inside(`<h1>Member ${page}</h1>`)]),
      ),
    },
  })
  onTestFinished(() => web[Symbol.asyncDispose]())
  const folder = await openFolder({ 'spiders/members.ts': members })
  const flags = ['crawl', 'members', '-a', `site=${web.urls[0] ?? ''}`, '--delay', '0', '-o', 'out.jsonl']
  return { folder, flags, sessions, turnedAway, shown: () => shown }
}

const pathsIn = async (folder: string) => {
  const lines = (await readFile(join(folder, 'out.jsonl'), 'utf8')).trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { path: string }).path)
}

describe('a site that one logs in to', () => {
  it('is crawled behind its door with cookies, and the session outlives a kill -9', async () => {
    const { folder, flags, sessions, turnedAway, shown } = await openClub()
    const first = startDoff(folder, [...flags, '-s', 'cookies=true', '--log-level', 'trace'])
    while (shown() < pages / 2) await sleep(5)
    first.kill('SIGKILL')
    const { stderr } = await first.ended
    expect(shown()).toBeLessThan(pages)
    const second = await runDoff(folder, ['crawl', 'members', '--resume', '--log-level', 'trace'])
    expect(second.code).toBe(0)
    const paths = await pathsIn(folder)
    expect([paths.length, new Set(paths).size]).toEqual([pages, pages])
    // Nobody logged in anew, and nobody came without the session.
    expect([sessions.length, turnedAway]).toEqual([1, []])

    // It is in the store, which is its owner's alone, and told nowhere else.
    const [session = ''] = sessions
    const path = join(folder, '.doff/members/crawl.db')
    using database = new DatabaseSync(path, { readOnly: true })
    const cookies = database.prepare('select domain, name, value, expires_at is null as is_session from cookie').all()
    expect(cookies).toEqual([
      { domain: '127.0.0.2', name: 'session', value: session, is_session: 1 },
      { domain: '127.0.0.2', name: 'theme', value: 'dark', is_session: 0 },
    ])
    expect((await stat(path)).mode & 0o077).toBe(0)
    const ledger = database.prepare('select * from ledger').all()
    expect(ledger.length).toBeGreaterThan(pages)
    const said = stderr + second.stderr + JSON.stringify([ledger, database.prepare('select * from crawl').all()])
    expect(said).not.toContain('s3cret')
  })

  it('stays closed without cookies', async () => {
    const { folder, flags, sessions, turnedAway } = await openClub()
    await runDoff(folder, [...flags, '--quiet'])
    expect([sessions.length, turnedAway]).toEqual([1, ['/list']])
    using database = new DatabaseSync(join(folder, '.doff/members/crawl.db'), { readOnly: true })
    expect(database.prepare('select count(*) as count from cookie').get()).toEqual({ count: 0 })
  })
})
