/** The format of an output, as its name tells it: `books.jsonl`, `books.csv.gz`, `csv:-`. */
import { extname } from 'node:path'
import { OutputError } from '../errors.ts'

export interface Format {
  readonly format: 'jsonl' | 'csv'
  readonly isGzip: boolean
  /** `-` is standard output. */
  readonly path: string
}

/** One item as text, and what the header says. */
export interface Encoder {
  encode(item: unknown): string
  /** Of a CSV file, once they are known. */
  readonly columns: readonly string[] | undefined
}

const extensions: Readonly<Record<string, Format['format']>> = { '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.csv': 'csv' }

/** @throws OutputError when the format is unknown. */
export function formatOf(given: string): Format {
  const named = /^(jsonl|csv):(.+)$/s.exec(given)
  const path = named?.[2] ?? given
  if (path === '-') return { format: named?.[1] === 'csv' ? 'csv' : 'jsonl', isGzip: false, path }
  const isGzip = path.endsWith('.gz')
  const format = (named?.[1] as Format['format'] | undefined) ?? extensions[extname(isGzip ? path.slice(0, -3) : path)]
  if (format !== undefined) return { format, isGzip, path }
  throw new OutputError(
    `The format of output "${given}" is unknown: name it .jsonl or .csv (or .jsonl.gz, .csv.gz), or write jsonl:${given}`,
  )
}
