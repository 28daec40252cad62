/**
 * robots.txt: may we? (RFC 9309)
 *
 * Pure functions between what was fetched, what is remembered of an origin (a `RobotsRecord`), and a verdict on a URL. Who fetches, and
 * when, is the walk's business: a robots.txt takes a turn of the host that it is asked of.
 * robots-file.ts reads the file, robots-matcher.ts finds the rule that decides.
 */
import { createHash } from 'node:crypto'
import { originOf } from '../canonical-url.ts'
import type { RobotsCopy, RobotsRecord, RobotsRules } from '../host.ts'
import type { Headers, Outcome } from '../outcome.ts'
import { parseRetryAfter } from './retry-after.ts'
import { readRobotsFile } from './robots-file.ts'
import { freshForMs, freshnessOf, validatorsOf } from './robots-freshness.ts'
import { decidingRule, ruleText } from './robots-matcher.ts'

export type RobotsVerdict =
  /** By the rule of that line, or by none. */
  | { readonly kind: 'allowed'; readonly line?: number; readonly rule?: string }
  | { readonly kind: 'disallowed'; readonly line: number; readonly rule: string }
  /** Nothing fresh is known: the rules must be fetched first. */
  | { readonly kind: 'unknown' }
  /** A redirect of the robots.txt is waiting for its turn at another host. */
  | { readonly kind: 'pending' }
  /** The host asks for longer gaps than the crawl has patience for. It is not asked at all, rather than sooner than it wishes. */
  | { readonly kind: 'crawl_delay_too_long'; readonly crawlDelayMs: number }
  | { readonly kind: 'unreachable'; readonly retryAt: number | undefined; readonly note: string }

export interface RobotsOptions {
  readonly productToken: string
  /** The wait after the first failure to get a robots.txt; doubles, up to an hour. */
  readonly robotsRetryMs: number
  /** Failures in a row after which an origin is given up. */
  readonly maxRobotsAttempts: number
  readonly maxRobotsRedirects: number
  readonly maxCrawlDelayMs: number
  /** 401 and 403 disallow everything, instead of allowing it. */
  readonly strictRobots: boolean
}

/** RFC 9309 section 2.3.1.4: after "a reasonably long period of time (for example, 30 days)" a copy is no longer what the site wants. */
const longestHoldMs = 30 * 24 * 60 * 60 * 1000
/** The longest wait of our own before a robots.txt is asked for again. */
export const longestRetryMs = 60 * 60 * 1000
/**
 * How long a redirected robots.txt may wait for another host's turn. That turn is in a line, and brings a record whatever comes of it: asked for
 * anew, the same hop would stand there twice.
 */
const redirectPatienceMs = freshForMs

export const robotsUrlOf = (origin: string) => `${origin}/robots.txt`

/** Whether the rules allow a (canonical) URL now. */
export function judge(
  record: RobotsRecord | undefined,
  url: string,
  now: number,
  options: RobotsOptions,
): RobotsVerdict {
  if (record === undefined || record.expiresAt <= now) return { kind: 'unknown' }
  if (record.kind === 'redirected') return { kind: 'pending' }
  if (record.kind === 'unreachable') {
    if (record.retryAt !== undefined && record.retryAt <= now) return { kind: 'unknown' }
    return { kind: 'unreachable', retryAt: record.retryAt, note: record.note }
  }
  const { crawlDelayMs } = record.rules
  if (crawlDelayMs !== undefined && crawlDelayMs > options.maxCrawlDelayMs)
    return { kind: 'crawl_delay_too_long', crawlDelayMs }
  if (originOf(url) !== record.origin) throw new RangeError(`The rules of ${record.origin} say nothing of ${url}`)
  // Judged and not recorded, so that a crawl that is resumed with another mind finds the same record.
  if (options.strictRobots && /^40[13]$/.test(record.note) && new URL(url).pathname !== '/robots.txt')
    return { kind: 'disallowed', line: 0, rule: `Disallow: / (robots.txt answered ${record.note}, strictRobots)` }
  const rule = decidingRule(record.rules, url)
  if (rule === undefined) return { kind: 'allowed' }
  return { kind: rule.allow ? 'allowed' : 'disallowed', line: rule.line, rule: short(ruleText(rule)) }
}

/** It is written down with every request; a site can make its rules as long as it likes. */
const short = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text)

/** An origin whose robots.txt will not be read: nothing of it is visited. */
export function giveUpOn(origin: string, note: string, now: number): RobotsRecord {
  return { kind: 'unreachable', origin, note, attempts: 1, retryAt: undefined, expiresAt: now + freshForMs }
}

/** The headers with which a robots.txt is asked for that is known already (RFC 9110 section 13.1). */
export function conditionalHeaders(
  record: RobotsRecord | undefined,
  url: string,
): { 'if-none-match'?: string; 'if-modified-since'?: string } {
  const validators = copyIn(record)?.validators
  if (validators?.url !== url) return {}
  const { etag, lastModified } = validators
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  }
}

