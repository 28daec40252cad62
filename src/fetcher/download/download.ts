/**
 * One try to download a file: a receiver that streams the body to disk with back-pressure, and memory stays as it is however long the file.
 *
 * A file is written as a partial one (partial-file.ts), and gets its name, the digest of its content, when it is whole and synced: what has a
 * name is whole. Where the try before was cut off, this one asks for the rest (RFC 9110 sections 13.1.5 and 14).
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FilesFailedError } from '../../errors.ts'
import type { Headers, StoredFile } from '../../outcome.ts'
import type { FileSpec } from '../../request.ts'
import { BodyError, decodersOf, tooLarge } from '../body.ts'
import { FaultError } from '../faults.ts'
import { isPassingStatus } from '../retry-policy.ts'
import type { BodySink, Flow, Receiver } from './body-sink.ts'
import { FileWriter } from './file-writer.ts'
import { isOfType, mediaTypeOf } from './media-type.ts'
import { type PartialFile, validatorOf } from './partial-file.ts'

/** Why a body is not taken, or not whole. */
export class DownloadError extends FaultError {
  constructor(reason: 'file_type' | 'body_cut_off', message: string) {
    super(reason, message)
  }
}

/** What is known of a file before it has a name. */
export type Unnamed = Omit<StoredFile, 'path'>

/** What waits to be written, besides what the socket holds. */
const maxWaitingBytes = 256 * 1024

/** A try that brings less is one of `maxRetries`, whatever it brings: else a file could come in a million of them. */
const leastGainBytes = 1024 * 1024

export type DownloadLimits = Readonly<Record<'maxBytes', number>> & Pick<FileSpec, 'types'>

/** Gives a whole file its name. */
export type Store = (partial: PartialFile, file: Unnamed) => Promise<StoredFile>

export class Download implements Receiver {
  readonly #partial: PartialFile
  readonly #limits: DownloadLimits
  readonly #store: Store
  readonly #onWriting: (writing: Promise<unknown>) => void
  /** What the try before left. */
  readonly #keptBefore: number
  #writing: Promise<StoredFile | Error | undefined> | undefined

  /** @param onWriting is told of what is being done on disk. */
  constructor(
    partial: PartialFile,
    limits: DownloadLimits,
    store: Store,
    onWriting: (writing: Promise<unknown>) => void,
  ) {
    this.#partial = partial
    this.#limits = limits
    this.#store = store
    this.#onWriting = onWriting
    this.#keptBefore = partial.bytes
  }

  get headers(): Readonly<Record<string, string>> {
    const { bytes, validator } = this.#partial
    return {
      accept: this.#limits.types.length === 0 ? '*/*' : this.#limits.types.join(', '),
      'accept-encoding': 'identity',
      ...(validator === undefined ? undefined : { range: `bytes=${bytes}-`, 'if-range': validator }),
    }
  }

  get isFurther(): boolean {
    return this.#partial.bytes - this.#keptBefore >= leastGainBytes
  }

