/** The way to write a spider. Its work is inference: at run time it checks the shape and freezes the value. */
import { SpiderError } from '../errors.ts'
import type { ArgumentsSchema } from './arguments.ts'
import { checkSitemaps } from './sitemap/check-sitemaps.ts'
import type { Checked, SpecItems, Spider, SpiderSpec } from './spider.ts'

const fields = new Set(['name', 'description', 'args', 'seeds', 'sitemaps', 'options', 'parse', 'parsers'])

/**
 * Makes a spider of its description. Types flow from what the parsers yield: `crawl(spider)` is an async iterable of the union of its
 * items; a follow to a parser that is not there, or with other data than it asks for, does not compile.
 *
 * @throws SpiderError if a field is missing, unknown or of the wrong kind.
 * @example
 * export default defineSpider({
 *   name: 'titles',
 *   seeds: ['https://shop.test/'],
 *   *parse(page) {
 *     yield { url: page.url.href, title: page.$('title').text() }
 *     for (const url of page.links()) yield page.follow(url)
 *   },
 * })
 */
export function defineSpider<Schema extends ArgumentsSchema, const S extends SpiderSpec<Schema>>(
  spec: S & { readonly args?: Schema } & Checked<S>,
): Spider<SpecItems<S>> {
  return spiderOf(spec as unknown as SpiderSpec) as Spider<SpecItems<S>>
}

function spiderOf(spec: SpiderSpec): Spider {
  if (typeof spec !== 'object' || spec === null)
    throw new SpiderError(`Expected a spider to be an object, got ${typeof spec}`)
  const { name } = spec
  const called = typeof name === 'string' ? `spider "${name}"` : 'a spider'
  for (const key of Object.keys(spec)) {
    if (!fields.has(key))
      throw new SpiderError(`No field of ${called} is called \`${key}\` (known: ${[...fields].join(', ')})`)
  }
  if (typeof name !== 'string' || !/^[\w][\w.-]*$/.test(name)) {
    throw new SpiderError(
      `Expected \`name\` of ${called} to be letters, digits, "-", "_" and ".", got ${JSON.stringify(name)}`,
    )
  }
  if (typeof spec.seeds !== 'function' && !Array.isArray(spec.seeds)) {
    throw new SpiderError(`Expected \`seeds\` of ${called} to be a list of URLs, or a function that returns one`)
  }
  if (spec.parsers !== undefined && (typeof spec.parsers !== 'object' || spec.parsers === null)) {
    throw new SpiderError(`Expected \`parsers\` of ${called} to be an object of parsers by name`)
  }
  const parsers = new Map(Object.entries({ parse: spec.parse, ...spec.parsers }))
  for (const [key, parser] of parsers) {
    if (typeof parser !== 'function')
      throw new SpiderError(`Expected the parser \`${key}\` of ${called} to be a function, got ${typeof parser}`)
  }
  if (spec.parsers !== undefined && 'parse' in spec.parsers)
    throw new SpiderError(`Two parsers of ${called} are called \`parse\``)
  return Object.freeze({
    name,
    description: spec.description,
    args: spec.args,
    seeds: spec.seeds,
    sitemaps: spec.sitemaps === undefined ? undefined : checkSitemaps(spec.sitemaps, name, parsers.keys()),
    options: spec.options ?? {},
    parsers: parsers as Spider['parsers'],
  })
}
