/**
 * The controls of a form, and what each of them sends: HTML section 4.10.22.4, "Constructing the entry list".
 *
 * Values are those that the page came with: what a script or a person would have changed is for the spider to say.
 */
import { formByParser, type HtmlElement } from '../document/html-document.ts'
import type { FilePart } from './multipart.ts'

export interface Control {
  readonly element: HtmlElement
  /** `select`, `textarea`, `button`, or the type of an input. */
  readonly kind: string
  /** Empty for one that has none. */
  readonly name: string
  readonly isDisabled: boolean
  /** Of its text, as the page has it. */
  readonly direction: 'ltr' | 'rtl'
  /** Whether it can send the form. */
  readonly isSubmit: boolean
}

export type Entry = readonly [name: string, value: string | FilePart]

const controlNames: ReadonlySet<string> = new Set(['input', 'select', 'textarea', 'button'])

/** In the order of the page, wherever on it they are (section 4.10.17.3). Those in a `<datalist>` are none. */
export function controlsOf(form: HtmlElement): readonly Control[] {
  const byId = new Map<string, HtmlElement>()
  const all = [...placedIn(rootOf(form))]
  for (const { element } of all) {
    const { id } = element.attribs
    if (id !== undefined && id !== '' && !byId.has(id)) byId.set(id, element)
  }
  return all
    .filter((placed) => controlNames.has(placed.element.name) && !placed.isInDatalist && ownerOf(placed, byId) === form)
    .map(controlOf)
}

/** What the form sends of a control; only a button that was pressed sends something. */
export function entriesOf(control: Control, isPressed: boolean): readonly Entry[] {
  const { element, kind, name } = control
  const { attribs } = element
  if (control.isSubmit && !isPressed) return []
  if (kind === 'image') {
    const prefix = name === '' ? '' : `${name}.`
    return [
      [`${prefix}x`, '0'],
      [`${prefix}y`, '0'],
    ]
  }
  if (name === '' || kind === 'button' || kind === 'reset') return []
  switch (kind) {
    case 'select':
      return selected(element).map((value) => [name, value])
    case 'checkbox':
    case 'radio':
      return 'checked' in attribs ? [[name, attribs.value ?? 'on']] : []
    case 'file':
      return [[name, noFile]]
    case 'textarea':
      return [[name, textOf(element)]]
    default:
      // Whatever charset the page has: UTF-8 is sent.
      return [[name, kind === 'hidden' && name.toLowerCase() === '_charset_' ? 'UTF-8' : sanitized(kind, attribs)]]
  }
}

/** What tells the direction of a control's text, where the page asks for it. */
export function directionEntryOf({ element, kind, direction }: Control): readonly Entry[] {
  const { dirname } = element.attribs
  return dirname === undefined || dirname === '' || !hasDirection.has(kind) ? [] : [[dirname, direction]]
}

const hasDirection: ReadonlySet<string> = new Set(['textarea', 'text', 'search', 'tel', 'url', 'email', 'hidden'])

/** What a file input sends that has none. */
const noFile: FilePart = Object.freeze({ content: '', filename: '' })

function controlOf({ element, isInDisabled, direction }: Placed): Control {
  const { type = '', name = '' } = element.attribs
  const given = type.toLowerCase()
  const isButton = element.name === 'button'
  const kind =
    element.name === 'input' ? (inputTypes.has(given) ? given : 'text') : isButton ? buttonKind(given) : element.name
  const isSubmit = kind === 'submit' || kind === 'image'
  return { element, kind, name, isDisabled: isInDisabled || 'disabled' in element.attribs, direction, isSubmit }
}

const buttonKind = (type: string) => (type === 'button' || type === 'reset' ? type : 'submit')

const inputTypes: ReadonlySet<string> = new Set([
  ...['hidden', 'text', 'search', 'tel', 'url', 'email', 'password', 'date', 'month', 'week', 'time', 'datetime-local'],
  ...['number', 'range', 'color', 'checkbox', 'radio', 'file', 'submit', 'image', 'reset', 'button'],
])

/** Section 4.10.17.3: by its `form` attribute, or else by the parser, or by where it is. */
function ownerOf(
  { element, form: formAbove }: Placed,
  byId: ReadonlyMap<string, HtmlElement>,
): HtmlElement | undefined {
  const { form } = element.attribs
  return form === undefined ? (formByParser(element) ?? formAbove) : byId.get(form)
}

