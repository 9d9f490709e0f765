import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { type RedisHouse, redisHouse, until, writePolicy } from '../support/redis-house.ts'
import { hasRedis } from '../support/redis-server.ts'

/**
 * The new enemy (Zanzibar §2.2): Bob leaves the group, then the group is let in. Whoever sees the
 * second without the first lets Bob in. One log orders both, and the second write is not begun
 * before the first is in force.
 */
const closed = `
version: 1
applications: { wiki: { hosts: [wiki.example] }, vault: { hosts: [vault.example] } }
rules:
  - { id: wiki-all, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`
const open = `${closed}  - { id: vault-staff, effect: allow, apps: { names: [vault] }, who: { groups: { any: [Staff] } } }
`
const rounds = Number(process.env.NEW_ENEMY_ROUNDS ?? 6)

describe.skipIf(!hasRedis)('Bob is removed from a group, which is then let in:', () => {
  let house: RedisHouse
  beforeAll(async () => {
    house = await redisHouse({ policy: closed, deciders: 3, lease: '1s' })
  }, 60_000)
  afterAll(() => house?.[Symbol.asyncDispose]())

  async function member(name: string) {
    const { scim, deciders } = house
    const { body: user } = await scim('POST', '/Users', userBody(name))
    const { body: group } = await scim('POST', '/Groups', groupBody(`G-${randomUUID()}`, [user.id]))
    const rename = { op: 'replace', path: 'displayName', value: 'Staff' }
    await scim('PATCH', `/Groups/${group.id}`, patchBody(rename))
    for (const each of deciders) {
      await until(
        () => each.ask(name),
        ({ allowed }) => allowed,
      )
      expect((await each.ask(name, 'vault')).answer.reason).toBe('NO_RULE')
    }
    return { user: user.id as string, group: group.id as string }
  }

  const leave = (user: string) => patchBody({ op: 'remove', path: `members[value eq "${user}"]` })

  test(`he is allowed nowhere, however late the log arrives, in ${rounds} rounds`, async () => {
    const { scim, deciders } = house
    const closedVersion = (await deciders[0]!.ask('nobody@acme.example')).answer.policyVersion
    for (let round = 0; round < rounds; round++) {
      const name = `bob${round}@acme.example`
      const { user, group } = await member(name)
      const victim = deciders[round % deciders.length]!
      victim.proxy.delay(40 * (1 + (round % 3)))
      const allowed: string[] = []
      let isOver = false
      const asking = deciders.map(async (each) => {
        while (!isOver) {
          const { answer } = await each.ask(name, 'vault')
          if (answer.allowed) allowed.push(answer.revision)
        }
      })
      const { status } = await scim('PATCH', `/Groups/${group}`, leave(user))
      expect(status).toBeLessThan(300)
      writePolicy(house, open)
      await scim('POST', '/Users', userBody(`witness${round}@acme.example`))
      const { body: witness } = await scim(
        'GET',
        `/Users?filter=userName eq "witness${round}@acme.example"`,
      )
      const add = { op: 'add', path: 'members', value: [{ value: witness.Resources[0].id }] }
      await scim('PATCH', `/Groups/${group}`, patchBody(add))
      for (const each of deciders) {
        await until(
          () => each.ask(`witness${round}@acme.example`, 'vault'),
          ({ allowed: is }) => is,
        )
      }
      await systemClock.sleep(300)
      isOver = true
      await Promise.all(asking)
      expect(allowed).toEqual([])
      victim.proxy.delay(0)
      await scim('DELETE', `/Groups/${group}`)
      writePolicy(house, closed)
      for (const each of deciders) {
        await until(
          () => each.ask(name),
          ({ policyVersion }) => policyVersion === closedVersion,
        )
      }
    }
  }, 240_000)
})
