/**
 * The frontier on disk: the contract of frontier.ts in a store's tables (store/schema.ts), safe against kill -9 at any instant.
 *
 * What is in memory is what is out, and caches of fixed size (I4). The clockwork is the index of hosts by their due time: the host at its
 * head is the next. A host all of whose turns are out is due `outUntilSettled`; a request stays in its line, on disk, until it comes to
 * its end. So the leases of a process that was killed need no release but this: its hosts are due again.
 *
 * Such a host may have been sent a request that nobody remembers. So after a store was opened again, each host is left alone for its
 * delay first; it costs a crawl one delay, and no site ever sees a gap that is too small (I3).
 */
import { hostOf, originOf } from '../canonical-url.ts'
import type { Clock } from '../clock.ts'
import type { Cookie } from '../cookie.ts'
import type { Counts } from '../counts.ts'
import { StaleTurnError } from '../errors.ts'
import { type DeferReason, type DropReason, emptyResult, type OfferResult } from '../events.ts'
import type { HostPace } from '../host.ts'
import { type CrawlRequest, methodOf, seenAs } from '../request.ts'
import type { Counters } from '../store/counters.ts'
import { outUntilSettled } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { CookieRows } from './cookie-rows.ts'
import { fingerprint, RecentlySeen } from './fingerprint.ts'
import type { Ended, Frontier, FrontierOptions, LoggedItem, Settlement, Turn } from './frontier.ts'
import { HostIds, RobotsRecords } from './known.ts'
import { laterOf } from './later-pace.ts'
import { paceOf, paceRowOf, type Row, requestOf, rowOf } from './rows.ts'
import { prepare, type Statements } from './statements.ts'
import { queriedPathOf } from './tally.ts'
import { turnsAtOnce } from './turns-at-once.ts'

/** A host with turns out. */
interface ActiveHost {
  readonly id: number
  readonly name: string
  pace: HostPace | undefined
  /** Places in the line of what is out. */
  readonly out: Set<number>
  /** When the last turn was taken; with several turns out, the next keeps its distance from it. */
  takenAt: number
}

interface Out {
  readonly host: ActiveHost
  readonly request: CrawlRequest
  readonly place: number
  readonly notBefore: number
}

/** Kinds of the table `tally`. */
const tallies = { queries: 1, content: 2 } as const

/** A reason that is made once; a new one each time costs more than the rest of a turn. */
const woken = new Error('there may be a turn')

export class SqliteFrontier implements Frontier {
  readonly #options: FrontierOptions
  readonly #clock: Clock
  readonly #store: Store
  readonly #counters: Counters
  readonly #sql: Statements
  /** Hosts are not visited before this and their delay: somebody may have visited them just before the store was opened. */
  readonly #openedAt: number
  readonly #hosts: HostIds
  readonly #robots: RobotsRecords
  readonly #cookies: CookieRows
  readonly #recent = new RecentlySeen()
  readonly #active = new Map<number, ActiveHost>()
  readonly #out = new Map<number, Out>()
  #nextTurn = 1
  #nextDueAt = Number.POSITIVE_INFINITY
  /** Ends the sleep of whoever waits for a turn. */
  #sleep: AbortController | undefined
  #isClosed = false

  constructor(store: Store, options: FrontierOptions, clock: Clock) {
    this.#store = store
    this.#options = options
    this.#clock = clock
    this.#counters = store.counters
    this.#sql = prepare(store.database)
    this.#hosts = new HostIds(this.#sql)
    this.#robots = new RobotsRecords(this.#sql)
    this.#cookies = new CookieRows(store.database)
    this.#openedAt = this.#counters.of('places') === 0 ? Number.NEGATIVE_INFINITY : clock.now()
    store.database.write(() => {
      this.#sql.dueAgain.run(outUntilSettled)
      this.#takeUpDeferred()
    })
    store.database.commit()
  }

  get waiting(): number {
    return this.#counters.of('waiting')
  }

