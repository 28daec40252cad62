/**
 * robots.txt: may we? (RFC 9309)
 *
 * Pure functions between what was fetched, what is remembered of an origin (a `RobotsRecord`), and a verdict on a URL. Who fetches, and
 * when, is the walk's business: a robots.txt takes a turn of the host that it is asked of.
 *
 * robots-parser matches the paths. It is only ever given the one group that speaks to us, in canonical octets: it ends groups at lines it
 * does not know, judges by the User-Agent header's first word, and compares escapes as they are written.
 */
import module from 'robots-parser'
import { originOf } from '../canonical-url.ts'
import type { RobotsRecord, RobotsRules } from '../host.ts'
import type { Outcome } from '../outcome.ts'
import { canonicalPath, readRobotsFile } from './robots-file.ts'

// The types say `export default`, the package is CommonJS (fixed upstream after 3.0.1).
const robotsParser = module as unknown as typeof module.default

export type RobotsVerdict =
  | { readonly kind: 'allowed' }
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
}

/** RFC 9309 section 2.4: rules should not be used for longer. */
const freshForMs = 24 * 60 * 60 * 1000
const longestRetryMs = 60 * 60 * 1000
/** How long a redirected robots.txt may wait for another host's turn before it is asked for anew. */
const redirectPatienceMs = 10 * 60 * 1000

const matchers = new WeakMap<RobotsRules, ReturnType<typeof robotsParser>>()

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
  return judgeByRules(record.origin, record.rules, url)
}

function judgeByRules(origin: string, rules: RobotsRules, url: string): RobotsVerdict {
  const parsed = new URL(url)
  if (originOf(url) !== origin) throw new Error(`The rules of ${origin} say nothing of ${url}`)
  // RFC 9309 section 2.2.2: "The /robots.txt URI is implicitly allowed."
  if (rules.rules.length === 0 || parsed.pathname === '/robots.txt') return { kind: 'allowed' }
  let matcher = matchers.get(rules)
  if (matcher === undefined) {
    const group = rules.rules.map(({ allow, pattern }) => `${allow ? 'Allow' : 'Disallow'}: ${pattern}`)
    matcher = robotsParser(robotsUrlOf(origin), ['User-agent: *', ...group].join('\n'))
    matchers.set(rules, matcher)
  }
  const target = origin + canonicalPath(parsed)
  const isAllowed = matcher.isAllowed(target)
  if (isAllowed === undefined) throw new Error(`robots-parser has no answer for ${url}`)
  if (isAllowed) return { kind: 'allowed' }
  const rule = rules.rules[matcher.getMatchingLineNumber(target) - 2]
  return { kind: 'disallowed', line: rule?.line ?? 0, rule: `Disallow: ${rule?.pattern ?? ''}` }
}

/** An origin whose robots.txt will not be read: nothing of it is visited. */
export function giveUpOn(origin: string, note: string, now: number): RobotsRecord {
  return { kind: 'unreachable', origin, note, attempts: 1, retryAt: undefined, expiresAt: now + freshForMs }
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
  const failures = before === undefined || before.kind === 'rules' ? 0 : before.attempts
  const expiresAt = now + freshForMs
  const allowAll = (note: string): RobotsRecord => {
    return { kind: 'rules', origin, rules: { rules: [], crawlDelayMs: undefined, sitemaps: [] }, note, expiresAt }
  }
  switch (outcome.kind) {
    case 'page': {
      const rules = readRobotsFile(outcome.body, url, options.productToken)
      return { kind: 'rules', origin, rules, note: `${outcome.status}`, expiresAt }
    }
    case 'redirect':
      // Section 2.3.1.2: more than five redirects may be taken as unavailable.
      if (hops >= options.maxRobotsRedirects) return allowAll('too many redirects')
      return { kind: 'redirected', origin, attempts: failures, expiresAt: now + redirectPatienceMs }
    case 'retry':
    case 'failed': {
      // Section 2.3.1.3: 4xx is "unavailable", and allows. 429 is Google's exception: it asks for patience.
      const { status } = outcome
      if (status !== undefined && status >= 400 && status < 500 && status !== 429) return allowAll(`${status}`)
      const attempts = failures + 1
      const waitMs = Math.min(options.robotsRetryMs * 2 ** (attempts - 1), longestRetryMs)
      const retryAt = attempts >= options.maxRobotsAttempts ? undefined : now + waitMs
      return { kind: 'unreachable', origin, note: outcome.message, attempts, retryAt, expiresAt }
    }
    default:
      return outcome satisfies never
  }
}
