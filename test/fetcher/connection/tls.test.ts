import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openFolder, runDoff } from '../../cli/run-doff.ts'
import { authorityFile, openSecureWeb, trustAuthority } from '../../sites/secure-web.ts'
import { openFetcher } from '../open-fetcher.ts'

const limits = { maxBodyBytes: 1_000, totalTimeoutMs: 10_000 }
const untrusted = { kind: 'failed', reason: expect.stringMatching(/^tls/), status: undefined }

const webEverywhere = () => openSecureWeb((_request, response) => void response.end('ok'), { host: '0.0.0.0' })

describe('a certificate', () => {
  it.each([true, false])('is verified, with http2 %s', async (http2) => {
    const { port } = await webEverywhere()
    const url = `https://127.0.0.2:${port}/`
    expect(await openFetcher({ http2 }).fetch(url, limits)).toMatchObject(untrusted)
    trustAuthority()
    expect(await openFetcher({ http2 }).fetch(url, limits)).toMatchObject({ kind: 'page', address: '127.0.0.2' })
  })

  it('is verified for the name that is visited', async () => {
    trustAuthority()
    const { port } = await webEverywhere()
    const fetcher = openFetcher({ lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) })
    expect(await fetcher.fetch(`https://localhost:${port}/`, limits)).toMatchObject({ kind: 'page' })
    expect(await fetcher.fetch(`https://shop.test:${port}/`, limits)).toMatchObject(untrusted)
  })

  it('is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { port } = await webEverywhere()
    expect(await openFetcher().fetch(`https://127.0.0.2:${port}/`, limits)).toMatchObject(untrusted)
  })

  it('is ignored of the hosts that are named, and of no other', async () => {
    const { port } = await webEverywhere()
    const fetcher = openFetcher({ ignoreCertificateOf: ['127.0.0.2', 'LocalHost'] })
    expect(await fetcher.fetch(`https://127.0.0.2:${port}/`, limits)).toMatchObject({ kind: 'page' })
    expect(await fetcher.fetch(`https://127.0.0.3:${port}/`, limits)).toMatchObject(untrusted)
    expect(await fetcher.fetch(`https://localhost:${port}/`, limits)).toMatchObject({ kind: 'page' })
  })
})

describe('on the command line, a certificate', () => {
  const spider = `import { defineSpider } from 'doff'
export default defineSpider({
  name: 'pages',
  seeds: ({ site }) => [site ?? ''],
  parse: (page) => [{ title: page.$('h1').text() }],
})
`

  it('of an authority in NODE_EXTRA_CA_CERTS is good', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { port } = await openSecureWeb(({ url }, response) => {
      if (url === '/robots.txt') response.writeHead(404)
      response.end('<h1>one</h1>')
    })
    const args = ['crawl', 'pages', '-a', `site=https://127.0.0.1:${port}/`, '--delay', '0', '-o', '-']
    const { code, stdout } = await runDoff(folder, args, { NODE_EXTRA_CA_CERTS: authorityFile })
    expect(stdout).toBe('{"title":"one"}\n')
    expect(code).toBe(0)
  })

  it('that is not verified is told of in the log, in the summary and in the audit', async () => {
    const folder = await openFolder({ 'spiders/pages.ts': spider })
    const { port } = await openSecureWeb((_request, response) => void response.end('<h1>one</h1>'))
    const site = `site=https://127.0.0.1:${port}/`
    const args = ['crawl', 'pages', '-a', site, '--delay', '0', '-s', 'ignoreCertificateOf=127.0.0.1', '-o', '-']
    const { code, stdout, stderr } = await runDoff(folder, args)
    expect(code).toBe(0)
    expect(stdout).toBe('{"title":"one"}\n')
    expect(stderr).toContain('the certificate of 127.0.0.1 is NOT verified (ignoreCertificateOf)')
    expect(stderr).toContain('certificate NOT verified: that of 127.0.0.1')
    const audit = await runDoff(folder, ['audit', 'pages'])
    expect(audit.stdout).toContain('The certificate of 127.0.0.1 was not verified (ignoreCertificateOf).')
  })
})
