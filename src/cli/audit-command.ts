/** `doff audit`: checks what a crawl has sent against what doff promises to web sites. It sends nothing, and can be asked at any time. */

import { hostOf } from '../canonical-url.ts'
import { OptionError } from '../errors.ts'
import type { RobotsRecord } from '../host.ts'
import type { JsonValue } from '../json.ts'
import { optionTable } from '../options.ts'
import {
  type AuditOptions,
  auditAddresses,
  auditHosts,
  type Breach,
  type HostAudit,
  maxTold,
  type Promised,
} from '../politeness/audit.ts'
import { versionOf } from '../politeness/robots.ts'
import type { Ledger } from '../store/ledger.ts'
import { Store } from '../store/store.ts'
import { folderOfCrawl } from './crawl-store.ts'
import { exitCodes } from './exit-codes.ts'
import { count, counted, print, printJson } from './print.ts'
import { table } from './table.ts'

export interface AuditFlags {
  readonly store?: string
  readonly json?: boolean
}

interface Audit {
  readonly requests: number
  /** Sent by a doff that kept no ledger. */
  readonly requestsBeforeLedger: number
  /** How often a promise was broken. */
  readonly broken: number
  /** Hosts whose certificates were not verified: who answered for them is not sure. */
  readonly unverified: readonly string[]
  readonly hosts: readonly Omit<HostAudit, 'breaches'>[]
  /** The first of each host, and of the ledger itself. */
  readonly breaches: readonly Breach[]
}

/** @returns the exit code: `incomplete` where a promise was broken. @throws DoffError for a user's mistake. */
export async function auditCommand(spider: string | undefined, flags: AuditFlags): Promise<number> {
  if (spider === undefined && flags.store === undefined)
    throw new OptionError('store', 'Say whose ledger is to be audited: doff audit SPIDER, or --store DIR')
  // Its crawl may be at work: rows and counters are of one moment.
  using store = Store.openToRead(flags.store ?? (await folderOfCrawl(spider ?? '')), 'once')
  const audit = auditOf(store)
  if (flags.json === true) printJson(audit)
  else print(shown(audit))
  return audit.broken === 0 ? exitCodes.finished : exitCodes.incomplete
}

function auditOf(store: Store): Audit {
  const { ledger, counters } = store
  const options: AuditOptions = { promisedFor: promisesIn(store), rulesOf: rulesIn(ledger) }
  const hosts: Omit<HostAudit, 'breaches'>[] = []
  const breaches: Breach[] = []
  let broken = 0
  let requests = 0
  const tell = (found: Iterable<Breach>) => {
    let told = 0
    for (const breach of found) {
      broken += 1
      told += 1
      if (told <= maxTold) breaches.push(breach)
    }
  }
  tell(forgeries(store))
  for (const { breaches: ofHost, ...host } of auditHosts(ledger.by('host'), options)) {
    hosts.push(host)
    breaches.push(...ofHost)
    broken += host.broken
    requests += host.requests
  }
  tell(auditAddresses(ledger.by('address'), options))
  const requestsBeforeLedger = counters.of('requests_before_ledger')
  return { requests, requestsBeforeLedger, broken, unverified: unverifiedIn(store), hosts, breaches }
}

/** Rows that are not what was written, and rows that are missing: as many requests were counted as there are rows. */
function* forgeries({ ledger, counters }: Store): Generator<Breach> {
  let rows = 0
  let last = 0
  for (const { id, isGenuine } of ledger.rows()) {
    rows += 1
    last = id
    if (isGenuine) continue
    const message = `The ledger was changed: row ${id} is not what was written, or the one before it is missing`
    yield { promise: 'ledger', id, message }
  }
  const counted = counters.of('requests') - counters.of('requests_before_ledger')
  if (counted === rows) return
  const message = `The ledger was changed: ${count(counted)} requests were counted, and it has ${count(rows)}`
  yield { promise: 'ledger', id: last, message }
}

/** Options that promise something, of each run of the crawl. */
const runsIn = (store: Store) => (store.fact('promises') ?? []) as readonly { after: number; options: OptionFacts }[]

/** In any run. */
function unverifiedIn(store: Store): readonly string[] {
  const named = runsIn(store).flatMap(({ options }) => options.ignoreCertificateOf)
  return [...new Set(named.filter((host) => typeof host === 'string'))]
}

