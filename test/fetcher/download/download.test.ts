import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FilesFailedError } from '../../../src/errors.ts'
import { Downloads } from '../../../src/fetcher/download/downloads.ts'
import type { Outcome, PageOutcome } from '../../../src/outcome.ts'
import type { FileSpec } from '../../../src/request.ts'
import { digestOf, type FileRoute, madeUp, openFileServer } from '../../sites/file-server.ts'
import { randomFrom } from '../../sites/web.ts'
import { openFetcher } from '../open-fetcher.ts'

const megabyte = 1024 * 1024

async function openFiles(routes: Readonly<Record<string, FileRoute>>, maxFileBytes = 64 * megabyte) {
  const server = await openFileServer(routes)
  const folder = await mkdtemp(join(tmpdir(), 'doff-files-'))
  const fetcher = openFetcher({ perHostConcurrency: 4 })
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const ours = new Downloads(folder, maxFileBytes, 'ours')
  const download = async (path: string, spec: Partial<FileSpec> = {}, downloads = ours): Promise<Outcome> => {
    const url = new URL(path, server.url).href
    const receiver = await downloads.begin(url, { types: [], ...spec })
    return fetcher.fetch(url, { maxBodyBytes: 10_000, totalTimeoutMs: 0, receiver })
  }
  /** As often as it takes, up to a number of times. */
  const downloadWhole = async (path: string, tries = 10) => {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const outcome = await download(path)
      if (outcome.kind !== 'retry') return outcome
    }
    throw new Error(`${path} was not whole after ${tries} tries`)
  }
  /** Whatever is in the folder, by path. */
  const files = async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      .toSorted()
  }
  return { server, folder, download, downloadWhole, files, log: server.log }
}

function fileOf(outcome: Outcome): NonNullable<PageOutcome['file']> {
  if (outcome.kind === 'page' && outcome.file !== undefined) return outcome.file
  throw new Error(`no file: ${JSON.stringify(outcome)}`)
}

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

const sizes = async (folder: string) => {
  const parts = await readdir(join(folder, '.part')).catch(() => [])
  return Promise.all(parts.map(async (name) => (await stat(join(folder, '.part', name))).size))
}

describe('a file', () => {
  it('is named by its content and its type, and what it is goes with it', async () => {
    const { folder, download, files } = await openFiles({ '/cover': { bytes: 200_000, type: 'image/png; q=1' } })
    const digest = digestOf(200_000, 1)
    const name = `${digest.slice(0, 2)}/${digest}.png`
    const outcome = await download('/cover')
    expect(fileOf(outcome)).toEqual({ path: join(folder, name), bytes: 200_000, sha256: digest, type: 'image/png' })
    expect(await files()).toEqual([name])
    expect(await sha256(join(folder, name))).toBe(digest)
    expect(outcome).toMatchObject({ kind: 'page', status: 200, bytes: 200_000, body: new Uint8Array() })
  })

  it.each([
    ['/a', 'image/jpeg', 'jpg'],
    ['/a.mp3', 'audio/mpeg', 'mp3'],
    ['/a.php', 'application/pdf', 'pdf'],
    ['/a.csv', 'text/plain', 'csv'],
    ['/a.EPUB', 'application/octet-stream', 'epub'],
    ['/a', 'application/octet-stream', 'bin'],
    ['/a.q', 'application/x-nobody-knows', 'q'],
    ['/a.tar.gz?x=.exe', 'application/gzip', 'gz'],
    ['/..%2f..%2fetc', 'application/octet-stream', 'bin'],
  ])('%s of type %s ends in .%s', async (path, type, extension) => {
    const { download } = await openFiles({ [path]: { type } })
    expect(fileOf(await download(path)).path).toMatch(new RegExp(`/[0-9a-f]{64}\\.${extension}$`))
  })

  it('is one for two URLs of the same content, also where they differ in type', async () => {
    const { download, files } = await openFiles({
      '/a.bin': { bytes: 5_000 },
      '/b.bin': { bytes: 5_000 },
      '/c': { bytes: 5_000, type: 'image/png' },
    })
    const all = await Promise.all(['/a.bin', '/b.bin'].map((path) => download(path)))
    all.push(await download('/c'))
    expect(new Set(all.map((outcome) => fileOf(outcome).path)).size).toBe(1)
    expect(await files()).toHaveLength(1)
  })

  it('replaces one of its name that was cut short', async () => {
    const { download } = await openFiles({ '/a': { bytes: 5_000 } })
    const { path } = fileOf(await download('/a'))
    await writeFile(path, 'torn')
    fileOf(await download('/a'))
    expect((await stat(path)).size).toBe(5_000)
  })

  it('may be empty', async () => {
    const { download } = await openFiles({ '/a': { bytes: 0 } })
    expect(fileOf(await download('/a'))).toMatchObject({ bytes: 0, sha256: digestOf(0, 1) })
  })

  const text = 'To doff is to lift one’s hat. '.repeat(5_000)
  it.each([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
  ])('that comes in %s is kept without it', async (encoding, body) => {
    const { download } = await openFiles({
      '/a.txt': {
        answer: (_request, response) =>
          response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding }).end(body),
      },
    })
    const { path, bytes } = fileOf(await download('/a.txt'))
    expect(await readFile(path, 'utf8')).toBe(text)
    expect(bytes).toBe(Buffer.byteLength(text))
  })
})

