/** What an exporter writes through, and why that may fail, in words. */

/** What an exporter writes through; files and pipes differ. */
export interface Sink {
  write(text: string): Promise<void>
  /** Resolves to where the items are. */
  close(isComplete: boolean): Promise<string>
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
  EPIPE: 'its reader has gone',
}

/** Why writing failed, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
