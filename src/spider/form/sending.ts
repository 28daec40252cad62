/**
 * What a spider may ask of a URL besides a plain GET, and the plain data that it becomes. It is checked where it is written; what cannot be
 * sent is never stored.
 */
import type { Method, Sending } from '../../request.ts'
import { checkData } from '../item.ts'
import { type FilePart, multipartOf, type Part, withCrlf } from './multipart.ts'
import { checkHeaders } from './own-headers.ts'

export type FormValue = string | number | boolean

/** By name, or a list of names and values where their order matters. `undefined` is left out. */
export type FormFields<Value = FormValue> =
  | Readonly<Record<string, Value | readonly Value[] | undefined>>
  | readonly (readonly [name: string, value: Value])[]

export type SendingOptions = {
  /** Sent besides doff's own; wins over `Accept`. To another origin, redirects take only `Accept` and `Accept-Language` along. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it may be sent again although it may have arrived. Default: GET and HEAD may, POST may not (RFC 9110 section 9.2.2). */
  readonly idempotent?: boolean
} & (
  | {
      readonly method?: 'GET' | 'HEAD'
      readonly form?: undefined
      readonly json?: undefined
      readonly multipart?: undefined
    }
  | { readonly method: 'POST'; readonly form?: undefined; readonly json?: undefined; readonly multipart?: undefined }
  | {
      readonly method?: 'POST'
      /** `application/x-www-form-urlencoded`, in UTF-8. */
      readonly form: FormFields
      readonly json?: undefined
      readonly multipart?: undefined
    }
  | {
      readonly method?: 'POST'
      /** Any JSON value. */
      readonly json: NonNullable<unknown> | null
      readonly form?: undefined
      readonly multipart?: undefined
    }
  | {
      readonly method?: 'POST'
      /** `multipart/form-data`, in UTF-8. A file is `{ content, filename, type }`; its content is text. */
      readonly multipart: FormFields<FormValue | FilePart>
      readonly form?: undefined
      readonly json?: undefined
    }
)

/** A URL, and what is asked of it. */
export type RequestSpec = { readonly url: string | URL } & SendingOptions

const bodyFields = ['form', 'json', 'multipart'] as const

export const sendingFields = ['method', 'headers', 'form', 'json', 'multipart', 'idempotent'] as const

const methods: readonly unknown[] = ['GET', 'HEAD', 'POST'] satisfies readonly Method[]

/**
 * @returns `undefined` for a plain GET.
 * @throws TypeError naming the field that is wrong.
 */
export function sendingOf(asked: SendingOptions): Sending | undefined {
  const missing = bodyFields.find((field) => field in asked && asked[field] === undefined)
  if (missing !== undefined && !isSaid(asked))
    throw new TypeError(`\`${missing}\` is undefined, and nothing of it would be sent (leave it out for no body)`)
  // A page has many links, and hardly any asks for more.
  if (!sendingFields.some((field) => asked[field] !== undefined)) return undefined
  const { headers: given = {}, idempotent } = asked
  if (idempotent !== undefined && typeof idempotent !== 'boolean')
    throw new TypeError('`idempotent` is neither true nor false')
  const content = bodyOf(asked)
  const method = asked.method ?? (content === undefined ? 'GET' : 'POST')
  if (!methods.includes(method))
    throw new TypeError(`\`method\` is ${JSON.stringify(method)}, and doff sends GET, HEAD and POST`)
  if (content !== undefined && method !== 'POST')
    throw new TypeError(
      `\`${content.field}\` is a body, and a ${method} has none (leave out \`method\`, or make it POST)`,
    )
  const headers = checkHeaders(given)
  const isIdempotent = idempotent ?? method !== 'POST'
  if (content === undefined) {
    if ('content-type' in headers) throw new TypeError('`headers`: `content-type` is there, and no body')
    const isPlain = method === 'GET' && isIdempotent && Object.keys(headers).length === 0
    return isPlain ? undefined : { method, headers, isIdempotent }
  }
  // Its boundary is known to nobody else.
  if ('content-type' in headers && content.field === 'multipart')
    throw new TypeError('`headers`: `content-type` of a `multipart` body is for doff to set')
  return {
    method,
    headers: { 'content-type': content.type, ...headers },
    body: content.body.toWellFormed(),
    isIdempotent,
  }
}

