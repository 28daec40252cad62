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
    | 'delayMs'
  /** Of the ledger's row. */
  readonly id: number
  /** One sentence. */
  readonly message: string
}

/** What was found of a host. */
export interface HostAudit {
  readonly host: string
  readonly requests: number
  /** The least time between two sendings, of those that are not allowed at once; `undefined` where there was one request. */
  readonly leastGapMs: number | undefined
  /** The gap that was promised there, and who asked for it. */
  readonly promisedGapMs: number | undefined
  readonly delayFrom: SentRequest['delayFrom'] | undefined
  readonly mostAtOnce: number
  readonly isRobotsFirst: boolean
  readonly disallowed: number
  /** Requests that robots.txt disallows, to a host whose robots.txt was to be ignored. */
  readonly ignored: number
  /** Answers with a Retry-After. */
  readonly retryAfters: number
  /** Those after which no request was sent too soon. */
  readonly retryAftersKept: number
  readonly bytes: number
  /** How often a promise was broken. */
  readonly broken: number
  /** The first of those, `maxTold` at most. */
  readonly breaches: readonly Breach[]
}

/** What the options promised when a request was sent. */
export interface Promised {
  readonly delayMs: number
  readonly perHostConcurrency: number
  readonly perAddressConcurrency: number
  readonly maxCrawlDelayMs: number
  /** Canonical host names. */
  readonly ignoreRobotsOf: ReadonlySet<string>
}

export interface AuditOptions {
  /** In force for a row of the ledger. */
  readonly promisedFor: (id: number) => Promised
  /** `undefined` also for rules that are not what was read. */
  readonly rulesOf: (origin: string, version: string) => RobotsRecord | undefined
}

/** Breaches of a host that are kept. */
export const maxTold = 20

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
export function* auditAddresses(rows: Iterable<Row>, { promisedFor }: AuditOptions): Generator<Breach> {
  let open: number[] = []
  let address: string | undefined
  for (const { id, sent } of rows) {
    if (sent.address === undefined) continue
    if (sent.address !== address) open = []
    address = sent.address
    open = open.filter((endedAt) => endedAt > sent.sentAt + roundingMs)
    open.push(sent.endedAt)
    const { perAddressConcurrency } = promisedFor(id)
    if (open.length <= perAddressConcurrency) continue
    const message = `${open.length} requests at once to the address ${address} (${perAddressConcurrency} promised): ${urlOf(sent)}`
    yield { promise: 'at once', id, message }
  }
}

class HostAuditor {
  readonly host: string
  readonly #options: AuditOptions
  readonly #breaches: Breach[] = []
  #broken = 0
  readonly #originsRead = new Set<string>()
  #open: number[] = []
  #last: SentRequest | undefined
  #requests = 0
  #least: { readonly gapMs: number; readonly sent: SentRequest } | undefined
  #mostAtOnce = 0
  #disallowed = 0
  #ignored = 0
  #retryAfters = 0
  #retryAftersBroken = 0
  /** Retry-Afters that are not over: known from the end of the answer on. */
  #quiet: { readonly from: number; readonly until: number; isBroken: boolean }[] = []
  #bytes = 0
  #isRobotsFirst = true

  constructor(host: string, options: AuditOptions) {
    this.host = host
    this.#options = options
  }

  get audit(): HostAudit {
    const { gapMs, sent } = this.#least ?? {}
    return {
      host: this.host,
      requests: this.#requests,
      leastGapMs: gapMs,
      promisedGapMs: sent?.delayMs,
      delayFrom: sent?.delayFrom,
      mostAtOnce: this.#mostAtOnce,
      isRobotsFirst: this.#isRobotsFirst,
      disallowed: this.#disallowed,
      ignored: this.#ignored,
      retryAfters: this.#retryAfters,
      retryAftersKept: this.#retryAfters - this.#retryAftersBroken,
      bytes: this.#bytes,
      broken: this.#broken,
      breaches: this.#breaches,
    }
  }