  get isEmpty(): boolean {
    return this.waiting === 0 && this.#store.database.read(() => this.#sql.anyRequest.get()) === undefined
  }

  get cookies(): readonly Cookie[] {
    return this.#cookies.all
  }

  get counts(): Counts {
    return this.#counters.totals
  }

  async offer(requests: Iterable<CrawlRequest>): Promise<OfferResult> {
    const { result, committed } = this.#store.database.write(() => this.#add(requests))
    if (result.added > 0) this.#wake()
    this.#commitIfIdle()
    await committed
    return result
  }

  async *turns(signal: AbortSignal): AsyncGenerator<Turn> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      const { result: turn } = this.#store.database.write(() => this.#take())
      if (turn !== undefined) {
        yield turn
        continue
      }
      if (this.#nextDueAt === Number.POSITIVE_INFINITY && this.#out.size === 0) return
      this.#sleep = new AbortController()
      this.#commitIfIdle()
      await this.#clock.sleep(this.#nextDueAt - this.#clock.now(), this.#sleep.signal)
    }
  }

  async settle(turn: Turn, settlement: Settlement): Promise<OfferResult> {
    const out = this.#out.get(turn.id)
    if (out === undefined)
      throw new StaleTurnError(`Turn ${turn.id} is not out: ${turn.request.url} was settled before`)
    this.#out.delete(turn.id)
    const { result, committed } = this.#store.database.write(() => this.#apply(out, settlement))
    this.#wake()
    // What a site asked for outlives the process from now on.
    if (asksForMore(turn.pace, settlement.pace)) this.#store.database.commit()
    this.#commitIfIdle()
    await committed
    return result
  }

  readItems(after: number, limit: number): Promise<readonly LoggedItem[]> {
    this.#counters.raise('items_read', after)
    return Promise.resolve(this.#store.items.read(after, limit))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#wake()
    this.#store.database.commit()
    return Promise.resolve()
  }

  #wake(): void {
    this.#sleep?.abort(woken)
    this.#sleep = undefined
  }

  /** When nobody is at work, nothing will come that could share the tick. */
  #commitIfIdle(): void {
    if (this.#out.size > 0) return
    setImmediate(() => {
      if (this.#out.size === 0 && !this.#isClosed) this.#store.database.commit()
    })
  }

  /** What was put off goes back to its line: the crawl has been resumed. */
  #takeUpDeferred(): void {
    const counts: Record<string, number> = { sitemaps_deferred: -this.#counters.of('sitemaps_deferred') }
    for (const row of this.#sql.deferredPages.all()) {
      counts[`deferred.${String(row.reason)}`] = -Number(row.pages)
      counts.waiting = (counts.waiting ?? 0) + Number(row.pages)
    }
    this.#counters.add(counts)
    this.#sql.deferredDue.run()
    this.#sql.takeUpDeferred.run()
    this.#sql.forgetDeferred.run()
    this.#sql.askGivenUpAgain.run()
  }

  /** @param dropsAll why none of them is taken, if so. */
  #add(requests: Iterable<CrawlRequest>, dropsAll?: DropReason): OfferResult {
    const result = emptyResult()
    const counts = emptyResult()
    const lines = new Set<number>()
    for (const request of requests) {
      const verdict = this.#admit(request, dropsAll, lines)
      result[verdict] += 1
      if (request.kind === 'page') counts[verdict] += 1
    }
    this.#counters.add({ ...counts, waiting: counts.added })
    for (const id of lines) {
      const active = this.#active.get(id)
      if (active === undefined) this.#sql.setDueSooner.run(id)
      else this.#sql.setDue.run(this.#dueAt(active, this.#clock.now()), id)
    }
    return result
  }

  #admit(request: CrawlRequest, dropsAll: DropReason | undefined, lines: Set<number>): keyof OfferResult {
    const name = hostOf(request.url)
    let host = this.#hosts.idOf(name)
    const known = seenAs(request)
    if (known !== undefined) {
      const print = fingerprint(known)
      if (host !== undefined && this.#recent.has(host, print)) return 'seen'
      const verdict = request.kind === 'page' ? (dropsAll ?? this.#options.admits(request)) : 'in'
      if (verdict !== 'in') return this.#wasSeen(host, print) ? 'seen' : verdict
      host ??= this.#hosts.add(name)
      const path = queriedPathOf(request)
      if (path !== undefined && this.#isTooMany(host, path))
        return this.#wasSeen(host, print) ? 'seen' : 'too_many_queries'
      this.#recent.add(host, print)
      if (this.#sql.addSeen.run(host, print).changes === 0) return 'seen'
      if (path !== undefined) this.#tally(host, tallies.queries, fingerprint(path))
    }
    host ??= this.#hosts.add(name)
    const place = this.#counters.of('places')
    this.#counters.add({ places: 1 })
    this.#sql.addRequest.run(host, request.priority, place, 0, ...rowOf(request))
    lines.add(host)
    return 'added'
  }

  #isTooMany(host: number, path: string): boolean {
    const { maxQueriesPerPath } = this.#options
    if (maxQueriesPerPath === undefined || maxQueriesPerPath === Number.POSITIVE_INFINITY) return false
    return Number(this.#sql.tally.get(host, tallies.queries, fingerprint(path))?.count ?? 0) >= maxQueriesPerPath
  }

  #tally(host: number, kind: number, print: number): number {
    return Number(this.#sql.addTally.get(host, kind, print)?.count)
  }

  #wasSeen(host: number | undefined, print: number): boolean {
    return host !== undefined && this.#sql.seen.get(host, print) !== undefined
  }

  #take(): Turn | undefined {
    const now = this.#clock.now()
    for (;;) {
      const next = this.#sql.nextHost.get()
      this.#nextDueAt = next === undefined ? Number.POSITIVE_INFINITY : Number(next.due_at)
      if (next === undefined || this.#nextDueAt > now) return undefined
      const id = Number(next.id)
      const host = this.#active.get(id) ?? {
        id,
        name: String(next.name),
        pace: paceOf(next),
        out: new Set<number>(),
        takenAt: Number.NEGATIVE_INFINITY,
      }
      const restsUntil = this.#openedAt + Math.max(this.#options.delayMs, host.pace?.delayMs ?? 0)
      const row = restsUntil > now ? undefined : this.#headOf(host, now)
      if (row !== undefined) return this.#turnOf(host, row, now)
      this.#sql.setDue.run(restsUntil > now ? restsUntil : this.#dueAt(host, now), id)
    }
  }

  /** The first request of the host's line that may be made and is not out. */
  #headOf({ id, out }: ActiveHost, now: number): Row | undefined {
    return out.size === 0 ? this.#sql.head.get(id, now) : this.#sql.headBut.get(id, now, JSON.stringify([...out]))
  }

  /** Whether the line has a request that may be made and is not out: those that are out are among the first to count. */
  #hasWork(host: ActiveHost, now: number): boolean {
    return this.#sql.beyond.get(host.id, now, host.out.size) !== undefined
  }

  #turnOf(host: ActiveHost, row: Row, now: number): Turn {
    const request = requestOf(row)
    const place = Number(row.place)
    const id = this.#nextTurn++
    this.#active.set(host.id, host)
    this.#out.set(id, { host, request, place, notBefore: Number(row.not_before) })
    host.out.add(place)
    host.takenAt = now
    this.#sql.setDue.run(this.#dueAt(host, now), host.id)
    const origin = request.kind === 'robots' ? request.origin : originOf(request.url)
    return { id, host: host.name, request, pace: host.pace, robots: this.#robots.of(origin) }
  }

  /** When a host gets its next turn; `null` while it has nothing to do. */
  #dueAt(host: ActiveHost, now: number): number | null {
    const nobody = host.out.size === 0 ? null : outUntilSettled
    if (host.out.size >= turnsAtOnce(host.pace, this.#options.perHostConcurrency)) return nobody
    const work = this.#hasWork(host, now) ? 0 : this.#sql.soonest.get(host.id, now)?.not_before
    if (work === undefined || work === null) return nobody
    const distance = Math.max(host.pace?.delayMs ?? 0, this.#options.delayMs)
    return Math.max(Number(work), host.pace?.nextVisitAt ?? 0, host.out.size > 0 ? host.takenAt + distance : 0)
  }

  #apply(out: Out, settlement: Settlement): OfferResult {
    const { host, place } = out
    host.out.delete(place)
    const { pace, robots, sent, cookies = [] } = settlement
    if (pace !== undefined) host.pace = laterOf(host.pace, pace)
    if (robots !== undefined) this.#robots.set(robots)
    if (sent !== undefined) this.#store.ledger.append(host.id, sent)
    for (const change of cookies) this.#cookies.apply(change)
    if (settlement.kind === 'again') this.#replace(out, settlement.request, settlement.notBefore)
    else if (settlement.kind === 'deferred') this.#defer(out, settlement.reason)
    else this.#end(out, settlement)
    if (settlement.counts !== undefined) this.#counters.add(settlement.counts)
    const result = this.#add(settlement.follows, this.#dropsFollows(host, settlement))
    const dueAt = this.#dueAt(host, this.#clock.now())
    if (host.pace === undefined) this.#sql.setDue.run(dueAt, host.id)
    else this.#sql.setPace.run(dueAt, ...paceRowOf(host.pace), host.id)
    if (host.out.size === 0) this.#active.delete(host.id)
    return result
  }

  /** A request keeps its place in the line; one that only waited is as it was. */
  #replace({ host, request, place, notBefore }: Out, again: CrawlRequest, againNotBefore: number): void {
    if (again === request && againNotBefore === notBefore) return
    this.#sql.endRequest.run(host.id, request.priority, place)
    this.#sql.addRequest.run(host.id, again.priority, place, againNotBefore, ...rowOf(again))
  }

  #defer({ host, request, place }: Out, reason: DeferReason): void {
    this.#sql.endRequest.run(host.id, request.priority, place)
    this.#sql.defer.run(host.id, request.priority, place, reason, ...rowOf(request))
    if (request.kind === 'page') this.#counters.add({ waiting: -1 })
  }

  #dropsFollows({ id }: ActiveHost, settlement: Settlement): DropReason | undefined {
    const { maxSameContent = Number.POSITIVE_INFINITY } = this.#options
    if (settlement.kind !== 'ended' || settlement.content === undefined) return undefined
    return this.#tally(id, tallies.content, settlement.content) > maxSameContent ? 'same_content' : undefined
  }

  #end({ host, request, place }: Out, { end, items, directives }: Ended): void {
    this.#sql.endRequest.run(host.id, request.priority, place)
    if (request.kind !== 'page' || end === undefined) return
    this.#counters.add({ waiting: -1 })
    const endedAt = Math.round(this.#clock.now())
    const asked = directives === undefined ? null : JSON.stringify(directives)
    const method = methodOf(request) === 'GET' ? null : methodOf(request)
    const page = this.#sql.addPage.run(host.id, request.url, end.state, end.reason, endedAt, asked, method)
    this.#store.items.append(Number(page.lastInsertRowid), items)
  }
}

/** Whether a host has asked for more than its usual gap. */
function asksForMore(before: HostPace | undefined, pace: HostPace | undefined): boolean {
  if (pace === undefined) return false
  const isPause = pace.waitsFor === 'Retry-After' || pace.waitsFor === 'pause after failures'
  return (isPause && pace.nextVisitAt !== before?.nextVisitAt) || pace.asideUntil > (before?.asideUntil ?? 0)
}
