/** What an exchange came to, as an outcome: told by the status, by the fault, and by whether the body decodes. */
import { canonicalUrl } from '../canonical-url.ts'
import type { Outcome, StoredFile } from '../outcome.ts'
import { inShort, withoutUserinfo } from '../redact.ts'
import { decodeBody, decodeStart } from './body.ts'
import type { Answer, Exchange, ExchangeLimits } from './exchange.ts'
import { inWords, type Remedies } from './fault-words.ts'
import { FaultError, faultOf, type Progress } from './faults.ts'
import { isPassing, isPassingStatus } from './retry-policy.ts'

export interface FetchLimits extends ExchangeLimits {
  /** To be sent besides our own. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the jar's cookies go with it, and those that the answer sets into the jar. Default false. */
  readonly cookies?: boolean
  /** Statuses besides 2xx that make a page. */
  readonly acceptStatuses?: readonly number[]
  /** For messages. Default: the options that pages have. */
  readonly remedies?: Remedies
}

const redirectStatuses = new Set([301, 302, 303, 307, 308])

const conditions = ['if-none-match', 'if-modified-since']

/** An outcome without what is the same for all. */
type Result = Outcome extends infer Kind
  ? Kind extends Outcome
    ? Omit<Kind, 'timing' | 'bytes' | 'address' | 'neverLeft'>
    : never
  : never

/** @param what the request in words: method and URL. */
export async function outcomeOf(
  what: string,
  url: string,
  answer: Answer | Error,
  file: StoredFile | Error | undefined,
  { progress, leftMs }: Pick<Exchange, 'progress' | 'leftMs'>,
  limits: FetchLimits,
  sent: Readonly<Record<string, string | undefined>> = {},
): Promise<Result> {
  const failureOf = (error: unknown) => failure(what, url, error, progress, limits)
  if (answer instanceof Error) return { ...failureOf(answer), status: undefined, headers: {} }

  const { status, headers } = answer
  if (redirectStatuses.has(status)) {
    const locations = [headers.location ?? []].flat().map(fromOctets)
    const [location = ''] = locations
    const target = locations.length === 1 ? canonicalUrl(location, url) : undefined
    if (target !== undefined) return { kind: 'redirect', status, headers, target }
    const sent = locations.map((value) => `"${withoutUserinfo(value)}"`).join(' and ')
    const message = `${status} without a usable Location${sent === '' ? '' : ` (it is ${inShort(sent)})`}: ${what}`
    return { kind: 'failed', reason: 'redirect_without_target', status, headers, message }
  }
  if (!isPage(status, limits, sent)) {
    const message = `Status ${status}: ${what}`
    if (status === 304) return { kind: 'unchanged', status, headers, message }
    const kind = isPassingStatus(status) ? 'retry' : 'failed'
    return { kind, reason: `http_${status}`, status, headers, message }
  }
  if (limits.receiver !== undefined) {
    if (file instanceof Error) return { ...failureOf(file), status, headers }
    if (file !== undefined) return { kind: 'page', status, headers, body: new Uint8Array(), file }
    return {
      kind: 'failed',
      reason: `http_${status}`,
      status,
      headers,
      message: `Status ${status} without a file: ${what}`,
    }
  }
  try {
    const encoding = String(headers['content-encoding'] ?? '')
    const decoding =
      limits.truncate === true
        ? decodeStart(answer.body, encoding, limits.maxBodyBytes, answer.isCut)
        : decodeBody(answer.body, encoding, limits.maxBodyBytes)
    const body = await inTime(decoding, leftMs, limits.totalTimeoutMs)
    return { kind: 'page', status, headers, body }
  } catch (error) {
    return { ...failureOf(error), status, headers }
  }
}

/**
 * Redirects are none, whatever is accepted; nor is a 304 to a condition of ours, which speaks of what we have (RFC 9111 section 4.3.3). RFC 9110
 * section 15.3.7: a part is an answer only to who has asked for one; for others it is a page
 * that lacks the rest.
 */
export function isPage(
  status: number,
  { acceptStatuses, headers: own = {} }: FetchLimits,
  sent: Readonly<Record<string, string | undefined>>,
): boolean {
  if (redirectStatuses.has(status) || (status === 206 && sent.range === undefined)) return false
  if (status === 304 && conditions.some((name) => own[name] !== undefined)) return false
  return (status >= 200 && status <= 299) || acceptStatuses?.includes(status) === true
}

/** @param what the request in words. */
function failure(what: string, url: string, error: unknown, progress: Progress, limits: FetchLimits) {
  const { receiver, remedies = receiver === undefined ? {} : remediesOfFiles } = limits
  const reason = faultOf(error, progress)
  const { failed, remedy } = inWords(reason, new URL(url).hostname, error, remedies)
  const message = `${failed}: ${what}${remedy === undefined ? '' : ` (${remedy})`}`
  return isPassing(reason)
    ? { kind: 'retry' as const, reason, message, ...(receiver?.isFurther === true ? { isFurther: true } : undefined) }
    : { kind: 'failed' as const, reason, message }
}

const remediesOfFiles: Remedies = { body_too_large: 'raise maxFileBytes, or `maxBytes` of the download' }

/** Decoding is part of the time that a request may take. */
async function inTime<T>(work: Promise<T>, leftMs: number, totalTimeoutMs: number): Promise<T> {
  if (totalTimeoutMs === 0) return work
  const late = Promise.withResolvers<never>()
  const giveUp = () => late.reject(new FaultError('total_timeout', `No decoded answer within ${totalTimeoutMs} ms`))
  const timer = setTimeout(giveUp, Math.max(leftMs, 0))
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

/** Some servers send UTF-8 in a Location, which headers give us octet by octet. */
function fromOctets(value: string): string {
  const text = Buffer.from(value, 'latin1').toString()
  return text.includes('\ufffd') ? value : text
}