/** What the options promised, from run to run of the crawl. */
function promisesIn(store: Store): AuditOptions['promisedFor'] {
  const runs = runsIn(store).map(({ after, options }) => ({ after, promised: promisedBy(options) }))
  const first = runs[0]?.promised ?? promisedBy((store.fact('options') ?? {}) as OptionFacts)
  return (id) => runs.findLast(({ after }) => after < id)?.promised ?? first
}

type OptionFacts = Readonly<Record<string, JsonValue>>

function promisedBy(options: OptionFacts): Promised {
  // No limit is written as text.
  const number = (name: 'delayMs' | 'perHostConcurrency' | 'perAddressConcurrency' | 'maxCrawlDelayMs') =>
    Number(options[name] ?? optionTable[name].default)
  const lawless = Array.isArray(options.ignoreRobotsOf) ? options.ignoreRobotsOf : []
  return {
    delayMs: number('delayMs'),
    perHostConcurrency: number('perHostConcurrency'),
    perAddressConcurrency: number('perAddressConcurrency'),
    maxCrawlDelayMs: number('maxCrawlDelayMs'),
    ignoreRobotsOf: new Set(lawless.map((host) => hostOf(`http://${String(host)}/`))),
  }
}

/** Versions of rules that are kept while rows are judged by them. */
const maxRules = 100

/** What was read of an origin, as long as it still is that: a version is the digest of its rules. */
function rulesIn(ledger: Ledger): AuditOptions['rulesOf'] {
  const known = new Map<string, RobotsRecord | undefined>()
  return (origin, version) => {
    const key = `${version} ${origin}`
    if (known.has(key)) return known.get(key)
    if (known.size >= maxRules) known.clear()
    known.set(key, genuine(ledger.rulesOf(origin, version), version))
    return known.get(key)
  }
}

function genuine(json: string | undefined, version: string): RobotsRecord | undefined {
  if (json === undefined) return undefined
  try {
    const record = JSON.parse(json) as RobotsRecord
    return record.kind === 'rules' && versionOf(record.rules, record.note) === version ? record : undefined
  } catch {
    return undefined
  }
}

function shown({ requests, requestsBeforeLedger, broken, unverified, hosts, breaches }: Audit): readonly string[] {
  const rows = hosts.map((host) => [
    host.host,
    count(host.requests),
    gapOf(host),
    count(host.mostAtOnce),
    host.isRobotsFirst ? 'yes' : 'NO',
    count(host.disallowed) + (host.ignored === 0 ? '' : ` (${count(host.ignored)} ignored)`),
    host.retryAfters === 0 ? '-' : `${count(host.retryAftersKept)} of ${count(host.retryAfters)}`,
    count(host.bytes),
    host.broken === 0 ? 'kept' : `${count(host.broken)} BROKEN`,
  ])
  const told = breaches.slice(0, maxTold).map(({ id, promise, message }) => `row ${id}, ${promise}: ${message}`)
  const where = `in ${counted(requests, 'request')} to ${counted(hosts.length, 'host')}`
  const verdict =
    broken === 0
      ? `All promises were kept, ${where}.`
      : `${counted(broken, 'promise')} ${broken === 1 ? 'was' : 'were'} broken, ${where}:`
  return [
    ...(requests === 0 ? [] : [...table([header, ...rows]), '']),
    requests === 0 && broken === 0 ? 'Nothing was sent.' : verdict,
    ...told,
    ...(broken > told.length
      ? [`and ${count(broken - told.length)} more (--json has the first ${maxTold} of each host)`]
      : []),
    ...unverified.map((host) => `The certificate of ${host} was not verified (ignoreCertificateOf).`),
    ...(requestsBeforeLedger === 0
      ? []
      : [`${counted(requestsBeforeLedger, 'request')} of an older doff, which kept no ledger, cannot be checked.`]),
  ]
}

const header = [
  'host',
  'requests',
  'least gap / promised',
  'at once',
  'robots first',
  'disallowed',
  'Retry-After kept',
  'bytes',
  'promises',
]

function gapOf({ leastGapMs, promisedGapMs = 0, delayFrom }: Omit<HostAudit, 'breaches'>): string {
  if (leastGapMs === undefined) return '-'
  return `${count(Math.floor(leastGapMs))} / ${count(Math.round(promisedGapMs))} ms (${delayFrom})`
}