  look({ id, sent }: Row): void {
    const tell = (promise: Breach['promise'], message: string) => {
      this.#broken += 1
      if (this.#breaches.length < maxTold)
        this.#breaches.push({ promise, id, message: `${message}: ${sent.purpose} ${urlOf(sent)}` })
    }
    const promised = this.#options.promisedFor(id)
    this.#requests += 1
    this.#bytes += sent.bytes
    this.#lookAtTime(sent, promised, tell)
    this.#lookAtRetryAfter(sent, tell)
    this.#lookAtRules(sent, promised, tell)
    this.#last = sent
  }

  #lookAtTime(sent: SentRequest, { delayMs, perHostConcurrency }: Promised, tell: Tell): void {
    this.#open = this.#open.filter((endedAt) => endedAt > sent.sentAt + roundingMs)
    const overlaps = this.#open.length > 0
    this.#open.push(sent.endedAt)
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#open.length)
    if (this.#open.length > perHostConcurrency)
      tell('at once', `${this.#open.length} requests at once to ${sent.host} (${perHostConcurrency} promised)`)
    if (sent.sentAt < sent.notBefore - roundingMs)
      tell('next time', `Sent ${ms(sent.notBefore - sent.sentAt)} before the host's next time`)
    if (sent.delayMs < delayMs)
      tell('delayMs', `A gap of ${ms(sent.delayMs)} was promised where the crawl's own is ${ms(delayMs)}`)
    if (this.#last === undefined) return
    // Where several requests of a host may be out, the gap is one between our turns: how long a connection takes to open is not in it.
    const gapMs = sent.sentAt - this.#last.sentAt
    // Nor where the last request was still out when this one's turn came, though it ended before this one was sent: the row's gap is then
    // one to a request before.
    const wereOutTogether = overlaps || sent.gapMs === undefined || Math.abs(sent.gapMs - gapMs) > roundingMs
    if (wereOutTogether && perHostConcurrency > 1) {
      if (sent.gapMs !== undefined && sent.gapMs < sent.delayMs - roundingMs)
        tell('gap', `A gap of ${ms(sent.gapMs)} to the last answer's request, where ${ms(sent.delayMs)} were promised`)
      return
    }
    if (this.#least === undefined || gapMs < this.#least.gapMs) this.#least = { gapMs, sent }
    if (gapMs < sent.delayMs - roundingMs) tell('gap', `A gap of ${ms(gapMs)} where ${ms(sent.delayMs)} were promised`)
  }

  /** A request that was out already when the answer came could not know of it. */
  #lookAtRetryAfter(sent: SentRequest, tell: Tell): void {
    this.#quiet = this.#quiet.filter(({ until }) => until > sent.sentAt + roundingMs)
    const broken = this.#quiet.filter(({ from }) => from <= sent.sentAt)
    for (const quiet of broken) {
      if (!quiet.isBroken) this.#retryAftersBroken += 1
      quiet.isBroken = true
    }
    const until = Math.max(...broken.map((quiet) => quiet.until))
    if (broken.length > 0) tell('Retry-After', `Sent ${ms(until - sent.sentAt)} before the Retry-After was over`)
    if (sent.retryAfterMs === undefined) return
    this.#retryAfters += 1
    this.#quiet.push({ from: sent.endedAt, until: sent.endedAt + sent.retryAfterMs, isBroken: false })
  }

  #lookAtRules(sent: SentRequest, { maxCrawlDelayMs, ignoreRobotsOf }: Promised, tell: Tell): void {
    if (!URL.canParse(sent.url)) {
      tell('ledger', 'This is no URL')
      return
    }
    const origin = originOf(sent.url)
    if (sent.purpose === 'robots') {
      if (sent.url === robotsUrlOf(origin)) this.#originsRead.add(origin)
      return
    }
    if (!this.#originsRead.has(origin)) {
      this.#isRobotsFirst = false
      tell('robots first', `${robotsUrlOf(origin)} had not been asked for`)
    }
    const isIgnored = ignoreRobotsOf.has(sent.host)
    const { rulesVersion } = sent
    const record = rulesVersion === undefined ? undefined : this.#options.rulesOf(origin, rulesVersion)
    if (record?.kind !== 'rules') {
      // Its robots.txt could not be read, perhaps.
      if (isIgnored && rulesVersion === undefined) this.#ignored += 1
      else tell('ledger', `The rules of ${origin} that it was judged by are missing, or are not what was read`)
      return
    }
    const { crawlDelayMs = 0 } = record.rules
    const rule = decidingRule(record.rules, sent.url)
    const isTooLong = crawlDelayMs > maxCrawlDelayMs
    if (isIgnored && (rule?.allow === false || isTooLong)) this.#ignored += 1
    else if (rule?.allow === false) {
      this.#disallowed += 1
      tell('disallowed', `Line ${rule.line} of robots.txt says ${ruleText(rule)}`)
    } else if (isTooLong)
      tell(
        'Crawl-delay',
        `robots.txt asks for gaps of ${ms(crawlDelayMs)}, and maxCrawlDelayMs is ${ms(maxCrawlDelayMs)}`,
      )
    if (!isTooLong && sent.delayMs < crawlDelayMs)
      tell('Crawl-delay', `A gap of ${ms(sent.delayMs)} was promised where robots.txt asks for ${ms(crawlDelayMs)}`)
  }
}

type Tell = (promise: Breach['promise'], message: string) => void

const urlOf = ({ method, url }: SentRequest) => (method === undefined ? url : `${method} ${url}`)

const ms = (value: number) => `${Math.round(value)} ms`
