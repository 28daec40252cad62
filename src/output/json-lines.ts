/** JSON lines: one item, one line of valid JSON (jsonlines.org). Dates are ISO 8601, bigints are strings, `undefined` fields are left out. */

export function encodeJsonLine(item: unknown): string {
  return `${toJson(item)}\n`
}

/** JSON of a value; bigints, which JSON.stringify refuses, as strings. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    // A replacer makes it several times slower, so only an item that needs it pays.
    return JSON.stringify(value, (_key, entry: unknown) => (typeof entry === 'bigint' ? entry.toString() : entry))
  }
}
