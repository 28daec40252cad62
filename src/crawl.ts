/**
 * A crawl from the outside: `crawl(spider, options)` is an async iterable of the spider's items, and a resource.
 *
 * It begins when it is first read, and is read once. Leaving the loop ends it (I6): `break`, `throw`, an aborted signal and disposal stop
 * it at once; `drain()` lets what was begun come to its end.
 */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { hostOf, originOf } from './canonical-url.ts'
import { type Clock, systemClock } from './clock.ts'
import { ContactError, CrawlInUseError, messageOf, OptionError } from './errors.ts'
import type { CrawlEvent, Observer, StopReason } from './events.ts'
import { HttpCache } from './fetcher/cache/http-cache.ts'
import type { KeptAnswers } from './fetcher/cache/kept-answers.ts'
import { Recording } from './fetcher/cache/recording.ts'
import type { Lookup } from './fetcher/connection/names.ts'
import { CookieJar } from './fetcher/credentials/cookies.ts'
import { Downloads } from './fetcher/download/downloads.ts'
import { Fetcher, type Transport } from './fetcher/fetcher.ts'
import type { Frontier } from './frontier/frontier.ts'
import { MemoryFrontier } from './frontier/memory.ts'
import { createScope } from './frontier/scope.ts'
import { SqliteFrontier } from './frontier/sqlite.ts'
import { trapOf } from './frontier/traps.ts'
import { type CrawlStats, StatsCounter } from './observe/stats.ts'
import { type OptionInput, type Options, resolveOptions } from './options.ts'
import { ItemStream, type ReadItems } from './output/item-stream.ts'
import { Crowds } from './politeness/crowds.ts'
import { createIdentity, type Identity } from './politeness/identity.ts'
import { Throttle } from './politeness/throttle.ts'
import type { CrawlRequest, PageRequest } from './request.ts'
import { beginOn, checkOn, checkStart, type Description, describeCrawl, type Start } from './resume.ts'
import { nameOfSeed, seedsOf } from './seeds.ts'
import { SitemapVisits, sitemapSeeds } from './sitemap-visit.ts'
import { checkArguments } from './spider/arguments.ts'
import type { Spider } from './spider/spider.ts'
import { Store } from './store/store.ts'
import { typedHostsOf } from './typed-hosts.ts'
import { version } from './version.ts'
import { Visitor } from './visit.ts'
import { Walk } from './walk.ts'

export type CrawlOptions = OptionInput & {
  /** The spider's arguments. */
  readonly args?: unknown
  /** Stops the crawl; the loop then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** The folder that keeps the crawl's state, so that it can be resumed. Default: `memory`, which keeps it in memory. */
  readonly store?: string | Store | undefined
  /** What to do with a crawl that is in the store already. Default: `new`, which refuses. */
  readonly start?: Start | undefined
  /** Called with everything that happens; cannot change the crawl. */
  readonly observers?: readonly Observer[]
  /** Fetches robots.txt and sitemaps, and judges pages without fetching them. Default false. */
  readonly plan?: boolean
  /** From host names to addresses; what it throws is the fault `dns`. Default: as the system does. */
  readonly lookup?: Lookup
  /** For tests: time, the jitter's randomness, and what makes the exchanges. */
  readonly clock?: Clock
  readonly random?: () => number
  readonly transport?: Transport
}

export interface Crawl<Item> extends AsyncIterable<Item>, AsyncDisposable {
  /** The counters, now. */
  readonly stats: CrawlStats
  /** Ends the crawl well: nothing new is begun, what is out is brought to its end, and the loop gets the items. */
  drain(): void
}

/**
 * Crawls from a spider's seeds, politely, and yields its items in the order in which their pages are done.
 *
 * @param options override the spider's own; see options.ts for meanings, units and defaults.
 * With a store, a crawl that was killed at any instant goes on where it was: an item that the loop asked past does not come again, unless
 * it was among the last hundred before a kill.
 *
 * @throws OptionError, ArgumentError, SeedError, CacheFailedError at once; ContactError if a seed is not on this machine and no `contact` is set. When
 * it is read: CrawlExistsError, CrawlChangedError, StoreInUseError, StoreVersionError, StoreFailedError, CacheFailedError.
 * @example for await (const item of crawl(books, { maxDepth: 3 })) console.log(item.title)
 */
