/**
 * Visits to hosts: the one place where requests leave, and where what came back sets the host's pace (I1, I3).
 */
import { hostOf, originOf } from './canonical-url.ts'
import type { Clock } from './clock.ts'
import type { Requested } from './events.ts'
import type { Fetcher } from './fetcher/fetcher.ts'
import type { FetchLimits } from './fetcher/outcome-of.ts'
import type { Turn } from './frontier/frontier.ts'
import { type HostPace, type RobotsRecord, unvisited } from './host.ts'
import type { Options } from './options.ts'
import type { FailReason, Outcome, Timing } from './outcome.ts'
import type { Aside, Crowds } from './politeness/crowds.ts'
import { delayOf, paceAfter, type Visit } from './politeness/host-pace.ts'
import { parseRetryAfter } from './politeness/retry-after.ts'
import type { Throttle } from './politeness/throttle.ts'
import { registrableDomain } from './registrable-domain.ts'
import type { Sending } from './request.ts'
import type { SentRequest } from './sent-request.ts'
import { again, type Spent } from './spent.ts'

interface HostVisitsParts {
  readonly options: Pick<Options, 'delayMs' | 'maxRetryAfterMs' | 'maxCrawlDelayMs'>
  readonly fetcher: Fetcher
  readonly throttle: Throttle
  readonly crowds: Crowds
  readonly clock: Clock
  readonly random: () => number
  /** When this run of the crawl began. */
  readonly startedAt: number
}

/** A visit's place at work, as the walk has it. */
export interface Place {
  /** Resolves when there is room for the visit. */
  begin(): Promise<void>
  /** Waits without keeping others from work. */
  readonly aside: Aside
  /** Visits that wait are not to begin any more. */
  isOver(): boolean
}

/** A host whose neighbours leave it no room is looked at again after this. */
const crowdedMs = 1_000

/** What turns that are out have learnt of their host: with several of them, the last one taken knows the least. */
interface Visited {
  turns: number
  pace: HostPace | undefined
  /** By origin. */
  readonly robots: Map<string, RobotsRecord>
}

/** A request that may be made. */
export interface Errand {
  readonly purpose: SentRequest['purpose']
  readonly url: string
  /** Left out for a plain GET. */
  readonly sending?: Sending | undefined
  readonly limits: FetchLimits
  /** What of robots.txt lets it pass. */
  readonly rule: string
  readonly rulesVersion: string | undefined
}

/** One that was made. */
export interface Made extends Errand {
  readonly outcome: Outcome
  /** The host's pace when it was sent. */
  readonly before: HostPace
}

export class HostVisits {
  readonly #parts: HostVisitsParts
  /** Hosts that have turns out. */
  readonly #visited = new Map<string, Visited>()
  /** To be called when a turn's request is over. */
  readonly #leave = new Map<Turn, () => void>()

  constructor(parts: HostVisitsParts) {
    this.#parts = parts
  }

  /** Keeps what is learnt of the host while `visit` spends the turn and settles it; begins when there is room for it. */
  async during(turn: Turn, place: Place, visit: () => Promise<void>): Promise<void> {
    const visited = this.#visited.get(turn.host) ?? { turns: 0, pace: turn.pace, robots: new Map() }
    this.#visited.set(turn.host, visited)
    visited.turns += 1
    try {
      await place.begin()
      await visit()
    } finally {
      this.#leaveCrowds(turn)
      visited.turns -= 1
      if (visited.turns === 0) this.#visited.delete(turn.host)
    }
  }

  /** What is known of the host's pace by now, from this turn and others. */
  latestPace(turn: Turn): HostPace | undefined {
    return this.#visited.get(turn.host)?.pace ?? turn.pace
  }

  /** What is known by now of the rules of the turn's origin. */
  latestRobots({ request, robots }: Turn): RobotsRecord | undefined {
    const origin = request.kind === 'robots' ? request.origin : originOf(request.url)
    return this.#visited.get(hostOf(origin))?.robots.get(origin) ?? robots
  }

  /** For the turns that are out and do not know of it. */
  learn(robots: RobotsRecord): void {
    this.#visited.get(hostOf(robots.origin))?.robots.set(robots.origin, robots)
  }

  /** Leaves the host alone until a time, whatever it would be visited for. */
  hold(turn: Turn, until: number, change: Partial<HostPace>): void {
    const pace = this.#paceNow(turn)
    this.#keep(turn, { ...pace, ...change, nextVisitAt: Math.max(until, pace.nextVisitAt) })
  }

