/** Fetches from the hostile server, within its limits, and what they came to in the words of its table. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { systemClock } from '../../src/clock.ts'
import { Fetcher } from '../../src/fetcher/fetcher.ts'
import { answeredBy } from '../../src/outcome.ts'
import { type Hostile, hostileAuthority, hostileLookup } from './hostile.ts'
import { behaviours, hostileLimits, type Outcome } from './hostile-behaviours.ts'

export const behaviourNames = Object.keys(behaviours)

/** For the whole process, until it is called. */
export function trustHostile(): () => void {
  const authorities = getCACertificates('default')
  setDefaultCACertificates([...authorities, hostileAuthority])
  return () => setDefaultCACertificates(authorities)
}

export function openHostileFetcher(perHostConcurrency: number): Fetcher {
  const { maxBodyBytes, totalTimeoutMs, ...times } = hostileLimits
  const who = { userAgent: 'doff/0 (+test)', from: undefined, allowPrivate: ['127.0.0.0/8'] }
  return new Fetcher({ ...who, ...times, perHostConcurrency, http2: false, lookup: hostileLookup }, systemClock)
}

export interface Fetched {
  readonly outcome: Outcome
  /** For a failure: what is said of it. */
  readonly message: string
}

export async function fetchHostile(fetcher: Fetcher, hostile: Hostile, name: string): Promise<Fetched> {
  const { method, comesTo } = behaviours[name] ?? {}
  const sending = method === undefined ? undefined : { method, headers: {}, isIdempotent: true }
  const outcome = answeredBy(await fetcher.fetch(hostile.urlOf(name), hostileLimits, sending))
  const { kind, status } = outcome
  if (kind === 'retry') return { outcome: { kind, reason: outcome.reason }, message: outcome.message }
  if (kind === 'failed') return { outcome: { kind, reason: outcome.reason }, message: outcome.message }
  if (kind === 'redirect') return { outcome: { kind, status }, message: '' }
  const isRead = comesTo?.kind === 'page' && comesTo.text !== undefined
  const text = isRead ? { text: Buffer.from(outcome.body).toString() } : {}
  return { outcome: { kind, status, ...text }, message: '' }
}

/** What keeps a process from its end, sockets and timers among it, in order. */
export const openHandles = () => process.getActiveResourcesInfo().toSorted()

/** The server hears of a closed connection a little later than we close it. */
export async function countWhenQuiet(hostile: Hostile): Promise<{ readonly open: number; readonly all: number }> {
  for (let tries = 0; tries < 50; tries += 1) {
    const count = await hostile.count()
    if (count.open === 0) return count
    await systemClock.sleep(100)
  }
  return hostile.count()
}