export function crawl<Item extends object>(spider: Spider<Item>, options: CrawlOptions = {}): Crawl<Item> {
  return new CrawlRun(spider, options)
}

/** What the options' table does not know of. @throws OptionError */
function checkedAs<T>(name: string, value: T, isRight: boolean, expected: string): T {
  if (isRight) return value
  throw new OptionError(name, `Expected \`${name}\` to be ${expected}, got ${typeof value}`)
}

function isNoFolder(path: string): boolean {
  try {
    return !statSync(path).isDirectory()
  } catch {
    // It may come to be one.
    return false
  }
}

interface Begun {
  readonly store: Store | undefined
  readonly changes: readonly string[] | undefined
}

class CrawlRun<Item extends object> implements Crawl<Item> {
  readonly #counter = new StatsCounter()
  readonly #observers: readonly Observer[]
  readonly #signal: AbortSignal | undefined
  readonly #draining = new AbortController()
  readonly #stopping = new AbortController()
  readonly #seeds: readonly PageRequest[]
  readonly #spider: Spider
  readonly #givenArgs: unknown
  readonly #args: unknown
  readonly #options: Options
  readonly #store: string | Store | undefined
  readonly #start: Start
  readonly #identity: Identity
  readonly #clock: Clock
  readonly #random: () => number
  readonly #isPlan: boolean
  readonly #lookup: Lookup | undefined
  readonly #transport: Transport | undefined
  readonly #failedObservers = new Set<Observer>()
  readonly #resources = new AsyncDisposableStack()
  #closing: Promise<void> | undefined
  #isRead = false
  #hasEnded = false

