import { describe, expect, test } from 'vitest'
import { CompiledPolicies } from '../../src/app/compiled-policies.ts'
import { tenancyOf } from '../../src/app/house.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { publishPolicy } from '../../src/app/publish-policy.ts'
import { Registries } from '../../src/app/registries.ts'
import { followStaging } from '../../src/app/staging.ts'
import { policyDocument, policyVersion } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { RuleSet } from '../../src/policy/policy.ts'
import { systemClock } from '../../src/std/clock.ts'
import type { SqliteStaging } from '../../src/store/sqlite-store/sqlite-staging.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { read, vocabulary } from '../support/policies.ts'
import { acme, committed, temporarySqliteStore, user } from '../support/store-fixture.ts'
import { workspace } from '../support/workspace.ts'

const ann = 'ann@acme.example'
const tenancy = tenancyOf(readHouseConfig(workspace().file))
const registries = new Registries(tenancy)

function prepared(rule: string) {
  const text = `version: 1\napplications: { wiki: {} }\nrules: [${rule}]`
  const found = read(text)
  if (found.kind === 'faults') throw new Error('faults')
  const { policy } = found
  const sources = [{ file: 'p.yaml', text }]
  return { version: policyVersion(policy), document: policyDocument(policy), sources, findings: [] }
}

function publish(store: Store, rule: string) {
  const parts = { store, tenancy, registries, clock: systemClock, nowMs: systemClock.wallMs() }
  const candidate = { tenant: acme, policy: prepared(rule), by: 'test', why: '' }
  return publishPolicy(parts, { ...candidate, judgesDirectory: false })
}

/** A process seen to decide, that follows what is staged; `compile` tells what it was given. */
async function deciding(store: Store, compile: (document: string) => Promise<RuleSet>) {
  const rig = await decisionRig(store, undefined, { warms: true })
  const seen = async () => (await store.staging.deciders(acme, '')).map(({ process }) => process)
  await expect.poll(seen).toContain(rig.process)
  const stop = new AbortController()
  const parts = {
    ...{ staging: store.staging, cache: rig.cache, policies: rig.policies },
    ...{ process: rig.process, tenants: [acme], clock: systemClock },
  }
  const following = followStaging(
    { ...parts, compiled: new CompiledPolicies(store, { compile }) },
    stop.signal,
  )
  return {
    ...{ rig, process: rig.process },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await following
      await rig[Symbol.asyncDispose]()
    },
  }
}

const able = async (document: string) => compilePolicy(document, vocabulary)
const everybody = '{ id: all, effect: allow, apps: any, who: { directories: [entra] } }'

describe('a policy becomes active', () => {
  test('once every process that decides has compiled it', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    const order: string[] = []
    await using _one = await deciding(store, async (document) => {
      order.push('compiled')
      return await able(document)
    })

    await publish(store, everybody)
    order.push('active')

    expect(order).toEqual(['compiled', 'active'])
    expect(await store.staging.list()).toEqual([])
  })

  test('nowhere, if one of them cannot compile it: its name and the fault are told', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    await using one = await deciding(store, async () => {
      throw new Error('the schema `badge` is not known here')
    })

    const refused = await publish(store, everybody).catch((error) => error)

    expect(refused).toMatchObject({
      code: 'POLICY_NOT_READY',
      message: `${one.process}: the schema \`badge\` is not known here`,
    })
    expect(await store.policies.active(acme)).toBeUndefined()
    expect(await store.staging.list()).toEqual([])
  })

  test('at once, where nobody decides, and whatever a process left behind that died', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    await (store.staging as SqliteStaging).enter('vm.999999999.0011')

    expect(await publish(store, everybody)).toMatchObject({ kind: 'published' })
  })
})

test('what a new policy reads of users is in memory before it becomes active', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann, { title: 'Boss' }))
  await using one = await deciding(store, able)
  await publish(store, everybody)
  await expect.poll(() => one.rig.decider.check(attempt(ann))).toMatchObject({ effect: 'allow' })
  const bosses = '{ id: bosses, effect: allow, apps: any, when: { user.title: { eq: Boss } } }'
  const before = one.rig.cache.statistics.misses

  await publish(store, bosses)
  await one.rig.cache.nextApplied(1_000)

  expect(answered(await one.rig.decider.check(attempt(ann))).rule).toBe('bosses')
  expect(one.rig.cache.statistics.misses).toBe(before)
})
