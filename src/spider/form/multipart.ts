/**
 * A body of several parts: `multipart/form-data` (RFC 7578), as the HTML standard has browsers write it.
 */
import { hash } from 'node:crypto'

/** A file as a form sends one. Its content is text: requests are plain data, which is kept as JSON. */
export interface FilePart {
  readonly content: string
  readonly filename: string
  /** Default `application/octet-stream`. */
  readonly type?: string
}

export type Part = readonly [name: string, value: string | FilePart]

export interface Multipart {
  readonly contentType: string
  readonly body: string
}

export function multipartOf(parts: readonly Part[]): Multipart {
  // The same parts have the same boundary, so that a request is known when it comes again; and no part can hold its own digest.
  const boundary = `----doff${hash('sha256', JSON.stringify(parts)).slice(0, 32)}`
  const written = parts.map(([name, value]) => `--${boundary}\r\n${partOf(name, value)}\r\n`)
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: `${written.join('')}--${boundary}--\r\n` }
}

function partOf(name: string, value: string | FilePart): string {
  const disposition = `Content-Disposition: form-data; name="${escaped(withCrlf(name))}"`
  if (typeof value === 'string') return `${disposition}\r\n\r\n${withCrlf(value)}`
  const type = value.type ?? 'application/octet-stream'
  return `${disposition}; filename="${escaped(value.filename)}"\r\nContent-Type: ${type}\r\n\r\n${value.content}`
}

/** HTML section 4.10.22.8: a quote or a line end would end the name. */
const escaped = (name: string) => name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** HTML section 4.10.22.4: line ends of names and values are CRLF on the wire. */
export const withCrlf = (text: string) => text.replace(/\r\n|\r|\n/g, '\r\n')
