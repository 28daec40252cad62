/**
 * What may be kept of an answer, and for how long it may be used (RFC 9111), as a private cache sees it; the door to
 * http-cache-semantics.
 *
 * What the library is not trusted with: it knows directives in lower case only, and by one line; it takes `must-revalidate` for
 * `no-cache`; it keeps Vary's request headers in the clear; a 304 that repeats no validator leaves it without headers. So Cache-Control is
 * read here, the headers that Vary names are one digest, and 304s are merged here.
 *
 * Ours, for crawls of different users share a folder: what credentials have opened (credentials-sent.ts) is kept as section 3.5 asks of
 * shared caches, and used for the same credentials only, which it asks of nobody. Section 3.5 speaks of `Authorization`; here it holds for
 * other headers too, and for those a Vary that names them is leave enough (section 4.1). The jar's cookies say nothing of who may see a page,
 * since pages that are open to all are asked for with them: an answer is kept as by any private cache (section 3), for the same cookies, or
 * for any where it says that it is for all.
 */
import { hash } from 'node:crypto'
import CachePolicy from 'http-cache-semantics'
import type { Headers } from '../../outcome.ts'
import { type AskedWith, credentialsSent } from './credentials-sent.ts'
import type { KeptExchange } from './exchange-store.ts'
import { keptHeaders, linesOf } from './kept-headers.ts'

type RequestHeaders = Readonly<Record<string, string>>
type Directives = Record<string, string>

/** RFC 9111 section 4.2.2: a tenth of the time for which it had not changed when it was sent. */
const heuristicShare = 0.1
/** Ours: what nobody said is fresh is not believed in for longer. */
const longestHeuristicS = 24 * 60 * 60

/** Where the library takes its time from. */
class Policy extends CachePolicy {
  at = 0
  now(): number {
    return this.at
  }
}

/** Section 3: whether an answer may be kept at all; and whether that would be of any use. */
export function mayKeep(exchange: KeptExchange, asked: AskedWith, now: number): boolean {
  const credentials = credentialsSent(asked)
  if (credentials.length > 0 && !mayKeepOpened(exchange.headers, credentials)) return false
  const policy = policyOf(exchange, now)
  if ('no-store' in readDirectives(asked.headers['cache-control']) || !policy.storable()) return false
  return isFresh(exchange, {}, now) || Object.keys(conditionsOf(exchange)).length > 0
}

/** Section 3.5. */
function mayKeepOpened(answer: Headers, credentials: readonly string[]): boolean {
  const directives = directivesOf(answer)
  if ('public' in directives || 'must-revalidate' in directives || 's-maxage' in directives) return true
  const varying = varyingBy(answer)
  return credentials.every((name) => name !== 'authorization' && varying.includes(name))
}

/** Section 4.2: whether it may be used without asking. */
export function isFresh(exchange: KeptExchange, request: RequestHeaders, now: number): boolean {
  const policy = policyOf(exchange, now)
  const isGuess = !('max-age' in directivesOf(exchange.headers)) && exchange.headers.expires === undefined
  if (isGuess && policy.age() > longestHeuristicS) return false
  const asks = Object.entries(readDirectives(request['cache-control'])).map(([name, value]) => `${name}=${value}`)
  const { pragma } = request
  const headers = {
    ...(asks.length > 0 && { 'cache-control': asks.join(', ') }),
    ...(pragma !== undefined && { pragma }),
  }
  return policy.satisfiesWithoutRevalidation({ method: 'GET', headers })
}

/**
 * Section 4.3.1: what a page is asked for with that is kept already. Both validators, if there are both: who knows If-None-Match ignores
 * the other (RFC 9110 section 13.1.3).
 */
export function conditionsOf({ status, headers }: KeptExchange): Readonly<Record<string, string>> {
  // RFC 9110 section 13.2.1: other answers are given whatever the conditions.
  if (status < 200 || status > 299) return {}
  const [etag] = linesOf(headers.etag)
  const [lastModified] = linesOf(headers['last-modified'])
  return {
    ...(isValidator(etag) && { 'if-none-match': etag }),
    ...(isValidator(lastModified) && { 'if-modified-since': lastModified }),
  }
}

const maxValidatorChars = 1024
const isValidator = (text: string | undefined): text is string =>
  text !== undefined && text !== '' && text.length <= maxValidatorChars

