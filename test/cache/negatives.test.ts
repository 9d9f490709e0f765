import { expect, test } from 'vitest'
import { Negatives } from '../../src/cache/negatives.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { ManualClock } from '../support/manual-clock.ts'
import {
  committed,
  entra,
  okta,
  remove,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules: [{ id: all, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }]
`
const named = (value: string) => ({ directory: entra, kind: 'userName', value }) as const

test('an absence ends a minute after it was found, however often it was asked for', async () => {
  const clock = new ManualClock()
  const negatives = new Negatives(clock)
  negatives.put(named('nobody'), 'unknown')
  for (let second = 0; second < 59; second++) {
    await clock.advance(1_000)
    expect(negatives.get(named('nobody'))).toBe('unknown')
  }
  await clock.advance(1_001)
  expect(negatives.get(named('nobody'))).toBeUndefined()
})

test('no more than ten thousand are kept, and each is of its directory and kind of name', () => {
  const negatives = new Negatives(new ManualClock())
  for (let number = 0; number < 12_000; number++) negatives.put(named(`n${number}`), 'unknown')
  expect(negatives.size).toBe(10_000)
  expect(negatives.get({ ...named('n11999'), directory: okta })).toBeUndefined()
  expect(negatives.get({ ...named('n11999'), kind: 'externalId' })).toBeUndefined()
})

test('who is unknown is asked for once, and known as soon as the log tells of the name', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('other@acme.example'))
  await using rig = await decisionRig(store, policy)
  const resolve = store.resolve.bind(store)
  let reads = 0
  store.resolve = (key) => {
    reads++
    return resolve(key)
  }
  const reason = async () => answered(await rig.decider.check(attempt('ann@acme.example'))).reason
  for (let time = 0; time < 20; time++) expect(await reason()).toBe('USER_UNKNOWN')
  expect(reads).toBe(1)
  // Something else that is written ends nothing.
  await committed(store, user('bob@acme.example'))
  expect(await reason()).toBe('USER_UNKNOWN')
  expect(reads).toBe(1)

  const ann = await storedBy(store, user('ann@acme.example'))
  await expect.poll(reason).toBe('RULE')
  await committed(store, remove('users', ann.id))
  await expect.poll(reason).toBe('USER_UNKNOWN')
  const cleo = await storedBy(store, user('cleo@acme.example'))
  expect(await reason()).toBe('USER_UNKNOWN')
  await committed(store, rewrite('users', cleo.id, { userName: 'Ann@acme.example', active: true }))
  await expect.poll(reason).toBe('RULE')
})

test('an externalId of two is ambiguous until one of them gives it up', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('ann@acme.example', { externalId: 'E' }))
  const bob = await storedBy(store, user('bob@acme.example', { externalId: 'E' }))
  await using rig = await decisionRig(store, policy)
  const subject = { kind: 'externalId', name: 'E', directory: 'entra' } as const
  const reason = async () => answered(await rig.decider.check(attempt('', { subject }))).reason
  for (let time = 0; time < 3; time++) expect(await reason()).toBe('SUBJECT_AMBIGUOUS')
  await committed(store, remove('users', bob.id))
  await expect.poll(reason).toBe('RULE')
})
