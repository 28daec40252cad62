/** The summary at a crawl's end: what became of everything, so that nothing is missing without a reason (I5). */
import type { CrawlStats } from './stats.ts'

const stopReasons = {
  finished: 'finished',
  deferred: 'finished what it could; the rest was put off,',
  max_pages: 'ended at maxPages, with pages left to fetch,',
  max_bytes: 'ended at maxBytes, with pages left to fetch,',
  max_time: 'ended at maxTimeMs, with pages left to fetch,',
  drained: 'was interrupted',
  stopped: 'was stopped',
  failed: 'could not go on',
} as const

/** @param outputs where the items are. */
export function summarize(stats: CrawlStats, outputs: readonly string[]): string {
  const seconds = stats.elapsedMs / 1000
  const rate = seconds > 0 ? stats.fetched / seconds : 0
  const dropped = Object.entries(stats.dropped)
  return [
    `${stats.spider} ${stopReasons[stats.stopReason ?? 'finished']} after ${duration(stats.elapsedMs)}`,
    row('urls', `${count(stats.offered)} offered: ${count(stats.added)} added`, ...reasons(dropped)),
    row(
      'added',
      `${count(stats.fetched)} fetched`,
      `${count(stats.redirected)} redirected`,
      `${count(stats.failed)} failed${inBrackets(stats.failedBy)}`,
      `${count(stats.skipped)} skipped${inBrackets(stats.skippedBy)}`,
      ...(stats.deferred === 0 ? [] : [`${count(stats.deferred)} put off${inBrackets(stats.deferredBy)}`]),
      `${count(stats.waiting)} waiting`,
    ),
    row(
      'items',
      `${count(stats.items)}${outputs.length === 0 ? '' : ` in ${outputs.join(' and ')}`}`,
      ...(stats.itemsRefused === 0 ? [] : [`${count(stats.itemsRefused)} refused`]),
      ...(stats.itemsWithheld === 0 ? [] : [`${count(stats.itemsWithheld)} dropped for noindex`]),
    ),
    row(
      'traffic',
      `${counted(stats.requests, 'request', 'requests')} to ${counted(stats.hosts, 'host', 'hosts')} (${purposes(stats)})`,
      counted(stats.retries, 'retry', 'retries'),
      size(stats.bytes),
      `${rate.toFixed(1)} pages/s`,
    ),
    ...(stats.cached + stats.revalidated === 0
      ? []
      : [
          row(
            'cache',
            `${count(stats.cached)} answered without a request`,
            `${count(stats.revalidated)} found unchanged by one (304)`,
          ),
        ]),
    ...beside(stats),
  ].join('\n')
}

/** What a crawl may have none of. */
function beside(stats: CrawlStats): readonly string[] {
  const { sitemaps, sitemapsFailed, sitemapPages, sitemapPagesTaken, nofollowLinks, skippedLinks } = stats
  const { ignoredRobots, ignoredCertificates, files, fileBytes } = stats
  const links = [
    ...(nofollowLinks === 0 ? [] : [`${count(nofollowLinks)} that say nofollow`]),
    ...(skippedLinks === 0 ? [] : [`${count(skippedLinks)} that lead nowhere (mailto: and the like)`]),
  ]
  return [
    ...(files === 0 ? [] : [row('files', `${count(files)} downloaded`, size(fileBytes))]),
    ...(sitemaps === 0
      ? []
      : [
          row(
            'sitemaps',
            `${count(sitemaps)}, of which ${count(sitemapsFailed)} had faults`,
            `${counted(sitemapPages, 'page', 'pages')} listed`,
            `${count(sitemapPagesTaken)} of them offered`,
          ),
        ]),
    ...(links.length === 0 ? [] : [row('links', `passed over: ${links.join(', ')}`)]),
    ...(ignoredRobots.length === 0 ? [] : [row('robots', `NOT obeyed: that of ${ignoredRobots.join(' and ')}`)]),
    ...(ignoredCertificates.length === 0
      ? []
      : [row('tls', `certificate NOT verified: that of ${ignoredCertificates.join(' and ')}`)]),
  ]
}

function purposes({ robotsRequests, sitemapRequests }: CrawlStats): string {
  const robots = `${count(robotsRequests)} for robots.txt`
  return sitemapRequests === 0 ? robots : `${robots}, ${count(sitemapRequests)} for sitemaps`
}

const row = (name: string, ...parts: readonly string[]) => `  ${name.padEnd(9)}${parts.join(', ')}`

const count = (value: number) => value.toLocaleString('en-US')

const counted = (value: number, one: string, several: string) => `${count(value)} ${value === 1 ? one : several}`

const reasons = (counts: readonly (readonly [string, number])[]) =>
  counts.filter(([, times]) => times > 0).map(([reason, times]) => `${count(times)} ${reason.replaceAll('_', ' ')}`)

function inBrackets(counts: Readonly<Partial<Record<string, number>>>): string {
  const parts = reasons(Object.entries(counts).map(([reason, times]) => [reason, times ?? 0] as const))
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

/** In words. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  const rest = `${minutes % 60} min ${Math.floor((ms % 60_000) / 1000)} s`
  return minutes < 60 ? rest : `${Math.floor(minutes / 60)} h ${rest}`
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
