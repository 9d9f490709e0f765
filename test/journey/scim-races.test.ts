import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  raceForAttributes,
  raceForMemberships,
  raceForNames,
  repeatUnanswered,
  type TwoServers,
  twoServers,
} from '../support/scim-races.ts'

/** A few rounds of what `npm run test:faults` does hundreds of. */
const rounds = 8

describe('two processes that serve SCIM from one store', () => {
  let servers: TwoServers
  beforeAll(async () => {
    servers = await twoServers()
  })
  afterAll(() => servers[Symbol.asyncDispose]())

  test('give a name that many want to one of them', () => raceForNames(servers, rounds))

  test('tell one story of a membership that is added, removed and orphaned at once', () =>
    raceForMemberships(servers, rounds))

  test('keep every attribute that they acknowledged', () => raceForAttributes(servers, rounds))

  test('end in one state where answers are lost and requests repeated', () =>
    repeatUnanswered(servers, rounds))
})
