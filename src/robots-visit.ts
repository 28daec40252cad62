/**
 * A turn that is spent on a robots.txt, or on a hop of its redirects; and what its rules say of a request, asked right before it is sent.
 */
import { hostOf, originOf } from './canonical-url.ts'
import type { Clock } from './clock.ts'
import type { Errands } from './errands.ts'
import type { CrawlEvent } from './events.ts'
import type { FetchLimits } from './fetcher/outcome-of.ts'
import type { Turn } from './frontier/frontier.ts'
import type { RobotsCopy, RobotsRecord } from './host.ts'
import type { Errand, HostVisits } from './host-visits.ts'
import type { Options } from './options.ts'
import {
  conditionalHeaders,
  judge,
  longestRetryMs,
  type RobotsOptions,
  type RobotsVerdict,
  recordOf,
  robotsUrlOf,
} from './politeness/robots.ts'
import { maxRobotsBytes } from './politeness/robots-file.ts'
import type { CrawlRequest } from './request.ts'
import { again, defer, type Spent } from './spent.ts'

/** A robots.txt that waits for another host's turn is looked for again after this, or the host's delay if that is longer. */
const robotsPollMs = 100

/** Before anything else of the host. */
const robotsPriority = Number.MAX_SAFE_INTEGER

/** RFC 9309 section 2.3.1.2: at least five. */
const maxRobotsRedirects = 5

export class RobotsVisits {
  readonly #hosts: HostVisits
  readonly #errands: Errands
  readonly #clock: Clock
  readonly #options: Options
  readonly #robotsOptions: RobotsOptions
  readonly #limits: FetchLimits
  readonly #lawless: ReadonlySet<string>
  /** Origins whose robots.txt is being fetched: one at a time is enough. */
  readonly #inFlight = new Set<string>()