  /** Spends no request: the host waits, and the request keeps its place. */
  wait(turn: Turn, forMs: number, change: Partial<HostPace>): Spent {
    this.hold(turn, this.#parts.clock.now() + forMs, change)
    return again(turn.request)
  }

  /** @param rule what of robots.txt lets it pass. */
  errandFor(turn: Turn, purpose: Errand['purpose'], limits: FetchLimits, rule: string | undefined): Errand {
    const robots = this.latestRobots(turn)
    const rulesVersion = robots?.kind === 'rules' ? robots.version : undefined
    const { request } = turn
    const sending = request.kind === 'page' ? request.sending : undefined
    return { purpose, url: request.url, sending, limits, rule: rule ?? 'no rule', rulesVersion }
  }

  /** Waits until the host's neighbours leave room for a request; `false` if too many wait already: then the host waits, too. */
  async enter(turn: Turn, { aside }: Place): Promise<boolean> {
    const addresses = await this.#addressesOf(turn.host, aside)
    const leave = await this.#parts.crowds.enter(addresses, registrableDomain(turn.host), aside)
    if (leave === undefined) this.hold(turn, this.#parts.clock.now() + crowdedMs, {})
    else this.#leave.set(turn, leave)
    return leave !== undefined
  }

  /** Whether there is room for the turn's request. */
  hasRoom(turn: Turn): boolean {
    return this.#leave.has(turn)
  }

  /**
   * Makes a request on a turn for which there is room, when the throttle lets it; `undefined` if another turn of the host has learnt meanwhile
   * that it is to be left alone. Then nothing was sent.
   * @param onSending is called right before it is sent.
   */
  async request(turn: Turn, errand: Errand, onSending?: () => void): Promise<Made | undefined> {
    const { throttle, fetcher, options, clock } = this.#parts
    const before = this.#paceNow(turn)
    // Counted before it is sent: of several turns out, none goes beyond the host's budget.
    if (errand.purpose === 'page') this.#keep(turn, { ...before, pages: before.pages + 1 })
    const outcome = await throttle.run(turn.host, Math.max(before.delayMs, options.delayMs), async () => {
      const { nextVisitAt = 0, asideUntil = 0 } = this.latestPace(turn) ?? {}
      if (Math.max(nextVisitAt, asideUntil) > clock.now()) return undefined
      onSending?.()
      return fetcher.fetch(errand.url, errand.limits, errand.sending)
    })
    this.#leaveCrowds(turn)
    if (outcome !== undefined) return { ...errand, outcome, before }
    const pace = this.latestPace(turn)
    if (errand.purpose === 'page' && pace !== undefined) this.#keep(turn, { ...pace, pages: pace.pages - 1 })
    return undefined
  }

  /** Sets the host's pace by what came back; gives what observers hear of the request, and what the ledger keeps of it. */
  paceAfter(turn: Turn, made: Made, robots: RobotsRecord | undefined): { event: Requested; sent: SentRequest } {
    const { options, random, startedAt } = this.#parts
    const { outcome, purpose, url, before } = made
    const { timing, bytes } = outcome
    const { sentAt, endedAt } = timing
    const status = 'status' in outcome ? outcome.status : undefined
    const retryAfterMs = retryAfterOf(outcome, status)
    const latest = this.latestPace(turn)
    const crawlDelayMs = this.crawlDelayOf(robots)
    const isRetry = turn.request.attempt > 0
    const next = paceAfter(
      latest,
      {
        timing: plausible(timing, made.limits),
        answer: answerOf(made, status),
        isRetry,
        isFile: made.limits.receiver !== undefined,
        retryAfterMs,
        crawlDelayMs,
      },
      { ...options, random },
    )
    const { sentAt: lastSentAt = 0, nextVisitAt = 0 } = latest ?? {}
    const pace: HostPace = {
      ...next,
      nextVisitAt: Math.max(next.nextVisitAt, nextVisitAt),
      sentAt: Math.max(sentAt, lastSentAt),
      bytes: next.bytes + bytes,
      visitedMs: next.visitedMs + (lastSentAt === 0 ? 0 : Math.max(0, sentAt - Math.max(lastSentAt, startedAt))),
    }
    this.#keep(turn, pace)
    const isFirst = lastSentAt === 0
    const { host, request } = turn
    const sent: SentRequest = {
      host,
      address: outcome.address,
      purpose,
      url,
      method: made.sending === undefined || made.sending.method === 'GET' ? undefined : made.sending.method,
      sentAt,
      endedAt,
      notBefore: before.nextVisitAt,
      gapMs: before.sentAt === 0 ? undefined : sentAt - before.sentAt,
      ...delayOf(before, options.delayMs),
      rule: made.rule,
      rulesVersion: made.rulesVersion,
      status,
      fault: 'reason' in outcome ? outcome.reason : undefined,
      bytes,
      retryAfterMs,
      neverLeft: outcome.neverLeft,
    }
    const event: Requested = {
      kind: 'requested',
      request,
      purpose,
      host,
      isFirst,
      url,
      status,
      isUnchanged: false,
      bytes,
      durationMs: endedAt - sentAt,
      pace,
    }
    return { event, sent }
  }

  /**
   * A Crawl-delay beyond the crawl's patience sets no pace: its origin gets no visit at all. Nor do rules of a recording: before anything is
   * sent, they are asked for.
   */
  crawlDelayOf(robots: RobotsRecord | undefined): number | undefined {
    const isSaid = robots?.kind === 'rules' && robots.isReplayed !== true
    const crawlDelayMs = isSaid ? robots.rules.crawlDelayMs : undefined
    return crawlDelayMs !== undefined && crawlDelayMs > this.#parts.options.maxCrawlDelayMs ? undefined : crawlDelayMs
  }

  /** A name server that dawdles keeps nobody else from work. */
  async #addressesOf(host: string, aside: Aside): Promise<readonly string[]> {
    const { fetcher } = this.#parts
    if (fetcher.knowsAddressesOf(host)) return fetcher.addressesOf(host)
    let addresses: readonly string[] = []
    const lookUp = async () => {
      addresses = await fetcher.addressesOf(host)
    }
    await aside(lookUp())
    return addresses
  }

  #paceNow(turn: Turn): HostPace {
    return this.latestPace(turn) ?? { ...unvisited, delayMs: this.#parts.options.delayMs }
  }

  #leaveCrowds(turn: Turn): void {
    this.#leave.get(turn)?.()
    this.#leave.delete(turn)
  }

