/**
 * What a server's access log says of a crawler's manners, by nothing but the log: for each host, whether robots.txt came first, the least
 * gap between two arrivals, and the most requests open at once.
 */
import type { AccessLine } from './web.ts'

export interface HostAudit {
  readonly host: string
  readonly requests: number
  readonly firstPath: string
  readonly leastGapMs: number
  readonly mostAtOnce: number
  readonly paths: readonly string[]
}

export function audit(log: readonly AccessLine[]): readonly HostAudit[] {
  const byHost = Map.groupBy(
    log.toSorted((a, b) => a.at - b.at),
    ({ host }) => host,
  )
  return [...byHost].map(([host, lines]) => {
    const gaps = lines.slice(1).map((line, index) => line.at - (lines[index]?.at ?? 0))
    return {
      host,
      requests: lines.length,
      firstPath: lines[0]?.path ?? '',
      leastGapMs: Math.min(...gaps),
      mostAtOnce: Math.max(...lines.map(({ open }) => open)),
      paths: lines.map(({ path }) => path),
    }
  })
}
