import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/std/clock.ts'
import type { RedisSettings } from '../../src/store/redis-store/redis-settings.ts'
import { openRedisStore } from '../../src/store/redis-store/redis-store.ts'
import { acme, entra, later } from './store-fixture.ts'

/** Edits a large group over and over, until it is killed: all members in, all members out. */
const [settings, group, ids] = JSON.parse(process.argv[2]!) as [RedisSettings, string, string[]]
const store = await openRedisStore(settings, systemClock, { mayWrite: true, membersAtOnceMax: 50 })
await store.enroll([{ tenant: acme, directory: entra }])
process.stdout.write('up\n')
for (let round = 0; ; round++) {
  const members = { kind: 'replace', members: round % 2 === 0 ? ids : [] } as const
  const change = { op: 'update', of: 'groups', directory: entra, id: group, at: later } as const
  const { kind } = await store.commit({ ...change, members }, { opId: randomUUID() })
  process.stdout.write(`${round % 2 === 0 ? 'in' : 'out'} ${kind}\n`)
}
