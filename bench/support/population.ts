import { randomUUID } from 'node:crypto'
import type { Document } from '../../src/directory/directory.ts'
import type { Store } from '../../src/store/store.ts'
import { acme, document, entra } from '../../test/support/store-fixture.ts'

/** A directory as large companies have them: users of twenty groups each. */
export const groupsOfEach = 20
const groupsMax = 1_000
const at = '2026-01-02T03:04:05.000Z'

export function userName(number: number): string {
  return `given.family${number}@acme.example`
}

export function attributesOf(number: number): Document {
  const name = userName(number)
  return document({
    userName: name,
    externalId: `${String(number).padStart(8, '0')}-8a3c-4b52-9d52-0c8a9a4e5f11`,
    name: { givenName: 'Given', familyName: `Family${number}` },
    displayName: `Given Family${number}`,
    emails: [{ value: name, type: 'work', primary: true }],
    title: 'Engineer',
    userType: 'Employee',
    active: true,
    department: `Department ${number % 50}`,
  })
}

/** Ordinals of groups: spread evenly, so that all groups are of one size. */
export function groupsOf(number: number): readonly number[] {
  const found = new Set<number>()
  for (let step = 0; found.size < groupsOfEach; step++) {
    found.add(((number * 7 + step * 53) % groupsMax) + 1)
  }
  return [...found].sort((a, b) => a - b)
}

/** Creates so many users and their groups. */
export async function populate(store: Store, users: number): Promise<void> {
  await store.enroll([{ tenant: acme, directory: entra }])
  const members = Array.from({ length: groupsMax }, () => [] as string[])
  for (let first = 0; first < users; first += batch) {
    const numbers = Array.from({ length: Math.min(batch, users - first) }, (_, at_) => first + at_)
    await Promise.all(
      numbers.map(async (number) => {
        const id = randomUUID()
        for (const group of groupsOf(number)) members[group - 1]!.push(id)
        await written(store, { op: 'create', of: 'users', id, document: attributesOf(number) })
      }),
    )
  }
  for (const [index, ids] of members.entries()) {
    const named = document({ displayName: `Group ${index + 1}` })
    const change = { op: 'create', of: 'groups', id: randomUUID(), document: named } as const
    await written(store, { ...change, members: ids })
  }
}
const batch = 500

async function written(
  store: Store,
  change: {
    readonly op: 'create'
    readonly of: 'users' | 'groups'
    readonly id: string
    readonly document: Document
    readonly members?: readonly string[]
  },
): Promise<void> {
  const committed = await store.commit({ ...change, directory: entra, at }, { opId: randomUUID() })
  if (committed.kind !== 'ok') throw new Error(`not committed: ${committed.kind}`)
}
