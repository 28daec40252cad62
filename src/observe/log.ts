/**
 * The log: pino on standard error, pretty on a terminal and JSON otherwise. An observer; it says what a person would want to know of each
 * event, at a level that fits how much it matters.
 */
import pino from 'pino'
import { prettyFactory } from 'pino-pretty'
import {
  type CrawlEvent,
  type DropReason,
  dropReasons,
  type Ended,
  type Offered,
  type RobotsLearnt,
  type Started,
} from '../events.ts'
import { type CrawlRequest, methodOf } from '../request.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** What the command line logs with. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>

export const logFormats = ['auto', 'json', 'pretty'] as const
export type LogFormat = (typeof logFormats)[number]

export interface LogDestination {
  readonly isInteractive: boolean
  write(text: string): void
}

/** @param format `auto` is pretty on a terminal and JSON elsewhere. */
export function createLog(level: LogLevel, format: LogFormat, destination: LogDestination): Log {
  // Synchronous: a line is out before the next thing happens, whatever that is.
  const pretty = prettyFactory({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' })
  const isPretty = format === 'auto' ? destination.isInteractive : format === 'pretty'
  const write = (line: string) => destination.write(isPretty ? pretty(line) : line)
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

export function logEvents(log: Log): (event: CrawlEvent) => void {
  /** Traps that were told of: once for each kind is enough, the summary counts them. */
  const told = new Set<DropReason>()
  /** The same of hosts that are put off, whose requests may be many. */
  const putOff = new Set<string>()
  return (event) => {
    switch (event.kind) {
      case 'started':
        logStart(log, event)
        break
      case 'requested': {
        const { request, purpose, url, status, bytes, durationMs } = event
        const asked = purpose === 'page' ? askedOf(request) : { url }
        log.debug({ ...asked, status, bytes, durationMs: Math.round(durationMs) }, 'requested')
        break
      }
      case 'robots':
        logRobots(log, event)
        break
      case 'retry':
        log.info(
          { ...askedOf(event.request), attempt: event.request.attempt + 1 },
          `will be tried again: ${event.message}`,
        )
        break
      case 'ended':
        logEnd(log, event)
        break
      case 'redirect_dropped': {
        const { request, reason, message } = event
        // That a seed leads nowhere, whoever wrote it wants to know. To what is known already, links and seeds lead all the time.
        const isNews = request.depth === 0 && reason !== 'seen'
        log[isNews ? 'warn' : 'debug']({ ...askedOf(request), reason }, message)
        break
      }
      case 'item_refused':
        log.error({ ...askedOf(event.request), parser: event.request.parser }, `item refused: ${event.message}`)
        break
      case 'stopped':
        log.info({ reason: event.reason }, 'crawl ended')
        break
      case 'deferred': {
        const { request, reason, message } = event
        const isNews = putOff.size < maxTold && !putOff.has(`${reason} ${new URL(request.url).origin}`)
        putOff.add(`${reason} ${new URL(request.url).origin}`)
        log[isNews ? 'warn' : 'debug'](
          { ...askedOf(request), reason },
          `put off until the crawl is resumed: ${message}`,
        )
        break
      }
      case 'sitemap': {
        const { url, pages, taken, sitemaps, fault } = event
        if (fault !== undefined) log.warn({ url, pages, taken }, `sitemap: ${fault}`)
        else log.info({ url, pages, taken, sitemaps }, 'sitemap read')
        break
      }
      case 'offered':
        logTraps(log, event, told)
        break
      default:
        event satisfies never
    }
  }
}

/** Origins whose putting off is told of at a level that is read; those beyond are in the summary. */
const maxTold = 1_000

/** What a robots.txt is noted by that is not found (politeness/robots.ts). */
const tooManyRedirects = 'too many redirects'

const traps: readonly DropReason[] = [
  'repeated_segments',
  'too_many_query_keys',
  'far_date',
  'too_many_queries',
  'same_content',
]

function logTraps(log: Log, { result }: Offered, told: Set<DropReason>): void {
  for (const reason of traps) {
    if (result[reason] === 0 || told.has(reason)) continue
    told.add(reason)
    log.warn({ reason }, `URLs ${dropReasons[reason]} look like a trap, and are not visited (the summary counts them)`)
  }
}

function logStart(log: Log, { spider, seeds, userAgent, ignoredRobots, ignoredCertificates, changes }: Started): void {
  log.info({ spider, seeds, userAgent }, changes === undefined ? 'crawl started' : 'crawl resumed')
  for (const host of ignoredRobots) log.warn({ host }, `robots.txt of ${host} is NOT obeyed (ignoreRobotsOf)`)
  for (const host of ignoredCertificates)
    log.warn({ host }, `the certificate of ${host} is NOT verified (ignoreCertificateOf): anybody may answer for it`)
  for (const change of changes ?? []) log.info(`changed since the crawl began: ${change}`)
}

function logRobots(log: Log, { origin, record }: RobotsLearnt): void {
  if (record.kind === 'redirected') {
    log.debug({ origin }, 'robots.txt is elsewhere')
  } else if (record.kind === 'rules') {
    const { rules, crawlDelayMs } = record.rules
    if (record.failures > 0)
      log.warn({ origin, attempt: record.failures }, 'robots.txt cannot be read again: the last copy holds on')
    else if (record.note === tooManyRedirects)
      log.warn({ origin }, 'robots.txt redirects more than five times, which is taken for none: all is allowed')
    else log.debug({ origin, answer: record.note, rules: rules.length, crawlDelayMs }, 'robots.txt read')
  } else {
    const { attempts, retryAt, note } = record
    const again = retryAt === undefined ? 'given up' : `asked again at ${new Date(retryAt).toISOString()}`
    // What does not pass is given up at once, whatever the options.
    const options = attempts === 1 && retryAt === undefined ? '' : '; see robotsRetryMs, maxRobotsAttempts'
    log.warn(
      { origin, attempt: attempts },
      `robots.txt cannot be read, so nothing of ${origin} is visited (${again}${options}): ${note}`,
    )
  }
}

function logEnd(log: Log, { request, end, isCached, message, error, items, follows }: Ended): void {
  const { parser } = request
  const asked = askedOf(request)
  if (end.state === 'failed' && end.reason === 'parser') {
    // Where in the spider it was thrown is what its author needs.
    log.error({ ...asked, parser, err: error instanceof Error ? inSpider(error) : undefined }, message)
  } else if (end.state === 'failed') {
    log.warn({ ...asked, reason: end.reason, referrer: request.referrer }, `failed: ${message}`)
  } else if (end.state === 'skipped') {
    const isExpected = end.reason === 'disallowed' || end.reason === 'planned'
    log[isExpected ? 'debug' : 'warn']({ ...asked, reason: end.reason }, `skipped (${end.reason}): ${message}`)
  } else {
    log.debug({ ...asked, parser, isCached, items, follows }, end.reason)
  }
}

/** By its URL, and the method where that is no GET. */
function askedOf(request: CrawlRequest): { readonly method?: string; readonly url: string } {
  const method = methodOf(request)
  return method === 'GET' ? { url: request.url } : { method, url: request.url }
}

/** The error with the part of its stack that its author wrote. */
function inSpider(error: Error): { type: string; message: string; stack: string } {
  const lines = (error.stack ?? '').split('\n')
  const isOurs = (line: string) => /^ +at .*(?:node:internal|\/node_modules\/)/.test(line) || line.includes(sourceUrl)
  return { type: error.name, message: error.message, stack: lines.filter((line) => !isOurs(line)).join('\n') }
}

const sourceUrl = new URL('../', import.meta.url).href
