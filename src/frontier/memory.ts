/**
 * The frontier in memory: lines, seen set and item log are gone with the process. It is the smallest thing that keeps the contract of
 * frontier.ts, and the one to read first.
 *
 * The clockwork is one heap of hosts by the time of their next turn. An entry of the heap is only a reminder: the host itself says when
 * its time is, and a reminder that came early is put back.
 */
import TinyQueue from 'tinyqueue'
import { hostOf, originOf } from '../canonical-url.ts'
import type { Clock } from '../clock.ts'
import { type Cookie, cookieKey } from '../cookie.ts'
import { addCounts, type Counts } from '../counts.ts'
import { StaleTurnError } from '../errors.ts'
import { type DropReason, emptyResult, type OfferResult } from '../events.ts'
import type { HostPace, RobotsRecord } from '../host.ts'
import { type CrawlRequest, seenAs } from '../request.ts'
import type { Frontier, FrontierOptions, LoggedItem, Settlement, Turn } from './frontier.ts'
import { laterOf } from './later-pace.ts'
import { queriedPathOf } from './tally.ts'
import { turnsAtOnce } from './turns-at-once.ts'

/** A request in its host's line. */
interface Waiting {
  readonly request: CrawlRequest
  /** Order of discovery, kept over retries. */
  readonly order: number
  readonly notBefore: number
}

interface Host {
  readonly name: string
  readonly ready: TinyQueue<Waiting>
  /** Requests that may not be made yet, soonest first. */
  readonly delayed: TinyQueue<Waiting>
  pace: HostPace | undefined
  out: number
  /** When the last turn was taken; with several turns out, the next keeps its distance from it. */
  takenAt: number
  /** When the heap's earliest reminder of this host is due; infinite when there is none. */
  remindedAt: number
}

interface Reminder {
  readonly at: number
  readonly host: Host
}

/** A reason that is made once; a new one each time costs more than the rest of a turn. */
const woken = new Error('there may be a turn')

const byPlaceInLine = (a: Waiting, b: Waiting) => b.request.priority - a.request.priority || a.order - b.order
const bySoonest = (a: Waiting, b: Waiting) => a.notBefore - b.notBefore

export class MemoryFrontier implements Frontier {
  readonly #options: FrontierOptions
  readonly #clock: Clock
  readonly #hosts = new Map<string, Host>()
  readonly #reminders = new TinyQueue<Reminder>([], (a, b) => a.at - b.at)
  readonly #robots = new Map<string, RobotsRecord>()
  readonly #seen = new Set<string>()
  /** URLs by path that differ in their query, and pages by content. */
  readonly #tallies = new Map<string, number>()
  readonly #cookies = new Map<string, Cookie>()
  readonly #out = new Map<number, { host: Host; waiting: Waiting }>()
  readonly #log: LoggedItem[] = []
  readonly #counts: Record<string, number> = {}
  #inLines = 0
  /** Those that wait or are out and are no pages. */
  #otherRequests = 0
  #nextOrder = 0
  #nextTurn = 1
  #nextItem = 1
  /** Ends the sleep of whoever waits for a turn. */
  #sleep: AbortController | undefined

