import { expect, test } from 'vitest'
import type { LookupKind } from '../../src/directory/identity.ts'
import type { Store } from '../../src/store/store.ts'
import {
  committed,
  entra,
  fresh,
  group,
  okta,
  remove,
  rewrite,
  storedBy,
  user,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function namesContract(open: OpenStore): void {
  test(
    'a userName is unique within its directory, whatever its case',
    onFresh(open, async ({ store }) => {
      await committed(store, user('Ann@acme.example'))

      const answer = await store.commit(user('ANN@acme.EXAMPLE'), fresh())

      expect(answer).toEqual({ kind: 'unique', attribute: 'userName' })
    }),
  )

  test(
    'a group displayName is unique within its directory, that of a user is not',
    onFresh(open, async ({ store }) => {
      await committed(store, group('Staff'))
      await committed(store, user('ann', { displayName: 'staff' }))
      await committed(store, user('bob', { displayName: 'staff' }))

      const answer = await store.commit(group('sTAFF'), fresh())

      expect(answer).toEqual({ kind: 'unique', attribute: 'displayName' })
    }),
  )

  test(
    'an update cannot take a name that is taken, but may change the case of its own',
    onFresh(open, async ({ store }) => {
      await committed(store, user('ann'))
      const bob = await storedBy(store, user('bob'))

      const taken = await store.commit(rewrite('users', bob.id, { userName: 'Ann' }), fresh())
      const own = await store.commit(rewrite('users', bob.id, { userName: 'BOB' }), fresh())

      expect(taken).toEqual({ kind: 'unique', attribute: 'userName' })
      expect(own.kind).toBe('ok')
    }),
  )

  test(
    'two directories may use the same names and ids',
    onFresh(open, async ({ store }) => {
      const ann = user('ann')
      await committed(store, ann)

      const answer = await store.commit({ ...ann, directory: okta }, fresh())

      expect(answer).toMatchObject({ kind: 'ok', stored: { directory: okta, ordinal: 1 } })
    }),
  )

  test(
    'a user and a group of one directory never share an id',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))

      const answer = await store.commit({ ...group('staff'), id: ann.id }, fresh())

      expect(answer).toEqual({ kind: 'exists' })
    }),
  )

  test(
    'a name is free again after a delete, and its next owner gets an ordinal never used before',
    onFresh(open, async ({ store, reopen }) => {
      const first = await storedBy(store, user('ann'))
      await committed(store, remove('users', first.id))
      const restarted = await reopen()

      const second = await storedBy(restarted, user('ann'))

      expect(second.ordinal).toBeGreaterThan(first.ordinal)
    }),
  )

  test(
    'of many who create one userName at once exactly one succeeds',
    onFresh(open, async ({ store }) => {
      const attempts = Array.from({ length: 40 }, () => store.commit(user('ann'), fresh()))

      const kinds = (await Promise.all(attempts)).map(({ kind }) => kind)

      expect(kinds.filter((kind) => kind === 'ok')).toHaveLength(1)
      expect(kinds.filter((kind) => kind === 'unique')).toHaveLength(39)
    }),
  )

  test(
    'a subject is resolved by id, userName and externalId, in the snapshot it names',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('Ann', { externalId: 'E-1' }))
      await committed(store, group('staff', [ann.id]))
      const position = await store.position()

      const answers = await Promise.all([
        resolved(store, 'id', ann.id),
        resolved(store, 'userName', 'ann'),
        resolved(store, 'externalId', 'E-1'),
      ])

      const principal = { directory: entra, ordinal: ann.ordinal, id: ann.id, groups: [1] }
      for (const answer of answers) expect(answer).toMatchObject({ kind: 'known', principal })
      for (const answer of answers) expect(answer).toMatchObject({ position })
    }),
  )

  test(
    'a subject is unknown under a name in another case where case counts, and elsewhere',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann', { externalId: 'E-1' }))
      const staff = await storedBy(store, group('staff'))

      const answers = await Promise.all([
        resolved(store, 'externalId', 'e-1'),
        resolved(store, 'id', ann.id.toUpperCase()),
        resolved(store, 'id', staff.id),
        resolved(store, 'userName', 'staff'),
        store.resolve({ directory: okta, kind: 'userName', value: 'ann' }),
      ])

      expect(answers.map(({ kind }) => kind)).toEqual(Array(5).fill('unknown'))
    }),
  )

  test(
    'an externalId of two users is ambiguous until one of them gives it up',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann', { externalId: 'E-1' }))
      const bob = await storedBy(store, user('bob', { externalId: 'E-1' }))
      expect((await resolved(store, 'externalId', 'E-1')).kind).toBe('ambiguous')

      await committed(store, rewrite('users', ann.id, { userName: 'ann' }))

      expect(await resolved(store, 'externalId', 'E-1')).toMatchObject({
        kind: 'known',
        principal: { ordinal: bob.ordinal },
      })
    }),
  )

  test(
    'names that differ only in broken Unicode stay different names',
    onFresh(open, async ({ store }) => {
      const names = ['a\ud800', 'a\ud801', 'a\ufffd', 'a\0', 'a', 'a\u{10ffff}', '\u{10ffff}"a"']
      const users = await Promise.all(names.map((name) => storedBy(store, user(name))))

      const found = await Promise.all(names.map((name) => resolved(store, 'userName', name)))

      const ordinals = found.map((one) => one.kind === 'known' && one.principal.ordinal)
      expect(ordinals).toEqual(users.map(({ ordinal }) => ordinal))
    }),
  )
}

function resolved(store: Store, kind: LookupKind, value: string) {
  return store.resolve({ directory: entra, kind, value })
}