  constructor(hosts: HostVisits, errands: Errands, options: Options, clock: Clock) {
    this.#hosts = hosts
    this.#errands = errands
    this.#clock = clock
    this.#options = options
    this.#robotsOptions = { ...options, maxRobotsRedirects }
    this.#limits = {
      maxBodyBytes: maxRobotsBytes + 1,
      totalTimeoutMs: options.robotsTimeoutMs,
      truncate: true,
      remedies: { total_timeout: 'raise robotsTimeoutMs' },
    }
    this.#lawless = new Set(options.ignoreRobotsOf.map((host) => hostOf(`http://${host}/`)))
  }

  /** Asked right before a request is sent: the rules may have been renewed since its URL was found. */
  judge(turn: Turn): RobotsVerdict {
    const verdict = judge(this.#hosts.latestRobots(turn), turn.request.url, this.#clock.now(), this.#robotsOptions)
    const isNo =
      verdict.kind === 'disallowed' || verdict.kind === 'unreachable' || verdict.kind === 'crawl_delay_too_long'
    return isNo && this.#lawless.has(turn.host) ? { kind: 'allowed', rule: 'ignored: ignoreRobotsOf' } : verdict
  }

  /** Spends a turn on the robots.txt of the request's origin. */
  async learnOf(turn: Turn): Promise<Spent | undefined> {
    const known = this.#hosts.latestRobots(turn)
    const now = this.#clock.now()
    if (isRecordedOnly(known) && known.expiresAt > now) return notRecorded(turn, 'its site cannot be asked', now)
    const origin = originOf(turn.request.url)
    return this.learn(turn, origin, robotsUrlOf(origin))
  }

  /** Spends a turn on a robots.txt, or on a hop of its redirects; `undefined` if it must be asked for, and there is no room for it yet. */
  async learn(turn: Turn, origin: string, url: string): Promise<Spent | undefined> {
    const { request } = turn
    const before = this.#hosts.latestRobots(turn)
    const errand: Errand = {
      purpose: 'robots',
      url,
      limits: { ...this.#limits, headers: conditionalHeaders(before, url) },
      rule: 'RFC 9309 section 2.2.2: /robots.txt is allowed',
      rulesVersion: undefined,
    }
    const recorded = this.#mustBeAsked(turn, before) ? undefined : (await this.#errands.recall(errand)).outcome
    // Another turn may have learnt them meanwhile.
    if (this.#hosts.latestRobots(turn) !== before) return again(request)
    if (recorded === undefined && !this.#hosts.hasRoom(turn)) return undefined
    if (this.#inFlight.has(origin)) return this.wait(turn)
    this.#inFlight.add(origin)
    const release = () => void this.#inFlight.delete(origin)
    const made = recorded === undefined ? await this.#hosts.request(turn, errand) : undefined
    const outcome = recorded ?? made?.outcome
    if (outcome === undefined) return { ...this.#hosts.wait(turn, 0, {}), release }
    const hops = request.kind === 'robots' ? request.redirects.length : 0
    const asked = made === undefined ? before : asRead(before)
    const record = recordOf(origin, url, outcome, hops, asked, this.#robotsOptions)
    const robots = made === undefined ? replayed(record) : heldFor(before, record)
    this.#hosts.learn(robots)
    // At another host, where a redirect led, this origin's Crawl-delay says nothing.
    const ofHost = request.kind === 'robots' ? undefined : robots
    const { event, sent } = made === undefined ? nothingSent : this.#hosts.paceAfter(turn, made, ofHost)
    if (made !== undefined) await this.#errands.keep(errand, made)
    const events: CrawlEvent[] = [...(event === undefined ? [] : [event]), { kind: 'robots', origin, record: robots }]

    if (request.kind !== 'robots' && made !== undefined && isRecordedOnly(robots)) {
      const why = 'message' in outcome ? outcome.message : 'its robots.txt cannot be read'
      const spent = notRecorded(turn, why, this.#clock.now())
      return { settlement: { ...spent.settlement, robots, sent }, events: [...events, ...spent.events], release }
    }
    // The guard's word on the host is also its word on the request, which comes again to hear it.
    const isBlocked = outcome.kind === 'failed' && outcome.reason === 'address_blocked'
    const isAsked = request.kind !== 'robots' && !isBlocked
    if (isAsked && robots.kind === 'unreachable' && !this.#lawless.has(turn.host)) {
      const spent = this.waitToAskAgain(turn, robots.retryAt, robots.note)
      return { settlement: { ...spent.settlement, robots, sent }, events: [...events, ...spent.events], release }
    }
    const redirects = request.kind === 'robots' ? [...request.redirects, url] : [url]
    const hop = robots.kind === 'redirected' && outcome.kind === 'redirect' ? outcome.target : undefined
    const follows: CrawlRequest[] =
      hop === undefined ? [] : [{ kind: 'robots', origin, url: hop, priority: robotsPriority, attempt: 0, redirects }]
    if (request.kind === 'robots') {
      return { settlement: { kind: 'ended', end: undefined, items: [], robots, follows, sent }, events, release }
    }
    return { settlement: { kind: 'again', request, notBefore: 0, robots, follows, sent }, events, release }
  }

  /** Whether a recording does not do: a request is to be sent, by the rules that it has or behind a redirect that was asked for. */
  #mustBeAsked({ request }: Turn, before: RobotsRecord | undefined): boolean {
    if (request.kind === 'robots') return !isReplayed(before)
    return isReplayed(before) && (before?.expiresAt ?? 0) > this.#clock.now()
  }

  /** The rules could not be read. */
  waitToAskAgain(turn: Turn, retryAt: number | undefined, note: string): Spent {
    const now = this.#clock.now()
    // A host that is aside, for its Retry-After is too long, says so itself on its next turn.
    if ((this.#hosts.latestPace(turn)?.asideUntil ?? 0) > now) return again(turn.request)
    // What another host asked for, where a redirect led, is not waited for either.
    const patienceMs = Math.max(this.#options.maxRetryAfterMs, longestRetryMs)
    if (retryAt === undefined || retryAt - now > patienceMs) return defer(turn, 'robots_unreachable', note, now)
    return this.#hosts.wait(turn, retryAt - now, { waitsFor: 'robots.txt' })
  }

  /** Rules are on their way: the host, and not each request of its line, is looked at again after a while. */
  wait(turn: Turn): Spent {
    const delayMs = turn.pace?.delayMs ?? this.#options.delayMs
    return this.#hosts.wait(turn, Math.max(robotsPollMs, delayMs), { waitsFor: 'robots.txt' })
  }
}

const nothingSent = { event: undefined, sent: undefined }

/** Rules that nobody was asked for, for they were recorded. */
export const isReplayed = (robots: RobotsRecord | undefined) =>
  robots !== undefined && robots.kind !== 'unreachable' && robots.isReplayed === true

/** Rules of a recording whose site could not be asked for them. */
const isRecordedOnly = (robots: RobotsRecord | undefined): robots is RobotsCopy =>
  robots?.kind === 'rules' && robots.isReplayed === true && robots.failures > 0

const notRecorded = (turn: Turn, why: string, now: number) =>
  defer(turn, 'robots_unreachable', `${turn.request.url} is not in the recording, and ${why}`, now)

/** Where the site cannot be asked, what was recorded of it holds on for what was recorded. */
function heldFor(before: RobotsRecord | undefined, record: RobotsRecord): RobotsRecord {
  if (before?.kind !== 'rules' || before.isReplayed !== true) return record
  if (record.kind === 'rules') return record.failures > 0 ? replayed(record) : record
  if (record.kind !== 'unreachable') return record
  return { ...before, failures: record.attempts, expiresAt: record.retryAt ?? record.expiresAt }
}

/** As if it had been read: what the site says of it now is news. */
function asRead(record: RobotsRecord | undefined): RobotsRecord | undefined {
  if (record === undefined || record.kind === 'unreachable') return record
  const { isReplayed: _, ...read } = record
  return read
}

const replayed = (record: RobotsRecord): RobotsRecord =>
  record.kind === 'unreachable' ? record : { ...record, isReplayed: true }
