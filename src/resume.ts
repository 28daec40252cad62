/**
 * Whether a crawl may begin on a store: a crawl that is there already is gone on with, or replaced, only when the user says so; and it is
 * gone on with only as far as what it is has stayed the same.
 */
import { hash } from 'node:crypto'
import { hostOf } from './canonical-url.ts'
import { CrawlChangedError, CrawlExistsError, OptionError } from './errors.ts'
import type { JsonValue } from './json.ts'
import { isSecret, type OptionName, type Options, optionNames, variableOf } from './options.ts'
import { withoutUserinfo } from './redact.ts'
import type { PageRequest } from './request.ts'
import { nameOfSeed } from './seeds.ts'
import type { Spider } from './spider/spider.ts'
import type { Store } from './store/store.ts'

/** What to do with a crawl that is in the store already: `new` refuses, `resume` goes on with it, `fresh` removes it. */
export type Start = (typeof starts)[number]

const starts = ['new', 'resume', 'fresh'] as const

/** @throws OptionError for what is no start. */
export function checkStart(start: Start = 'new'): Start {
  if (starts.includes(start)) return start
  throw new OptionError('start', `Expected \`start\` to be one of ${starts.join(', ')}, got ${JSON.stringify(start)}`)
}

/** What a crawl is, as far as it can be compared with what it was. */
export interface Description {
  readonly spider: string
  readonly args: JsonValue
  readonly seeds: readonly string[]
  /** What decides which URLs belong to the crawl: a URL that was dropped, or kept, by other rules is not looked at again. */
  readonly scope: Readonly<Record<string, JsonValue>>
  readonly options: Readonly<Record<string, JsonValue>>
  /** Digests of the parsers' source. */
  readonly parsers: Readonly<Record<string, string>>
}

const scopeOptions: ReadonlySet<OptionName> = new Set([
  'within',
  'hosts',
  'include',
  'exclude',
  'maxDepth',
  'maxUrlLength',
  'detectTraps',
  'maxQueriesPerPath',
  'maxSameContent',
  'followNofollow',
])

export function describeCrawl(
  spider: Spider,
  args: unknown,
  seeds: readonly PageRequest[],
  options: Options,
): Description {
  const urls = seeds.map(({ url }) => url)
  const valuesOf = (names: readonly OptionName[]) =>
    Object.fromEntries(names.map((name) => [name, keptOf(name, options[name])] as const))
  const parsers = [...spider.parsers].map(([name, parser]) => [name, hash('sha1', parser.toString())] as const)
  return {
    spider: spider.name,
    args: plain(args ?? {}),
    seeds: seeds.map(nameOfSeed),
    scope: {
      ...valuesOf(optionNames.filter((name) => scopeOptions.has(name))),
      'hosts of the seeds': [...new Set(urls.map(hostOf))].sort(),
    },
    options: valuesOf(optionNames.filter((name) => !scopeOptions.has(name))),
    parsers: Object.fromEntries(parsers),
  }
}

/**
 * Whether a crawl may begin on a store, or go on there. Changes nothing.
 * @returns what has changed since it was begun, as sentences; `undefined` for a new crawl.
 * @throws CrawlExistsError, CrawlChangedError
 */
export function checkOn(store: Store, crawl: Description, start: Start): readonly string[] | undefined {
  if (store.state === 'new') return undefined
  const before = descriptionIn(store)
  if (before.spider !== crawl.spider) {
    throw new CrawlChangedError(
      `The store ${store.folder} holds a crawl of the spider "${before.spider}", not of "${crawl.spider}": use another store (--store DIR), or --fresh to start anew in this one`,
    )
  }
  refuseExisting(store, start)
  refuseUnsafe(store, before, crawl)
  return changesOf(before, crawl)
}

/** Writes down what the crawl is from now on. Its seeds become a fact when they are offered; until then there is no crawl. */
export function beginOn(store: Store, crawl: Description): void {
  const { seeds: _, ...facts } = crawl
  const isNew = store.state === 'new'
  const tokenBefore = isNew ? undefined : descriptionIn(store).options.productToken
  // The rules that are kept are those for the other token.
  if (!isNew && tokenBefore !== crawl.options.productToken)
    store.database.write(() => store.database.prepare('delete from robots').run())
  const begun = isNew ? { begun_at: new Date().toISOString() } : {}
  const promises = promisesWith(store, crawl)
  // It fails here if it fails: nothing was fetched yet.
  store.setFacts({ ...facts, ...begun, promises, finished_at: undefined }).catch(() => undefined)
  store.database.commit()
}

/** What the ledger is checked against: the options of each run that promise something to sites, by the row that it began after. */
const promisingOptions: readonly OptionName[] = [
  'delayMs',
  'perHostConcurrency',
  'perAddressConcurrency',
  'maxCrawlDelayMs',
  'ignoreRobotsOf',
  'ignoreCertificateOf',
]

function promisesWith(store: Store, { options }: Description): JsonValue {
  const before = store.fact('promises')
  const known = Array.isArray(before) ? before : []
  const last = known.at(-1) as { readonly options?: JsonValue } | undefined
  const promised = Object.fromEntries(promisingOptions.map((name) => [name, options[name] ?? null]))
  return same(last?.options, promised) ? known : [...known, { after: store.ledger.lastId, options: promised }]
}

