import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { SqliteFrontier } from '../../src/frontier/sqlite.ts'
import { Store } from '../../src/store/store.ts'
import { describeFrontier } from './contract.ts'

const stores: Store[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) {
    store[Symbol.dispose]()
    await rm(store.folder, { recursive: true, force: true })
  }
})

async function openStore(): Promise<Store> {
  const store = Store.open(await mkdtemp(join(tmpdir(), 'doff-store-')))
  stores.push(store)
  return store
}

describeFrontier('SqliteFrontier', async (options) => new SqliteFrontier(await openStore(), options, systemClock))
