/** Finds spiders: by path, or by name in `spiders/`. */
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative, resolve } from 'node:path'
import { SpiderError, SpiderNotFoundError } from '../errors.ts'
import type { Spider } from '../spider/spider.ts'
import { loadDefault } from './load-module.ts'

const folder = 'spiders'
const extensions = new Set(['.ts', '.mts', '.js', '.mjs'])

/**
 * @param name the spider's name, its file's name in `spiders/`, or a path.
 * @throws SpiderNotFoundError naming the spiders that there are; SpiderError if the file is not a spider.
 */
export async function loadSpider(name: string): Promise<Spider> {
  if (extensions.has(extname(name)) || name.includes('/')) {
    const path = resolve(name)
    if (!(await isFile(path))) throw new SpiderNotFoundError(`There is no file ${name}`)
    return loadSpiderFile(path)
  }
  const files = await spiderFiles()
  const named = files.find((path) => basename(path, extname(path)) === name)
  if (named !== undefined) return loadSpiderFile(named)
  const spiders = await listSpiders()
  const found = spiders.find(({ spider }) => spider?.name === name)
  if (found?.spider !== undefined) return found.spider
  const known = spiders.map(({ spider, file }) => spider?.name ?? file).join(', ')
  throw new SpiderNotFoundError(
    `No spider is called "${name}" (${known === '' ? `there are none in ${folder}/` : `known: ${known}`})`,
  )
}

export interface ListedSpider {
  /** Relative to the working directory. */
  readonly file: string
  readonly spider: Spider | undefined
  /** Why it could not be loaded. */
  readonly error: Error | undefined
}

/** Every spider of `spiders/`, also those that cannot be loaded. */
export async function listSpiders(): Promise<readonly ListedSpider[]> {
  const listed: ListedSpider[] = []
  for (const path of await spiderFiles()) {
    const file = relative(process.cwd(), path)
    try {
      listed.push({ file, spider: await loadSpiderFile(path), error: undefined })
    } catch (error) {
      listed.push({ file, spider: undefined, error: error instanceof Error ? error : new Error(String(error)) })
    }
  }
  return listed
}

async function spiderFiles(): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => [])
  const isSpider = (name: string) => extensions.has(extname(name)) && !/\.(d|test|spec)\.[mc]?[jt]s$/.test(name)
  return names
    .filter(isSpider)
    .sort()
    .map((name) => resolve(join(folder, name)))
}

async function loadSpiderFile(path: string): Promise<Spider> {
  const loaded = await loadDefault(path, 'spider')
  if (typeof loaded === 'object' && loaded !== null && 'parsers' in loaded && loaded.parsers instanceof Map)
    return loaded as Spider
  throw new SpiderError(
    `The default export of ${relative(process.cwd(), path)} is no spider: make it with defineSpider({ ... })`,
  )
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
