/** `npm run demo`: opens the bookshop on this machine, and crawls it with the command line as a user would, into books.jsonl. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openBookshop } from './bookshop.ts'

await using shop = await openBookshop()
const doff = fileURLToPath(new URL('../../src/cli/doff.js', import.meta.url))
const args = [
  'crawl',
  'books',
  '-a',
  `site=${shop.url}`,
  '-O',
  'books.jsonl',
  '--fresh',
  '--delay',
  '100ms',
  ...process.argv.slice(2),
]
process.stderr.write(`$ doff ${args.join(' ')}\n`)
const child = spawn(process.execPath, [doff, ...args], { stdio: 'inherit' })
// Ctrl-C goes to the whole foreground group: the crawl drains, and the shop stays open for that.
process.on('SIGINT', () => undefined)
const [code] = (await once(child, 'exit')) as [number | null]
process.exitCode = code ?? 1
