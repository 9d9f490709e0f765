import { afterAll, beforeAll, describe, test } from 'vitest'
import { hasRedis, type RedisServer, startRedis } from '../support/redis-server.ts'
import {
  raceForAttributes,
  raceForMemberships,
  raceForNames,
  repeatUnanswered,
  type TwoServers,
  twoServers,
} from '../support/scim-races.ts'

describe.each(hasRedis ? ['SQLite', 'Redis'] : ['SQLite'])(
  'two processes that serve SCIM from one store on %s, for long,',
  (engine) => {
    let servers: TwoServers
    let redis: RedisServer | undefined
    beforeAll(async () => {
      redis = engine === 'Redis' ? await startRedis() : undefined
      servers = await twoServers(redis && `${redis.url}/0`)
    })
    afterAll(async () => {
      await servers[Symbol.asyncDispose]()
      await redis?.[Symbol.asyncDispose]()
    })

    test('give a name that many want to one of them', () => raceForNames(servers, 500))

    test('tell one story of a membership that is added, removed and orphaned at once', () =>
      raceForMemberships(servers, 400))

    test('keep every attribute that they acknowledged', () => raceForAttributes(servers, 200))

    test('end in one state where answers are lost and requests repeated', () =>
      repeatUnanswered(servers, 200))
  },
)