describe('what is no such file is an outcome, and leaves nothing behind', () => {
  const chunked = (piece: Buffer, times: number, headers: Record<string, string>) => ({
    answer: (_request: unknown, response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/pdf', ...headers })
      for (let index = 0; index < times; index += 1) response.write(piece)
      response.end()
    },
  })
  it.each<[string, FileRoute, Partial<FileSpec>, string]>([
    ['longer than it may be, as it says', { bytes: 3 * megabyte }, { maxBytes: megabyte }, 'body_too_large'],
    [
      'longer than it may be, as it turns out',
      chunked(Buffer.alloc(megabyte), 3, {}),
      { maxBytes: megabyte },
      'body_too_large',
    ],
    [
      'longer than it may be, before its file is open',
      chunked(Buffer.alloc(1_000), 3, {}),
      { maxBytes: 500 },
      'body_too_large',
    ],
    [
      'a bomb',
      chunked(gzipSync(Buffer.alloc(30 * megabyte)), 1, { 'content-encoding': 'gzip' }),
      { maxBytes: megabyte },
      'body_too_large',
    ],
    [
      'without an end, and decodes to nothing',
      {
        answer: (_request, response) => {
          response.writeHead(200, { 'content-encoding': 'deflate' }).write(Buffer.of(0x78, 0x9c))
          const emptyBlocks = Buffer.alloc(50_000, Buffer.of(0, 0, 0, 0xff, 0xff))
          const send = () => {
            while (response.write(emptyBlocks));
          }
          response.on('drain', send)
          send()
        },
      },
      { maxBytes: megabyte },
      'body_too_large',
    ],
    ['of another type', { type: 'text/html' }, { types: ['image/*', 'application/pdf'] }, 'file_type'],
    ['of no type', { type: '' }, { types: ['image/*'] }, 'file_type'],
    [
      'not in the encoding that it says',
      chunked(Buffer.from('plain'), 1, { 'content-encoding': 'gzip' }),
      {},
      'bad_encoding',
    ],
    [
      'in an encoding nobody knows',
      chunked(Buffer.from('plain'), 1, { 'content-encoding': 'rot13' }),
      {},
      'bad_encoding',
    ],
    ['not there', { answer: (_request, response) => response.writeHead(404).end('no') }, {}, 'http_404'],
    ['no content', { answer: (_request, response) => response.writeHead(204).end() }, {}, 'http_204'],
  ])('%s', async (_name, route, spec, reason) => {
    const { download, files } = await openFiles({ '/a': route })
    expect(await download('/a', spec)).toMatchObject({ kind: 'failed', reason })
    expect(await files()).toEqual([])
  })

  it('the type is looked at before the body, and the connection closed', async () => {
    const { download, log } = await openFiles({ '/a': { bytes: 60 * megabyte, type: 'text/html' } })
    const outcome = await download('/a', { types: ['image/*'] })
    expect(outcome).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('text/html is not image/*') as string,
    })
    expect(log[0]?.sentBytes).toBeLessThan(20 * megabyte)
  })

  it('says which limit to raise', async () => {
    const { download } = await openFiles({ '/a': { bytes: 5_000 } }, 4_999)
    expect(await download('/a')).toMatchObject({
      message: expect.stringMatching(/^Body exceeded 4999 bytes: GET .* \(raise maxFileBytes/) as string,
    })
  })
})

