/**
 * Whether a path goes round in circles: a relative link that lacks its first slash makes `/a/img/` of `/a/`, then `/a/img/img/`, and so on
 * for ever, and two of them take turns.
 *
 * Heritrix (PathologicalPathDecideRule) gives up at 3 times in a row, and so do we. Paths that are right repeat short segments more
 * readily: coordinates (`/0/0/0/`), shards (`/a/a/3f/`), languages, operators (`/size/eq/xl/colour/eq/red/`). A segment of one or two
 * characters, or of digits only, is weak and may come more often. What is lost for it: a few requests more per trap.
 */

/** Segments of a cycle: `/a/b/c/d/a/b/c/d/` has 4. Longer ones end by `anywhere`. */
const maxCycle = 4
/** How often a cycle has to come in a row, and a segment anywhere in a path, to be too often. */
const strong = { inRow: 3, anywhere: 4 }
const weak = { inRow: 5, anywhere: 8 }

/** Empty segments do not count: `//` is written by accident, and no step in a circle. */
export function hasRepeatedSegments(path: string): boolean {
  const parts = path.split('/')
  // Nearly every path ends here. Short ones are compared by twos: that costs less than to hash them.
  if (parts.length <= 16 && !comesThrice(parts)) return false
  const segments = parts.filter((segment) => segment !== '')
  return comesInRow(segments) || comesOften(segments)
}

function comesThrice(segments: readonly string[]): boolean {
  for (let at = 2; at < segments.length; at += 1) {
    let same = 0
    for (let before = 0; before < at; before += 1) if (segments[before] === segments[at]) same += 1
    if (same >= 2) return true
  }
  return false
}

function comesInRow(segments: readonly string[]): boolean {
  for (let length = 1; length <= maxCycle; length += 1) {
    // How many segments up to here equal the one a cycle before.
    let same = 0
    for (let at = length; at < segments.length; at += 1) {
      same = segments[at] === segments[at - length] ? same + 1 : 0
      if (same < length * (strong.inRow - 1)) continue
      const isStrong = segments.slice(at - length + 1, at + 1).some((segment) => !isWeak(segment))
      if (isStrong || same >= length * (weak.inRow - 1)) return true
    }
  }
  return false
}

function comesOften(segments: readonly string[]): boolean {
  const times = new Map<string, number>()
  for (const segment of segments) {
    const count = (times.get(segment) ?? 0) + 1
    if (count >= strong.anywhere && (count >= weak.anywhere || !isWeak(segment))) return true
    times.set(segment, count)
  }
  return false
}

const isWeak = (segment: string) => segment.length <= 2 || /^\d+$/.test(segment)
