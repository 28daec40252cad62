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
  const lines = json.slice(0, at).split(/\r\n|\r|\n/)
  const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
  const near = json.slice(Math.max(0, at - 24), at + 12).trim()
  return `${what} at ${place} (${near === '' ? 'there is nothing else' : `near ${shown(near)}`})`
}

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
