import { expect, test } from 'vitest'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import {
  committed,
  group,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: staff, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [Staff] } } }
`
const names = Array.from({ length: 600 }, (_, number) => `user${number}@acme.example`)

test('once everybody is in memory, nobody is asked of the store any more', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const users = await Promise.all(names.map((name) => storedBy(store, user(name))))
  await committed(
    store,
    group(
      'Staff',
      users.map(({ id }) => id),
    ),
  )
  await using rig = await decisionRig(store, policy, { warms: true, principalsMax: 1_000 })
  await expect.poll(() => rig.cache.statistics.principals).toBe(names.length)
  store.resolve = () => expect.fail('the store was asked')

  for (const name of names) {
    const outcome = rig.decider.check(attempt(name))
    expect(outcome).not.toBeInstanceOf(Promise)
    expect(answered(await outcome).effect).toBe('allow')
  }
})

test('as many are read as memory holds', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await Promise.all(names.map((name) => storedBy(store, user(name))))
  await using rig = await decisionRig(store, policy, { warms: true, principalsMax: 300 })
  await expect.poll(() => rig.cache.statistics.principals).toBe(300)
})

test('what the log says meanwhile is not buried under what was read before', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const users = await Promise.all(names.map((name) => storedBy(store, user(name))))
  await committed(
    store,
    group(
      'Staff',
      users.map(({ id }) => id),
    ),
  )
  const read = store.principals.bind(store)
  const { promise: letGo, resolve } = Promise.withResolvers<void>()
  let slices = 0
  store.principals = async (...given) => {
    const slice = await read(...given)
    if (slices++ === 0) await letGo
    return slice
  }
  await using rig = await decisionRig(store, policy, { warms: true, principalsMax: 1_000 })
  await expect.poll(() => slices).toBe(1)
  const off = { userName: names[0]!, active: false }
  const { position } = await committed(store, rewrite('users', users[0]!.id, off))
  await expect.poll(() => rig.cache.applied).toEqual(position)
  resolve()
  await expect.poll(() => rig.cache.statistics.principals).toBe(names.length - 1)

  expect(answered(await rig.decider.check(attempt(names[0]!))).reason).toBe('USER_INACTIVE')
  expect(answered(await rig.decider.check(attempt(names[1]!))).effect).toBe('allow')
})
