/**
 * A page that was asked for: what came back goes to the spider's parser, or back to the frontier.
 */
import type { Clock } from './clock.ts'
import type { PageDirectives } from './directives.ts'
import { messageOf, OptionError } from './errors.ts'
import { type CrawlEvent, emptyResult } from './events.ts'
import type { Downloads } from './fetcher/download/downloads.ts'
import type { FetchLimits } from './fetcher/outcome-of.ts'
import { waitBeforeRetry } from './fetcher/retry-policy.ts'
import { decodeText } from './fetcher/text/charset.ts'
import { fingerprint } from './frontier/fingerprint.ts'
import type { Turn } from './frontier/frontier.ts'
import type { Options } from './options.ts'
import type { Answered, PageOutcome, RedirectOutcome } from './outcome.ts'
import type { ItemStream } from './output/item-stream.ts'
import { directivesOf } from './politeness/page-directives.ts'
import { redirected } from './redirect.ts'
import { type FileSpec, inWords, methodOf, type PageRequest, plainGet } from './request.ts'
import { again, end, type Spent } from './spent.ts'
import { collectFinds, type Finds } from './spider/finds.ts'
import { Page } from './spider/page.ts'
import type { Spider } from './spider/spider.ts'

export interface PageVisitsParts {
  readonly spider: Spider
  readonly args: unknown
  readonly options: Options
  readonly items: ItemStream
  /** `undefined` where there is no folder for them. */
  readonly downloads: Downloads | undefined
  readonly clock: Clock
}

export class PageVisits {
  readonly #parts: PageVisitsParts

  constructor(parts: PageVisitsParts) {
    this.#parts = parts
  }

  /** What came of one that was asked for. */
  async after(request: PageRequest, outcome: Answered): Promise<Spent> {
    switch (outcome.kind) {
      case 'page':
        return this.#parse(request, outcome)
      case 'redirect':
        return this.#redirect(request, outcome)
      case 'retry': {
        const { reason, message, timing, isFurther = false } = outcome
        const { attempt, sending: { isIdempotent } = plainGet } = request
        // A long file may be cut off often, and come all the same.
        const { maxRetries } = this.#parts.options
        const waitMs = isFurther ? 0 : waitBeforeRetry(reason, { attempt, isIdempotent }, maxRetries)
        if (waitMs === undefined) return end(request, { state: 'failed', reason }, { message })
        const retry: CrawlEvent = { kind: 'retry', request, reason, message }
        const next = { ...request, attempt: isFurther ? attempt : attempt + 1 }
        return again(next, [retry], timing.endedAt + waitMs)
      }
      case 'failed': {
        const { reason, message } = outcome
        return end(request, { state: 'failed', reason }, { message })
      }
      default:
        return outcome satisfies never
    }
  }

  #redirect(request: PageRequest, { target, status, headers }: RedirectOutcome): Spent {
    const hasNewCookies = this.#parts.options.cookies && headers['set-cookie'] !== undefined
    const next = redirected(request, status, target, hasNewCookies)
    if (next.kind === 'loop') {
      const message = `Status ${status} leads back to ${target}: ${inWords(request)}`
      return end(request, { state: 'failed', reason: 'redirect_loop' }, { message })
    }
    const { maxRedirects } = this.#parts.options
    if (next.request.redirects.length > maxRedirects) {
      const message = `More than ${maxRedirects} redirects, the last to ${target}: ${inWords(request)} (raise maxRedirects)`
      return end(request, { state: 'failed', reason: 'too_many_redirects' }, { message })
    }
    return end(request, { state: 'done', reason: 'redirected' }, { follows: [next.request] })
  }

  async #parse(request: PageRequest, outcome: PageOutcome): Promise<Spent> {
    const { spider, args, items, options } = this.#parts
    const { file } = outcome
    const page = new Page({ ...request, ...outcome, file, decode: decodeText, args, ...this.#signals })
    const places = items.openPlaces()
    let finds: Finds
    let asked: PageDirectives
    try {
      // Before the parser, which may take parts of the page away.
      asked = page.directives
      finds = await collectFinds(spider, request, page, places, options.maxFindsPerPage)
    } catch (error) {
      places.giveBack()
      const why = messageOf(error)
      // What is wrong with a page names it.
      const place = `${why} `.includes(`${request.url} `) ? '' : `: ${namedIn(request)}`
      const message = `Parser \`${request.parser}\` failed: ${why}${place}`
      return end(request, { state: 'failed', reason: 'parser' }, { message, error })
    }
    if (this.#parts.downloads === undefined && finds.follows.some((follow) => follow.file !== undefined)) {
      places.giveBack()
      throw new OptionError(
        'files',
        `The parser \`${request.parser}\` downloads files, and there is no folder to keep them in: set \`files\` (--files DIR), or use a store`,
      )
    }
    const { noindex, nofollow, all } = asked
    const isWithheld = noindex && !options.keepNoindex
    if (isWithheld) places.giveBack()
    const isDeadEnd = nofollow && !options.followNofollow
    const { follows, refusals } = finds
    const events = [
      ...(isDeadEnd && follows.length > 0 ? [dropped(follows.length)] : []),
      ...refusals.map((message): CrawlEvent => ({ kind: 'item_refused', request, message })),
    ]
    const spent = end(
      request,
      { state: 'done', reason: 'fetched' },
      {
        events,
        skippedLinks: page.skippedLinks,
        nofollowLinks: page.nofollowLinks,
        follows: isDeadEnd ? [] : follows,
        items: isWithheld ? [] : finds.items,
        itemsWithheld: isWithheld ? finds.items.length : 0,
        // That of every HEAD is the same: nothing.
        content:
          follows.length === 0 || file !== undefined || methodOf(request) === 'HEAD'
            ? undefined
            : fingerprint(outcome.body),
        directives: all.length === 0 ? undefined : all,
        fileBytes: file?.bytes,
      },
    )
    return isWithheld ? spent : { ...spent, places }
  }

  /** A file takes as long as it is large: what ends a download that hangs are the limits on its pieces, not one on the whole. */
  async limitsOf(url: string, file: FileSpec): Promise<FetchLimits> {
    const { options, downloads } = this.#parts
    const receiver = await downloads?.begin(url, file)
    if (receiver === undefined) throw new OptionError('files', `There is no folder to keep ${url} in: set \`files\``)
    return { ...options, totalTimeoutMs: 0, acceptStatuses: [], receiver }
  }

  /** Of a file that did not come whole, and is not asked for again, nothing stays; until that is committed, it could be. */
  withoutRest({ request }: Turn, spent: Spent): Spent {
    const { downloads } = this.#parts
    const { settlement } = spent
    const isOver = settlement.kind === 'ended' && settlement.end?.state !== 'done'
    if (!isOver || downloads === undefined || request.kind !== 'page' || request.file === undefined) return spent
    return { ...spent, committed: () => downloads.discard(request.url) }
  }

  /** How a page tells what it asks of robots. */
  get #signals(): Pick<ConstructorParameters<typeof Page>[0], 'directivesOf' | 'followNofollow'> {
    const { options, clock } = this.#parts
    const { productToken } = options
    return {
      followNofollow: options.followNofollow,
      directivesOf: (headers, metas) => directivesOf(headers, metas, productToken, clock.now()),
    }
  }
}

const namedIn = (request: PageRequest) => (methodOf(request) === 'GET' ? request.url : inWords(request))

/** Follows of a page that says nofollow. */
const dropped = (nofollow: number): CrawlEvent => ({ kind: 'offered', result: { ...emptyResult(), nofollow } })