/**
 * Section 4.3.4: the headers of an answer that a 304 was given for; `undefined` if it speaks of another. A 304 that names no version can only
 * speak of the one that it was asked about.
 */
export function renewedHeaders(kept: Headers, fresh: Headers): Headers | undefined {
  const differs = (name: string) => {
    const [[before], [after]] = [linesOf(kept[name]), linesOf(fresh[name])]
    return before !== undefined && after !== undefined && opaque(before) !== opaque(after)
  }
  const namesVersion = kept.etag !== undefined && fresh.etag !== undefined
  if (differs('etag') || (!namesVersion && differs('last-modified'))) return undefined
  // The age and date of the first answer say nothing of this one.
  const { age: _age, date: _date, ...before } = kept
  const { 'content-type': _type, 'content-range': _range, ...after } = keptHeaders(fresh)
  return { ...before, ...after }
}

/** RFC 9110 section 8.8.3.2: weak comparison. */
const opaque = (etag: string) => etag.trim().replace(/^W\//, '')

/**
 * Section 4.1: names those of the request's headers that the answer depends on; `undefined` for one that depends on more than that. It is a
 * digest, for there may be secrets among them. Credentials are always among them, whatever the server says, and cookies unless it says that
 * the answer is for all.
 */
export function variantOf(answer: Headers, asked: AskedWith): string | undefined {
  const varying = varyingBy(answer)
  if (varying.includes('*')) return undefined
  const cookies = isForAll(answer) ? [] : ['cookie']
  const names = new Set([...varying, ...cookies, 'authorization', ...credentialsSent(asked)])
  const selecting = [...names].toSorted().map((name) => [name, asked.headers[name] ?? null])
  return hash('sha256', JSON.stringify(selecting))
}

/** Sections 5.2.2.9 and 5.2.2.10. `must-revalidate` is said of many a page that is for one person. */
function isForAll(answer: Headers): boolean {
  const directives = directivesOf(answer)
  return ('public' in directives || 's-maxage' in directives) && !('private' in directives)
}

/** The names in Vary (RFC 9110 section 12.5.5), in lower case. */
function varyingBy({ vary }: Headers): readonly string[] {
  const names = linesOf(vary).join(',').toLowerCase().split(',')
  return names.map((name) => name.trim()).filter((name) => name !== '')
}

function policyOf({ status, headers, askedAt }: KeptExchange, now: number): Policy {
  // The library expects one line each. What Vary says is looked at by `variantOf`.
  const { vary: _, 'cache-control': __, ...rest } = headers
  const lines = Object.entries(rest).map(([name, value]) => [name, linesOf(value)[0] ?? ''] as const)
  const {
    'must-revalidate': ___,
    'stale-while-revalidate': ____,
    'stale-if-error': _____,
    ...rescc
  } = directivesOf(headers)
  const policy = Policy.fromObject({
    v: 1,
    // Section 4.2.3: the time that the answer took is part of its age.
    t: askedAt,
    sh: false,
    ch: heuristicShare,
    imm: 0,
    st: status,
    resh: Object.fromEntries(lines),
    rescc,
    m: 'GET',
    a: true,
    reqh: null,
    reqcc: {},
  }) as Policy
  policy.at = now
  return policy
}

function directivesOf(headers: Headers): Directives {
  const lines = linesOf(headers['cache-control'])
  // Section 5.4 gives it no meaning in an answer; who sends it means it.
  const isOld = lines.length === 0 && /\bno-cache\b/i.test(linesOf(headers.pragma).join(','))
  return isOld ? { 'no-cache': 'true' } : readDirectives(lines.join(','))
}

/** Section 5.2: `token`, `token=token` or `token="quoted"`, with commas between them. */
const directive = /([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~-]*)))?/g

function readDirectives(cacheControl = ''): Directives {
  const directives: Directives = {}
  for (const [, name = '', quoted, token] of cacheControl.matchAll(directive)) {
    const known = name.toLowerCase()
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token ?? 'true'
    directives[known] = known === 'max-age' ? leastAge(directives[known], value) : value
  }
  return directives
}

/** Section 4.2.1: what cannot be read is stale, and of several, the shortest is the safe one. */
function leastAge(before: string | undefined, value: string): string {
  const seconds = /^\d+$/.test(value) ? Number(value) : 0
  return `${Math.min(seconds, Number(before ?? seconds))}`
}
