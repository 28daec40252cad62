/** Two paces of one host: with several turns out, the one that settles last may know less. */
import type { HostPace } from '../host.ts'

/** A host's next time never moves back, nor does the time until which it is aside. */
export function laterOf(before: HostPace | undefined, pace: HostPace): HostPace {
  if (before === undefined) return pace
  const { asideUntil, asideReason } = before.asideUntil > pace.asideUntil ? before : pace
  return { ...pace, nextVisitAt: Math.max(pace.nextVisitAt, before.nextVisitAt), asideUntil, asideReason }
}