  receive(status: number, headers: Headers, flow: Flow): BodySink | Error | undefined {
    if (status === 206 || (status === 416 && this.#keptBefore > 0)) {
      const part = status === 206 ? partIn(headers, this.#partial.validator) : undefined
      const goesOn = part?.first === this.#keptBefore && part.first > 0 && this.#partial.mayComeTo(part.total)
      if (!goesOn) {
        this.#discard()
        return new DownloadError('body_cut_off', `Status ${status} does not go on with the file as it was`)
      }
    } else if (status !== 200 && status !== 203) {
      if (!isPassingStatus(status)) this.#discard()
      return undefined
    }
    const refusal = this.#refusalOf(status, headers)
    if (refusal === undefined) return this.#open(status === 206, headers, flow)
    this.#discard()
    return refusal
  }

  async written(): Promise<StoredFile | Error | undefined> {
    const written = await this.#writing
    if (written instanceof FilesFailedError) throw written
    return written
  }

  #refusalOf(status: number, headers: Headers): Error | undefined {
    const { types, maxBytes } = this.#limits
    const type = mediaTypeOf(headers['content-type'])
    if (!isOfType(type, types)) return new DownloadError('file_type', `${type} is not ${types.join(' or ')}`)
    const bytes = Number(headers['content-length'] ?? 0) + (status === 206 ? this.#keptBefore : 0)
    return bytes > maxBytes && headers['content-encoding'] === undefined ? tooLarge(maxBytes) : undefined
  }

  #open(goesOn: boolean, headers: Headers, flow: Flow): BodySink | Error {
    const inlet = new Inlet(() => flow.resume())
    let fault: Error | undefined
    let decoders: ReturnType<typeof decodersOf>
    try {
      decoders = decodersOf(String(headers['content-encoding'] ?? ''))
    } catch (error) {
      this.#discard()
      return error as Error
    }
    const write = async (): Promise<Unnamed> => {
      const partial = this.#partial
      if (!goesOn) {
        const length = headers['content-length']
        const total = length === undefined ? undefined : Number(length)
        await partial.startAnew(isEncoded(headers) ? undefined : validatorOf(headers), total)
      }
      const writer = await FileWriter.open(partial.path, goesOn ? this.#keptBefore : 0, this.#limits.maxBytes)
      await pipeline([inlet, ...decoders, writer])
      return { ...writer.sum(), type: mediaTypeOf(headers['content-type']) }
    }
    this.#writing = this.#finish(write, headers, () => fault).catch((error: Error) => {
      flow.giveUp(error)
      return error
    })
    this.#onWriting(this.#writing)
    let came = 0
    return {
      write: (chunk) => {
        came += chunk.length
        // What decodes to nothing could come for ever.
        if (came > this.#limits.maxBytes) inlet.destroy(tooLarge(this.#limits.maxBytes))
        return inlet.destroyed || inlet.push(chunk)
      },
      // What has come is written, also where the rest has not.
      end: (why) => {
        fault = why
        if (!inlet.destroyed) inlet.push(null)
      },
    }
  }

  async #finish(
    write: () => Promise<Unnamed>,
    headers: Headers,
    faultOf: () => Error | undefined,
  ): Promise<StoredFile | Error> {
    const partial = this.#partial
    let whole: Unnamed | undefined
    try {
      whole = await write()
    } catch (error) {
      // A full disk may have room again.
      if (error instanceof FilesFailedError) throw error
      const fault = faultOf()
      if (fault === undefined || error instanceof BodyError) await partial.discard()
      throw error instanceof BodyError ? error : (fault ?? notEncoded(headers, error))
    }
    const total = Number(/\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1] ?? Number.NaN)
    let fault = faultOf()
    // A server need not send all of the range that it was asked for; more than all is something else.
    if (fault === undefined && whole !== undefined && (whole.bytes < total || whole.bytes > total))
      fault = new DownloadError('body_cut_off', `${whole.bytes} of ${total} bytes came`)
    if (fault === undefined && whole !== undefined) return this.#store(partial, whole)
    await partial.measure()
    if (partial.bytes === 0 || partial.bytes > total) await partial.discard()
    return fault ?? new Error('nothing was written')
  }

  /** Nothing of it is wanted; `written` waits until it is gone. */
  #discard(): void {
    this.#writing = this.#partial.discard().then(
      () => undefined,
      (error: Error) => error,
    )
    this.#onWriting(this.#writing)
  }
}

/** A stream breaks on nothing else but what it decodes. */
const notEncoded = (headers: Headers, error: unknown) =>
  new BodyError('bad_encoding', `the body is not valid ${String(headers['content-encoding'])}`, error)

/** A stream that is fed from outside. */
class Inlet extends Readable {
  readonly #resume: () => void

  constructor(resume: () => void) {
    super({ highWaterMark: maxWaitingBytes })
    this.#resume = resume
    // It may break before its file is open, and anybody listens; the pipeline hears of it all the same.
    this.on('error', () => undefined)
  }

  override _read(): void {
    this.#resume()
  }
}

/**
 * Which part it is (RFC 9110 section 14.4), if it is one of what we have the beginning of. Some servers look at `Range` and not at `If-Range`:
 * what has another tag than ours, or another date, is part of another version, and what is encoded is part of something else (section 14.1.2).
 */
function partIn(
  headers: Headers,
  validator: string | undefined,
): { first: number; total: number | undefined } | undefined {
  const { etag, 'last-modified': modified, 'content-range': range } = headers
  const now = validator?.startsWith('"') === true ? etag : modified
  if ((now !== undefined && now !== validator) || isEncoded(headers)) return undefined
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(range ?? '')) ?? []
  return first === undefined ? undefined : { first: Number(first), total: total === '*' ? undefined : Number(total) }
}

const isEncoded = ({ 'content-encoding': encoding = '' }: Headers) => !/^(?:identity)?$/i.test(String(encoding).trim())
