/**
 * What a browser would send when a form of the page is submitted: HTML section 4.10.22.3, "Form submission algorithm".
 *
 * UTF-8 is sent whatever charset the page has or asks for: a form of a page in another charset, whose server expects text beyond ASCII in
 * it, is not sent as a browser would. `enctype=text/plain` and `method=dialog` are errors.
 */
import { canonicalUrl } from '../../canonical-url.ts'
import type { HtmlElement } from '../document/html-document.ts'
import { type Control, controlsOf, directionEntryOf, type Entry, entriesOf } from './form-controls.ts'
import { type FilePart, withCrlf } from './multipart.ts'
import type { FormFields, FormValue } from './sending.ts'

/** By name: what is in a control instead. `true` and `false` check a checkbox, a list is several values, `null` sends nothing of it. */
export type FormValues = Readonly<Record<string, FormValue | FilePart | readonly FormValue[] | null | undefined>>

export interface FormOptions {
  /** A selector of the button that is pressed, or `false` for none. Default: the form's first. */
  readonly submit?: string | false
  /** What a script would add: names that the form has no controls for. */
  readonly add?: FormFields<FormValue | FilePart>
}

/** For `follow()`: what is sent, and where to. */
export type FormRequest =
  | { readonly url: string; readonly method: 'GET' }
  | { readonly url: string; readonly method: 'POST'; readonly form: readonly (readonly [string, string])[] }
  | { readonly url: string; readonly method: 'POST'; readonly multipart: readonly Entry[] }

export interface FormPlace {
  readonly form: HtmlElement
  /** Which button is pressed: the form's first, none, or the first of those that `submit` found. */
  readonly submit: 'first' | 'none' | readonly unknown[]
  /** How the form was asked for. */
  readonly selector: string
  /** Of the page. */
  readonly url: string
  readonly base: string
}

/** @throws TypeError, naming the page, for a form that cannot be sent, or a value that it has no control for. */
export function requestOfForm(place: FormPlace, values: FormValues, added: readonly Entry[]): FormRequest {
  const { form, selector, url: pageUrl, base } = place
  const fail = (what: string): never => {
    throw new TypeError(`The form \`${selector}\` ${what}: ${pageUrl}`)
  }
  const controls = controlsOf(form)
  const pressed = pressedOf(controls, place.submit)
  if (pressed === undefined && typeof place.submit !== 'string') fail('has no submit button that `submit` finds')

  const of = (name: 'action' | 'method' | 'enctype') =>
    pressed?.element.attribs[`form${name}`] ?? form.attribs[name] ?? ''
  const action = of('action')
  const target = action === '' ? pageUrl : canonicalUrl(action, base)
  if (target === undefined) return fail(`goes to \`${brief(action)}\`, which is no http(s) URL`)
  const method = of('method').toLowerCase()
  if (method === 'dialog') fail('closes a dialog, and sends nothing')

  const unknown = Object.keys(values).find((name) => !controls.some((control) => control.name === name))
  if (unknown !== undefined) {
    const known = [...new Set(controls.map(({ name }) => name))].filter((name) => name !== '')
    fail(`has no control \`${unknown}\` (it has ${brief(known.join(', ')) || 'none'}; \`add\` sends what is not there)`)
  }
  const entries = [...entriesIn(controls, pressed, values, fail), ...added]
  const enctype = of('enctype').toLowerCase()
  if (method === 'post' && enctype === 'multipart/form-data') return { url: target, method: 'POST', multipart: entries }

  const pairs = entries.map(([name, value]): readonly [string, string] => {
    if (typeof value === 'string') return [withCrlf(name), withCrlf(value)]
    // Of a file, this encoding sends the name only.
    if (value.filename !== '') fail(`sends no files, and \`${name}\` is one`)
    return [withCrlf(name), '']
  })
  if (method === 'post') {
    if (enctype === 'text/plain') fail('is sent as text/plain, which doff cannot')
    return { url: target, method: 'POST', form: pairs }
  }
  const url = new URL(target)
  url.search = new URLSearchParams(pairs as [string, string][]).toString()
  return { url: url.href, method: 'GET' }
}

/** Pages may have names and addresses of any length, and messages go into the log. */
const brief = (text: string) => (text.length > 500 ? `${text.slice(0, 500)}...` : text)

/** Section 4.10.22.2: the default button is the first; one that is disabled is not pressed. */
function pressedOf(controls: readonly Control[], submit: FormPlace['submit']): Control | undefined {
  const buttons = controls.filter(({ isSubmit }) => isSubmit)
  if (submit === 'none') return undefined
  if (submit === 'first') return buttons.find(({ isDisabled }) => !isDisabled)
  const found = new Set(submit)
  return buttons.find(({ element }) => found.has(element))
}

function entriesIn(
  controls: readonly Control[],
  pressed: Control | undefined,
  values: FormValues,
  fail: (what: string) => never,
): readonly Entry[] {
  const checkedRadios = new Map(controls.filter(isChecked).map((control) => [control.name, control]))
  const checkboxes = new Set(controls.filter(({ kind }) => kind === 'checkbox').map(({ name }) => name))
  const told = new Set<string>()
  return controls.flatMap((control) => {
    const { name, kind } = control
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    const isOther = kind === 'radio' && checkedRadios.get(name) !== control
    const own = (control.isDisabled && control !== pressed) || isOther ? [] : entriesOf(control, control === pressed)
    if (value === undefined) return own.length === 0 ? own : [...own, ...directionEntryOf(control)]
    if (typeof value === 'boolean') {
      if (!checkboxes.has(name)) return fail(`has no checkbox \`${name}\` that could be ${value}`)
      // A hidden control of the same name says what an unchecked one means.
      if (kind !== 'checkbox') return own
      return value ? [[name, control.element.attribs.value ?? 'on'] as const] : []
    }
    if (value === null || told.has(name)) return []
    told.add(name)
    const given = (Array.isArray(value) ? value : [value]) as readonly (FormValue | FilePart)[]
    const entries = given.map((one): Entry => [name, typeof one === 'object' ? one : String(one)])
    return entries.length === 0 ? entries : [...entries, ...directionEntryOf(control)]
  })
}

const isChecked = ({ kind, element }: Control) => kind === 'radio' && 'checked' in element.attribs