/** Whether it says what is sent without a body that is undefined, which is a slip where it is all that speaks of one. */
const isSaid = (asked: SendingOptions) =>
  asked.method === 'GET' || asked.method === 'HEAD' || bodyFields.some((field) => asked[field] !== undefined)

interface Content {
  readonly field: 'form' | 'json' | 'multipart'
  readonly type: string
  readonly body: string
}

function bodyOf({ form, json, multipart }: SendingOptions): Content | undefined {
  const given = Object.entries({ form, json, multipart }).filter(([, value]) => value !== undefined)
  if (given.length > 1) {
    const names = given.map(([name]) => `\`${name}\``).join(' and ')
    throw new TypeError(`${names} are both a body, and a request has one`)
  }
  if (form !== undefined) {
    const entries = partsOf('form', form).map(([name, value]) => {
      if (typeof value !== 'string')
        throw new TypeError(`\`form\`: \`${name}\` is a file, which only \`multipart\` can send`)
      return [withCrlf(name), withCrlf(value)] as [string, string]
    })
    return { field: 'form', type: 'application/x-www-form-urlencoded', body: new URLSearchParams(entries).toString() }
  }
  if (json !== undefined) {
    const checked = checkData(json)
    if (!checked.ok) throw new TypeError(`\`json\` cannot be sent: ${checked.message}`)
    return { field: 'json', type: 'application/json', body: JSON.stringify(checked.value) }
  }
  if (multipart === undefined) return undefined
  const { contentType, body } = multipartOf(partsOf('multipart', multipart))
  return { field: 'multipart', type: contentType, body }
}

/** @throws TypeError naming the entry that is none. */
export function partsOf(field: string, fields: FormFields<FormValue | FilePart>): readonly Part[] {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError(`\`${field}\` is of type ${typeof fields}, not an object or a list of names and values`)
  if (Array.isArray(fields)) {
    return fields.map((entry: unknown, index) => {
      if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string')
        return [entry[0], checkValue(field, entry[0], entry[1])]
      throw new TypeError(`\`${field}\`: entry ${index} is no pair of a name and a value`)
    })
  }
  if (Symbol.iterator in fields)
    throw new TypeError(`\`${field}\` is a ${fields.constructor.name}: make it an object, or a list with [...it]`)
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    const values = Array.isArray(value) ? (value as readonly unknown[]) : value === undefined ? [] : [value]
    return values.map((one): Part => [name, checkValue(field, name, one)])
  })
}

function checkValue(field: string, name: string, value: unknown): string | FilePart {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (!isFilePart(value))
    throw new TypeError(`\`${field}\`: the value of \`${name}\` is ${shown(value)}, not text, a number or a boolean`)
  const { content, filename, type } = value
  if (typeof content !== 'string')
    throw new TypeError(
      `\`${field}\`: the content of the file \`${name}\` is ${shown(content)}, and only text can be sent`,
    )
  if (typeof filename !== 'string' || (type !== undefined && !/^[\x20-\x7e]*$/.test(type)))
    throw new TypeError(
      `\`${field}\`: the file \`${name}\` needs a \`filename\` that is text, and a \`type\` like text/csv, or none`,
    )
  return { content, filename, ...(type === undefined ? undefined : { type }) }
}

const isFilePart = (value: unknown): value is FilePart =>
  typeof value === 'object' && value !== null && 'content' in value

function shown(value: unknown): string {
  if (value === null || typeof value === 'number') return String(value)
  if (typeof value !== 'object') return `of type ${typeof value}`
  return Array.isArray(value) ? 'a list' : `a ${value.constructor?.name ?? 'object'}`
}
