/** Loads a user's module (a spider, a configuration); what is wrong with it is said in one line, with the place, and no stack. */
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DoffError, OptionError, SpiderError } from '../errors.ts'

/** @throws SpiderError or OptionError with the file's path in front. */
export async function loadDefault(path: string, kind: 'spider' | 'configuration'): Promise<unknown> {
  const shown = relative(process.cwd(), path) || path
  const Failure = (message: string, cause?: unknown) =>
    kind === 'spider' ? new SpiderError(message, { cause }) : new OptionError('', message)
  let loaded: { default?: unknown }
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
  } catch (error) {
    if (error instanceof DoffError) throw Failure(`${shown}: ${error.message}`, error)
    throw Failure(`Cannot load ${placeOf(error) ?? shown}: ${messageOf(error)}`, error)
  }
  if (loaded.default === undefined) throw Failure(`${shown} has no default export (write \`export default define...\`)`)
  return loaded.default
}

/** The first place in a user's file that an error's stack names, as `spiders/books.ts:12`. */
function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const place = /(?:file:\/\/)?(\/[^\s():]+\.[mc]?[jt]s):(\d+)/.exec(stack)
  return place === null || place[1] === undefined
    ? undefined
    : `${relative(process.cwd(), decodeURI(place[1]))}:${place[2]}`
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message =
    error.message
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')[0] ?? error.name
  if (message.startsWith("Cannot find package 'doff'")) return `${message} (install it there: npm install doff)`
  if (message.startsWith('Cannot use import statement')) return `${message} (write "type": "module" in package.json)`
  return `${error.name}: ${message}`
}
