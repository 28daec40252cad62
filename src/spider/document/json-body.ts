/** JSON, with the place of what is wrong with it: V8 tells it in some of its messages only, and not by its line. */
import { jsonFaultAt } from './json-fault.ts'

/** A byte order mark is passed over. @throws SyntaxError naming what is wrong, its line and column, what is near it, and the URL. */
export function parseJson(text: string, url: string): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text
  try {
    return JSON.parse(json)
  } catch (error) {
    const at = jsonFaultAt(json)
    const message = at === undefined ? String(error) : describe(json, at)
    throw new SyntaxError(`${message}: ${url}`, { cause: error })
  }
}

function describe(json: string, at: number): string {
  const token = json.codePointAt(at)
  const what = token === undefined ? 'Unexpected end' : `Unexpected token ${shown(String.fromCodePoint(token))}`
  const { line, column } = placeOf(json, at)
  const place = `line ${line}, column ${column}`
  const near = json.slice(Math.max(0, at - 24), at + 12).trim()
  return `${what} at ${place} (${near === '' ? 'there is nothing else' : `near ${shown(near)}`})`
}

/** Both from 1. A line ends with CR, LF, or both; no list is made of the lines, of which there may be ten million. */
function placeOf(json: string, at: number): { readonly line: number; readonly column: number } {
  let line = 1
  let start = 0
  for (let index = 0; index < at; index += 1) {
    const code = json.charCodeAt(index)
    if (code !== lf && (code !== cr || (index + 1 < at && json.charCodeAt(index + 1) === lf))) continue
    line += 1
    start = index + 1
  }
  return { line, column: at - start + 1 }
}

const lf = 10
const cr = 13

/** On one line, and harmless to a terminal: control characters, and those that turn the direction of writing, as JSON escapes. */
function shown(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => escapes[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
