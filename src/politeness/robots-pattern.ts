/**
 * Whether a pattern matches a path (RFC 9309 section 2.2.3), both in canonical octets.
 *
 * Each part between asterisks is looked for where it comes first after the one before: if the pattern matches at all, it does so. No
 * backtracking, so the time is that of searching the path once for each part, and a part is looked for behind the last one only.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const isAnchored = pattern.endsWith('$')
  const end = isAnchored ? pattern.length - 1 : pattern.length
  let asterisk = pattern.indexOf('*')
  if (asterisk === -1)
    return path.startsWith(isAnchored ? pattern.slice(0, -1) : pattern) && (!isAnchored || path.length === end)
  if (!path.startsWith(pattern.slice(0, asterisk))) return false

  let matched = asterisk
  for (;;) {
    const from = asterisk + 1
    asterisk = pattern.indexOf('*', from)
    if (asterisk === -1) {
      const last = pattern.slice(from, end)
      return isAnchored ? path.length - last.length >= matched && path.endsWith(last) : path.includes(last, matched)
    }
    const found = path.indexOf(pattern.slice(from, asterisk), matched)
    if (found === -1) return false
    matched = found + asterisk - from
  }
}
