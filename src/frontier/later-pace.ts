/** Two paces of one host: with several turns out, the one that settles last may know less. */
import type { HostPace } from '../host.ts'

/** A host's next time never moves back, and a host that was put aside stays so. */
export function laterOf(before: HostPace | undefined, pace: HostPace): HostPace {
  if (before === undefined) return pace
  const nextVisitAt = Math.max(pace.nextVisitAt, before.nextVisitAt)
  return { ...pace, nextVisitAt, putAside: pace.putAside ?? before.putAside }
}