/** Section 4.10.7: a drop-down shows its first option where none is selected; of several that are, the last one. */
function selected(select: HtmlElement): readonly string[] {
  const { attribs } = select
  const options = [...placedIn(select)].map(({ element }) => element).filter(({ name }) => name === 'option')
  const chosen = options.filter((option) => 'selected' in option.attribs)
  const isDropDown = !('multiple' in attribs) && !(Number.parseInt(attribs.size ?? '1', 10) > 1)
  const shown = 'multiple' in attribs ? chosen : chosen.slice(-1)
  const sent = shown.length === 0 && isDropDown ? options.filter((option) => !isOff(option)).slice(0, 1) : shown
  return sent.filter((option) => !isOff(option)).map((option) => option.attribs.value ?? collapsed(textOf(option)))
}

function isOff(option: HtmlElement): boolean {
  const parent = parentOf(option)
  return 'disabled' in option.attribs || (parent?.name === 'optgroup' && 'disabled' in parent.attribs)
}

/** The value sanitization algorithms of section 4.10.5.1, but for those of dates and times, which pages write as they should be. */
function sanitized(kind: string, attribs: Readonly<Record<string, string>>): string {
  const value = attribs.value ?? ''
  switch (kind) {
    case 'hidden':
    case 'submit':
      return value
    case 'number':
      return isNumber(value) ? value : ''
    case 'range': {
      const [min, max] = [numberOf(attribs.min, 0), numberOf(attribs.max, 100)]
      return isNumber(value) ? value : String(max < min ? min : min + (max - min) / 2)
    }
    case 'color':
      return /^#[0-9a-f]{6}$/i.test(value) ? value.toLowerCase() : '#000000'
    case 'email':
    case 'url':
      return value.replace(/[\r\n]/g, '').trim()
    default:
      return value.replace(/[\r\n]/g, '')
  }
}

const isNumber = (text: string) => /^-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?$/i.test(text)
const numberOf = (text: string | undefined, otherwise: number) =>
  text !== undefined && isNumber(text) ? Number(text) : otherwise

const collapsed = (text: string) => text.replace(/[\t\n\f\r ]+/g, ' ').replace(/^ | $/g, '')

function textOf(element: HtmlElement): string {
  let text = ''
  for (const child of element.children) {
    if ('data' in child && child.type === 'text') text += child.data
    else if ('attribs' in child && child.name !== 'script') text += textOf(child)
  }
  return text
}

/** An element, and what those above it make of it: looked up for each, that would take the square of a page's size. */
interface Placed {
  readonly element: HtmlElement
  readonly form: HtmlElement | undefined
  readonly isInDatalist: boolean
  /** Section 4.10.19.5; section 4.10.15: what is in the first `<legend>` of a disabled `<fieldset>` is not disabled by it. */
  readonly isInDisabled: boolean
  /** Its own, too. */
  readonly direction: Control['direction']
}

/** In the order of the page. What is in a `<template>` is not on the page. */
function* placedIn(top: HtmlElement): Generator<Placed> {
  const stack: Placed[] = []
  const pushChildren = (above: Placed) => {
    const { element } = above
    const children = childrenOf(element)
    const form = element.name === 'form' ? element : above.form
    const isInDatalist = above.isInDatalist || element.name === 'datalist'
    const isOff = element.name === 'fieldset' && 'disabled' in element.attribs
    const spared = isOff ? children.find(({ name }) => name === 'legend') : undefined
    for (const child of children.reverse()) {
      const isInDisabled = above.isInDisabled || (isOff && child !== spared)
      stack.push({ element: child, form, isInDatalist, isInDisabled, direction: directionOf(child) ?? above.direction })
    }
  }
  pushChildren({ element: top, form: undefined, isInDatalist: false, isInDisabled: false, direction: 'ltr' })
  for (let placed = stack.pop(); placed !== undefined; placed = stack.pop()) {
    yield placed
    if (placed.element.name !== 'template') pushChildren(placed)
  }
}

function directionOf({ attribs }: HtmlElement): Control['direction'] | undefined {
  const dir = attribs.dir?.toLowerCase()
  return dir === 'rtl' || dir === 'ltr' ? dir : undefined
}

const childrenOf = (element: HtmlElement) => element.children.filter((child) => 'attribs' in child)

function parentOf({ parent }: HtmlElement): HtmlElement | undefined {
  return parent !== null && 'attribs' in parent ? parent : undefined
}

function rootOf(element: HtmlElement): HtmlElement {
  const parent = parentOf(element)
  return parent === undefined ? element : rootOf(parent)
}
