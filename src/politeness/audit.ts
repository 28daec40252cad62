/**
 * Checks a ledger against the promises: reads what was sent and when, works everything out anew, and believes no verdict that is written
 * there. What a server's access log would show (gaps, requests at once, robots.txt first, what is disallowed) is looked at in that way, and
 * besides what it cannot show: that a row's promise was no less than what its host had asked for.
 *
 * Rows come in the order in which they were sent, those of one host together; nothing of more than one host is kept.
 */
import { originOf } from '../canonical-url.ts'
import type { RobotsRecord } from '../host.ts'
import type { SentRequest } from '../sent-request.ts'
import { robotsUrlOf } from './robots.ts'
import { decidingRule, ruleText } from './robots-matcher.ts'

/** One broken promise. */
export interface Breach {
  readonly promise:
    | 'ledger'
    | 'gap'
    | 'next time'
    | 'at once'
    | 'robots first'
    | 'disallowed'
    | 'Retry-After'
    | 'Crawl-delay'
  /** Of the ledger's row. */
  readonly id: number
  /** One sentence. */
  readonly message: string
}

/** What was found of a host. */
export interface HostAudit {
  readonly host: string
  readonly requests: number
  /** The least time between two sendings; `undefined` where there was one request. */
  readonly leastGapMs: number | undefined
  /** The gap that was promised there. */
  readonly promisedGapMs: number | undefined
  readonly delayFrom: SentRequest['delayFrom']
  readonly mostAtOnce: number
  readonly isRobotsFirst: boolean
  readonly disallowed: number
  /** Requests that robots.txt disallows, to a host whose robots.txt was to be ignored. */
  readonly ignored: number
  /** Answers with a Retry-After. */
  readonly retryAfters: number
  readonly bytes: number
  readonly breaches: readonly Breach[]
}

export interface AuditOptions {
  readonly perHostConcurrency: number
  readonly maxCrawlDelayMs: number
  readonly rulesOf: (origin: string, version: string) => RobotsRecord | undefined
}

interface Row {
  readonly id: number
  readonly sent: SentRequest
}

/** Times are sums of floating-point numbers. */
const roundingMs = 0.01

/** @param rows of one host after the other, in the order in which they were sent. */
export function* auditHosts(rows: Iterable<Row>, options: AuditOptions): Generator<HostAudit> {
  let current: HostAuditor | undefined
  for (const row of rows) {
    if (current?.host !== row.sent.host) {
      if (current !== undefined) yield current.audit
      current = new HostAuditor(row.sent.host, options)
    }
    current.look(row)
  }
  if (current !== undefined) yield current.audit
}

/** Whether more requests were open to one address than there may be. @param rows of one address after the other. */
export function* auditAddresses(rows: Iterable<Row>, perAddressConcurrency: number): Generator<Breach> {
  let open: number[] = []
  let address: string | undefined
  for (const { id, sent } of rows) {
    if (sent.address === undefined) continue
    if (sent.address !== address) open = []
    address = sent.address
    open = open.filter((endedAt) => endedAt > sent.sentAt + roundingMs)
    open.push(sent.endedAt)
    if (open.length <= perAddressConcurrency) continue
    yield { promise: 'at once', id, message: `${open.length} requests at once to the address ${address}: ${sent.url}` }
  }
}

class HostAuditor {
  readonly host: string
  readonly #options: AuditOptions
  readonly #breaches: Breach[] = []
  readonly #originsRead = new Set<string>()
  #open: number[] = []
  #last: SentRequest | undefined
  #requests = 0
  #tightest: { gapMs: number; sent: SentRequest } | undefined
  #leastGapMs: number | undefined
  #mostAtOnce = 0
  #disallowed = 0
  #ignored = 0
  #retryAfters = 0
  #quietUntil = 0
  #bytes = 0
  #isRobotsFirst = true

  constructor(host: string, options: AuditOptions) {
    this.host = host
    this.#options = options
  }

