/** What the shell is told. */
export const exitCodes = {
  finished: 0,
  /** The crawl could not go on: a full disk, a lost store, a fault of doff's. */
  failed: 1,
  /** Wrong usage or configuration; nothing was fetched. */
  usage: 2,
  /** Finished, but nothing could be fetched, or a limit that the user set cut it short. */
  incomplete: 3,
  interrupted: 130,
} as const
