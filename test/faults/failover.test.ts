import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { type Asked, type RedisHouse, redisHouse, until } from '../support/redis-house.ts'
import { eventually, type SentinelGroup, startSentinels } from '../support/redis-sentinel.ts'
import { hasRedis } from '../support/redis-server.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: staff, effect: allow, apps: { names: [wiki] }, who: { groups: { any: [Staff] } } }
`
const names = Array.from({ length: 6 }, (_, number) => `user${number}@acme.example`)
const off = patchBody({ op: 'replace', path: 'active', value: false })
const seen: string[] = []
afterAll(() => {
  process.stdout.write(`${seen.join('\n')}\n`)
})

describe.skipIf(!hasRedis)('a failover', () => {
  const opened: AsyncDisposable[] = []
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]()
  })

  async function staffed(options: Parameters<typeof redisHouse>[0]) {
    const house = await redisHouse({ policy, deciders: 2, ...options })
    opened.push(house)
    const ids: string[] = []
    for (const name of names) ids.push((await house.scim('POST', '/Users', userBody(name))).body.id)
    const { body } = await house.scim('POST', '/Groups', groupBody('Staff', ids))
    for (const each of house.deciders) {
      for (const name of names)
        await until(
          () => each.ask(name),
          ({ allowed }) => allowed,
        )
    }
    return { house, ids, group: body.id as string }
  }

  async function writesAgain(house: RedisHouse, msMax = 30_000): Promise<number> {
    const startMs = performance.now()
    for (let count = 0; ; count++) {
      const { status } = await house.scim('POST', '/Users', userBody(`n${count}@acme.example`))
      if (status === 201) return performance.now() - startMs
      if (performance.now() - startMs > msMax) throw new Error('no write is taken')
      await systemClock.sleep(50)
    }
  }

  describe('by sentinels', () => {
    async function sentinels(): Promise<SentinelGroup> {
      const group = await startSentinels()
      opened.push(group)
      return group
    }

    test('that loses nothing goes unnoticed by who asks, if leases are longer', async () => {
      const group = await sentinels()
      const { house, ids } = await staffed({ url: group.url, lease: '9s', replicas: 1 })
      const asked: Asked[] = []
      let isOver = false
      const asking = house.deciders.map(async (each) => {
        while (!isOver) asked.push(await each.ask(names[0]!))
      })
      await (await group.primary()).kill()
      const writesMs = await writesAgain(house)
      await systemClock.sleep(500)
      isOver = true
      await Promise.all(asking)
      expect(asked.filter(({ answer }) => !answer.allowed)).toEqual([])
      expect((await house.scim('PATCH', `/Users/${ids[1]}`, off)).status).toBe(200)
      for (const each of house.deciders) {
        expect((await each.ask(names[1]!)).answer.reason).toBe('USER_INACTIVE')
      }
      seen.push(
        `sentinel failover: SCIM 503 for ${writesMs.toFixed(0)} ms, ${asked.length} checks all allowed`,
      )
    }, 120_000)

    test('cannot lose a write that waits for a replica: without one it is refused', async () => {
      const group = await sentinels()
      const { house, ids } = await staffed({ url: group.url, lease: '1s', replicas: 1 })
      for (const replica of await group.replicas()) replica.pause()
      await (await group.primary()).client().call('CLIENT', 'KILL', 'TYPE', 'replica')
      const refused = await house.scim('PATCH', `/Users/${ids[0]}`, off)
      expect(refused.status).toBe(503)
      for (const replica of await group.replicas()) replica.resume()
    }, 120_000)

    test('that lost acknowledged writes allows nobody whose access they took', async () => {
      const group = await sentinels()
      const {
        house,
        ids,
        group: staff,
      } = await staffed({ url: group.url, lease: '1s', replicas: 0 })
      const primary = await group.primary()
      const replicas = await group.replicas()
      for (const replica of replicas) replica.pause()
      await primary.client().call('CLIENT', 'KILL', 'TYPE', 'replica')
      expect((await house.scim('PATCH', `/Users/${ids[0]}`, off)).status).toBe(200)
      const leave = patchBody({ op: 'remove', path: `members[value eq "${ids[1]}"]` })
      expect((await house.scim('PATCH', `/Groups/${staff}`, leave)).status).toBeLessThan(300)
      expect((await house.scim('DELETE', `/Users/${ids[2]}`)).status).toBe(204)
      const answeredMs = performance.now()
      const gone = names.slice(0, 3)
      const asked: Asked[] = []
      let isOver = false
      const asking = house.deciders.map(async (each) => {
        while (!isOver) for (const name of gone) asked.push(await each.ask(name))
      })
      await primary.kill()
      for (const replica of replicas) replica.resume()
      const writesMs = await writesAgain(house)
      // The others are served again, from a history in which nobody has gone.
      for (const each of house.deciders) {
        await until(
          () => each.ask(names[4]!),
          ({ allowed }) => allowed,
          30_000,
        )
      }
      await systemClock.sleep(1_500)
      isOver = true
      await Promise.all(asking)
      const wrong = asked.filter(
        ({ startedMs, answer }) => startedMs > answeredMs && answer.allowed,
      )
      expect(wrong).toEqual([])
      expect((await house.scim('GET', `/Users/${ids[0]}`)).body.active).toBe(true)
      // The provider sends everything again, and it is in force as ever.
      for (const id of ids.slice(0, 3)) {
        expect((await house.scim('PATCH', `/Users/${id}`, off)).status).toBe(200)
      }
      for (const name of gone) {
        expect((await house.deciders[0]!.ask(name)).answer.reason).toBe('USER_INACTIVE')
      }
      const reasons = [...new Set(asked.map(({ answer }) => answer.reason))].join(', ')
      seen.push(
        `sentinel failover with loss: writes after ${writesMs.toFixed(0)} ms, the revoked saw ${reasons}`,
      )
    }, 120_000)
  })

  describe('of a cluster', () => {
    async function cluster(): Promise<RedisCluster> {
      const started = await startCluster()
      opened.push(started)
      return started
    }

    test('finds the new primary, and loses nothing that a replica had', async () => {
      const nodes = await cluster()
      const { house, ids } = await staffed({ url: nodes.url, lease: '9s', replicas: 1 })
      const asked: Asked[] = []
      let isOver = false
      const asking = house.deciders.map(async (each) => {
        while (!isOver) asked.push(await each.ask(names[0]!))
      })
      await (await nodes.owner()).kill()
      const startMs = performance.now()
      // One of the two left has no replica to wait for: that one is refused, and has landed.
      await eventually(async () => {
        const { status } = await house.scim('GET', `/Users/${ids[1]}`)
        return status === 200
      })
      const readsMs = performance.now() - startMs
      await systemClock.sleep(1_000)
      isOver = true
      await Promise.all(asking)
      expect(asked.filter(({ answer }) => !answer.allowed)).toEqual([])
      seen.push(
        `cluster failover: SCIM away for ${readsMs.toFixed(0)} ms, ${asked.length} checks all allowed`,
      )
    }, 120_000)

    test('moving the slot away makes some writes wait and loses nothing', async () => {
      const nodes = await cluster()
      const { house, ids } = await staffed({ url: nodes.url, lease: '2s', replicas: 0 })
      const [from, to] = [await nodes.owner(), await nodes.other()]
      const statuses: number[] = []
      const wrong: string[] = []
      await nodes.moveSlot(from, to, async () => {
        statuses.push(
          (await house.scim('POST', '/Users', userBody(`m${statuses.length}@acme.example`))).status,
        )
        for (const each of house.deciders) {
          const { reason, allowed } = (await each.ask('nobody@acme.example')).answer
          if (allowed || reason === 'NO_RULE') wrong.push(reason)
          const known = (await each.ask(names[3]!)).answer
          if (known.reason === 'USER_UNKNOWN' || known.reason === 'NO_RULE')
            wrong.push(known.reason)
        }
      })
      expect(wrong).toEqual([])
      expect(statuses.every((status) => status === 201 || status === 503)).toBe(true)
      const writesMs = await writesAgain(house)
      for (const each of house.deciders) {
        await until(
          () => each.ask(names[0]!),
          ({ allowed }) => allowed,
          20_000,
        )
      }
      const { body } = await house.scim('GET', '/Users?count=0')
      const made = statuses.filter((status) => status === 201).length
      expect(body.totalResults).toBeGreaterThanOrEqual(names.length + made)
      expect((await house.scim('PATCH', `/Users/${ids[5]}`, off)).status).toBe(200)
      for (const each of house.deciders) {
        expect((await each.ask(names[5]!)).answer.reason).toBe('USER_INACTIVE')
      }
      seen.push(`slot moved: ${statuses.join(' ')}, writes again after ${writesMs.toFixed(0)} ms`)
    }, 120_000)
  })
})
