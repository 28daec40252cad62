/**
 * Which URLs look as if there were no end to them. Asked once for each URL that is offered, after the scope, and of the URL alone: pure.
 *
 * A crawl that is trapped pesters one host for pages that nobody wrote. What is taken for a trap is put down with its reason, not dropped
 * in silence, as the rules can only guess. Other limits (depth, length of a URL, pages per host) end what these do not see.
 */
import { isFarDate } from './far-date.ts'
import { hasRepeatedSegments } from './repeated-segments.ts'

export type Trap = 'repeated_segments' | 'too_many_query_keys' | 'far_date'

/**
 * Parameters of a query, all of them: each choice of `a[]=1&a[]=2` and each repeat of a link that appends itself counts as a new key does.
 * The widest honest links known to us have some two dozen (a search over all of MediaWiki's namespaces); what has more is a state of a
 * form, of which there are more than anybody could visit.
 */
const maxQueryKeys = 30

/**
 * @param url canonical.
 * @param now in milliseconds since the Unix epoch.
 */
export function trapOf(url: string, now: number): Trap | undefined {
  const pathAt = url.indexOf('/', 'http://'.length)
  if (pathAt === -1) return undefined
  const target = url.slice(pathAt)
  const queryAt = target.indexOf('?')
  if (hasRepeatedSegments(queryAt === -1 ? target : target.slice(0, queryAt))) return 'repeated_segments'
  if (queryAt !== -1 && hasTooManyKeys(target, queryAt)) return 'too_many_query_keys'
  return isFarDate(target, now) ? 'far_date' : undefined
}

function hasTooManyKeys(target: string, queryAt: number): boolean {
  let keys = 1
  for (let at = target.indexOf('&', queryAt); at !== -1; at = target.indexOf('&', at + 1)) keys += 1
  return keys > maxQueryKeys
}
