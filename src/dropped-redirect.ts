/** A redirect whose target the frontier did not take: told apart from its page, which has ended well, for a crawl may come to nothing by it. */
import { type DropReason, dropReasons, type OfferResult, type RedirectDropped } from './events.ts'
import type { Ended } from './frontier/frontier.ts'
import { outBy, type ScopePatterns } from './frontier/scope.ts'
import { inShort } from './redact.ts'
import type { PageRequest } from './request.ts'

const reasons = Object.keys(dropReasons) as readonly DropReason[]

/** @param offered what became of the follows of `settlement`: of a redirect there is one. */
export function droppedRedirect(
  request: PageRequest,
  { end, follows }: Ended,
  offered: OfferResult,
  patterns: ScopePatterns,
): RedirectDropped | undefined {
  const [target] = follows
  const reason = reasons.find((name) => offered[name] > 0)
  if (end?.reason !== 'redirected' || target?.kind !== 'page' || reason === undefined) return undefined
  const remedy = reason === 'out_of_scope' ? ` (${outBy(target, request.url, patterns)})` : ''
  const message = `${inShort(request.url)} redirects to ${inShort(target.url)}, which is not visited: ${dropReasons[reason]}${remedy}`
  return { kind: 'redirect_dropped', request, target: target.url, reason, message }
}