  get audit(): HostAudit {
    const promise = this.#tightest?.sent ?? this.#last
    return {
      host: this.host,
      requests: this.#requests,
      leastGapMs: this.#leastGapMs,
      promisedGapMs: this.#tightest?.sent.delayMs,
      delayFrom: promise?.delayFrom ?? 'delayMs',
      mostAtOnce: this.#mostAtOnce,
      isRobotsFirst: this.#isRobotsFirst,
      disallowed: this.#disallowed,
      ignored: this.#ignored,
      retryAfters: this.#retryAfters,
      bytes: this.#bytes,
      breaches: this.#breaches,
    }
  }

  look({ id, sent }: Row): void {
    const tell = (promise: Breach['promise'], message: string) =>
      void this.#breaches.push({ promise, id, message: `${message}: ${sent.purpose} ${sent.url}` })
    this.#requests += 1
    this.#bytes += sent.bytes
    this.#lookAtTime(sent, tell)
    this.#lookAtRules(sent, tell)
    if (sent.retryAfterMs !== undefined) {
      this.#retryAfters += 1
      this.#quietUntil = Math.max(this.#quietUntil, sent.endedAt + sent.retryAfterMs)
    }
    this.#last = sent
  }

  #lookAtTime(sent: SentRequest, tell: Tell): void {
    const { perHostConcurrency } = this.#options
    this.#open = this.#open.filter((endedAt) => endedAt > sent.sentAt + roundingMs)
    const overlaps = this.#open.length > 0
    this.#open.push(sent.endedAt)
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#open.length)
    if (this.#open.length > perHostConcurrency)
      tell('at once', `${this.#open.length} requests at once to ${sent.host} (${perHostConcurrency} were promised)`)
    if (sent.sentAt < this.#quietUntil - roundingMs)
      tell('Retry-After', `Sent ${ms(this.#quietUntil - sent.sentAt)} before the Retry-After was over`)
    if (sent.sentAt < sent.notBefore - roundingMs)
      tell('next time', `Sent ${ms(sent.notBefore - sent.sentAt)} before the host's next time`)
    if (this.#last === undefined) return
    const gapMs = sent.sentAt - this.#last.sentAt
    this.#leastGapMs = Math.min(this.#leastGapMs ?? gapMs, gapMs)
    // Where several requests of a host may be out, the gap is one between our turns: how long a connection takes to open is not in it.
    if (overlaps && perHostConcurrency > 1) return
    const spareMs = gapMs - sent.delayMs
    if (this.#tightest === undefined || spareMs < this.#tightest.gapMs - this.#tightest.sent.delayMs)
      this.#tightest = { gapMs, sent }
    if (spareMs < -roundingMs) tell('gap', `A gap of ${ms(gapMs)} where ${ms(sent.delayMs)} were promised`)
  }

  #lookAtRules(sent: SentRequest, tell: Tell): void {
    const origin = originOf(sent.url)
    if (sent.purpose === 'robots') {
      if (sent.url === robotsUrlOf(origin)) this.#originsRead.add(origin)
      return
    }
    if (!this.#originsRead.has(origin)) {
      this.#isRobotsFirst = false
      tell('robots first', `${robotsUrlOf(origin)} had not been asked for`)
    }
    const isIgnored = sent.rule.startsWith('ignored')
    const { maxCrawlDelayMs, rulesOf } = this.#options
    const record = sent.rulesVersion === undefined ? undefined : rulesOf(origin, sent.rulesVersion)
    if (record?.kind !== 'rules') {
      if (isIgnored) this.#ignored += 1
      else tell('disallowed', `No rules of ${origin} are kept that it was judged by`)
      return
    }
    const rule = decidingRule(record.rules, sent.url)
    if (rule?.allow === false && isIgnored) this.#ignored += 1
    else if (rule?.allow === false) {
      this.#disallowed += 1
      tell('disallowed', `Line ${rule.line} of robots.txt says ${ruleText(rule)}`)
    }
    const { crawlDelayMs = 0 } = record.rules
    if (crawlDelayMs <= maxCrawlDelayMs && sent.delayMs < crawlDelayMs)
      tell('Crawl-delay', `A gap of ${ms(sent.delayMs)} was promised where robots.txt asks for ${ms(crawlDelayMs)}`)
  }
}

type Tell = (promise: Breach['promise'], message: string) => void

const ms = (value: number) => `${Math.round(value)} ms`
