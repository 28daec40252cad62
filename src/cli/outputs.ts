/** The outputs of a command: all of them are opened before anything is fetched, brought up to date from the item log, and closed. */
import { access, constants } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import type { Cursor } from '../cursor.ts'
import { OutputError, reasonOf } from '../errors.ts'
import { type Destination, Exporter } from '../output/exporter.ts'
import { formatOf } from '../output/format.ts'
import { realPathOf } from '../store/cursors.ts'
import type { Store } from '../store/store.ts'

export interface OutputFlags {
  readonly output?: readonly string[]
  readonly replace?: readonly string[]
}

export interface OutputsOptions {
  readonly warn: (message: string) => void
  /** Whose item log the outputs are of; without one they have no cursors. */
  readonly store: Store | undefined
  /** What writes a file again, for the message that asks for it. */
  readonly exportCommand: (path: string) => string
  /** Of CSV files, when they are known before the first item. */
  readonly columns?: readonly string[] | undefined
}

/** Items that are read from the log at once. */
const batchSize = 500

/** @throws OutputError when a format is unknown, or one file is named twice. */
export function destinationsOf({ output = [], replace = [] }: OutputFlags): readonly Destination[] {
  const destinations: Destination[] = [
    ...output.map((path) => ({ path, mode: 'append' as const })),
    ...replace.map((path) => ({ path, mode: 'replace' as const })),
  ]
  const paths = destinations.map((destination) => realPathOf(formatOf(destination.path).path))
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice !== undefined) throw new OutputError(`Output ${relative(process.cwd(), twice)} is named twice`)
  return destinations
}

/** @throws OutputError when a file could not be written; changes nothing. */
export async function checkDestinations(destinations: readonly Destination[]): Promise<void> {
  for (const { path } of destinations.map((destination) => formatOf(destination.path))) {
    if (path === '-') continue
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    await access(isThere ? path : dirname(resolve(path)), constants.W_OK).catch((error: unknown) => {
      throw new OutputError(`Cannot write ${path}: ${reasonOf(error)}`, { cause: error })
    })
  }
}

export class Outputs {
  readonly #exporters: readonly Exporter[]
  /** The number of the last item. */
  #item = 0

  private constructor(exporters: readonly Exporter[]) {
    this.#exporters = exporters
  }

  /** @throws OutputError when one of them cannot be written to, or is not what its cursor says. */
  static async open(
    destinations: readonly Destination[],
    { warn, store, exportCommand, columns }: OutputsOptions,
  ): Promise<Outputs> {
    const exporters: Exporter[] = []
    for (const destination of destinations) {
      const { path } = formatOf(destination.path)
      exporters.push(
        await Exporter.open(destination, {
          warn,
          columns,
          exportCommand: exportCommand(path),
          cursors: store?.cursors,
          readLog: (after, limit) => store?.items.read(after, limit) ?? [],
        }),
      )
    }
    return new Outputs(exporters)
  }

  get count(): number {
    return this.#exporters.length
  }

  /** Writes what the log has and they have not. @throws the signal's reason. */
  async catchUp(store: Store, signal?: AbortSignal): Promise<void> {
    for (const exporter of this.#exporters) {
      for (;;) {
        const batch = store.items.read(exporter.item, batchSize)
        signal?.throwIfAborted()
        if (batch.length === 0) break
        for (const { id, item } of batch) await exporter.write(item, id)
      }
    }
    this.#item = store.items.lastId
  }

  /** Writes the next item of the log. */
  async write(item: unknown): Promise<void> {
    this.#item += 1
    for (const exporter of this.#exporters) await exporter.write(item, this.#item)
  }

  /** Where they are, by path; once they are closed. */
  cursors(): readonly (readonly [path: string, cursor: Cursor])[] {
    return this.#exporters.map((exporter) => [exporter.path, exporter.cursor(true)] as const)
  }

  /**
   * @param isComplete whether the items are all there: a replacement takes its place only then.
   * @returns where they are, and the first failure.
   */
  async close(isComplete: boolean): Promise<{ readonly paths: readonly string[]; readonly failure: unknown }> {
    const paths: string[] = []
    let failure: unknown
    for (const exporter of this.#exporters) {
      try {
        paths.push(await exporter.close(isComplete))
      } catch (error) {
        failure ??= error
      }
    }
    return { paths, failure }
  }
}
