/**
 * The folder of a crawl's files. A file is named by its content, `ab/ab34....pdf`, so equal ones are one file; what has no name yet is in
 * `.part`.
 */
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredFile } from '../outcome.ts'
import type { FileSpec } from '../request.ts'
import { Download, type Unnamed } from './download.ts'
import { extensionOf } from './media-type.ts'
import { onDisk, PartialFile } from './partial-file.ts'

export class Downloads {
  readonly #folder: string
  readonly #maxFileBytes: number

  constructor(folder: string, maxFileBytes: number) {
    this.#folder = folder
    this.#maxFileBytes = maxFileBytes
  }

  /** One try, which goes on where the one before it was cut off. @throws FilesFailedError */
  async begin(url: string, { types, maxBytes = this.#maxFileBytes }: FileSpec): Promise<Download> {
    const partial = await PartialFile.find(join(this.#folder, '.part'), url)
    return new Download(partial, { types, maxBytes }, (whole, file) => this.#store(whole, file, url))
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

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}
