import { expect, test } from 'vitest'
import type { Stored } from '../../src/directory/directory.ts'
import type { IndexedQuery, Store } from '../../src/store/store.ts'
import { committed, entra, group, okta, remove, storedBy, user } from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function readsContract(open: OpenStore): void {
  test(
    'users are read as decisions need them, slice by slice, with the position of each slice',
    onFresh(open, async ({ store }) => {
      const gone = await storedBy(store, user('gone'))
      const ann = await storedBy(store, user('ann', { title: 'x' }))
      const bob = await storedBy(store, user('bob'))
      await committed(store, { ...user('other'), directory: okta })
      const staff = await storedBy(store, group('staff', [ann.id]))
      await committed(store, remove('users', gone.id))

      const first = await store.principals(entra, 0, 1)
      const second = await store.principals(entra, first.principals[0]!.ordinal, 9)
      const none = await store.principals(entra, bob.ordinal, 9)

      const { directory, ordinal, id, revision, document } = ann
      const groups = [staff.ordinal]
      expect(first.principals).toEqual([{ directory, ordinal, id, revision, document, groups }])
      expect(second.principals.map((each) => [each.id, each.groups])).toEqual([[bob.id, []]])
      expect(none.principals).toEqual([])
      expect(none.position).toEqual(await store.position())
      expect((await store.principals('nowhere' as typeof entra, 0, 9)).principals).toEqual([])
    }),
  )

  test(
    'users are found by each name they have, and by no other',
    onFresh(open, async ({ store }) => {
      const emails = [{ value: 'Ann@x.example' }, { value: 'b@x.example' }]
      const ann = await storedBy(store, user('Ann', { externalId: 'E-1', emails }))
      await committed(store, user('bob', { emails: [{ value: 'b@x.example' }] }))

      const ids = (by: IndexedQuery) => idsFound(store, 'users', by)

      expect(await ids({ by: 'id', value: ann.id })).toEqual([ann.id])
      expect(await ids({ by: 'userName', value: 'ann' })).toEqual([ann.id])
      expect(await ids({ by: 'externalId', value: 'E-1' })).toEqual([ann.id])
      expect(await ids({ by: 'emails.value', value: 'ann@x.example' })).toEqual([ann.id])
      expect(await ids({ by: 'emails.value', value: 'b@x.example' })).toHaveLength(2)
      expect(await ids({ by: 'externalId', value: 'e-1' })).toEqual([])
      expect(await ids({ by: 'userName', value: 'carl' })).toEqual([])
    }),
  )

  test(
    'groups are found by displayName and by member, pending ones included',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const one = await storedBy(store, group('One', [ann.id, 'pending']))
      const two = await storedBy(store, group('Two', [ann.id, one.id]))

      const ids = (by: IndexedQuery) => idsFound(store, 'groups', by)

      expect(await ids({ by: 'displayName', value: 'one' })).toEqual([one.id])
      expect(await ids({ by: 'member', value: ann.id })).toEqual([one.id, two.id])
      expect(await ids({ by: 'member', value: one.id })).toEqual([two.id])
      expect(await ids({ by: 'member', value: 'pending' })).toEqual([one.id])
      expect(await ids({ by: 'member', value: 'nobody' })).toEqual([])
    }),
  )

  test(
    'one membership can be asked for by member and group',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const one = await storedBy(store, group('one', [ann.id, 'pending']))
      const two = await storedBy(store, group('two'))

      const probe = async (value: string, id: string) =>
        (await store.find('groups', entra, { by: 'member', value, id }, wholePage)).total

      expect(await probe(ann.id, one.id)).toBe(1)
      expect(await probe('pending', one.id)).toBe(1)
      expect(await probe(ann.id, two.id)).toBe(0)
      expect(await probe(ann.id, 'nothing')).toBe(0)
      expect(await probe('nobody', one.id)).toBe(0)
    }),
  )

  test(
    'pages follow the ordinals and tell the whole total',
    onFresh(open, async ({ store }) => {
      const all: Stored[] = []
      for (const name of ['e', 'd', 'c', 'b', 'a']) all.push(await storedBy(store, user(name)))
      await committed(store, remove('users', all[1]!.id))
      const ids = all.filter((_, index) => index !== 1).map(({ id }) => id)

      const page = (offset: number, count: number) =>
        store.find('users', entra, { by: 'all' }, { offset, count })
      const [first, second, beyond, none] = await Promise.all([
        page(0, 3),
        page(3, 3),
        page(9, 3),
        page(0, 0),
      ])

      expect([first, second, beyond, none].map(({ total }) => total)).toEqual([4, 4, 4, 4])
      expect(first.resources.map(({ id }) => id)).toEqual(ids.slice(0, 3))
      expect(second.resources.map(({ id }) => id)).toEqual(ids.slice(3))
      expect([...beyond.resources, ...none.resources]).toEqual([])
    }),
  )

  test(
    'an indexed query pages as well',
    onFresh(open, async ({ store }) => {
      const emails = [{ value: 'team@x.example' }]
      for (const name of ['c', 'b', 'a']) await committed(store, user(name, { emails }))

      const by = { by: 'emails.value', value: 'team@x.example' } as const
      const found = await store.find('users', entra, by, { offset: 1, count: 1 })

      expect(found.total).toBe(3)
      expect(found.resources.map(({ ordinal }) => ordinal)).toEqual([2])
    }),
  )

  test(
    'a scan visits every resource once, in ordinal order, whatever the slice',
    onFresh(open, async ({ store }) => {
      const names = Array.from({ length: 23 }, (_, index) => `user${index}`)
      await Promise.all(names.map((name) => committed(store, user(name))))
      await committed(store, { ...user('ann'), directory: okta })

      const slices: number[][] = []
      for await (const slice of store.scan('users', entra, 5)) {
        slices.push(slice.map(({ ordinal }) => ordinal))
      }

      expect(slices.flat()).toEqual(names.map((_, index) => index + 1))
      expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThanOrEqual(5)
    }),
  )

  test(
    'a scan goes on where it was when resources before and after it come and go',
    onFresh(open, async ({ store }) => {
      const stored: Stored[] = []
      for (const name of ['a', 'b', 'c', 'd']) stored.push(await storedBy(store, user(name)))

      const seen: string[] = []
      for await (const slice of store.scan('users', entra, 2)) {
        if (seen.length === 0) await committed(store, remove('users', stored[0]!.id))
        if (seen.length === 0) await committed(store, remove('users', stored[2]!.id))
        seen.push(...slice.map(({ id }) => id))
      }

      expect(seen).toEqual([stored[0]!.id, stored[1]!.id, stored[3]!.id])
    }),
  )

  test(
    'references come only when they are asked for, and no more than asked for',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const bob = await storedBy(store, user('bob'))
      const staff = await storedBy(store, group('staff', [ann.id, bob.id]))
      const by = { by: 'displayName', value: 'staff' } as const

      const first = await store.get('groups', entra, staff.id, { references: 1 })
      const plain = await store.find('groups', entra, by, wholePage)
      const full = await store.find('groups', entra, by, wholePage, { references: true })
      const slices = store.scan('groups', entra, 9, { references: true })
      const [slice] = await Array.fromAsync(slices)

      expect(plain.resources).toEqual([staff])
      const members = [ann.id, bob.id].map((value) => ({ value, type: 'User' }))
      expect(first?.references).toEqual(members.slice(0, 1))
      expect(full.resources).toEqual([{ ...staff, references: members }])
      expect(slice).toEqual(full.resources)
    }),
  )

  test(
    'no read of one directory shows a row of another',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann', { externalId: 'E-1' }))
      const staff = await storedBy(store, group('staff', [ann.id]))

      const found = await Promise.all([
        idsFound(store, 'users', { by: 'id', value: ann.id }, okta),
        idsFound(store, 'users', { by: 'userName', value: 'ann' }, okta),
        idsFound(store, 'users', { by: 'externalId', value: 'E-1' }, okta),
        idsFound(store, 'users', { by: 'all' }, okta),
        idsFound(store, 'groups', { by: 'member', value: ann.id, id: staff.id }, okta),
      ])

      expect(found).toEqual([[], [], [], [], []])
      expect(await store.get('users', okta, ann.id)).toBeUndefined()
      expect(await Array.fromAsync(store.scan('users', okta, 9))).toEqual([])
      expect(await store.counts(okta)).toMatchObject({ users: 0, groups: 0, lastRevision: 0 })
    }),
  )

  test(
    'counts tell what is there and when it was last written',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      await committed(store, user('bob', { active: false }))
      const change = group('staff', [ann.id, 'nobody'])
      await committed(store, change)

      expect(await store.counts(entra)).toEqual({
        ...{ users: 2, activeUsers: 1, groups: 1, memberships: 1, pendingMembers: 1 },
        ...{ lastRevision: 3, lastWrite: change.at },
      })
    }),
  )

  test(
    'enrolling again is nothing, and a directory never moves to another tenant',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const { tenant } = { tenant: 'acme' as never }
      await store.enroll([{ tenant, directory: entra }])

      const moved = store.enroll([
        { tenant: 'other' as never, directory: 'new' as never },
        { tenant: 'other' as never, directory: entra },
      ])

      await expect(moved).rejects.toMatchObject({ code: 'STORE_REFUSED' })
      await expect(moved).rejects.toThrow(/`entra` belongs to tenant `acme`/)
      expect(await store.get('users', entra, ann.id)).toEqual(ann)
      const { kind } = await store.commit(
        { ...user('x'), directory: 'new' as never },
        { opId: 'of the directory that was refused along with the other' },
      )
      expect(kind).toBe('missing')
    }),
  )
}

const wholePage = { offset: 0, count: 100 }

async function idsFound(
  store: Store,
  of: 'users' | 'groups',
  by: IndexedQuery,
  directory = entra,
): Promise<readonly string[]> {
  const found = await store.find(of, directory, by, wholePage)
  expect(found.total).toBe(found.resources.length)
  return found.resources.map(({ id }) => id)
}