/** What the answer to a robots.txt request means for its origin. A redirect comes back as `redirected`: follow it with a turn. */
export function recordOf(
  origin: string,
  url: string,
  outcome: Outcome,
  hops: number,
  before: RobotsRecord | undefined,
  options: RobotsOptions,
): RobotsRecord {
  const now = outcome.timing.endedAt
  const last = copyIn(before)
  const { headers } = outcome
  switch (outcome.kind) {
    case 'page':
      return {
        ...copyOf(origin, readRobotsFile(outcome.body, url, options.productToken), `${outcome.status}`, now, headers),
        validators: validatorsOf(url, headers),
      }
    case 'redirect': {
      // Section 2.3.1.2: more than five redirects may be taken as unavailable.
      if (hops >= options.maxRobotsRedirects) return copyOf(origin, noRules, 'too many redirects', now, headers)
      const attempts = failuresOf(before)
      const expiresAt = now + redirectPatienceMs
      return { kind: 'redirected', origin, attempts, expiresAt, ...(last === undefined ? {} : { last }) }
    }
    case 'unchanged':
    case 'retry':
    case 'failed': {
      const { status } = outcome
      if (outcome.kind === 'unchanged' && last !== undefined) return renewed(last, url, now, headers)
      // Section 2.3.1.3: 4xx is "unavailable", and allows. 429 is Google's exception: it asks for patience.
      if (status !== undefined && status >= 400 && status < 500 && status !== 429)
        return copyOf(origin, noRules, `${status}`, now, headers)
      const failures = failuresOf(before) + 1
      if (last !== undefined && mayHold(last, now)) return held(last, failures, now, options)
      // It will be the same when it is asked again, in an hour as in a minute: an address, a certificate, the password of a proxy.
      if (outcome.kind === 'failed' && /^(?:address_blocked|tls_.*|proxy_auth)$/.test(outcome.reason))
        return giveUpOn(origin, outcome.message, now)
      const waitMs = Math.max(backOff(options.robotsRetryMs, failures), retryAfterOf(headers, now))
      const retryAt = failures >= options.maxRobotsAttempts ? undefined : now + waitMs
      const expiresAt = Math.max(now + freshForMs, retryAt ?? 0)
      return { kind: 'unreachable', origin, note: outcome.message, attempts: failures, retryAt, expiresAt }
    }
    default:
      return outcome satisfies never
  }
}

const noRules: RobotsRules = { rules: [], crawlDelayMs: undefined, sitemaps: [] }

function copyOf(origin: string, rules: RobotsRules, note: string, now: number, headers: Headers): RobotsCopy {
  const expiresAt = now + freshnessOf(headers)
  const version = versionOf(rules, note)
  return { kind: 'rules', origin, rules, note, expiresAt, fetchedAt: now, validators: undefined, version, failures: 0 }
}

/** Names what a copy says. */
export function versionOf({ rules, crawlDelayMs, sitemaps }: RobotsRules, note: string): string {
  const said = JSON.stringify([
    rules.map(({ allow, pattern, line }) => [allow, pattern, line]),
    crawlDelayMs,
    sitemaps,
    note,
  ])
  return createHash('sha1').update(said).digest('hex').slice(0, 16)
}

/** RFC 9111 section 4.3.4: a 304 says that the copy is still good, and may bring other headers. */
function renewed(last: RobotsCopy, url: string, now: number, headers: Headers): RobotsCopy {
  const known = last.validators?.url === url ? last.validators : undefined
  const validators = known === undefined ? last.validators : { ...known, ...validatorsOf(url, headers) }
  const version = last.version ?? versionOf(last.rules, last.note)
  return { ...last, expiresAt: now + freshnessOf(headers), fetchedAt: now, validators, version, failures: 0 }
}

/**
 * RFC 9309 section 2.4: a copy may be used for longer than 24 hours while the file is unreachable. Only a file that was there: that there
 * was none is no reason to visit a site that is in trouble.
 */
function mayHold(last: RobotsCopy, now: number): boolean {
  return /^2\d\d$/.test(last.note) && now < fetchedAtOf(last) + longestHoldMs
}

function held(last: RobotsCopy, failures: number, now: number, options: RobotsOptions): RobotsCopy {
  // Never at once again: a copy that is not fresh for a moment would be re-checked before each page, and no page visited.
  const waitMs = backOff(Math.max(options.robotsRetryMs, 1), failures)
  const fetchedAt = fetchedAtOf(last)
  const version = last.version ?? versionOf(last.rules, last.note)
  return { ...last, expiresAt: Math.min(now + waitMs, fetchedAt + longestHoldMs), fetchedAt, version, failures }
}

const backOff = (firstMs: number, failures: number) =>
  Math.min(firstMs * 2 ** Math.min(failures - 1, 40), longestRetryMs)

/** Beyond any use it is cut: not for the host's pace, which heeds it in full. */
function retryAfterOf(headers: Headers, now: number): number {
  const first = (name: string) => [headers[name]].flat()[0]
  return Math.min(parseRetryAfter(first('retry-after'), first('date'), now) ?? 0, longestHoldMs)
}

/** What was read last, also while a redirect is under way. */
function copyIn(record: RobotsRecord | undefined): RobotsCopy | undefined {
  return record?.kind === 'rules' ? record : record?.kind === 'redirected' ? record.last : undefined
}

function failuresOf(record: RobotsRecord | undefined): number {
  return record === undefined ? 0 : record.kind === 'rules' ? (record.failures ?? 0) : record.attempts
}

/** Copies of an earlier version were good for 24 hours, all of them. */
const fetchedAtOf = ({ fetchedAt, expiresAt }: RobotsCopy) => fetchedAt ?? expiresAt - freshForMs
