/** Inputs that somebody might send: a good one, changed by a seed. The same seed gives the same input. */
import { randomFrom } from '../sites/web.ts'

const tokens = [
  '\0',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\t',
  ' ',
  ';',
  ',',
  ':',
  '"',
  "'",
  '<',
  '>',
  '&',
  '%',
  '%zz',
  '=',
  '/',
  '//',
  '\\',
  '*',
  '$',
  '#',
  '?',
  '-1',
  '0',
  '4294967296',
  '99999999999999999999',
  '1e400',
  'NaN',
  '0x10',
  '\ufeff',
  '\ufffd',
  '😀',
  '\u2028',
  'é',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE',
  '<base href=',
  '<meta charset=',
  '<script>',
  '<svg>',
  '<table>',
  '<form>',
  '<a href=',
  '<i1>',
  '</y>',
  '<hr>',
  '</b>',
  '<b a=1>',
  '<object>',
  '<template>',
  '&#x110000;',
  '&lt',
  '__proto__',
  'constructor',
  '[',
  '{',
  ']',
  '}',
  'null',
  'chunked',
  'gzip',
  'identity',
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'ffffffffffffffff\r\n',
  '0\r\n\r\n',
  'User-agent:',
  'Disallow:',
  'Allow:',
  'Sitemap:',
  'Crawl-delay:',
  '<loc>',
  '</loc>',
  '<url>',
  '<sitemap>',
  '<?xml encoding="utf-16"?>',
].map((token) => Buffer.from(token))

/** Longest that an input grows to. */
const maxBytes = 256 * 1024

/** @param corpus good inputs, of which one or two are taken. */
export function mutated(corpus: readonly Uint8Array[], seed: number): Buffer {
  const random = randomFrom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]) => list[below(list.length)] as T
  let input: Buffer = Buffer.from(pick(corpus))
  const changes = below(6)
  for (let change = 0; change < changes; change += 1) input = changed(input, corpus, below, pick).subarray(0, maxBytes)
  return input
}

type Below = (limit: number) => number
type Pick = <T>(list: readonly T[]) => T

function changed(input: Buffer, corpus: readonly Uint8Array[], below: Below, pick: Pick): Buffer {
  const at = below(input.length + 1)
  const to = Math.min(input.length, at + 1 + below(below(4) === 0 ? input.length + 1 : 16))
  const [before, part, after] = [input.subarray(0, at), input.subarray(at, to), input.subarray(to)]
  switch (below(9)) {
    case 0: {
      const flipped = Buffer.from(input)
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << below(8))
      return flipped
    }
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, part, part, after])
    case 3:
      return Buffer.concat([before, pick(tokens), part, after])
    case 4:
      return Buffer.concat([before, pick(tokens), after])
    // Many times over: what takes time by the square shows.
    case 5:
      return Buffer.concat([before, Buffer.alloc(2 ** below(17), part.length > 0 ? part : pick(tokens)), after])
    case 6:
      return before
    case 7: {
      const other = Buffer.from(pick(corpus))
      return Buffer.concat([before, other.subarray(below(other.length + 1))])
    }
    default: {
      const noise = Buffer.from(Array.from({ length: 1 + below(16) }, () => below(256)))
      return Buffer.concat([before, noise, after])
    }
  }
}
