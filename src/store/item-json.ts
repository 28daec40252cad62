/**
 * Items as the log keeps them: JSON that any tool reads, and beside it the places of what JSON has no word for (dates, bigints), so that
 * an item comes back with the types that its parser gave it.
 */

export interface ItemJson {
  readonly value: string
  /** JSON of a list of places; `null` for the most part. */
  readonly types: string | null
}

type Path = readonly (string | number)[]
type Place = readonly ['date' | 'bigint', ...Path]

export function encodeItem(item: unknown): ItemJson {
  const places: Place[] = []
  findPlaces(item, [], places)
  if (places.length === 0) return { value: JSON.stringify(item), types: null }
  const value = JSON.stringify(item, (_key, entry: unknown) => (typeof entry === 'bigint' ? entry.toString() : entry))
  return { value, types: JSON.stringify(places) }
}

export function decodeItem({ value, types }: ItemJson): unknown {
  const item: unknown = JSON.parse(value)
  if (types === null) return item
  for (const [type, ...path] of JSON.parse(types) as readonly Place[]) {
    let holder = item as Record<string | number, unknown>
    for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>
    const last = path.at(-1) ?? ''
    const text = String(holder[last])
    holder[last] = type === 'date' ? new Date(text) : BigInt(text)
  }
  return item
}

function findPlaces(value: unknown, path: Path, places: Place[]): void {
  if (typeof value === 'bigint') places.push(['bigint', ...path])
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Date) places.push(['date', ...path])
  else if (Array.isArray(value)) value.forEach((entry, index) => void findPlaces(entry, [...path, index], places))
  else for (const key in value) findPlaces((value as Record<string, unknown>)[key], [...path, key], places)
}
