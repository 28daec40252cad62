/** What an exporter writes through; files and pipes differ. */
export interface Sink {
  /** The length of what is written; `null` for what cannot be cut back. */
  readonly bytes: number | null
  write(data: string | Uint8Array): Promise<void>
  /** Resolves when what was written outlives the machine's power. */
  sync(): Promise<void>
  /** Resolves to where the items are. */
  close(isComplete: boolean): Promise<string>
}
