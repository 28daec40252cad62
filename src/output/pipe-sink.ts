/** Standard output: a pipe whose reader may leave at any time, or a terminal. */
import { OutputFailedError, reasonOf } from '../errors.ts'
import type { Sink } from './sink.ts'

export class PipeSink implements Sink {
  readonly bytes = null
  readonly #stream: NodeJS.WriteStream
  #failure: NodeJS.ErrnoException | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    // Without a listener, a reader that left would end the process.
    stream.on('error', (error) => {
      this.#failure = error
    })
  }

  async write(text: string | Uint8Array): Promise<void> {
    const error =
      this.#failure ?? (await new Promise<Error | null | undefined>((resolve) => this.#stream.write(text, resolve)))
    if (error === undefined || error === null) return
    const readerLeft = 'code' in error && error.code === 'EPIPE'
    throw new OutputFailedError(`Cannot write standard output: ${reasonOf(error)}`, { cause: error, readerLeft })
  }

  sync(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<string> {
    return Promise.resolve('standard output')
  }
}
