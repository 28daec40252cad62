/**
 * What servers do to a crawler, as a table: what each behaviour is, and the outcome it must come to. All but the ways to no server at all are
 * written in raw bytes, for no library for servers would say such things. Where a standard leaves the choice to us, the row says `ours:`.
 */
import type { Socket } from 'node:net'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { FailReason, RetryReason } from '../../src/outcome.ts'

/** Short, so that what is slow is soon over; what is honest keeps well within, also where all the world wants this machine. */
export const hostileLimits = {
  connectTimeoutMs: 6_000,
  headersTimeoutMs: 3_000,
  bodyTimeoutMs: 3_000,
  totalTimeoutMs: 10_000,
  minBytesPerSecond: 1_000,
  maxHeaderBytes: 16 * 1024,
  maxBodyBytes: 100_000,
} as const

/** One connection, as a behaviour has it. */
export interface Line {
  readonly socket: Socket
  write(bytes: string | Uint8Array): void
  /** Writes and ends well. */
  end(bytes?: string | Uint8Array): void
  /** Ends with RST. */
  reset(): void
  /** The same again and again, until the other side has had enough, or so many times. */
  every(ms: number, bytes: string, times?: number): void
  /** As fast as the other side reads, `mostBytes` at most. */
  flood(bytes: string | Uint8Array): void
}

export type Outcome =
  | { readonly kind: 'page'; readonly status: number; readonly text?: string }
  | { readonly kind: 'redirect'; readonly status: number }
  | { readonly kind: 'retry'; readonly reason: RetryReason }
  | { readonly kind: 'failed'; readonly reason: FailReason }

/** Where the behaviour lives, besides the server for plain text: TLS servers by what is wrong with them, and places with no server. */
export type Place =
  | 'plain'
  | 'early'
  | 'tls'
  | 'expired'
  | 'not-yet-valid'
  | 'self-signed'
  | 'untrusted'
  | 'untrusted-chain'
  | 'wrong-host'
  | 'old-tls'
  | 'odd-cipher'
  | 'tls-closed'
  | 'tls-silent'
  | 'tls-alert'
  | 'refused'
  | 'no-name'
  | 'silent-name'

export interface Behaviour {
  readonly does: string
  readonly comesTo: Outcome
  /** Default `plain`. */
  readonly at?: Place
  /** Default `http:`, or `https:` at a TLS server. */
  readonly scheme?: 'http' | 'https'
  readonly method?: 'HEAD'
  readonly answer?: (line: Line) => void
}

const page = (text?: string, status = 200): Outcome => ({
  kind: 'page',
  status,
  ...(text === undefined ? undefined : { text }),
})
const redirect: Outcome = { kind: 'redirect', status: 302 }
const retry = (reason: RetryReason): Outcome => ({ kind: 'retry', reason })
const failed = (reason: FailReason): Outcome => ({ kind: 'failed', reason })