  constructor(spider: Spider<Item>, given: CrawlOptions) {
    const { args, store, start, signal, observers, plan, lookup, clock, random, transport, ...options } = given
    this.#spider = spider
    this.#options = resolveOptions(spider.options, options)
    this.#args = checkArguments(spider.name, spider.args, args)
    this.#givenArgs = args
    const isStore = store === undefined || typeof store === 'string' || store instanceof Store
    this.#store = checkedAs('store', store === 'memory' ? undefined : store, isStore, 'the path of a folder')
    this.#start = checkStart(start)
    this.#signal = signal
    this.#observers = checkedAs('observers', observers ?? [], Array.isArray(observers ?? []), 'a list of functions')
    this.#clock = clock ?? systemClock
    this.#random = random ?? Math.random
    this.#isPlan = checkedAs('plan', plan ?? false, typeof (plan ?? false) === 'boolean', 'true or false')
    // What is planned is not done: in a store it would count as crawled.
    if (this.#isPlan && this.#store !== undefined)
      throw new OptionError('plan', 'A plan is kept nowhere: leave out `store`, or `plan`')
    const isLookup = lookup === undefined || typeof lookup === 'function'
    this.#lookup = checkedAs('lookup', lookup, isLookup, 'a function from a host name to its addresses')
    this.#transport = transport
    this.#seeds = seedsOf(spider, this.#args)
    const { productToken, contact } = this.#options
    this.#identity = createIdentity(productToken, version, contact)
    for (const { url } of this.#seeds) {
      if (this.#identity.mayVisit(hostOf(url))) continue
      throw new ContactError(
        `No \`contact\` is set, and ${hostOf(url)} is not this machine: say how its owner can reach you ` +
          '(--contact you@example.org, or `contact` in config/default.ts)',
      )
    }
    this.#checkFolders()
    // A store that is open already: what stands against the crawl can be said at once.
    if (typeof this.#store === 'object') checkOn(this.#store, this.#description, this.#start)
  }

  get stats(): CrawlStats {
    return this.#counter.stats
  }

  drain(): void {
    this.#draining.abort()
  }

  [Symbol.asyncIterator](): AsyncGenerator<Item> {
    if (this.#isRead)
      throw new CrawlInUseError(
        'A crawl can be read once, and not after it was disposed of: call crawl() again for another',
      )
    this.#isRead = true
    return this.#items()
  }

  /** Stops the crawl and closes what it opened; does not wait for the reader, who may be the one that calls it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isRead = true
    this.#stop()
    await this.#close()
    this.#end('stopped', undefined)
  }

  /** Once, whoever is the first to ask; resolves for all when it is over. */
  #close(): Promise<void> {
    this.#closing ??= this.#resources.disposeAsync()
    return this.#closing
  }

  async *#items(): AsyncGenerator<Item> {
    const stop = () => this.#stop()
    let reason: StopReason = 'stopped'
    let failure: unknown
    try {
      this.#signal?.throwIfAborted()
      this.#signal?.addEventListener('abort', stop, { once: true })
      reason = yield* this.#walk()
    } catch (error) {
      if (!(this.#signal?.aborted === true && error === this.#signal.reason)) reason = 'failed'
      failure = error
      throw error
    } finally {
      this.#signal?.removeEventListener('abort', stop)
      // Also what was opened by a crawl that then could not begin.
      await this.#close()
      this.#end(reason, failure)
    }
  }

  async *#walk(): AsyncGenerator<Item, StopReason> {
    const options = this.#options
    const clock = this.#clock
    const isInScope = createScope(
      this.#seeds.map(({ url }) => url),
      options,
    )
    const admits = (request: PageRequest) => {
      const verdict = isInScope(request)
      // What a person wrote is none.
      if (verdict !== 'in' || !options.detectTraps || request.depth === 0) return verdict
      return trapOf(request.url, clock.now()) ?? 'in'
    }
    const { store, changes } = this.#begin()
    const frontier: Frontier = this.#resources.use(
      store === undefined
        ? new MemoryFrontier({ ...options, admits }, clock)
        : new SqliteFrontier(store, { ...options, admits }, clock),
    )
    this.#counter.resume(frontier.counts)
    const jar = new CookieJar(clock, frontier.cookies)
    const kept = this.#openKept()
    if (kept !== undefined) this.#resources.use(kept)
    const typedHosts = typedHostsOf(this.#spider, this.#givenArgs, this.#seeds)
    const reach = { jar, typedHosts, lookup: this.#lookup, transport: this.#transport }
    const fetcher = this.#resources.use(new Fetcher({ ...options, ...this.#identity, ...reach }, clock))
    const readItems: ReadItems = (after, limit) => frontier.readItems(after, limit)
    const { items: logged = 0, items_read: read = 0 } = frontier.counts
    const items = new ItemStream(readItems, options.maxBufferedItems, read, logged - read)
    const throttle = new Throttle(options.perHostConcurrency)
    const notify = (event: CrawlEvent) => this.#notify(event)
    const offer = async (requests: readonly CrawlRequest[]) => {
      notify({ kind: 'offered', result: await frontier.offer(requests) })
    }
    const { sitemaps } = this.#spider
    const downloads = this.#openDownloads(store)
    const requested = frontier.counts.sitemaps ?? 0
    const visitor = new Visitor({
      spider: this.#spider,
      args: this.#args,
      options,
      isPlan: this.#isPlan,
      identity: this.#identity,
      fetcher,
      kept,
      throttle,
      crowds: new Crowds(options),
      items,
      downloads,
      sitemaps: sitemaps === undefined ? undefined : new SitemapVisits({ sitemaps, options, offer, requested }),
      clock,
      random: this.#random,
    })
    const walk = new Walk({ frontier, visitor, jar, options, clock, notify })
    this.#resources.defer(() => walk.ended())
    // A stop closes the connections and ends the waits for a place, so that every visit comes to its end.
    this.#stopping.signal.addEventListener('abort', () => {
      items.end()
      throttle.stop()
      fetcher[Symbol.asyncDispose]().catch(() => undefined)
    })
    this.#resources.defer(async () => {
      items.cancel()
      // Which items need not come again. A store that has failed says so to the walk; here it costs no more than that.
      const tell = async () => readItems(items.done, 0)
      await tell().catch(() => undefined)
    })
    this.#notify({
      kind: 'started',
      spider: this.#spider.name,
      seeds: this.#seeds.length,
      userAgent: this.#identity.userAgent,
      ignoredRobots: this.#options.ignoreRobotsOf,
      ignoredCertificates: this.#options.ignoreCertificateOf,
      changes,
    })
    try {
      await this.#offerSeeds(frontier, store)
      // The frontier knows those that were offered before.
      if (sitemaps !== undefined)
        await frontier.offer(
          sitemapSeeds(
            sitemaps,
            this.#seeds.map(({ url }) => originOf(url)),
          ),
        )
      const walking = walk.run(this.#draining.signal, this.#stopping.signal).finally(() => items.end())
      // It is awaited below, unless the reader leaves.
      walking.catch(() => undefined)
      yield* items.items() as AsyncGenerator<Item>
      this.#signal?.throwIfAborted()
      const reason = await walking
      if (reason === 'finished' && !this.#stopping.signal.aborted) {
        await store?.setFacts({ finished_at: new Date().toISOString() })
        await downloads?.discardAll()
      }
      return reason
    } finally {
      // Before the frontier and the fetcher are closed: a visit that is cut off then leaves its turn as it is.
      this.#stop()
      await this.#close()
    }
  }

  /** Those of a crawl that cannot be resumed leave nothing half done. */
  #openDownloads(store: Store | undefined): Downloads | undefined {
    const { files, maxFileBytes } = this.#options
    const folder = files ?? (store === undefined ? undefined : join(store.folder, 'files'))
    const crawl = store === undefined ? undefined : resolve(store.folder)
    return folder === undefined ? undefined : this.#resources.use(new Downloads(folder, maxFileBytes, crawl))
  }

  /** Begins on the store, if there is one. */
  #begin(): Begun {
    if (this.#store === undefined) return { store: undefined, changes: undefined }
    const store =
      typeof this.#store === 'string'
        ? this.#resources.use(Store.open(this.#store, { fresh: this.#start === 'fresh' }))
        : this.#store
    store.take()
    const changes = checkOn(store, this.#description, this.#start)
    beginOn(store, this.#description)
    return { store, changes }
  }

  #openKept(): KeptAnswers | undefined {
    const { cache, maxCacheBytes, replay } = this.#options
    if (replay !== undefined) return new Recording(replay, this.#clock)
    return cache === undefined ? undefined : new HttpCache(cache, maxCacheBytes, this.#clock)
  }

  /** Those that are there already: what stands against them is said before a fresh start removes anything. */
  #checkFolders(): void {
    const { cache, replay, files } = this.#options
    const kept = replay ?? cache
    if (kept !== undefined && existsSync(kept)) this.#openKept()?.[Symbol.dispose]()
    if (files !== undefined && isNoFolder(files))
      throw new OptionError('files', `\`files\` is to be a folder, and ${files} is none`)
  }

  get #description(): Description {
    return describeCrawl(this.#spider, this.#givenArgs, this.#seeds, this.#options)
  }

  /** Those of a crawl that goes on were offered when it was begun. */
  async #offerSeeds(frontier: Frontier, store: Store | undefined): Promise<void> {
    const before = store?.fact('seeds')
    const offered = new Set(Array.isArray(before) ? before : [])
    const seeds = this.#seeds.filter((seed) => !offered.has(nameOfSeed(seed)))
    if (seeds.length === 0) return
    // In one transaction: both are written before either is awaited.
    const isFact = store?.setFacts({ seeds: this.#seeds.map(nameOfSeed) })
    this.#notify({ kind: 'offered', result: await frontier.offer(seeds) })
    await isFact
  }

  /** The last event, once: the reader's end and a disposal may both come to it. */
  #end(reason: StopReason, error: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#notify({ kind: 'stopped', reason, error })
  }

  #stop(): void {
    this.#draining.abort()
    this.#stopping.abort()
  }

  /** I7: an observer that throws does not end the crawl. It is warned of once: it may throw at every event. */
  #notify(event: CrawlEvent): void {
    this.#counter.observe(event)
    for (const observe of this.#observers) {
      try {
        // An async function passes for an observer, too.
        const watching: unknown = observe(event)
        if (watching instanceof Promise) watching.catch((error: unknown) => this.#warnOf(observe, error))
      } catch (error) {
        this.#warnOf(observe, error)
      }
    }
  }

  #warnOf(observer: Observer, error: unknown): void {
    if (this.#failedObservers.has(observer)) return
    this.#failedObservers.add(observer)
    process.emitWarning(`An observer failed: ${messageOf(error)}`, 'DoffWarning')
  }
}
