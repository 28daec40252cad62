/** `doff audit`: checks what a crawl has sent against what doff promises to web sites. It sends nothing, and can be asked at any time. */

import { OptionError } from '../errors.ts'
import type { RobotsRecord } from '../host.ts'
import { optionTable } from '../options.ts'
import { auditAddresses, auditHosts, type Breach, type HostAudit } from '../politeness/audit.ts'
import { Store } from '../store/store.ts'
import { defaultFolder } from './crawl-store.ts'
import { exitCodes } from './exit-codes.ts'
import { loadSpider } from './load-spider.ts'
import { table } from './table.ts'

export interface AuditFlags {
  readonly store?: string
  readonly json?: boolean
}

/** Breaches that are told of one by one. */
const maxTold = 20

/** @returns the exit code: `incomplete` where a promise was broken. @throws DoffError for a user's mistake. */
export async function auditCommand(spider: string | undefined, flags: AuditFlags): Promise<number> {
  const folder = flags.store ?? (await folderOf(spider))
  using store = Store.openToRead(folder)
  const hosts: HostAudit[] = []
  const breaches: Breach[] = [...forgeries(store)]
  const settings = settingsOf(store)
  for (const host of auditHosts(store.ledger.by('host'), settings)) {
    hosts.push({ ...host, breaches: host.breaches.slice(0, maxTold) })
    breaches.push(...host.breaches)
  }
  breaches.push(...auditAddresses(store.ledger.by('address'), settings.perAddressConcurrency))
  const requests = hosts.reduce((sum, host) => sum + host.requests, 0)
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ requests, hosts, breaches }, null, 2)}\n`)
  else process.stdout.write(`${shown(hosts, breaches, requests)}\n`)
  return breaches.length === 0 ? exitCodes.finished : exitCodes.incomplete
}

const folderOf = async (spider: string | undefined) => {
  if (spider === undefined)
    throw new OptionError('store', 'Say whose ledger is to be audited: doff audit SPIDER, or --store DIR')
  return defaultFolder((await loadSpider(spider)).name)
}

/** Rows that are not what was written, and rows that are missing: as many requests were counted as there are rows. */
function* forgeries({ ledger, counters }: Store): Generator<Breach> {
  let rows = 0
  let isBroken = false
  for (const { id, isGenuine } of ledger.rows()) {
    rows += 1
    if (isGenuine || isBroken) continue
    isBroken = true
    yield {
      promise: 'ledger',
      id,
      message: `The ledger was changed: row ${id} is not what was written, or the one before it is missing`,
    }
  }
  const { requests = 0, requests_before_ledger: before = 0 } = counters.totals
  if (requests - before === rows) return
  const message = `The ledger was changed: ${requests - before} requests were counted, and it has ${rows}`
  yield { promise: 'ledger', id: rows, message }
}

function settingsOf(store: Store) {
  const options = (store.fact('options') ?? {}) as Readonly<Record<string, unknown>>
  // No limit is written as text.
  const setting = (name: 'perHostConcurrency' | 'perAddressConcurrency' | 'maxCrawlDelayMs') =>
    Number(options[name] ?? optionTable[name].default)
  return {
    perHostConcurrency: setting('perHostConcurrency'),
    perAddressConcurrency: setting('perAddressConcurrency'),
    maxCrawlDelayMs: setting('maxCrawlDelayMs'),
    rulesOf: (origin: string, version: string) => {
      const json = store.ledger.rulesOf(origin, version)
      return json === undefined ? undefined : (JSON.parse(json) as RobotsRecord)
    },
  }
}

function shown(hosts: readonly HostAudit[], breaches: readonly Breach[], requests: number): string {
  const rows = hosts.map((host) => [
    host.host,
    count(host.requests),
    gapOf(host),
    count(host.mostAtOnce),
    host.isRobotsFirst ? 'yes' : 'NO',
    count(host.disallowed) + (host.ignored === 0 ? '' : ` (${count(host.ignored)} ignored)`),
    host.retryAfters === 0 ? '-' : `${keptOf(host)} of ${count(host.retryAfters)}`,
    count(host.bytes),
    host.breaches.length === 0 ? 'kept' : `${count(host.breaches.length)} BROKEN`,
  ])
  const header = [
    'host',
    'requests',
    'least gap / promised',
    'at once',
    'robots first',
    'disallowed',
    'Retry-After',
    'bytes',
    'promises',
  ]
  const told = breaches.slice(0, maxTold).map(({ id, promise, message }) => `row ${id}, ${promise}: ${message}`)
  const more = breaches.length - told.length
  return [
    ...table([header, ...rows]),
    '',
    breaches.length === 0
      ? `All promises were kept, in ${count(requests)} requests to ${count(hosts.length)} ${hosts.length === 1 ? 'host' : 'hosts'}.`
      : `${count(breaches.length)} promises were broken, in ${count(requests)} requests to ${count(hosts.length)} hosts:`,
    ...told,
    ...(more > 0 ? [`and ${count(more)} more (--json has those of each host)`] : []),
  ].join('\n')
}

function gapOf({ leastGapMs, promisedGapMs, delayFrom }: HostAudit): string {
  if (leastGapMs === undefined) return '-'
  const promised = promisedGapMs === undefined ? '-' : `${count(Math.round(promisedGapMs))} ms (${delayFrom})`
  return `${count(Math.floor(leastGapMs))} / ${promised}`
}

const keptOf = ({ retryAfters, breaches }: HostAudit) =>
  count(Math.max(0, retryAfters - breaches.filter(({ promise }) => promise === 'Retry-After').length))

const count = (value: number) => value.toLocaleString('en-US')