  #keep(turn: Turn, pace: HostPace): void {
    const visited = this.#visited.get(turn.host)
    if (visited !== undefined) visited.pace = pace
  }
}

/** No answer takes longer than it may. Where the clock says so, it has run on while this machine slept, and the host need not rest for it. */
function plausible(timing: Timing, { totalTimeoutMs }: FetchLimits): Timing {
  const { sentAt, endedAt } = timing
  return totalTimeoutMs > 0 && endedAt - sentAt > totalTimeoutMs
    ? { ...timing, sentAt: endedAt - totalTimeoutMs }
    : timing
}

/** RFC 9110 section 10.2.3: with 503, 429 (RFC 6585 section 4) and redirects. An answer that is well has no reason to ask for it. */
function retryAfterOf(outcome: Outcome, status: number | undefined): number | undefined {
  if (status === undefined || status < 300) return undefined
  const { headers, timing } = outcome
  return parseRetryAfter(oneLine(headers['retry-after']), oneLine(headers.date), timing.endedAt)
}

function answerOf({ purpose, outcome }: Made, status: number | undefined): Visit['answer'] {
  if ('reason' in outcome && (outcome.reason === 'proxy' || outcome.reason === 'proxy_auth')) return 'unreached'
  if (outcome.kind === 'retry' || (status !== undefined && status >= 500)) return 'trouble'
  if (outcome.kind === 'failed' && isTrouble(outcome.reason)) return 'trouble'
  // A robots.txt that is refused allows everything (RFC 9309 section 2.3.1.3), and pages that the spider asks for are none.
  const isRefusal = outcome.kind === 'failed' && (status === 401 || status === 403)
  const isChallenge = oneLine(outcome.headers['cf-mitigated']) === 'challenge'
  return purpose !== 'robots' && (isRefusal || isChallenge) ? 'refusal' : 'good'
}

/** A failure for good that is the server's, whatever it is asked for. */
const isTrouble = (reason: FailReason) =>
  reason === 'protocol' || reason === 'headers_too_large' || reason.startsWith('tls_')

const oneLine = (value: string | readonly string[] | undefined) => (typeof value === 'string' ? value : value?.[0])
