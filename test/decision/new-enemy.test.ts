import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { policyDocument, policyVersion } from '../../src/policy/checked-policy.ts'
import { noContextKeys } from '../../src/policy/context-keys.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  acme,
  committed,
  entra,
  group,
  removeMembers,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

/**
 * The new enemy (Zanzibar §2.2): Bob leaves the group, then the group is let in. Memory that takes
 * the second before the first lets Bob in, a state that never was.
 */
const closed = 'version: 1\napplications: { vault: { hosts: [vault.example] } }\nrules: []\n'
const open = closed.replace(
  'rules: []',
  'rules: [{ id: staff, effect: allow, apps: { names: [vault] }, who: { groups: { any: [Staff] } } }]',
)
const bob = attempt('bob@acme.example', { application: 'vault' })

describe.skipIf(!hasRedis)('while the log arrives late', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  /** A process whose link to the log can be held up, and the writes of another. */
  async function late() {
    const settings = server.settings({ leaseMs: 500 })
    const opened = async () => {
      const store = await openRedisStore(settings, systemClock, { mayWrite: true })
      await store.enroll([{ tenant: acme, directory: entra }])
      return store
    }
    const [writer, follower] = [await opened(), await opened()]
    await publish(writer, closed)
    const user_ = await storedBy(writer, user('bob@acme.example'))
    const staff = await storedBy(writer, group('Staff', [user_.id]))
    let held: Promise<void> | undefined
    const readLog = follower.readLog.bind(follower)
    follower.readLog = async (...given) => {
      const slice = await readLog(...given)
      await held
      return slice
    }
    const rig = await decisionRig(follower)
    await expect.poll(async () => answered(await rig.decider.check(bob)).reason).toBe('NO_RULE')
    return {
      rig,
      writer,
      hold: () => {
        held = new Promise(() => undefined)
      },
      leave: () => committed(writer, removeMembers(staff.id, user_.id)),
      [Symbol.asyncDispose]: async () => {
        await Promise.all([writer[Symbol.asyncDispose](), follower[Symbol.asyncDispose]()])
      },
    }
  }

  test('without the protection Bob is let in: rules by a channel of their own, memory unvouched', async () => {
    await using scene = await late()
    const { rig, writer } = scene
    scene.hold()
    await scene.leave()
    await publish(writer, open)
    rig.vouch.lastLook = () => 'current'
    const { swap } = await rig.policies.prepare(acme)
    swap()
    expect(answered(await rig.decider.check(bob))).toMatchObject({ effect: 'allow', rule: 'staff' })
  })

  test('with it he is not, from the first answer behind the second write on', async () => {
    await using scene = await late()
    const { rig, writer } = scene
    scene.hold()
    const reasons = new Set<string>()
    let isOver = false
    const asking = (async () => {
      while (!isOver) {
        const { effect, reason } = answered(await rig.decider.check(bob))
        reasons.add(`${effect} ${reason}`)
        await systemClock.sleep(1)
      }
    })()
    const left = await scene.leave()
    await writer.barrier(left.position)
    const opened = await publish(writer, open)
    await writer.barrier(opened)
    expect(answered(await rig.decider.check(bob)).effect).toBe('block')
    await systemClock.sleep(300)
    isOver = true
    await asking
    expect([...reasons].every((reason) => reason.startsWith('block'))).toBe(true)
    expect(reasons).toContain('block DIRECTORY_STALE')
  })
})

test('rules that were read ahead of the log decide nothing before the log is there', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await publish(store, closed)
  const user_ = await storedBy(store, user('bob@acme.example'))
  const staff = await storedBy(store, group('Staff', [user_.id]))
  const readLog = store.readLog.bind(store)
  let gate = Promise.resolve()
  // An entry at a time, the first as soon as it is there, those behind it when they are let go.
  store.readLog = async (after, max, waitMs) => {
    const slice = await readLog(after, Math.min(max, 1), waitMs)
    await gate
    return slice
  }
  await using rig = await decisionRig(store)
  // The look at the head of the file alone would not let this happen.
  rig.vouch.lastLook = () => 'current'
  await expect.poll(async () => answered(await rig.decider.check(bob)).reason).toBe('NO_RULE')
  const { promise, resolve } = Promise.withResolvers<void>()
  gate = promise
  await publish(store, closed.replace('vault.example', 'other.example'))
  await committed(store, removeMembers(staff.id, user_.id))
  await publish(store, open)
  // The first of the three is applied with the rules as they are by now: the last ones.
  gate = new Promise(() => undefined)
  resolve()
  await systemClock.sleep(100)
  expect(answered(await rig.decider.check(bob)).effect).toBe('block')
}, 20_000)

async function publish(store: Store, text: string) {
  const vocabulary = { registry: createSchemaRegistry(), contextKeys: noContextKeys }
  const files = [{ file: 'policy.yaml', text }]
  const read = readPolicy(files, { tenant: acme, vocabulary, directories: [entra] })
  if (read.kind === 'faults') throw new Error(JSON.stringify(read.faults))
  const { position } = await committed(store, {
    ...{ op: 'publish', tenant: acme, version: policyVersion(read.policy) },
    replaces: (await store.policies.active(acme))?.version,
    document: policyDocument(read.policy),
    ...{ sources: files, by: 'test', why: randomUUID(), at: new Date().toISOString() },
  })
  return position
}
