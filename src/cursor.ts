/**
 * How far an output is: what an exporter knows when it goes on after a kill. Kept by the store; what it means is told in
 * `output/exporter.ts`.
 */
export interface Cursor {
  /** The last item of the log that was written. */
  readonly item: number
  /** The length of the file with it; `null` for a pipe or a device, which cannot be cut back. */
  readonly bytes: number | null
  /** How much of that is not the crawl's: what was there before it, or was appended between two runs. */
  readonly foreignBytes: number
  /** The columns of a CSV file, once they are known. */
  readonly columns: readonly string[] | null
  /** Whether the output was closed well: then what comes after `bytes` is not ours. */
  readonly isClosed: boolean
}
