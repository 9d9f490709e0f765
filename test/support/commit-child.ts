import { randomUUID } from 'node:crypto'
import type { Change } from '../../src/directory/change.ts'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import { acme, addMembers, entra, group, removeMembers, rewrite, user } from './store-fixture.ts'

/**
 * Writes to a store as fast as it can until it is killed, and prints every write once it has been
 * acknowledged: `user ID`, `member GROUP ID`, `left GROUP ID`, `title ID NUMBER`.
 *
 * With a list of ids in a file as third argument: adds all of them to one group in one write and
 * removes them in the next, for ever, printing `adding`, `added`, `removing`, `removed`.
 */
const [path, bulk] = process.argv.slice(2)
const store = await openSqliteStore(path!, systemClock)
await store.enroll([{ tenant: acme, directory: entra }])

// A pipe is written synchronously: what is printed is out before a kill.
const say = (line: string) => process.stdout.write(`${line}\n`)

async function write(change: Change): Promise<void> {
  const answer = await store.commit(change, { opId: randomUUID() })
  if (answer.kind !== 'ok') throw new Error(`not committed: ${JSON.stringify(answer)}`)
}

/** Every write of it that is acknowledged is printed before the next one begins. */
async function mixedWrites(): Promise<never> {
  const team = group(randomUUID())
  await write(team)
  for (let number = 0; ; number += 1) {
    const [stays, leaves] = [user(randomUUID()), user(randomUUID())]
    for (const one of [stays, leaves]) {
      await write(one)
      say(`user ${one.id}`)
      await write(addMembers(team.id, one.id))
    }
    say(`member ${team.id} ${stays.id}`)
    await write(rewrite('users', stays.id, { userName: stays.id, title: String(number) }))
    say(`title ${stays.id} ${number}`)
    await write(removeMembers(team.id, leaves.id))
    say(`left ${team.id} ${leaves.id}`)
  }
}

async function bulkWrites(groupId: string, ids: readonly string[]): Promise<never> {
  for (;;) {
    say('adding')
    await write(addMembers(groupId, ...ids))
    say('added')
    say('removing')
    await write(removeMembers(groupId, ...ids))
    say('removed')
  }
}

/** More than one group commit can be full of. */
const inFlight = 24

if (bulk === undefined) {
  await Promise.all(Array.from({ length: inFlight }, mixedWrites))
} else {
  const slice = await Array.fromAsync(store.scan('users', entra, 500))
  const ids = slice.flat().map(({ id }) => id)
  await bulkWrites(bulk, ids)
}
