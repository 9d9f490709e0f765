import { DirectoryCache } from '../../src/cache/directory-cache.ts'
import type { DirectoryId } from '../../src/directory/directory.ts'
import { followFeed } from '../../src/feed/feed.ts'
import { systemClock } from '../../src/std/clock.ts'
import type { Store, SubjectKey } from '../../src/store/store.ts'
import { silentObserver } from './silent-observer.ts'
import { acme, entra, okta } from './store-fixture.ts'

/** A cache that follows a store, and keeps these attributes of users. */
export async function cacheOver(store: Store, attributes: readonly string[] = ['title']) {
  const feed = followFeed(store, systemClock)
  const cache = new DirectoryCache(store, feed, systemClock, silentObserver(), {
    principalsMax: 100,
    warms: false,
    directories: [entra, okta],
    tenants: [acme],
    preparePolicy: async () => ({ revision: 0, swap: () => undefined }),
  })
  cache.keepAttributes(new Set(attributes))
  await cache.started
  return cache
}

export function named(value: string, directory: DirectoryId = entra): SubjectKey {
  return { directory, kind: 'userName', value }
}

export async function caughtUp(store: Store, cache: DirectoryCache): Promise<void> {
  const { revision } = await store.position()
  while (cache.applied.revision < revision) await cache.nextApplied(1000)
}
