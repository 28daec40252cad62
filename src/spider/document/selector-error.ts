/** A selector that cannot be read, named: the library that reads it says what it stumbled over, and not of which selector. */
import { messageOf } from '../../errors.ts'
import { inShort } from '../../redact.ts'

export class SelectorError extends SyntaxError {
  readonly selector: string

  /** @param field that was to be extracted by it. */
  constructor(selector: string, cause: unknown, field?: string) {
    const why = messageOf(cause).replace(/found $/, 'found nothing')
    const place = field === undefined ? '' : `the field \`${field}\`: `
    super(`${place}\`${inShort(selector)}\` is no CSS selector (${why})`, { cause })
    this.selector = selector
  }
}

/** Of those that take selectors, the ones that parsers are written with; `$(selector)` is `find`, too. */
const methods = ['find', 'filter', 'not', 'is', 'has', 'closest', 'children'] as const

type Method = (this: unknown, ...given: unknown[]) => unknown

/** Lets the methods of one page's `$` throw a SelectorError. */
export function namingSelectors<Api extends { readonly fn: object }>($: Api): Api {
  const fn = $.fn as Record<string, Method | undefined>
  for (const name of methods) {
    const method = fn[name]
    fn[name] = function (...given) {
      try {
        return method?.apply(this, given)
      } catch (error) {
        const [selector] = given
        // A function is the spider's, and so is what it throws.
        const isNews = typeof selector === 'string' && !(error instanceof SelectorError)
        throw isNews ? new SelectorError(selector, error) : error
      }
    }
  }
  return $
}