describe('a download that is cut off goes on where it was', () => {
  it.each([1, 2, 3, 4, 5])('at three random bytes (%i)', async (seed) => {
    const random = randomFrom(seed)
    const bytes = 12 * megabyte
    const cuts = Array.from({ length: 3 }, () => Math.floor((random() * bytes) / 3))
    const { downloadWhole, files, log } = await openFiles({ '/a': { bytes, cutAfter: (visit) => cuts[visit - 1] } })
    const { path, sha256: digest } = fileOf(await downloadWhole('/a'))
    expect(digest).toBe(digestOf(bytes, 1))
    expect(await sha256(path)).toBe(digest)
    expect(log).toHaveLength(4)
    let had = 0
    for (const [index, { range, status, sentBytes }] of log.entries()) {
      const asked = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1])
      expect([index, status]).toEqual([index, asked === 0 ? 200 : 206])
      expect(asked).toBeGreaterThanOrEqual(had)
      had = asked
      expect(asked).toBeLessThanOrEqual(bytes)
      expect(sentBytes).toBeGreaterThan(0)
    }
    expect(had).toBeGreaterThan(0)
    expect(await files()).toHaveLength(1)
  })

  it('by its date, where it has no tag', async () => {
    const lastModified = new Date(Date.UTC(2020, 1, 1)).toUTCString()
    const route = {
      bytes: 3 * megabyte,
      etag: undefined,
      lastModified,
      cutAfter: (visit: number) => (visit === 1 ? megabyte : undefined),
    }
    const { downloadWhole, log } = await openFiles({ '/a': route })
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ status }) => status)).toEqual([200, 206])
  })

  it.each<[string, FileRoute]>([
    ['a weak tag', { etag: () => 'W/"1"', lastModified: new Date(0).toUTCString() }],
    ['ours: a tag that is longer than any', { etag: () => `"${'x'.repeat(1_023)}"` }],
    [
      'ours: a date in many words',
      { etag: undefined, lastModified: `${new Date(0).toUTCString()}${' '.repeat(1_000)}(x)` },
    ],
    ['no validator', { etag: undefined }],
    ['a date of this moment', { etag: undefined, lastModified: new Date(Date.now() + 600_000).toUTCString() }],
  ])('RFC 9110 section 13.1.5: not with %s', async (_name, route) => {
    const cutAfter = (visit: number) => (visit === 1 ? megabyte : undefined)
    const { download, downloadWhole, log, files } = await openFiles({
      '/a': { bytes: 3 * megabyte, cutAfter, ...route },
    })
    expect((await download('/a')).kind).toBe('retry')
    expect(await files()).toEqual([])
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ range }) => range)).toEqual([undefined, undefined])
  })

  const day = (of: number) => new Date(Date.UTC(2020, 1, of)).toUTCString()
  it.each<[string, FileRoute, readonly number[]]>([
    ['another tag since', { etag: (visit) => `"${visit}"` }, [200, 200]],
    [
      'another tag, from a server that does not look at If-Range',
      { etag: (visit) => `"${Math.min(visit, 2)}"`, ranges: 'without if-range' },
      [200, 206, 200],
    ],
    [
      'another date, from a server that does not look at If-Range',
      { etag: undefined, lastModified: (visit) => day(Math.min(visit, 2)), ranges: 'without if-range' },
      [200, 206, 200],
    ],
    [
      'another length, under the same tag',
      { partHeaders: (from) => ({ 'content-range': `bytes ${from}-${3 * megabyte - 1}/${4 * megabyte}` }) },
      [200, 206, 200],
    ],
    ['a part that is encoded', { partHeaders: () => ({ 'content-encoding': 'gzip' }) }, [200, 206, 200]],
    ['a server that does not know ranges', { ranges: 'ignored' }, [200, 200]],
    ['a server that sends another range', { ranges: 'shifted' }, [200, 206, 200]],
    ['a server that refuses the range', { ranges: 'refused' }, [200, 416, 200]],
  ])('and starts anew with %s', async (_name, route, statuses) => {
    const cutAfter = (visit: number) => (visit === 1 ? megabyte : undefined)
    const { downloadWhole, log, files } = await openFiles({ '/a': { bytes: 3 * megabyte, cutAfter, ...route } })
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ status }) => status)).toEqual(statuses)
    expect(await files()).toHaveLength(1)
  })

  it.each<[string, FileRoute]>([
    [
      'does not know how long it is',
      { partHeaders: (from) => ({ 'content-range': `bytes ${from}-${3 * megabyte - 1}/*` }) },
    ],
    ['says that it is not encoded', { partHeaders: () => ({ 'content-encoding': 'identity' }) }],
  ])('and goes on with a server that %s', async (_name, route) => {
    const cutAfter = (visit: number) => (visit === 1 ? megabyte : undefined)
    const { downloadWhole, log } = await openFiles({ '/a': { bytes: 3 * megabyte, cutAfter, ...route } })
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ status }) => status)).toEqual([200, 206])
  })

  it('and starts anew where more came than the whole file has', async () => {
    const whole = Buffer.concat([...madeUp(3 * megabyte, 1)])
    const { downloadWhole, log } = await openFiles({
      '/a': {
        answer: (request, response, visit) => {
          const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
          const range = { 'content-range': `bytes ${from}-${2 * megabyte - 1}/${2 * megabyte}` }
          response.writeHead(from === 0 ? 200 : 206, { etag: '"1"', ...(from === 0 ? undefined : range) })
          if (visit === 1) response.write(whole.subarray(0, megabyte), () => response.socket?.end())
          else response.end(whole.subarray(from))
        },
      },
    })
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ status }) => status)).toEqual([200, 206, 200])
  })

  it('in steps, with a server that gives no more than a part of what is asked for', async () => {
    const bytes = 5 * megabyte
    const cutAfter = (visit: number) => (visit === 1 ? megabyte : undefined)
    const { download, downloadWhole, log } = await openFiles({ '/a': { bytes, cutAfter, ranges: 'short' } })
    expect(await download('/a')).toMatchObject({ kind: 'retry', reason: expect.any(String) as string })
    expect(await download('/a')).toMatchObject({ kind: 'retry', reason: 'body_cut_off', isFurther: true })
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(bytes, 1))
    expect(log.slice(1).every(({ status }) => status === 206)).toBe(true)
  })

  it.each<[number, readonly (string | undefined)[], number]>([
    [503, [undefined, 'bytes', 'bytes'], 2],
    [404, [undefined, 'bytes', undefined], 0],
  ])('after a %i in between only if that was in passing', async (status, ranges, kept) => {
    const { download, downloadWhole, files, log } = await openFiles({
      '/a': {
        bytes: 3 * megabyte,
        cutAfter: (visit) => (visit === 1 ? megabyte : undefined),
        status: (visit) => (visit === 2 ? status : undefined),
      },
    })
    expect((await download('/a')).kind).toBe('retry')
    expect(await download('/a')).toMatchObject({ reason: `http_${status}` })
    expect(await files()).toHaveLength(kept)
    expect(fileOf(await downloadWhole('/a')).sha256).toBe(digestOf(3 * megabyte, 1))
    expect(log.map(({ range }) => range?.split('=')[0])).toEqual(ranges)
  })
})

