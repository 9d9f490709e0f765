import type { Store } from '../../src/store/store.ts'

/** An engine for the contract suites, on a store that is empty and has entra and okta enrolled. */
export interface StoreUnderTest {
  readonly store: Store
  /** Disposes of `store` and opens the same data again. */
  reopen(): Promise<Store>
  /** Another handle on the same data, as another process would have. */
  second?(): Promise<Store>
  close(): Promise<void>
}
export type OpenStore = () => Promise<StoreUnderTest>

/** Runs a test on a fresh store and closes it whatever happens. */
export function onFresh(open: OpenStore, test: (under: StoreUnderTest) => Promise<void>) {
  return async () => {
    const under = await open()
    try {
      await test(under)
    } finally {
      await under.close()
    }
  }
}
