/**
 * The beginning of a file, as far as it has come, with a note beside it by which the server can tell whether the rest still fits. Both stay
 * where a download is cut off, also by kill -9, and the next one goes on there. What the server gives no validator for has no note: it is of
 * no use.
 */
import { hash } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FilesFailedError, reasonOf } from '../../errors.ts'
import type { Headers } from '../../outcome.ts'

export class PartialFile {
  readonly path: string
  readonly #notePath: string
  /** By which the server knows the version that this is the beginning of; `undefined` when there is nothing to go on with. */
  #validator: string | undefined
  /** How long the whole of it is, if the server said so. */
  #total: number | undefined
  #bytes = 0

  private constructor(folder: string, prefix: string, url: string) {
    this.path = join(folder, prefix + hash('sha256', url).slice(0, 32))
    this.#notePath = `${this.path}.json`
  }

  /**
   * That of a URL, in a folder that is made if there is none.
   * @param prefix of its name, by which a crawl tells its own.
   * @throws FilesFailedError
   */
  static async find(folder: string, prefix: string, url: string): Promise<PartialFile> {
    const partial = new PartialFile(folder, prefix, url)
    await onDisk(folder, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const note = noteIn(await readFile(partial.#notePath, 'utf8').catch(absent))
      partial.#validator = note.validator
      partial.#total = note.total
    })
    if (partial.#validator !== undefined) await partial.measure()
    return partial
  }

  /** That of a URL, if there is one. @throws FilesFailedError */
  static discard(folder: string, prefix: string, url: string): Promise<void> {
    return new PartialFile(folder, prefix, url).discard()
  }

  /** How much of it is there to go on with. */
  get bytes(): number {
    return this.#validator === undefined ? 0 : this.#bytes
  }

  get validator(): string | undefined {
    return this.bytes === 0 ? undefined : this.#validator
  }

  async measure(): Promise<void> {
    this.#bytes = (await onDisk(this.path, () => stat(this.path).catch(absent)))?.size ?? 0
  }

  /** Whether what comes to that length may be the file that this is the beginning of: some servers give versions the same tag. */
  mayComeTo(total: number | undefined): boolean {
    return total === undefined || this.#total === undefined || total === this.#total
  }

  /** Whatever is there is of another version from now on. @param validator and length of the new one. */
  async startAnew(validator: string | undefined, total?: number): Promise<void> {
    await this.discard()
    if (validator !== undefined)
      await onDisk(this.path, () => writeFile(this.#notePath, JSON.stringify({ validator, total })))
    this.#validator = validator
    this.#total = total
  }

  /** The note goes first: without it, what is left of the file is nobody's. */
  async discard(): Promise<void> {
    await this.forget()
    await onDisk(this.path, () => rm(this.path, { force: true }))
  }

  /** The file is whole, and no longer a beginning. */
  async forget(): Promise<void> {
    this.#validator = undefined
    await onDisk(this.path, () => rm(this.#notePath, { force: true }))
  }
}

/**
 * What `If-Range` may carry (RFC 9110 section 13.1.5): a strong entity tag; or, where there is no tag at all, a date that is a strong
 * validator, at least a second older than the answer (section 8.8.2.2).
 */
export function validatorOf({ etag, 'last-modified': modified, date }: Headers): string | undefined {
  if (etag !== undefined) return isShort(etag) && etag.startsWith('"') ? etag : undefined
  if (!isShort(modified) || typeof date !== 'string') return undefined
  return Date.parse(date) - Date.parse(modified) >= 1_000 ? modified : undefined
}

const maxValidatorChars = 1_024
const isShort = (text: unknown): text is string => typeof text === 'string' && text.length <= maxValidatorChars

interface Note {
  readonly validator: string | undefined
  readonly total: number | undefined
}

function noteIn(text: string | undefined): Note {
  try {
    const { validator, total } = JSON.parse(text ?? '{}') as { readonly validator?: unknown; readonly total?: unknown }
    return {
      validator: isShort(validator) ? validator : undefined,
      total: typeof total === 'number' ? total : undefined,
    }
  } catch {
    // Cut off while it was written.
    return { validator: undefined, total: undefined }
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** @throws FilesFailedError: a disk that is full or gone is no fault of a page's. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FilesFailedError) throw error
    throw new FilesFailedError(
      `Cannot keep the file ${path}: ${reasonOf(error)} (with room and permissions, --resume goes on; --files DIR names another folder)`,
      { cause: error },
    )
  }
}
