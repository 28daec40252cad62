/** A fetcher that may visit this machine, and is closed when its test has ended. */
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Fetcher, type FetcherOptions } from '../../src/fetcher/fetcher.ts'

export function openFetcher(options: Partial<FetcherOptions> = {}): Fetcher {
  const times = { connectTimeoutMs: 3_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000 }
  const who = { userAgent: 'doff/0 (+test)', from: undefined, allowPrivate: ['127.0.0.0/8', '::1'] }
  const fetcher = new Fetcher({ ...who, perHostConcurrency: 1, ...times, ...options }, systemClock)
  onTestFinished(() => fetcher[Symbol.asyncDispose]())
  return fetcher
}
