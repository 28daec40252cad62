/**
 * One owner: a store is one process's at a time.
 *
 * The lock is the kernel's (SQLite's lock on an empty file), so it goes with its process however that ends, also kill -9: there is no stale
 * lock to be judged by its age, and no pid that another process has by now. The pid is written beside it, for people.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, StoreFailedError, StoreInUseError } from '../errors.ts'

const busy = 5

/** Locks that are held. A connection that nobody refers to any more would be closed, and its lock be lost, at some garbage collection. */
const held = new Set<DatabaseSync>()

/** @throws StoreInUseError naming the process that has it; StoreFailedError. @returns what gives it up. */
export function ownStore(folder: string, name: string): Disposable {
  const path = join(folder, 'lock')
  const pidPath = join(folder, 'pid')
  // Opening a file and closing it would drop the lock that this process may have on it already (POSIX), so only where there is none.
  if (!existsSync(path)) writeFileSync(path, '', { mode: 0o600 })
  const lock = lockFile(path, name, () => inUse(name, pidPath))
  const giveUp = () => {
    held.delete(lock)
    lock.close()
  }
  try {
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    giveUp()
    throw error
  }
  return {
    [Symbol.dispose]() {
      try {
        rmSync(pidPath, { force: true })
      } catch {
        // A pid that stays behind misleads nobody: without the lock it is not read.
      }
      giveUp()
    },
  }
}

function lockFile(path: string, name: string, inUse: () => StoreInUseError): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('begin exclusive')
    held.add(lock)
    return lock
  } catch (error) {
    lock?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) throw inUse()
    throw new StoreFailedError(
      `Cannot open the store ${name}: its lock cannot be taken, ${messageOf(error)} (see the permissions of ${path})`,
      { cause: error },
    )
  }
}

function inUse(name: string, pidPath: string): StoreInUseError {
  const pid = existsSync(pidPath) ? Number.parseInt(readFileSync(pidPath, 'utf8'), 10) : Number.NaN
  const owner = pid === process.pid ? 'another crawl of this process' : `process ${Number.isNaN(pid) ? '?' : pid}`
  return new StoreInUseError(
    pid,
    `The store ${name} is in use by ${owner}: wait for it, end it, or use another (--store DIR)`,
  )
}
