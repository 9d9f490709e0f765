import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  raceForAttributes,
  raceForMemberships,
  raceForNames,
  repeatUnanswered,
  type TwoServers,
  twoServers,
} from '../support/scim-races.ts'

describe('two processes that serve SCIM from one store, for long,', () => {
  let servers: TwoServers
  beforeAll(async () => {
    servers = await twoServers()
  })
  afterAll(() => servers[Symbol.asyncDispose]())

  test('give a name that many want to one of them', () => raceForNames(servers, 500))

  test('tell one story of a membership that is added, removed and orphaned at once', () =>
    raceForMemberships(servers, 400))

  test('keep every attribute that they acknowledged', () => raceForAttributes(servers, 200))

  test('end in one state where answers are lost and requests repeated', () =>
    repeatUnanswered(servers, 200))
})