describe('a folder that two crawls keep their files in', () => {
  it('has whole files, also where both are at one of them', async () => {
    const bytes = 3 * megabyte
    const hold = Promise.withResolvers<void>()
    const { folder, download, files } = await openFiles({
      '/a': {
        answer: (request, response, visit) => {
          const pieces = [...madeUp(bytes, 1)]
          const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
          const rest = Buffer.concat(pieces).subarray(from)
          const range = from === 0 ? undefined : { 'content-range': `bytes ${from}-${bytes - 1}/${bytes}` }
          response.writeHead(from === 0 ? 200 : 206, { etag: '"1"', 'content-length': rest.length, ...range })
          if (visit === 1) response.write(rest.subarray(0, megabyte))
          else hold.resolve()
          if (visit === 1)
            hold.promise.then(
              () => response.end(rest.subarray(megabyte)),
              () => undefined,
            )
          else response.end(rest)
        },
      },
    })
    const first = download('/a')
    // Until the beginning is there.
    await vi.waitFor(async () => expect(await sizes(folder)).toContain(megabyte), 5_000)
    const second = download('/a', {}, new Downloads(folder, bytes, 'theirs'))
    for (const outcome of await Promise.all([first, second])) {
      const { path, sha256: digest } = fileOf(outcome)
      expect(digest).toBe(digestOf(bytes, 1))
      expect(await sha256(path)).toBe(digest)
    }
    expect(await files()).toHaveLength(1)
  })

  it('keeps what is not whole for a crawl that may go on', async () => {
    const { folder, download, files } = await openFiles({ '/a': { bytes: 3 * megabyte, cutAfter: () => megabyte } })
    await download('/a')
    const left = await files()
    expect(left).toHaveLength(2)
    {
      await using theirs = new Downloads(folder, 4 * megabyte)
      await download('/a', {}, theirs)
      expect(await files()).toHaveLength(4)
    }
    expect(await files()).toEqual(left)
  })

  it('has on disk what was cut off when a crawl ends, before that crawl may go on', async () => {
    const { folder } = await openFiles({})
    const downloads = new Downloads(folder, 4 * megabyte, 'theirs')
    const receiver = await downloads.begin('https://files.test/a', { types: [] })
    const flow = { resume: () => undefined, giveUp: () => undefined }
    const sink = receiver.receive(200, { etag: '"1"' }, flow)
    if (sink === undefined || sink instanceof Error) throw new Error('the body is not taken')
    sink.write(Buffer.alloc(megabyte))
    sink.end(new Error('cut off'))
    await downloads[Symbol.asyncDispose]()
    expect(await sizes(folder)).toContain(megabyte)
  })
})

describe('a folder that cannot be written to', () => {
  it('is no fault of the page: it ends the crawl', async () => {
    const { folder, download } = await openFiles({ '/a': { bytes: 5_000 } })
    const { path } = fileOf(await download('/a'))
    await rm(join(path, '..'), { recursive: true })
    await writeFile(join(path, '..'), 'a file where a folder is to be')
    await expect(download('/a')).rejects.toThrow(FilesFailedError)
    await rm(join(folder, '.part'), { recursive: true, force: true })
    await writeFile(join(folder, '.part'), '')
    await expect(download('/a')).rejects.toThrow(/^Cannot keep the file .*: /)
  })
})
