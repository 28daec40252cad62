/** The crawl's counters, committed with what they count. */
import { addCounts, type Counts } from '../counts.ts'
import type { Database } from './database.ts'

export class Counters {
  readonly #database: Database
  readonly #totals: Record<string, number> = {}
  #since = performance.now()

  constructor(database: Database) {
    this.#database = database
    const rows = database.read(() => database.prepare('select name, value from count').all())
    for (const { name, value } of rows) this.#totals[String(name)] = Number(value)
    const save = database.prepare(
      'insert into count (name, value) values (?, ?) on conflict do update set value = excluded.value',
    )
    const before = () => {
      const now = performance.now()
      this.add({ elapsed_ms: now - this.#since })
      this.#since = now
      for (const name in this.#totals) save.run(name, this.#totals[name] ?? 0)
    }
    database.onCommit({ before })
  }

  get totals(): Counts {
    return { ...this.#totals }
  }

  of(name: string): number {
    return this.#totals[name] ?? 0
  }

  /** To be called within a write. */
  add(counts: Counts): void {
    addCounts(this.#totals, counts)
  }

  /** Sets what only grows, in a write of its own. */
  raise(name: string, value: number): void {
    if (this.of(name) >= value) return
    this.#database.write(() => {
      this.#totals[name] = value
    })
  }
}
