/**
 * Where the body of an answer goes as it comes, instead of into memory: a receiver is asked at the head of the answer, and opens a sink.
 */
import type { Headers, StoredFile } from '../../outcome.ts'

/** What a sink may do to the exchange that feeds it. */
export interface Flow {
  /** More may come, after a `write` that said no. */
  resume(): void
  /** No more is wanted: the connection is closed. */
  giveUp(error: Error): void
}

export interface BodySink {
  /** @returns whether more may come at once. */
  write(chunk: Uint8Array): boolean
  /** @param fault why no more will come, unless the body is whole. */
  end(fault: Error | undefined): void
}

export interface Receiver {
  /** To be sent with the request. */
  readonly headers: Readonly<Record<string, string>>
  /** `undefined` keeps the body in memory; an error says why it is not wanted. */
  receive(status: number, headers: Headers, flow: Flow): BodySink | Error | undefined
  /**
   * Once the exchange is over: the file that the body is in by now, or why it is in none; `undefined` where no body was taken.
   * @throws FilesFailedError
   */
  written(): Promise<StoredFile | Error | undefined>
  /** Whether the next try begins notably further on than this one did. */
  readonly isFurther: boolean
}
