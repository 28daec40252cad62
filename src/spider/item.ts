/**
 * What leaves a parser is checked and detached: an item is plain data that JSON can carry, and it shares no memory with its page.
 *
 * V8 makes a substring as a view into the string it was cut from, so one title would keep a whole page in memory for as long as the item
 * waits for its reader. NaN, functions and the like have no JSON; they are refused with their place, not turned into `null`.
 */

export type CheckedItem =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string }

/** Deeper than any data somebody means; a cycle ends here too. */
const maxItemDepth = 100

class Refusal extends Error {}

type Path = readonly (string | number)[]

/** A detached copy of an item. `undefined` fields are left out; dates and bigints stay what they are. */
export const checkItem = (item: unknown): CheckedItem => check(item, 'item', false)

/** A detached copy of the data of a follow, which must be JSON and nothing more: it is stored and comes back as it was. */
export const checkData = (data: unknown): CheckedItem => check(data, 'data', true)

function check(value: unknown, name: string, isJsonOnly: boolean): CheckedItem {
  try {
    return { ok: true, value: detach(value, [], 0, isJsonOnly) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: `${name}${error.message}` }
    throw error
  }
}

function detach(value: unknown, path: Path, depth: number, isJsonOnly: boolean): unknown {
  if (depth > maxItemDepth) refuse(path.slice(0, 3), `more than ${maxItemDepth} levels deep, or a cycle`)
  switch (typeof value) {
    case 'string':
      return detachString(value)
    case 'number':
      return Number.isFinite(value) ? value : refuse(path, String(value))
    case 'boolean':
      return value
    case 'bigint':
      return isJsonOnly ? refuse(path, 'a bigint; write it as a string') : value
    case 'object':
      return value === null ? null : detachObject(value, path, depth, isJsonOnly)
    default:
      return refuse(path, `a ${typeof value}`)
  }
}

function detachObject(value: object, path: Path, depth: number, isJsonOnly: boolean): unknown {
  // Not `map`: it would leave the holes of a list, which are null in JSON.
  if (Array.isArray(value)) {
    return Array.from(value, (entry: unknown, index) => detach(entry ?? null, [...path, index], depth + 1, isJsonOnly))
  }
  if (value instanceof Date && isJsonOnly) refuse(path, 'a Date; write it as a string')
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse(path, 'an invalid date') : new Date(value)
  // A URL, a decimal: whatever knows its own JSON.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return detach(value.toJSON(), path, depth + 1, isJsonOnly)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(path, `a ${classOf(value)}; use a plain object or an array`)
  }
  const copy: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue
    const detached = detach(entry, [...path, key], depth + 1, isJsonOnly)
    // Assigning to `__proto__` would set the prototype.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: detached, enumerable: true, writable: true, configurable: true })
    else copy[key] = detached
  }
  return copy
}

const classOf = (value: object) => (typeof value.constructor === 'function' ? value.constructor.name : 'class instance')

/** Strings under 13 characters are never views. A round trip through JSON is lossless and gives a string of its own. */
function detachString(text: string): string {
  return text.length < 13 ? text : (JSON.parse(JSON.stringify(text)) as string)
}

function refuse(path: Path, what: string): never {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  throw new Refusal(`${place} is ${what}`)
}
