/** A folder of files as a web site on this machine, with an access log. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

export interface StaticSite extends AsyncDisposable {
  readonly url: string
  readonly log: { readonly path: string; readonly userAgent: string; readonly status: number; readonly type: string }[]
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

export async function openStaticSite(folder: string, robots: string): Promise<StaticSite> {
  const log: StaticSite['log'] = []
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname))
    const file = path.endsWith('/') ? `${path}index.html` : path
    const body = path === '/robots.txt' ? Promise.resolve(Buffer.from(robots)) : readFile(join(folder, file))
    const answer = (status: number, type: string, bytes: Uint8Array) => {
      log.push({ path, userAgent: request.headers['user-agent'] ?? '', status, type })
      response
        .writeHead(status, { 'content-type': type, 'content-length': bytes.length })
        .end(request.method === 'HEAD' ? undefined : bytes)
    }
    body.then(
      (bytes) => answer(200, types[extname(file)] ?? 'text/plain', bytes),
      () => answer(404, 'text/plain', Buffer.from('not found')),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    log,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
