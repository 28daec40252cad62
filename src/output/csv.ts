/**
 * CSV (RFC 4180) with a header. The columns are the fields of the first item; a field that a later item brings besides has no column, and
 * is said aloud instead of dropped in silence. Dates are ISO 8601; lists and objects are written as JSON.
 *
 * Ours: lines end in LF, where the RFC has CRLF; every reader takes it, and it is what other text files have.
 */
import { stringify } from 'csv-stringify/sync'
import { OutputFailedError } from '../errors.ts'
import type { Encoder } from './format.ts'
import { toJson } from './json-lines.ts'

/** What is known of the columns before the first item. */
export interface Columns {
  readonly columns?: readonly string[] | undefined
  /** The file is gone on with, and has its header. Default false. */
  readonly hasHeader?: boolean
  /** The first line of a file that is appended to. */
  readonly existingHeader?: string | undefined
}

/**
 * @param warn called once for each field that has no column.
 * @throws OutputFailedError when the columns are not those of the file.
 */
export function createCsvEncoder(path: string, warn: (message: string) => void, known: Columns = {}): Encoder {
  const { hasHeader = false, existingHeader } = known
  let { columns } = known
  let isBegun = hasHeader && columns !== undefined
  const warned = new Set<string>()

  const encode = (item: unknown): string => {
    const fields = item as Readonly<Record<string, unknown>>
    let header = ''
    columns ??= Object.keys(fields)
    if (!isBegun) {
      isBegun = true
      header = stringify([[...columns]])
      if (existingHeader !== undefined && existingHeader !== header.slice(0, -1)) {
        throw new OutputFailedError(
          `${path} has the columns ${existingHeader}, and the items ${header.slice(0, -1)}: use another file, or -O to replace it`,
          { cause: undefined },
        )
      }
      if (existingHeader !== undefined) header = ''
    }
    for (const name of Object.keys(fields)) {
      if (columns.includes(name) || warned.has(name)) continue
      warned.add(name)
      warn(
        `${path} has no column for the field "${name}", which the first item did not have (give every item the same fields, or write .jsonl)`,
      )
    }
    return header + stringify([columns.map((name) => cell(fields[name]))], { quoted_empty: columns.length === 1 })
  }
  return {
    encode,
    get columns() {
      return columns
    },
  }
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? toJson(value) : String(value)
}
