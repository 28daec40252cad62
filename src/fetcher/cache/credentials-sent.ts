/**
 * What of a request may have opened the answer: nobody can tell which headers do, so it is each that a follow brings of its own, unless it is
 * known to be harmless (redirect.ts says the same of what may go to another origin), and the password of `basicAuth`. The jar's cookies are
 * another matter, for they go with every request whether it takes them or not: cache-policy.ts says what becomes of those.
 */
import { isHarmless } from '../../redirect.ts'
import type { Asked } from './kept-answers.ts'

export type AskedWith = Pick<Asked, 'headers' | 'sending'>

/** RFC 9111 section 5.2.1 and 5.4: they speak to caches. */
const toCaches = ['cache-control', 'pragma']

/** Names in lower case. */
export function credentialsSent({ headers, sending }: AskedWith): readonly string[] {
  const own = Object.keys(sending.headers).filter((name) => !isHarmless(name) && !toCaches.includes(name))
  return headers.authorization === undefined ? own : [...new Set([...own, 'authorization'])]
}
