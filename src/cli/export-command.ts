/** `doff export`: writes the item log of a crawl, whole and in any format. It can be asked while the crawl is running. */
import { OutputError, OutputFailedError } from '../errors.ts'
import { formatOf } from '../output/format.ts'
import { Store } from '../store/store.ts'
import { folderOfCrawl } from './crawl-store.ts'
import { exitCodes } from './exit-codes.ts'
import { destinationsOf, type OutputFlags, Outputs } from './outputs.ts'

export interface ExportFlags extends OutputFlags {
  readonly store?: string
}

/** @returns the exit code. @throws DoffError for a user's mistake. */
export async function exportCommand(name: string, flags: ExportFlags): Promise<number> {
  const destinations = destinationsOf(flags)
  if (destinations.length === 0)
    throw new OutputError('Say where to write the items: -O FILE, or -o - for standard output')
  const folder = flags.store ?? (await folderOfCrawl(name))
  using store = openFor(
    destinations.map(({ path }) => formatOf(path).path),
    folder,
  )
  const warn = (message: string) => void process.stderr.write(`doff: ${message}\n`)
  // Until it is written whole, nobody goes on with a file of the crawl's: neither the old cursor nor the new one fits it.
  for (const { path } of destinations.map((destination) => formatOf(destination.path))) {
    const cursor = path === '-' ? undefined : store.cursors.get(path)
    if (cursor !== undefined)
      await store.cursors.save(path, { ...cursor, bytes: Number.MAX_SAFE_INTEGER, foreignBytes: 0 })
  }
  const isCsv = destinations.some(({ path }) => formatOf(path).format === 'csv')
  const columns = isCsv ? columnsOf(store) : undefined
  const outputs = await Outputs.open(destinations, { warn, store: undefined, exportCommand: () => '', columns })
  let failure: unknown
  try {
    await outputs.catchUp(store)
  } catch (error) {
    failure = error
  }
  const { paths, failure: failureToClose } = await outputs.close(failure === undefined)
  failure ??= failureToClose
  if (failure instanceof OutputFailedError && failure.readerLeft) return exitCodes.finished
  if (failure !== undefined) throw failure
  for (const [path, cursor] of outputs.cursors()) {
    if (path !== '-' && store.cursors.get(path) !== undefined) await store.cursors.save(path, cursor)
  }
  process.stderr.write(`${store.items.lastId.toLocaleString('en-US')} items in ${paths.join(' and ')}\n`)
  return exitCodes.finished
}

/** Every field of every item, in the order in which they are met: the whole log is there to be asked. */
function columnsOf(store: Store): readonly string[] | undefined {
  const columns = new Set<string>()
  let after = 0
  for (;;) {
    const batch = store.items.read(after, 1_000)
    if (batch.length === 0) return columns.size === 0 ? undefined : [...columns]
    for (const { item } of batch) for (const name of Object.keys(item as object)) columns.add(name)
    after = batch.at(-1)?.id ?? after
  }
}

/** A file that the crawl itself writes gets a new cursor, so that the crawl can go on with it; that is the owner's to do. */
function openFor(paths: readonly string[], folder: string): Store {
  const reader = Store.openToRead(folder)
  if (paths.every((path) => path === '-' || reader.cursors.get(path) === undefined)) return reader
  reader[Symbol.dispose]()
  return Store.open(folder)
}