/** @throws CrawlExistsError when the store holds a crawl, and nobody said what is to become of it. */
export function refuseExisting(store: Store, start: Start): void {
  if (store.state !== 'new' && start !== 'resume') throw exists(store)
}

function exists(store: Store): CrawlExistsError {
  const state = store.state === 'finished' ? 'finished' : 'unfinished'
  const { fetched = 0, waiting = 0, ...counts } = store.counters.totals
  const putOff = Object.entries(counts).reduce((sum, [name, n]) => sum + (name.startsWith('deferred.') ? n : 0), 0)
  const found = `${fetched} fetched, ${waiting} waiting${putOff === 0 ? '' : `, ${putOff} put off`}`
  const remedy =
    state === 'finished'
      ? '--fresh starts anew, and --resume brings its outputs up to date'
      : '--resume goes on with it, --fresh starts anew'
  return new CrawlExistsError(
    state,
    `The crawl in ${store.folder} is ${state} (${found}): ${remedy} (in a program: \`start\`)`,
  )
}

function descriptionIn(store: Store): Description {
  const names = ['spider', 'args', 'seeds', 'scope', 'options', 'parsers'] as const
  return Object.fromEntries(names.map((name) => [name, store.fact(name) ?? []])) as unknown as Description
}

/** @throws CrawlChangedError where going on would leave gaps in the data, or mix it. */
function refuseUnsafe(store: Store, before: Description, now: Description): void {
  const [scope] = differences(before.scope, now.scope)
  if (scope !== undefined) {
    throw new CrawlChangedError(
      `The crawl in ${store.folder} cannot go on, for its scope has changed: ${scope} (URLs were dropped by the old one; set it back, or start anew with --fresh)`,
    )
  }
  // All that is left would be asked from this machine, or fail for good before a closed door.
  const missing = optionNames.find((name) => before.options[name] === secret && now.options[name] === null)
  if (missing !== undefined) {
    throw new CrawlChangedError(
      `The crawl in ${store.folder} was begun with a secret in \`${missing}\`, and secrets are not kept with a crawl: give it again, as ${variableOf(missing)}=... or \`-s ${missing}=...\` (or go on without it: \`-s ${missing}=none\`)`,
    )
  }
  for (const name of Object.keys(before.parsers).filter((known) => !(known in now.parsers))) {
    const row = waitingFor(store, name)
    if (row === undefined) continue
    throw new CrawlChangedError(
      `The crawl in ${store.folder} cannot go on: requests wait for the parser \`${name}\` (${String(row.url)}), and the spider has none of that name (put it back, or start anew with --fresh)`,
    )
  }
}

/** A request that comes to the parser, sooner or later. */
function waitingFor(store: Store, parser: string): Record<string, unknown> | undefined {
  const sql = 'select url from request where parser = ?1 union all select url from deferred where parser = ?1 limit 1'
  return store.database.prepare(sql).get(parser)
}

function changesOf(before: Description, now: Description): readonly string[] {
  const gone = before.seeds.filter((seed) => !now.seeds.includes(seed))
  const added = now.seeds.filter((seed) => !before.seeds.includes(seed))
  const edited = Object.keys(now.parsers).filter((name) => now.parsers[name] !== before.parsers[name])
  return [
    ...differences(before.options, now.options),
    ...(same(before.args, now.args) ? [] : [`args was ${argsShown(before.args)}, is ${argsShown(now.args)}`]),
    ...added.map((seed) => `the seed ${seed} is new`),
    ...gone.map((seed) => `the seed ${seed} is no longer one`),
    ...edited.map((name) => `the parser \`${name}\` has been edited: items may differ from those before`),
  ]
}

function differences(before: Description['options'], now: Description['options']): string[] {
  return (
    Object.keys(now)
      // What an older doff did not know of has not been changed.
      .filter((name) => before[name] !== undefined && !same(before[name], now[name]))
      .map((name) => `${name} was ${shown(before[name])}, is ${shown(now[name])}`)
  )
}

/** Stands for a value that is not stored. */
const secret = 'a secret'
const keptOf = (name: OptionName, value: unknown) =>
  value !== undefined && isSecret(name, value) ? secret : plain(value)

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

/** Any of them may be a URL. */
const argsShown = (args: JsonValue) =>
  JSON.stringify(args, (_name, value: unknown) => (typeof value === 'string' ? withoutUserinfo(value) : value))

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'not set'
  return typeof value === 'string' ? value : JSON.stringify(value).replace(/^\{\}$/, 'none')
}

/** As JSON has it; what it has no word for (patterns, "no limit") as text. */
function plain(value: unknown): JsonValue {
  const text = JSON.stringify(value ?? null, (_key, entry: unknown) =>
    entry instanceof RegExp || entry === Number.POSITIVE_INFINITY || typeof entry === 'bigint' ? String(entry) : entry,
  )
  return JSON.parse(text) as JsonValue
}
