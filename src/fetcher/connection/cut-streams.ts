/**
 * Tells which streams of HTTP/2 were reset before their end, as gateways do whose own server broke off. Where the code of the reset is CANCEL or
 * NO_ERROR, Node ends such a stream as if its server had ended it, so half a body would be a whole one. (RFC 9113 section 8.1 lets a server
 * reset a stream with NO_ERROR only after its end.) The difference is in the order: of a whole body the end comes first, and then the stream is
 * closed.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { ClientHttp2Stream } from 'node:http2'

/** Who has asked for a stream. */
export interface StreamOwner {
  isStreamCut: boolean
}

let next: StreamOwner | undefined

/** To be called right before a stream is made. */
export function expectStream(owner: StreamOwner): void {
  next = owner
  queueMicrotask(() => {
    next = undefined
  })
}

subscribe('http2.client.stream.created', (message) => {
  if (next !== undefined) watch((message as { readonly stream: ClientHttp2Stream }).stream, next)
  next = undefined
})

function watch(stream: ClientHttp2Stream, owner: StreamOwner): void {
  const push = stream.push.bind(stream)
  let hasEnded = false
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !hasEnded) {
      hasEnded = true
      owner.isStreamCut = stream.closed
    }
    return push(chunk, encoding)
  }
}
