/**
 * The log: pino on standard error, pretty on a terminal and JSON otherwise. An observer; it says what a person would want to know of each
 * event, at a level that fits how much it matters.
 */
import pino from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { CrawlEvent, Ended, RobotsLearnt, Started } from '../events.ts'

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
  return (event) => {
    switch (event.kind) {
      case 'started':
        logStart(log, event)
        break
      case 'requested': {
        const { url, status, bytes, durationMs } = event
        log.debug({ url, status, bytes, durationMs: Math.round(durationMs) }, 'requested')
        break
      }
      case 'robots':
        logRobots(log, event)
        break
      case 'retry':
        log.info(
          { url: event.request.url, attempt: event.request.attempt + 1 },
          `will be tried again: ${event.message}`,
        )
        break
      case 'ended':
        logEnd(log, event)
        break
      case 'item_refused':
        log.error({ url: event.request.url, parser: event.request.parser }, `item refused: ${event.message}`)
        break
      case 'stopped':
        log.info({ reason: event.reason }, 'crawl ended')
        break
      case 'offered':
        break
      default:
        event satisfies never
    }
  }
}

function logStart(log: Log, { spider, seeds, userAgent, changes }: Started): void {
  log.info({ spider, seeds, userAgent }, changes === undefined ? 'crawl started' : 'crawl resumed')
  for (const change of changes ?? []) log.info(`changed since the crawl began: ${change}`)
}

function logRobots(log: Log, { origin, record }: RobotsLearnt): void {
  if (record.kind === 'redirected') {
    log.debug({ origin }, 'robots.txt is elsewhere')
  } else if (record.kind === 'rules') {
    const { rules, crawlDelayMs } = record.rules
    log.debug({ origin, answer: record.note, rules: rules.length, crawlDelayMs }, 'robots.txt read')
  } else {
    const next =
      record.retryAt === undefined ? 'given up' : `asked again at ${new Date(record.retryAt).toLocaleTimeString()}`
    log.warn(
      { origin, attempt: record.attempts },
      `robots.txt cannot be read, so nothing of ${origin} is visited (${next}; see robotsRetryMs, maxRobotsAttempts): ${record.note}`,
    )
  }
}

function logEnd(log: Log, { request, end, message, error, items, follows }: Ended): void {
  const { url, parser } = request
  if (end.state === 'failed' && end.reason === 'parser') {
    // Where in the spider it was thrown is what its author needs.
    log.error({ url, parser, err: error instanceof Error ? inSpider(error) : undefined }, message)
  } else if (end.state === 'failed') {
    log.warn({ url, reason: end.reason, referrer: request.referrer }, `failed: ${message}`)
  } else if (end.state === 'skipped') {
    const isExpected = end.reason === 'disallowed'
    log[isExpected ? 'debug' : 'warn']({ url, reason: end.reason }, `skipped (${end.reason}): ${message}`)
  } else {
    log.debug({ url, parser, items, follows }, end.reason)
  }
}

/** The error with the part of its stack that its author wrote. */
function inSpider(error: Error): { type: string; message: string; stack: string } {
  const lines = (error.stack ?? '').split('\n')
  const isOurs = (line: string) => line.includes(sourceUrl) || line.includes('node:internal')
  return { type: error.name, message: error.message, stack: lines.filter((line) => !isOurs(line)).join('\n') }
}

const sourceUrl = new URL('../', import.meta.url).href
