/**
 * The architecture is a test, not a wish: who may import whom (STYLE.md, dependency direction), and that each library has one door.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '../src/version.ts'

const source = resolve(import.meta.dirname, '../src')

interface Import {
  readonly from: string
  /** A file of src/, relative to it, or a package. */
  readonly to: string
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[jt]s$/.test(file))

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(source, from), 'utf8')
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ]
  return specifiers.map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ''
    return {
      from,
      to: specifier.startsWith('.') ? relative(source, resolve(source, dirname(from), specifier)) : specifier,
    }
  })
})

const stages = ['spider', 'frontier', 'politeness', 'fetcher', 'output', 'observe', 'store']
/** Plain data and time, which every stage speaks of. */
const ground = [
  'canonical-url.ts',
  'clock.ts',
  'cookie.ts',
  'counts.ts',
  'cursor.ts',
  'directives.ts',
  'errors.ts',
  'events.ts',
  'host.ts',
  'json.ts',
  'outcome.ts',
  'redact.ts',
  'redirect.ts',
  'registrable-domain.ts',
  'request.ts',
  'sent-request.ts',
  'slots.ts',
  'version.ts',
]
const conductors = [
  'seeds.ts',
  'crawl.ts',
  'errands.ts',
  'parse-page.ts',
  'host-visits.ts',
  'visit.ts',
  'dropped-redirect.ts',
  'page-visit.ts',
  'robots-visit.ts',
  'sitemap-visit.ts',
  'spent.ts',
  'walk.ts',
  'resume.ts',
  'typed-hosts.ts',
]
const surface = ['index.ts', 'config.ts', 'options.ts', 'option-kinds.ts']

const folderOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '')
const isInSource = ({ to }: Import) => /\.[jt]s$/.test(to) && !to.startsWith('@')

describe('dependency direction', () => {
  it('looks at every file and knows its place', () => {
    const known = new Set([...ground, ...conductors, ...surface])
    expect(files.filter((file) => folderOf(file) === '' && !known.has(file))).toEqual([])
    expect(new Set(files.map(folderOf).filter((folder) => folder !== ''))).toEqual(new Set([...stages, 'cli']))
    expect(imports.length).toBeGreaterThan(100)
  })

  it('the ground imports nothing but the ground', () => {
    const wrong = imports.filter(
      (found) => ground.includes(found.from) && isInSource(found) && !ground.includes(found.to),
    )
    expect(wrong).toEqual([])
  })

  it('stages do not import one another: crawl.ts and visit.ts introduce them', () => {
    // A spider brings options of its own, so its type speaks of them.
    const allowed = [...ground, 'options.ts']
    // The durable frontier keeps its lines in the store.
    const isInStore = ({ from, to }: Import) => folderOf(from) === 'frontier' && folderOf(to) === 'store'
    const wrong = imports.filter(
      (found) =>
        stages.includes(folderOf(found.from)) &&
        isInSource(found) &&
        folderOf(found.to) !== folderOf(found.from) &&
        !isInStore(found) &&
        !allowed.includes(found.to),
    )
    expect(wrong).toEqual([])
  })

  it('only the command line imports the command line', () => {
    expect(imports.filter(({ from, to }) => folderOf(to) === 'cli' && folderOf(from) !== 'cli')).toEqual([])
  })

  it('nobody inside imports the public surface', () => {
    expect(imports.filter(({ to }) => to === 'index.ts')).toEqual([])
  })
})

it('each library is imported in one file', () => {
  const doors = Map.groupBy(
    imports.filter((found) => !isInSource(found) && !found.to.startsWith('node:')),
    ({ to }) => /^(?:@[^/]+\/)?[^/]+/.exec(to)?.[0] ?? '',
  )
  const wrong = [...doors].filter(([, all]) => new Set(all.map(({ from }) => from)).size > 1)
  expect(wrong).toEqual([])
  const manifest = JSON.parse(readFileSync(join(source, '../package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    version: string
  }
  expect(new Set(doors.keys())).toEqual(new Set(Object.keys(manifest.dependencies)))
  expect(version).toBe(manifest.version)
})
