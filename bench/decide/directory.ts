import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/std/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { acme, document, entra } from '../../test/support/store-fixture.ts'

/** Somebody in the directory; groups by their number. */
export interface Person {
  readonly id: string
  readonly userName: string
  readonly groups: readonly number[]
}

/** Commits people and groups to a new store: a file of a million would not fit into one text. */
export async function fillStore(
  file: string,
  people: Iterable<Person>,
  groupNames: readonly string[],
): Promise<void> {
  await using store = await openSqliteStore(file, systemClock)
  await store.enroll([{ tenant: acme, directory: entra }])
  const members = groupNames.map(() => [] as string[])
  let under: Promise<void>[] = []
  for (const { id, userName, groups } of people) {
    for (const group of new Set(groups)) members[group]!.push(id)
    const emails = [{ type: 'work', value: userName, primary: true }]
    const user = document({ userName, active: true, displayName: userName, emails })
    under.push(create(store, { of: 'users', id, document: user }))
    if (under.length < together) continue
    await Promise.all(under)
    under = []
  }
  await Promise.all(under)
  for (const [at, displayName] of groupNames.entries()) {
    const named = { id: randomUUID(), document: document({ displayName }) }
    await create(store, { of: 'groups', ...named, members: members[at]! })
  }
}
const together = 1_000

type Created = Extract<Parameters<Store['commit']>[0], { readonly op: 'create' }>

async function create(store: Store, created: Omit<Created, 'op' | 'directory' | 'at'>) {
  const at = new Date().toISOString()
  const change = { op: 'create', directory: entra, at, ...created } as const
  const committed = await store.commit(change, { opId: randomUUID() })
  if (committed.kind !== 'ok') throw new Error(`not committed: ${committed.kind}`)
}
