/** How many turns of one host may be out at once. */
import type { HostPace } from '../host.ts'

/** After a pause a host gets one, until it has answered well: the others wait for what comes of it. */
export function turnsAtOnce(pace: HostPace | undefined, perHostConcurrency: number): number {
  return pace !== undefined && pace.pauses > 0 ? 1 : perHostConcurrency
}
