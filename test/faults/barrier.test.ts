import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import {
  type Asked,
  type DecisionProcess,
  type RedisHouse,
  redisHouse,
  until,
} from '../support/redis-house.ts'
import { hasRedis } from '../support/redis-server.ts'
import { acme, entra } from '../support/store-fixture.ts'

/** Trials: 12 in CI, more where somebody asks for them. */
const trials = Number(process.env.BARRIER_TRIALS ?? 12)
const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: staff, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [Staff] } } }
`
const faults = ['frozen', 'cut off', 'killed', 'nothing'] as const
type Fault = (typeof faults)[number]
const shrinkings = ['deactivated', 'removed', 'deleted'] as const

describe.skipIf(!hasRedis)('three processes decide while one is broken:', () => {
  let house: RedisHouse
  beforeAll(async () => {
    house = await redisHouse({ policy, lease: '1s' })
  }, 60_000)
  afterAll(() => house?.[Symbol.asyncDispose]())

  test(`nobody is allowed after SCIM answered, in ${trials} trials`, async () => {
    const { scim, deciders } = house
    const { body: staff } = await scim('POST', '/Groups', groupBody('Staff'))
    const table: string[] = []
    for (let trial = 0; trial < trials; trial++) {
      const fault = faults[trial % faults.length]!
      const how = shrinkings[trial % shrinkings.length]!
      const victim = deciders[trial % deciders.length]!
      const name = `user${trial}@acme.example`
      const { body: user } = await scim('POST', '/Users', userBody(name))
      const add = { op: 'add', path: 'members', value: [{ value: user.id }] }
      await scim('PATCH', `/Groups/${staff.id}`, patchBody(add))
      await Promise.all(
        deciders.map((each) =>
          until(
            () => each.ask(name),
            ({ allowed }) => allowed,
          ),
        ),
      )

      const seen: Asked[] = []
      let isOver = false
      const asking = deciders.map(async (each) => {
        while (!isOver) seen.push(await each.ask(name, 'wiki', { timeoutMs: 4_000 }))
      })
      break_(fault, victim)
      const sentMs = performance.now()
      const status = await shrink(how, { scim, user: user.id, group: staff.id })
      const answeredMs = performance.now()
      expect(status).toBeLessThan(300)
      await systemClock.sleep(150)
      mend(fault, victim)
      await systemClock.sleep(fault === 'nothing' ? 50 : 1_500)
      isOver = true
      await Promise.all(asking)
      if (fault === 'killed') await victim.restart()

      const late = seen.filter(({ startedMs, answer }) => startedMs > answeredMs && answer.allowed)
      expect(late.map(({ startedMs }) => startedMs - answeredMs)).toEqual([])
      expect(seen.filter(({ startedMs }) => startedMs > answeredMs).length).toBeGreaterThan(10)
      table.push(`${fault}, ${how}: SCIM answered after ${(answeredMs - sentMs).toFixed(1)} ms`)
    }
    process.stdout.write(`${table.join('\n')}\n`)
  }, 300_000)

  test('without the barrier a process that is cut off goes on allowing: this is what it is for', async () => {
    const { scim, deciders, redis, database } = house
    const victim = deciders[0]!
    const name = 'unprotected@acme.example'
    const { body: user } = await scim('POST', '/Users', userBody(name))
    const { body: staff } = await scim('GET', '/Groups?filter=displayName eq "Staff"')
    const add = { op: 'add', path: 'members', value: [{ value: user.id }] }
    await scim('PATCH', `/Groups/${staff.Resources[0].id}`, patchBody(add))
    await until(
      () => victim.ask(name),
      ({ allowed }) => allowed,
    )

    await using store = await openRedisStore(
      redis.settings({ database, leaseMs: 1_000 }),
      systemClock,
      {
        mayWrite: true,
      },
    )
    await store.enroll([{ tenant: acme, directory: entra }])
    victim.proxy.cut()
    const at = new Date().toISOString()
    const change = { op: 'delete', of: 'users', directory: entra, id: user.id, at } as const
    const committed = await store.commit(change, { opId: randomUUID() })
    const { answer } = await victim.ask(name)
    expect([committed.kind, answer.allowed]).toEqual(['ok', true])
    const closedMs = await until(
      () => victim.ask(name),
      ({ allowed }) => !allowed,
    )
    expect(closedMs).toBeLessThan(1_700)
    victim.proxy.heal()
  })
})

function break_(fault: Fault, { served, proxy }: DecisionProcess): void {
  if (fault === 'frozen') served.child.kill('SIGSTOP')
  if (fault === 'killed') served.child.kill('SIGKILL')
  if (fault === 'cut off') proxy.cut()
}

function mend(fault: Fault, { served, proxy }: DecisionProcess): void {
  if (fault === 'frozen') served.child.kill('SIGCONT')
  if (fault === 'cut off') proxy.heal()
}

interface Target {
  readonly scim: RedisHouse['scim']
  readonly user: string
  readonly group: string
}

async function shrink(how: (typeof shrinkings)[number], { scim, user, group }: Target) {
  switch (how) {
    case 'deactivated': {
      const off = { op: 'replace', path: 'active', value: false }
      return (await scim('PATCH', `/Users/${user}`, patchBody(off))).status
    }
    case 'removed': {
      const leave = { op: 'remove', path: `members[value eq "${user}"]` }
      return (await scim('PATCH', `/Groups/${group}`, patchBody(leave))).status
    }
    case 'deleted':
      return (await scim('DELETE', `/Users/${user}`)).status
  }
}