  constructor(options: FrontierOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get waiting(): number {
    return this.#inLines + this.#out.size - this.#otherRequests
  }

  get isEmpty(): boolean {
    return this.#inLines + this.#out.size === 0
  }

  get cookies(): readonly Cookie[] {
    return [...this.#cookies.values()]
  }

  get counts(): Counts {
    return { ...this.#counts }
  }

  offer(requests: Iterable<CrawlRequest>): Promise<OfferResult> {
    return Promise.resolve(this.#add(requests, undefined))
  }

  async *turns(signal: AbortSignal): AsyncGenerator<Turn> {
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      const turn = this.#take()
      if (turn !== undefined) {
        yield turn
        continue
      }
      if (this.#inLines === 0 && this.#out.size === 0) return
      this.#sleep = new AbortController()
      const nextTurnAt = this.#reminders.peek()?.at ?? Number.POSITIVE_INFINITY
      await this.#clock.sleep(nextTurnAt - this.#clock.now(), this.#sleep.signal)
    }
  }

  settle(turn: Turn, settlement: Settlement): Promise<OfferResult> {
    const out = this.#out.get(turn.id)
    if (out === undefined) {
      return Promise.reject(new StaleTurnError(`Turn ${turn.id} is not out: ${turn.request.url} was settled before`))
    }
    this.#out.delete(turn.id)
    const { host, waiting } = out
    host.out -= 1
    if (settlement.pace !== undefined) host.pace = laterOf(host.pace, settlement.pace)
    if (settlement.robots !== undefined) this.#robots.set(settlement.robots.origin, settlement.robots)

    if (settlement.kind === 'again') {
      this.#line(host, { request: settlement.request, order: waiting.order, notBefore: settlement.notBefore })
    } else if (turn.request.kind !== 'page') {
      this.#otherRequests -= 1
    }
    this.#remind(host)
    this.#wake()
    if (settlement.counts !== undefined) addCounts(this.#counts, settlement.counts)
    for (const { kind, cookie } of settlement.cookies ?? []) {
      if (kind === 'kept') this.#cookies.set(cookieKey(cookie), cookie)
      else this.#cookies.delete(cookieKey(cookie))
    }
    if (settlement.kind === 'ended') {
      for (const item of settlement.items) this.#log.push({ id: this.#nextItem++, item })
    }
    return Promise.resolve(this.#add(settlement.follows, this.#dropsFollows(host, settlement)))
  }

  readItems(after: number, limit: number): Promise<readonly LoggedItem[]> {
    const first = this.#log[0]
    // The log is dense, so its first id tells how many of its items the reader is done with.
    if (first !== undefined && after >= first.id) this.#log.splice(0, after - first.id + 1)
    return Promise.resolve(this.#log.slice(0, limit))
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#wake()
    return Promise.resolve()
  }

  #wake(): void {
    this.#sleep?.abort(woken)
    this.#sleep = undefined
  }

  /** @param dropsAll why none of them is taken, if so. */
  #add(requests: Iterable<CrawlRequest>, dropsAll: DropReason | undefined): OfferResult {
    const result = emptyResult()
    for (const request of requests) {
      const verdict = this.#admit(request, dropsAll)
      result[verdict] += 1
      if (request.kind === 'page') addCounts(this.#counts, { [verdict]: 1 })
    }
    if (result.added > 0) this.#wake()
    return result
  }

  #admit(request: CrawlRequest, dropsAll: DropReason | undefined): keyof OfferResult {
    const name = seenAs(request)
    if (name !== undefined && this.#seen.has(name)) return 'seen'
    if (request.kind === 'page') {
      const verdict = dropsAll ?? this.#options.admits(request)
      if (verdict !== 'in') return verdict
      const { maxQueriesPerPath = Number.POSITIVE_INFINITY } = this.#options
      const path = queriedPathOf(request)
      if (path !== undefined && this.#tally(path) > maxQueriesPerPath) return 'too_many_queries'
    } else {
      this.#otherRequests += 1
    }
    if (name !== undefined) this.#seen.add(name)
    const host = this.#hostOf(request)
    this.#line(host, { request, order: this.#nextOrder++, notBefore: 0 })
    this.#remind(host)
    return 'added'
  }

  #dropsFollows(host: Host, settlement: Settlement): DropReason | undefined {
    const { maxSameContent = Number.POSITIVE_INFINITY } = this.#options
    if (settlement.kind !== 'ended' || settlement.content === undefined) return undefined
    return this.#tally(`${host.name} ${settlement.content}`) > maxSameContent ? 'same_content' : undefined
  }

  #tally(name: string): number {
    const count = (this.#tallies.get(name) ?? 0) + 1
    this.#tallies.set(name, count)
    return count
  }

  #hostOf(request: CrawlRequest): Host {
    const name = hostOf(request.url)
    let host = this.#hosts.get(name)
    if (host === undefined) {
      const ready = new TinyQueue<Waiting>([], byPlaceInLine)
      const delayed = new TinyQueue<Waiting>([], bySoonest)
      host = {
        name,
        ready,
        delayed,
        pace: undefined,
        out: 0,
        takenAt: Number.NEGATIVE_INFINITY,
        remindedAt: Number.POSITIVE_INFINITY,
      }
      this.#hosts.set(name, host)
    }
    return host
  }

  #line(host: Host, waiting: Waiting): void {
    const line = waiting.notBefore > this.#clock.now() ? host.delayed : host.ready
    line.push(waiting)
    this.#inLines += 1
  }

  /** Sees to it that the heap knows of a host that may take a turn. */
  #remind(host: Host): void {
    const at = this.#nextTurnAt(host)
    if (at === undefined || at >= host.remindedAt) return
    host.remindedAt = at
    this.#reminders.push({ at, host })
  }

  /** When a host may take its next turn; `undefined` while it has nothing to do or enough turns out. */
  #nextTurnAt(host: Host): number | undefined {
    if (host.out >= turnsAtOnce(host.pace, this.#options.perHostConcurrency)) return undefined
    const work = host.ready.length > 0 ? 0 : host.delayed.peek()?.notBefore
    if (work === undefined) return undefined
    const distance = host.pace?.delayMs ?? this.#options.delayMs
    return Math.max(work, host.pace?.nextVisitAt ?? 0, host.out > 0 ? host.takenAt + distance : 0)
  }

  #take(): Turn | undefined {
    const now = this.#clock.now()
    for (let next = this.#reminders.peek(); next !== undefined && next.at <= now; next = this.#reminders.peek()) {
      this.#reminders.pop()
      const { host } = next
      if (next.at === host.remindedAt) host.remindedAt = Number.POSITIVE_INFINITY
      const at = this.#nextTurnAt(host)
      if (at !== undefined && at <= now) return this.#turnOf(host, now)
      this.#remind(host)
    }
    return undefined
  }

  #turnOf(host: Host, now: number): Turn {
    for (let due = host.delayed.peek(); due !== undefined && due.notBefore <= now; due = host.delayed.peek()) {
      host.delayed.pop()
      host.ready.push(due)
    }
    const waiting = host.ready.pop()
    if (waiting === undefined) throw new Error(`Host ${host.name} was given a turn and has no request`)
    this.#inLines -= 1
    host.out += 1
    host.takenAt = now
    const id = this.#nextTurn++
    this.#out.set(id, { host, waiting })
    this.#remind(host)
    const { request } = waiting
    const origin = request.kind === 'robots' ? request.origin : originOf(request.url)
    return { id, host: host.name, request, pace: host.pace, robots: this.#robots.get(origin) }
  }
}