const ok = 'HTTP/1.1 200 OK\r\n'
const sized = (body: string | Uint8Array, headers = '', status = '200 OK') =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\n\r\n`),
    Buffer.from(body),
  ])
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const coded = (coding: string, body: Uint8Array) => sized(body, `Content-Encoding: ${coding}\r\n`)
const says =
  (...bytes: readonly (string | Uint8Array)[]) =>
  (line: Line) => {
    for (const each of bytes) line.write(each)
  }
const saysAndEnds = (bytes: string | Uint8Array) => (line: Line) => line.end(bytes)

const small = Buffer.from('a page')
const zeros = Buffer.alloc(20_000_000)
const bombs = {
  gzip: gzipSync(zeros),
  br: brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: zstdCompressSync(zeros),
  deflate: deflateSync(zeros),
}
const bomb = (coding: keyof typeof bombs): Behaviour => {
  return {
    does: `sends ${bombs[coding].length} bytes of ${coding} that are 20 million`,
    comesTo: failed('body_too_large'),
    answer: says(coded(coding, bombs[coding])),
  }
}

const tls = (at: Place, does: string, comesTo: Outcome): Behaviour => ({ at, scheme: 'https', does, comesTo })

export const behaviours: Readonly<Record<string, Behaviour>> = {
  // What is well.
  ok: { does: 'answers', comesTo: page('a page'), answer: says(sized(small)) },
  'slow-but-honest': {
    does: 'takes its time, in pieces',
    comesTo: page(),
    answer: (line) => {
      line.write(`${ok}Content-Length: 5000\r\n\r\n`)
      line.every(100, 'x'.repeat(1_000), 5)
    },
  },
  'no-content-type': { does: 'names no type', comesTo: page('a page'), answer: says(sized(small)) },
  'no-reason-phrase': {
    does: 'has nothing to say to its status (RFC 9112 section 4)',
    comesTo: page('ok'),
    answer: says('HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'),
  },
  'utf8-headers': { does: 'writes headers in UTF-8', comesTo: page('a page'), answer: says(sized(small, 'X: ü€\r\n')) },
  'http-1.0': {
    does: 'ends the body by closing',
    comesTo: page('old'),
    answer: saysAndEnds('HTTP/1.0 200 OK\r\n\r\nold'),
  },
  'http-1.0-keep-alive': {
    does: 'speaks HTTP/1.0 and keeps the connection',
    comesTo: page('old'),
    answer: says('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold'),
  },
  'says-close-and-stays': {
    does: 'says that it closes, and does not',
    comesTo: page('a page'),
    answer: says(sized(small, 'Connection: close\r\n')),
  },
  'early-hints': {
    does: 'sends an interim answer first (RFC 9110 section 15.2)',
    comesTo: page('a page'),
    answer: says('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', sized(small)),
  },
  'blank-lines-first': {
    does: 'begins with blank lines',
    comesTo: page('a page'),
    answer: says('\r\n\r\n', sized(small)),
  },
  'small-chunks': {
    does: 'sends a body in chunks of one byte',
    comesTo: page('x'.repeat(20_000)),
    answer: says(chunked, `${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`),
  },
  trailers: {
    does: 'adds trailers to a body',
    comesTo: page('ok'),
    answer: says(chunked, '2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n'),
  },
  '204-with-body': {
    does: 'has a body for a 204 (RFC 9110 section 15.3.5)',
    comesTo: page('', 204),
    answer: says(sized(small, '', '204 No Content')),
  },
  'head-with-body': {
    does: 'has a body for a HEAD (RFC 9110 section 9.3.2)',
    comesTo: page(''),
    method: 'HEAD',
    answer: says(sized(small)),
  },
  'more-than-its-length': {
    does: 'sends more than its Content-Length',
    comesTo: page('a page'),
    answer: says(Buffer.concat([sized(small), Buffer.from(' and more')])),
  },
  'second-answer': {
    does: 'sends a second answer that nobody asked for',
    comesTo: page('a page'),
    answer: says(Buffer.concat([sized(small), sized('an evil page')])),
  },

  // Connections.
  refused: { at: 'refused', does: 'is not there', comesTo: retry('connection_refused') },
  'no-name': { at: 'no-name', does: 'has no address', comesTo: retry('dns') },
  'silent-name': { at: 'silent-name', does: 'has a name server that dawdles', comesTo: retry('connect_timeout') },
  'empty-reply': { does: 'closes without a word', comesTo: retry('connection_reset'), answer: (line) => line.end() },
  'reset-at-once': {
    does: 'resets without a word',
    comesTo: retry('connection_reset'),
    answer: (line) => line.reset(),
  },
  'closed-in-status': {
    does: 'closes in its first line',
    comesTo: retry('connection_reset'),
    answer: saysAndEnds('HTTP/1.'),
  },
  'closed-in-head': {
    does: 'closes in a header',
    comesTo: retry('connection_reset'),
    answer: saysAndEnds(`${ok}Content-Len`),
  },
  'reset-in-head': {
    does: 'resets in a header',
    comesTo: retry('connection_reset'),
    answer: (line) => {
      line.write(`${ok}Content-Len`)
      setTimeout(() => line.reset(), 20)
    },
  },
  'closed-in-body': {
    does: 'closes before its Content-Length',
    comesTo: retry('body_cut_off'),
    answer: saysAndEnds(`${ok}Content-Length: 100\r\n\r\nhalf`),
  },
  'reset-in-body': {
    does: 'resets before its Content-Length',
    comesTo: retry('body_cut_off'),
    answer: (line) => {
      line.write(`${ok}Content-Length: 100\r\n\r\nhalf`)
      setTimeout(() => line.reset(), 20)
    },
  },
  'reset-in-endless-body': {
    does: 'resets in a body without a length',
    comesTo: retry('body_cut_off'),
    answer: (line) => {
      line.write(`${ok}\r\nhalf`)
      setTimeout(() => line.reset(), 20)
    },
  },
  'closed-in-gzip': {
    does: 'closes before its Content-Length, in gzip',
    comesTo: retry('body_cut_off'),
    answer: saysAndEnds(coded('gzip', gzipSync(small)).subarray(0, -9)),
  },
  'closed-in-chunk': {
    does: 'closes in a chunk',
    comesTo: retry('body_cut_off'),
    answer: saysAndEnds(`${chunked}a\r\nhalf`),
  },
  'closed-between-chunks': {
    does: 'closes before the last chunk',
    comesTo: retry('body_cut_off'),
    answer: saysAndEnds(`${chunked}4\r\nhalf\r\n`),
  },
  'closed-in-last-answer': {
    does: 'says that it closes, and does so between chunks',
    comesTo: retry('body_cut_off'),
    answer: saysAndEnds(`${ok}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`),
  },
  'early-answer': {
    at: 'early',
    does: 'answers before it has read what it is asked',
    comesTo: page('early'),
  },

  // Time.
  silent: { does: 'says nothing', comesTo: retry('headers_timeout'), answer: () => undefined },
  'drips-head': {
    does: 'sends its head byte by byte',
    comesTo: retry('headers_timeout'),
    answer: (line) => {
      line.write(`${ok}X: `)
      line.every(50, 'x')
    },
  },
  'drips-interim': {
    does: 'sends an interim answer now and then',
    comesTo: retry('headers_timeout'),
    answer: (line) => line.every(400, 'HTTP/1.1 102 Processing\r\n\r\n'),
  },
  'stalls-in-body': {
    does: 'stops in the body',
    comesTo: retry('body_timeout'),
    answer: says(`${ok}Content-Length: 100\r\n\r\nhalf`),
  },
  'drips-body': {
    does: 'sends its body byte by byte',
    comesTo: retry('body_too_slow'),
    answer: (line) => {
      line.write(`${ok}Content-Length: 90000\r\n\r\n`)
      line.every(50, 'x')
    },
  },
  'drips-chunks': {
    does: 'sends chunks of a byte now and then',
    comesTo: retry('body_too_slow'),
    answer: (line) => {
      line.write(chunked)
      line.every(50, '1\r\nx\r\n')
    },
  },
  'endless-events': {
    does: 'sends an event now and then, for ever',
    comesTo: retry('body_too_slow'),
    answer: (line) => {
      line.write(`${ok}Content-Type: text/event-stream\r\n\r\n`)
      line.every(200, 'data: tick\n\n')
    },
  },
  'endless-chunk-extension': {
    does: 'never comes to the end of a chunk extension',
    comesTo: retry('body_timeout'),
    answer: (line) => {
      line.write(`${chunked}5;x=`)
      line.every(20, 'y'.repeat(1_000))
    },
  },
  'slower-than-allowed': {
    does: 'keeps sending, but would take longer than a request may',
    comesTo: retry('total_timeout'),
    answer: (line) => {
      line.write(`${ok}Content-Length: 90000\r\n\r\n`)
      line.every(100, 'x'.repeat(300))
    },
  },

  // Sizes.
  'endless-body': {
    does: 'sends a body for ever',
    comesTo: failed('body_too_large'),
    answer: (line) => {
      line.write(`${ok}\r\n`)
      line.flood('x'.repeat(10_000))
    },
  },
  'endless-chunks': {
    does: 'sends chunks for ever',
    comesTo: failed('body_too_large'),
    answer: (line) => {
      line.write(chunked)
      line.flood(`2710\r\n${'x'.repeat(10_000)}\r\n`)
    },
  },
  'endless-small-chunks': {
    does: 'sends chunks of a byte for ever',
    comesTo: failed('body_too_large'),
    answer: (line) => {
      line.write(chunked)
      line.flood('1\r\nx\r\n'.repeat(1_000))
    },
  },
  'huge-length': {
    does: 'has a body of a terabyte',
    comesTo: failed('body_too_large'),
    answer: (line) => {
      line.write(`${ok}Content-Length: 1000000000000\r\n\r\n`)
      line.flood('x'.repeat(10_000))
    },
  },
  'endless-header': {
    does: 'sends one header for ever',
    comesTo: failed('headers_too_large'),
    answer: (line) => {
      line.write(`${ok}X: `)
      line.flood('x'.repeat(10_000))
    },
  },
  'endless-headers': {
    does: 'sends headers for ever',
    comesTo: failed('headers_too_large'),
    answer: (line) => {
      line.write(ok)
      line.flood('X-Header: value\r\n'.repeat(500))
    },
  },
  'endless-header-name': {
    does: 'sends the name of a header for ever',
    comesTo: failed('headers_too_large'),
    answer: (line) => {
      line.write(ok)
      line.flood('x'.repeat(10_000))
    },
  },
  'endless-cookies': {
    does: 'sets cookies for ever',
    comesTo: failed('headers_too_large'),
    answer: (line) => {
      line.write(ok)
      line.flood(`Set-Cookie: ${'c'.repeat(100)}=1\r\n`.repeat(100))
    },
  },
  'endless-trailers': {
    does: 'sends trailers for ever',
    comesTo: failed('headers_too_large'),
    answer: (line) => {
      line.write(`${chunked}2\r\nok\r\n0\r\n`)
      line.flood('X-Trailer: value\r\n'.repeat(500))
    },
  },
  'endless-interim': {
    does: 'sends interim answers for ever',
    comesTo: failed('protocol'),
    answer: (line) => line.flood('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(10)),
  },

  // Encodings.
  'gzip-bomb': bomb('gzip'),
  'brotli-bomb': bomb('br'),
  'zstd-bomb': bomb('zstd'),
  'deflate-bomb': bomb('deflate'),
  'nested-bomb': {
    does: 'sends a bomb in a bomb',
    comesTo: failed('body_too_large'),
    answer: says(coded('gzip, gzip', gzipSync(bombs.gzip))),
  },
  'mixed-bomb': {
    does: 'sends a bomb in three encodings',
    comesTo: failed('body_too_large'),
    answer: says(coded('gzip, br, zstd', zstdCompressSync(brotliCompressSync(bombs.gzip)))),
  },
  'zstd-window': {
    does: 'asks for a window of 128 MiB (RFC 9659)',
    comesTo: failed('bad_encoding'),
    // Magic, no content size, windowLog 27, one raw block.
    answer: says(coded('zstd', Buffer.from('28b52ffd008809000078', 'hex'))),
  },
  'truncated-gzip': {
    does: 'sends half of a gzip stream',
    comesTo: failed('bad_encoding'),
    answer: says(coded('gzip', gzipSync('x'.repeat(5_000)).subarray(0, 20))),
  },
  'plain-as-gzip': {
    does: 'calls plain text gzip',
    comesTo: failed('bad_encoding'),
    answer: says(coded('gzip', small)),
  },
  'plain-as-brotli': {
    does: 'calls plain text brotli',
    comesTo: failed('bad_encoding'),
    answer: says(coded('br', small)),
  },
  'raw-deflate': {
    does: 'sends deflate without its wrapper',
    comesTo: page('a page'),
    answer: says(coded('deflate', deflateRawSync(small))),
  },
  'double-gzip': {
    does: 'encodes twice, and says so',
    comesTo: page('a page'),
    answer: says(coded('gzip, gzip', gzipSync(gzipSync(small)))),
  },
  'garbage-after-gzip': {
    does: 'adds garbage to a gzip stream; ours: it is passed over, as browsers do',
    comesTo: page('a page'),
    answer: says(coded('gzip', Buffer.concat([gzipSync(small), Buffer.from('\0\0garbage')]))),
  },
  'identity-gzip': {
    does: 'names identity among its encodings',
    comesTo: page('a page'),
    answer: says(coded('identity, gzip', gzipSync(small))),
  },
  'empty-gzip': { does: 'calls nothing gzip', comesTo: page(''), answer: says(coded('gzip', Buffer.alloc(0))) },
  'unknown-coding': {
    does: 'has an encoding of its own',
    comesTo: failed('bad_encoding'),
    answer: says(coded('rot13', small)),
  },
  'many-codings': {
    does: 'names five encodings',
    comesTo: failed('bad_encoding'),
    answer: says(coded('gzip, gzip, gzip, gzip, gzip', small)),
  },

  // What is no HTTP.
  garbage: {
    does: 'speaks no HTTP',
    comesTo: failed('protocol'),
    answer: saysAndEnds('220 mail.test ESMTP ready\r\n'),
  },
  'binary-garbage': {
    does: 'sends noise',
    comesTo: failed('protocol'),
    answer: saysAndEnds(Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 7 + 128) % 256))),
  },
  'http-0.9': {
    does: 'sends a page without a head',
    comesTo: failed('protocol'),
    answer: saysAndEnds('<html>a page</html>'),
  },
  'http-9.9': {
    does: 'speaks a version that there is not',
    comesTo: failed('protocol'),
    answer: saysAndEnds('HTTP/9.9 200 OK\r\n\r\n'),
  },
  'lower-case': {
    does: 'says http in lower case',
    comesTo: failed('protocol'),
    answer: saysAndEnds('http/1.1 200 ok\r\n\r\n'),
  },
  'two-digit-status': {
    does: 'has a status of two digits',
    comesTo: failed('protocol'),
    answer: saysAndEnds('HTTP/1.1 20 OK\r\n\r\n'),
  },
  'four-digit-status': {
    does: 'has a status of four digits',
    comesTo: failed('protocol'),
    answer: saysAndEnds('HTTP/1.1 2000 OK\r\n\r\n'),
  },
  'status-099': {
    does: 'has the status 099',
    comesTo: failed('protocol'),
    answer: saysAndEnds('HTTP/1.1 099 Odd\r\n\r\n'),
  },
  'status-word': {
    does: 'has a word for a status',
    comesTo: failed('protocol'),
    answer: saysAndEnds('HTTP/1.1 OK\r\n\r\n'),
  },
  'continue-unasked': {
    does: 'says `100 Continue` to nobody; ours: undici takes it for a fault',
    comesTo: failed('protocol'),
    answer: says('HTTP/1.1 100 Continue\r\n\r\n', sized(small)),
  },
  'upgrade-unasked': {
    does: 'changes the protocol unasked',
    comesTo: failed('protocol'),
    answer: says('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  },
  'two-lengths': {
    does: 'has two lengths (RFC 9112 section 6.3)',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length: 2\r\nContent-Length: 5\r\n\r\nok`),
  },
  'list-of-lengths': {
    does: 'has a list of lengths',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length: 2, 2\r\n\r\nok`),
  },
  'negative-length': {
    does: 'has a negative length',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length: -2\r\n\r\nok`),
  },
  'overflowing-length': {
    does: 'has a length that no number holds',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length: ${'9'.repeat(30)}\r\n\r\nok`),
  },
  'length-and-chunks': {
    does: 'has both a length and chunks (RFC 9112 section 6.1)',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  },
  'bad-chunk-size': {
    does: 'has a chunk size that is no number',
    comesTo: failed('protocol'),
    answer: says(`${chunked}xyz\r\nok`),
  },
  'negative-chunk-size': {
    does: 'has a negative chunk size',
    comesTo: failed('protocol'),
    answer: says(`${chunked}-2\r\nok`),
  },
  'overflowing-chunk-size': {
    does: 'has a chunk size that no number holds',
    comesTo: failed('protocol'),
    answer: says(`${chunked}${'f'.repeat(20)}\r\nok`),
  },
  'longer-chunk': {
    does: 'sends more than the chunk size',
    comesTo: failed('protocol'),
    answer: says(`${chunked}2\r\nokay\r\n0\r\n\r\n`),
  },
  'folded-header': {
    does: 'folds a header (RFC 9112 section 5.2)',
    comesTo: failed('protocol'),
    answer: says(`${ok}X: one\r\n two\r\nContent-Length: 2\r\n\r\nok`),
  },
  'nul-in-header': {
    does: 'has a NUL in a header',
    comesTo: failed('protocol'),
    answer: says(`${ok}X: a\0b\r\nContent-Length: 2\r\n\r\nok`),
  },
  'space-in-name': {
    does: 'has a space in the name of a header',
    comesTo: failed('protocol'),
    answer: says(`${ok}X Y: a\r\n\r\n`),
  },
  'space-before-colon': {
    does: 'has a space before a colon (RFC 9112 section 5.1)',
    comesTo: failed('protocol'),
    answer: says(`${ok}Content-Length : 2\r\n\r\nok`),
  },
  'no-colon': {
    does: 'has a header without a colon',
    comesTo: failed('protocol'),
    answer: says(`${ok}Nonsense\r\n\r\n`),
  },
  'bare-lf': {
    does: 'ends its lines with LF (RFC 9112 section 2.2 lets us accept it)',
    comesTo: failed('protocol'),
    answer: says('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  },
  'bare-cr': {
    does: 'has a CR in a header',
    comesTo: failed('protocol'),
    answer: says(`${ok}X: a\rb\r\nContent-Length: 2\r\n\r\nok`),
  },
  'long-status-line': {
    does: 'never comes to the end of its first line',
    comesTo: retry('headers_timeout'),
    answer: (line) => {
      line.write('HTTP/1.1 200 ')
      line.every(20, 'x'.repeat(1_000))
    },
  },

  // Statuses.
  'status-999': {
    does: 'has a status that there is not',
    comesTo: failed('http_999'),
    answer: says(sized(small, '', '999 Denied')),
  },
  '401-endless': {
    does: 'refuses at great length',
    comesTo: failed('http_401'),
    answer: (line) => {
      line.write('HTTP/1.1 401 Unauthorized\r\n\r\n')
      line.flood('x'.repeat(10_000))
    },
  },
  '404-long': {
    does: 'has a long page for what is missing',
    comesTo: failed('http_404'),
    answer: says(sized('x'.repeat(200_000), '', '404 Gone')),
  },
  '404-garbled': {
    does: 'has a garbled page for what is missing',
    comesTo: failed('http_404'),
    answer: says(sized(small, 'Content-Encoding: gzip\r\n', '404 Not Found')),
  },
  '503-drips': {
    does: 'drips an error',
    comesTo: retry('http_503'),
    answer: (line) => {
      line.write('HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n')
      line.every(50, 'x')
    },
  },
  '503-cut-off': {
    does: 'closes in an error',
    comesTo: retry('http_503'),
    answer: saysAndEnds('HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nhalf'),
  },
  '500-broken-chunks': {
    does: 'errs in an error',
    comesTo: retry('http_500'),
    answer: says('HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\nxyz'),
  },
  '304-unasked': {
    does: 'says that nothing has changed',
    comesTo: failed('http_304'),
    answer: says('HTTP/1.1 304 Not Modified\r\n\r\n'),
  },
  '304-with-body': {
    does: 'has a body for a 304 (RFC 9110 section 15.4.5)',
    comesTo: failed('http_304'),
    answer: says(sized(small, '', '304 Not Modified')),
  },
  '206-unasked': {
    does: 'sends a part to who asked for all (RFC 9110 section 15.3.7)',
    comesTo: failed('http_206'),
    answer: says(sized(small, 'Content-Range: bytes 0-5/1000\r\n', '206 Partial Content')),
  },

  // Redirects.
  'redirect-nowhere': {
    does: 'redirects nowhere',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', '', '302 Found')),
  },
  'redirect-empty': {
    does: 'redirects with a Location that is no URL',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', 'Location: http://[::1\r\n', '302 Found')),
  },
  'redirect-javascript': {
    does: 'redirects to a script',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', 'Location: javascript:alert(1)\r\n', '302 Found')),
  },
  'redirect-data': {
    does: 'redirects to data',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', 'Location: data:text/html,hi\r\n', '302 Found')),
  },
  'redirect-file': {
    does: 'redirects to a file',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', 'Location: file:///etc/passwd\r\n', '302 Found')),
  },
  'redirect-two-ways': {
    does: 'redirects to two places',
    comesTo: failed('redirect_without_target'),
    answer: says(sized('', 'Location: /a\r\nLocation: /b\r\n', '302 Found')),
  },
  'redirect-self': {
    does: 'redirects to itself',
    comesTo: redirect,
    answer: says(sized('', 'Location: /redirect-self\r\n', '302 Found')),
  },
  'redirect-endless': {
    does: 'redirects with a body that does not end',
    comesTo: redirect,
    answer: (line) => {
      line.write('HTTP/1.1 302 Found\r\nLocation: /ok\r\n\r\n')
      line.flood('x'.repeat(10_000))
    },
  },
  'redirect-stalls': {
    does: 'redirects, and stops in the body',
    comesTo: redirect,
    answer: says('HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 100\r\n\r\n'),
  },

  // TLS.
  'tls-ok': { at: 'tls', does: 'speaks TLS', comesTo: page('a page') },
  expired: tls('expired', 'has a certificate that has expired', failed('tls_expired')),
  'not-yet-valid': tls('not-yet-valid', 'has a certificate of the far future', failed('tls_not_yet_valid')),
  'self-signed': tls('self-signed', 'vouches for itself', failed('tls_self_signed')),
  untrusted: tls('untrusted', 'has a certificate of nobody we know', failed('tls_untrusted')),
  'untrusted-chain': tls('untrusted-chain', 'sends the authority that nobody knows, too', failed('tls_untrusted')),
  'wrong-host': tls('wrong-host', 'has the certificate of another host', failed('tls_wrong_host')),
  'old-tls': tls('old-tls', 'speaks TLS 1.1 only', failed('tls_handshake')),
  'odd-cipher': tls('odd-cipher', 'has no cipher in common with us', failed('tls_handshake')),
  'tls-alert': tls('tls-alert', 'answers the handshake with an alert', failed('tls_handshake')),
  'tls-closed': tls('tls-closed', 'closes in the handshake', retry('connection_reset')),
  'tls-silent': tls('tls-silent', 'says nothing to the handshake', retry('connect_timeout')),
  'plain-for-tls': {
    at: 'plain',
    scheme: 'https',
    does: 'speaks plain text where TLS is due',
    comesTo: failed('tls_handshake'),
  },
  'tls-for-plain': {
    at: 'tls',
    scheme: 'http',
    does: 'speaks TLS where plain text is due',
    comesTo: retry('connection_reset'),
  },
}
