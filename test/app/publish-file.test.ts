import {
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CompiledPolicies } from '../../src/app/compiled-policies.ts'
import { tenancyOf } from '../../src/app/house.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { PolicyWorkshop } from '../../src/app/policy-workshop.ts'
import { PolicyPublisher } from '../../src/app/publish-file.ts'
import { Registries } from '../../src/app/registries.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { allowEverybodyOnWiki } from '../support/door.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, temporarySqliteStore } from '../support/store-fixture.ts'
import { workspace } from '../support/workspace.ts'

/** A publisher that has published a file once, and a clock on which it looks again. */
async function watched() {
  const temporary = await temporarySqliteStore()
  const { store } = temporary
  const place = workspace()
  const looks = new Looks()
  const told: string[] = []
  const config = readHouseConfig(place.file)
  const tenancy = tenancyOf(config)
  const registries = new Registries(tenancy)
  const workshop = new PolicyWorkshop({ config, tenancy, registries, clock: systemClock })
  const publisher = new PolicyPublisher({
    store,
    registries,
    clock: looks,
    workshop,
    compiled: new CompiledPolicies(store, workshop),
    tenancy,
    observer: {
      ...silentObserver(),
      policyAccepted: () => told.push('accepted'),
      policyRefused: () => told.push('refused'),
      internalError: ({ error }) => told.push(String(error)),
    },
  })
  await publisher.publishAll()
  const stop = new AbortController()
  const watching = publisher.watch(stop.signal)
  const versions = async () =>
    (await store.policies.history(acme, 100)).map(
      ({ document }) => JSON.parse(document).rules[0]?.id,
    )
  return {
    ...{ store, place, looks, told, publisher, versions },
    /** Long enough for a change to be seen, found settled, and published. */
    look: async () => {
      for (let look = 0; look < 3; look++) await looks.next()
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await watching
      await temporary[Symbol.asyncDispose]()
      rmSync(place.folder, { recursive: true })
    },
  }
}

/** A clock on which the publisher sleeps until it is told to look, and tells when it has. */
class Looks implements Clock {
  readonly wallMs = systemClock.wallMs
  readonly monotonicMs = systemClock.monotonicMs
  #wake = () => {}
  #asleep = Promise.withResolvers<void>()

  async sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    signal?.addEventListener('abort', () => resolve(), { once: true })
    this.#asleep.resolve()
    await promise
  }

  async next(): Promise<void> {
    await this.#asleep.promise
    this.#asleep = Promise.withResolvers()
    this.#wake()
    await this.#asleep.promise
  }
}

const named = (id: string) => allowEverybodyOnWiki.replace('everybody', id)

test('each content is published once, however the file got it', async () => {
  await using house = await watched()
  const { policy, folder } = house.place
  writeFileSync(policy, named('written'))
  await house.look()
  await house.look()
  writeFileSync(join(folder, 'next.yaml'), named('renamed'))
  renameSync(join(folder, 'next.yaml'), policy)
  await house.look()
  writeFileSync(join(folder, 'linked.yaml'), named('linked'))
  rmSync(policy)
  symlinkSync(join(folder, 'linked.yaml'), policy)
  await house.look()
  // The same length and the same time of change.
  const { atime, mtime } = statSync(policy)
  writeFileSync(policy, named('forged'))
  utimesSync(policy, atime, mtime)
  await house.look()
  writeFileSync(policy, `# a comment\n${named('forged')}`)
  await house.look()
  expect(await house.versions()).toEqual(['forged', 'linked', 'renamed', 'written', 'everybody'])
})

test('a file that is still being written is not read, though its first half is valid', async () => {
  await using house = await watched()
  const { policy } = house.place
  const whole = `${named('careful')}    # only from here\n`.replace(
    'who: { directories: [entra] } }',
    'who: { directories: [entra] },\n      when: { context.country: { eq: DE } } }',
  )
  const half = named('careful')
  writeFileSync(policy, half)
  await house.looks.next()
  writeFileSync(policy, whole.slice(0, -10))
  await house.looks.next()
  writeFileSync(policy, whole)
  await house.look()
  const [newest, ...older] = await house.store.policies.history(acme, 10)
  expect(JSON.parse(newest!.document).rules[0]).toMatchObject({ when: expect.anything() })
  expect(older).toHaveLength(1)
})

test('a file that is deleted or broken changes nothing, is told, and is told when mended', async () => {
  await using house = await watched()
  const { policy } = house.place
  rmSync(policy)
  await house.look()
  expect(house.publisher.refusals[0]).toContain('cannot be read (ENOENT)')
  writeFileSync(policy, 'rulez: []\n')
  await house.look()
  expect(house.publisher.refusals[0]).toContain('`rulez`')
  truncateSync(policy)
  await house.look()
  writeFileSync(policy, allowEverybodyOnWiki)
  await house.look()
  expect(house.publisher.refusals).toEqual([])
  expect(house.told).toEqual(['accepted', 'refused', 'refused', 'refused', 'accepted'])
  expect(await house.versions()).toEqual(['everybody'])
})

test('a change that comes while the store is away is published once it is back', async () => {
  await using house = await watched()
  const { store } = house
  const commit = store.commit.bind(store)
  store.commit = async () => ({ kind: 'unavailable', cause: new StoreUnavailable('cut') })
  writeFileSync(house.place.policy, named('late'))
  await house.look()
  expect(await house.versions()).toEqual(['everybody'])
  store.commit = commit
  await house.look()
  expect(await house.versions()).toEqual(['late', 'everybody'])
})
