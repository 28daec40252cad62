/**
 * What was answered before, as the crawl sees it: an HTTP cache (http-cache.ts) or a recording (recording.ts). It is asked before a request
 * is made, and told what came of one.
 */
import type { Clock } from '../../clock.ts'
import type { Answered, Outcome } from '../../outcome.ts'
import type { Sending } from '../../request.ts'
import { tooLarge } from '../body.ts'
import { type FetchLimits, outcomeOf } from '../outcome-of.ts'
import type { KeptExchange } from './exchange-store.ts'
import { keptHeaders } from './kept-headers.ts'

/** A request that is about to be made. */
export interface Asked {
  readonly purpose: 'page' | 'robots' | 'sitemap'
  readonly url: string
  readonly sending: Sending
  /** All that is sent, by names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly limits: FetchLimits
}

export interface Recalled {
  /** Stands for that of a request, which need not be made. */
  readonly outcome?: Answered | undefined
  /** To be sent with the request, so that a 304 may come of it (RFC 9110 section 13.1). */
  readonly conditions?: Readonly<Record<string, string>> | undefined
}

export interface KeptAnswers extends Disposable {
  recall(asked: Asked): Promise<Recalled>
  /**
   * What came of a request, to be kept.
   * @returns what it means: a 304 is the page that it speaks of. `undefined` where that is not there: it is to be asked for again, and will
   * be without a condition.
   */
  keep(asked: Asked, outcome: Outcome, conditions: Recalled['conditions']): Promise<Outcome | undefined>
}

/**
 * The outcome of a request that would be answered so; `undefined` if its body was not kept, and is asked for now.
 */
export async function outcomeOfKept(
  { url, sending, limits }: Asked,
  { status, headers }: Pick<KeptExchange, 'status' | 'headers'>,
  body: Uint8Array | undefined,
  clock: Clock,
): Promise<Answered | undefined> {
  const now = clock.now()
  const isTooLarge = body !== undefined && body.length > limits.maxBodyBytes
  const answer = isTooLarge
    ? tooLarge(limits.maxBodyBytes)
    : { status, headers, body: body ?? new Uint8Array(), isCut: false }
  const result = await outcomeOf(
    `${sending.method} ${url}`,
    url,
    answer,
    undefined,
    { progress: wasWhole, leftMs: limits.totalTimeoutMs },
    limits,
  )
  if (result.kind === 'unchanged' || (result.kind === 'page' && body === undefined)) return undefined
  return { ...result, timing: { sentAt: now, firstByteAt: now, endedAt: now }, bytes: 0, address: undefined }
}

/** How far the exchange came. */
const wasWhole = { isSent: true, hasHead: true }

/** Of what was answered; `undefined` where there is nothing to be kept: no answer, or one that was not read to its end. */
export function exchangeOf(
  outcome: Outcome,
): { status: number; headers: KeptExchange['headers']; body?: Uint8Array } | undefined {
  if (outcome.kind === 'page')
    return { status: outcome.status, headers: keptHeaders(outcome.headers), body: outcome.body }
  if (outcome.kind === 'retry' || outcome.kind === 'unchanged' || outcome.status === undefined) return undefined
  const isWhole =
    outcome.kind === 'redirect' || outcome.reason === 'redirect_without_target' || outcome.reason.startsWith('http_')
  return isWhole ? { status: outcome.status, headers: keptHeaders(outcome.headers) } : undefined
}
