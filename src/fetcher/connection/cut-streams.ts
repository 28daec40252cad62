/**
 * Tells which streams of HTTP/2 were reset with CANCEL before their end, as gateways do whose own server broke off. Node ends such a stream as if
 * its server had ended it, so half a body would be a whole one; what it publishes for diagnostics has the code. (RFC 9113 section 8.1 lets a
 * server reset a stream with NO_ERROR only after its end; one that does so before is believed.)
 */
import { subscribe } from 'node:diagnostics_channel'
import { constants } from 'node:http2'

/** Who has asked for a stream. */
export interface StreamOwner {
  isStreamCut: boolean
}

interface Published {
  readonly stream: { readonly rstCode: number }
}

const owners = new WeakMap<object, StreamOwner>()
let next: StreamOwner | undefined

/** To be called right before a stream is made. */
export function expectStream(owner: StreamOwner): void {
  next = owner
  queueMicrotask(() => {
    next = undefined
  })
}

subscribe('http2.client.stream.created', (message) => {
  if (next !== undefined) owners.set((message as Published).stream, next)
  next = undefined
})

subscribe('http2.client.stream.close', (message) => {
  const { stream } = message as Published
  const owner = owners.get(stream)
  if (owner !== undefined && stream.rstCode === constants.NGHTTP2_CANCEL) owner.isStreamCut = true
})
