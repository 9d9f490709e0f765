import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeContract } from '../contract/store-contract.ts'
import { temporarySqliteStore } from '../support/store-fixture.ts'

storeContract('SQLite', async () => {
  const first = await temporarySqliteStore()
  const opened: Store[] = []
  const open = async () => {
    const store = await openSqliteStore(first.path, systemClock)
    opened.push(store)
    return store
  }
  return {
    store: first.store,
    reopen: async () => {
      await first.store[Symbol.asyncDispose]()
      return open()
    },
    second: open,
    close: async () => {
      for (const store of opened) await store[Symbol.asyncDispose]()
      await first[Symbol.asyncDispose]()
    },
  }
})
