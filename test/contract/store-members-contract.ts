import { expect, test } from 'vitest'
import type { Reference } from '../../src/directory/directory.ts'
import type { Store } from '../../src/store/store.ts'
import {
  addMembers,
  committed,
  editMembers,
  entra,
  fresh,
  group,
  okta,
  remove,
  removeMembers,
  replaceMembers,
  rewrite,
  storedBy,
  user,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function membersContract(open: OpenStore): void {
  test(
    'a commit shows as many references as are asked for, as they are once it stands',
    onFresh(open, async ({ store }) => {
      const ann = user('ann')
      const staff = await storedBy(store, group('Staff', [ann.id, 'pending']))
      const inside = await storedBy(store, group('Inside'))

      const created = await store.commit(ann, { ...fresh(), references: true })
      const edit = addMembers(staff.id, inside.id)
      const edited = await store.commit(edit, { ...fresh(), references: true })
      const first = await store.commit(addMembers(staff.id, 'x'), { ...fresh(), references: 1 })
      const none = await store.commit(addMembers(staff.id, 'y'), fresh())

      const inStaff = { value: staff.id, type: 'Group', display: 'Staff' }
      expect(created).toMatchObject({ stored: { references: [inStaff] } })
      const members = [
        { value: ann.id, type: 'User' },
        { value: inside.id, type: 'Group', display: 'Inside' },
        { value: 'pending', type: 'pending' },
      ]
      expect(edited).toMatchObject({ stored: { references: members } })
      expect(first).toMatchObject({ stored: { references: members.slice(0, 1) } })
      expect(none).not.toHaveProperty('stored.references')
    }),
  )

  test(
    'a commit that changes nothing, or is repeated, shows references all the same',
    onFresh(open, async ({ store }) => {
      const staff = await storedBy(store, group('Staff', ['pending']))
      const asked = { ...fresh(), references: true }

      const noop = await store.commit(addMembers(staff.id, 'pending'), asked)
      const written = await store.commit(addMembers(staff.id, 'other'), asked)
      const repeated = await store.commit(addMembers(staff.id, 'other'), asked)

      const pending = (value: string) => ({ value, type: 'pending' })
      expect(noop).toMatchObject({ kind: 'noop', stored: { references: [pending('pending')] } })
      const both = [pending('other'), pending('pending')]
      expect(written).toMatchObject({ kind: 'ok', stored: { references: both } })
      expect(repeated).toEqual(written)
    }),
  )

  test(
    'members are seen from both ends',
    onFresh(open, async ({ store }) => {
      const [ann, staff, all] = await annInStaffInAll(store)

      expect(await members(store, all)).toEqual([{ value: staff, type: 'Group', display: 'staff' }])
      expect(await members(store, staff)).toEqual([{ value: ann, type: 'User' }])
      expect(await groupsOf(store, ann)).toEqual([
        { value: staff, type: 'Group', display: 'staff' },
        { value: all, type: 'Group', display: 'all', indirect: true },
      ])
      const { groups } = await store.groupTable()
      expect(groups).toMatchObject([
        { id: staff, displayName: 'staff', parents: [2] },
        { id: all, displayName: 'all', parents: [] },
      ])
    }),
  )

  test(
    'adding who is there and removing who is not is nothing',
    onFresh(open, async ({ store }) => {
      const [ann, staff] = await annInStaffInAll(store)
      const edit = { kind: 'edit', add: [ann, ann], remove: ['nobody'] } as const
      const { revision } = await store.position()

      const answer = await store.commit(editMembers(staff, edit), fresh())

      expect(answer).toMatchObject({ kind: 'noop', stored: { id: staff } })
      expect((await store.position()).revision).toBe(revision)
    }),
  )

  test(
    'a value that is both removed and added ends as a member',
    onFresh(open, async ({ store }) => {
      const [ann, staff] = await annInStaffInAll(store)
      const edit = { kind: 'edit', add: [ann], remove: [ann] } as const

      const answer = await store.commit(editMembers(staff, edit), fresh())

      expect(answer.kind).toBe('noop')
      expect(await members(store, staff)).toEqual([{ value: ann, type: 'User' }])
    }),
  )

  test(
    'replacing members changes only those who differ',
    onFresh(open, async ({ store }) => {
      const [ann, bob, cat] = await users(store, 'ann', 'bob', 'cat')
      const staff = await storedBy(store, group('staff', [ann.id, bob.id, 'later']))

      const change = replaceMembers(staff.id, bob.id, cat.id)
      const { position } = await committed(store, change)
      const same = await store.commit(replaceMembers(staff.id, cat.id, bob.id), fresh())

      const { entries } = await store.readLog(
        { ...position, revision: position.revision - 1 },
        9,
        0,
      )
      expect(entries.map(({ effect }) => effect)).toEqual([
        {
          ...{ of: 'members', directory: entra, ordinal: staff.ordinal },
          ...{ users: [ann.ordinal, cat.ordinal], groups: [] },
        },
      ])
      expect(same.kind).toBe('noop')
      expect((await store.counts(entra)).pendingMembers).toBe(0)
    }),
  )

  test(
    'a member that names nobody is kept, and resolves when its user or group arrives',
    onFresh(open, async ({ store }) => {
      const [ann, sub] = [user('ann'), group('sub')]
      const staff = await storedBy(store, group('staff', [ann.id, sub.id]))
      expect((await members(store, staff.id)).map(({ type }) => type)).toEqual([
        'pending',
        'pending',
      ])

      await committed(store, ann)
      await committed(store, sub)

      expect((await members(store, staff.id)).map(({ type }) => type)).toEqual(['User', 'Group'])
      expect((await groupsOf(store, ann.id)).map(({ value }) => value)).toEqual([staff.id])
      expect(await store.counts(entra)).toMatchObject({ memberships: 2, pendingMembers: 0 })
    }),
  )

  test(
    'a pending member can be removed, and is not there when its user arrives',
    onFresh(open, async ({ store }) => {
      const ann = user('ann')
      const staff = await storedBy(store, group('staff', [ann.id]))

      await committed(store, removeMembers(staff.id, ann.id))
      await committed(store, ann)

      expect(await members(store, staff.id)).toEqual([])
      expect(await groupsOf(store, ann.id)).toEqual([])
    }),
  )

  test(
    "a user of another directory is nobody in this one's groups",
    onFresh(open, async ({ store }) => {
      const ann = user('ann')
      await committed(store, { ...ann, directory: okta })

      const staff = await storedBy(store, group('staff', [ann.id]))

      expect(await members(store, staff.id)).toEqual([{ value: ann.id, type: 'pending' }])
    }),
  )

  test(
    'a deleted user is a member of nothing, also if the id comes back',
    onFresh(open, async ({ store }) => {
      const [ann, staff] = await annInStaffInAll(store)

      await committed(store, remove('users', ann))
      await committed(store, user('ann', {}, ann))

      expect(await members(store, staff)).toEqual([])
      expect(await groupsOf(store, ann)).toEqual([])
      expect((await store.counts(entra)).memberships).toBe(1)
    }),
  )

  test(
    'a deleted group takes its members and its own membership along',
    onFresh(open, async ({ store }) => {
      const [ann, staff, all] = await annInStaffInAll(store)
      await committed(store, addMembers(staff, 'nobody'))

      await committed(store, remove('groups', staff))

      expect(await groupsOf(store, ann)).toEqual([])
      expect(await members(store, all)).toEqual([])
      expect(await store.counts(entra)).toMatchObject({ memberships: 0, pendingMembers: 0 })
      expect((await store.groupTable([{ directory: entra, ordinal: 1 }])).groups).toEqual([])
    }),
  )

  test(
    'memberships survive a deactivation',
    onFresh(open, async ({ store }) => {
      const [ann, staff, all] = await annInStaffInAll(store)

      await committed(store, rewrite('users', ann, { userName: 'ann', active: false }))

      expect((await groupsOf(store, ann)).map(({ value }) => value)).toEqual([staff, all])
      expect(await store.counts(entra)).toMatchObject({ users: 1, activeUsers: 0 })
    }),
  )

  test(
    'an edit of members moves the revision of the group and of nobody else',
    onFresh(open, async ({ store }) => {
      const [ann] = await users(store, 'ann')
      const staff = await storedBy(store, group('staff'))

      const edited = await storedBy(store, addMembers(staff.id, ann.id))

      expect(edited.revision).toBe(staff.revision + 1)
      expect(await store.get('users', entra, ann.id)).toEqual(ann)
    }),
  )

  test(
    'a group of thousands is edited whole',
    onFresh(open, async ({ store }) => {
      const ids = Array.from({ length: 6_000 }, (_, index) => `member-${index}`)
      const staff = await storedBy(store, group('staff', ids))

      await committed(store, replaceMembers(staff.id, ...ids.slice(3_000)))

      expect((await store.counts(entra)).pendingMembers).toBe(3_000)
      expect(await members(store, staff.id)).toHaveLength(3_000)
    }),
  )
}

async function annInStaffInAll(store: Store) {
  const ann = await storedBy(store, user('ann'))
  const staff = await storedBy(store, group('staff', [ann.id]))
  const all = await storedBy(store, group('all', [staff.id]))
  return [ann.id, staff.id, all.id] as const
}

async function users(store: Store, ...names: string[]) {
  const stored = names.map((name) => storedBy(store, user(name)))
  const [first, second, third] = await Promise.all(stored)
  return [first!, second!, third!] as const
}

function members(store: Store, id: string): Promise<readonly Reference[]> {
  return references(store, 'groups', id)
}
function groupsOf(store: Store, id: string): Promise<readonly Reference[]> {
  return references(store, 'users', id)
}
async function references(store: Store, of: 'users' | 'groups', id: string) {
  const found = await store.get(of, entra, id, { references: true })
  return found?.references ?? []
}
