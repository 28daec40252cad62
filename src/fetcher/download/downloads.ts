/**
 * The folder of a crawl's files, which others may keep theirs in as well. A file is named by its content, `ab/ab34....pdf`, so equal ones are
 * one file; what has no name yet is in `.part`, under a name that no other crawl has for it.
 */
import { hash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredFile } from '../../outcome.ts'
import type { FileSpec } from '../../request.ts'
import { Download, type Unnamed } from './download.ts'
import { extensionOf } from './media-type.ts'
import { onDisk, PartialFile } from './partial-file.ts'

export class Downloads implements AsyncDisposable {
  readonly #folder: string
  readonly #maxFileBytes: number
  /** `undefined` for a crawl that nobody goes on with. */
  readonly #crawl: string | undefined
  /** Begins the names, in `.part`, of what this crawl downloads. */
  readonly #prefix: string
  /** What is being done on disk. */
  readonly #writing = new Set<Promise<unknown>>()

  /** @param crawl tells it from all others; one that goes on has the same. */
  constructor(folder: string, maxFileBytes: number, crawl?: string) {
    this.#folder = folder
    this.#maxFileBytes = maxFileBytes
    this.#crawl = crawl
    this.#prefix = hash('sha256', crawl ?? randomUUID()).slice(0, 16)
  }

  /** One try, which goes on where the one before it was cut off. @throws FilesFailedError */
  async begin(url: string, { types, maxBytes = this.#maxFileBytes }: FileSpec): Promise<Download> {
    const partial = await PartialFile.find(this.#parts, this.#prefix, url)
    const store = (whole: PartialFile, file: Unnamed) => this.#store(whole, file, url)
    return new Download(partial, { types, maxBytes }, store, (writing) => this.#keep(writing))
  }

  /** Of a URL that is not asked for again, nothing stays that has no name. */
  async discard(url: string): Promise<void> {
    const discarding = PartialFile.discard(this.#parts, this.#prefix, url)
    this.#keep(discarding)
    await discarding.catch(ignore)
  }

  /** The crawl has asked for all that it is to: nobody goes on with what it has left, also when it was killed. */
  async discardAll(): Promise<void> {
    const names = await readdir(this.#parts).catch(() => [])
    for (const name of names.filter((part) => part.startsWith(this.#prefix)))
      await rm(join(this.#parts, name), { force: true }).catch(ignore)
  }

  /** When nothing is written any more: the crawl may go on at once. Where nobody goes on with it, what has no name is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#writing)
    if (this.#crawl === undefined) await this.discardAll()
  }

  get #parts(): string {
    return join(this.#folder, '.part')
  }

  #keep(writing: Promise<unknown>): void {
    this.#writing.add(writing)
    const done = () => void this.#writing.delete(writing)
    writing.then(done, done)
  }

  /** Names a file that is whole and synced; when this resolves, the name is synced too. */
  #store(partial: PartialFile, file: Unnamed, url: string): Promise<StoredFile> {
    return onDisk(partial.path, async () => {
      const { sha256, bytes, type } = file
      const folder = join(this.#folder, sha256.slice(0, 2))
      const isNew = (await mkdir(folder, { recursive: true })) !== undefined
      // Of another type, perhaps: then the name that it was given first stays.
      const known = isNew ? undefined : (await readdir(folder)).find((name) => name.startsWith(sha256))
      const path = join(folder, known ?? `${sha256}.${extensionOf(type, url)}`)
      const isThere = known !== undefined && (await stat(path)).size === bytes
      if (isThere) await partial.discard()
      else await rename(partial.path, path)
      await syncFolder(folder)
      if (isNew) await syncFolder(this.#folder)
      await partial.forget()
      return { path, ...file }
    })
  }
}

/** What stays all the same takes room, and misleads nobody. */
const ignore = () => undefined

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}
