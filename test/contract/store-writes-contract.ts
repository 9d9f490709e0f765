import { expect, test } from 'vitest'
import {
  at,
  committed,
  entra,
  fresh,
  group,
  later,
  okta,
  remove,
  rewrite,
  storedBy,
  user,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

export function writesContract(open: OpenStore): void {
  test(
    'every effective commit takes exactly the next revision',
    onFresh(open, async ({ store }) => {
      const ann = user('ann')
      const changes = [ann, group('staff', [ann.id]), rewrite('users', ann.id, { userName: 'a' })]

      const revisions: number[] = []
      for (const change of changes) {
        revisions.push((await committed(store, change)).position.revision)
      }

      expect(revisions).toEqual([1, 2, 3])
      expect((await store.position()).revision).toBe(3)
    }),
  )

  test(
    'changes that arrive together take one revision each, without a gap',
    onFresh(open, async ({ store }) => {
      const names = Array.from({ length: 150 }, (_, index) => `user${index}`)

      const answers = await Promise.all(names.map((name) => committed(store, user(name))))

      const revisions = answers.map(({ position }) => position.revision)
      expect(revisions.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => index + 1))
    }),
  )

  test(
    'a create shows the resource as it is stored, with the revision as its version',
    onFresh(open, async ({ store }) => {
      const ann = user('ann', { name: { givenName: 'Ann' } })

      const { stored, position } = await committed(store, ann)

      expect(stored).toMatchObject({ of: 'users', directory: entra, id: ann.id, created: at })
      expect(stored).toMatchObject({ revision: position.revision, lastModified: at })
      expect(JSON.stringify(stored?.document)).toBe(JSON.stringify(ann.document))
      expect(await store.get('users', entra, ann.id)).toEqual(stored)
    }),
  )

  test(
    'an update keeps ordinal and created, and moves revision and lastModified',
    onFresh(open, async ({ store }) => {
      const before = await storedBy(store, user('ann'))

      const after = await storedBy(store, rewrite('users', before.id, { userName: 'anna' }))

      expect(after).toMatchObject({ ordinal: before.ordinal, created: at, lastModified: later })
      expect(after.revision).toBe(before.revision + 1)
    }),
  )

  test(
    'an update that leaves everything as it was is a noop and keeps revision and lastModified',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann', { title: 'x', nickName: 'y' }))
      const same = { nickName: 'y', active: true, title: 'x', userName: 'ann' }

      const answer = await store.commit(rewrite('users', ann.id, same), fresh())

      expect(answer).toEqual({ kind: 'noop', stored: ann })
      expect((await store.position()).revision).toBe(1)
      expect(await store.get('users', entra, ann.id)).toEqual(ann)
    }),
  )

  test(
    'a refused change takes no revision and changes nothing',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))

      const answers = await Promise.all([
        store.commit(user('ann'), fresh()),
        store.commit(user('other', {}, ann.id), fresh()),
        store.commit(remove('users', 'nobody'), fresh()),
      ])

      expect(answers.map(({ kind }) => kind)).toEqual(['unique', 'exists', 'missing'])
      expect((await store.position()).revision).toBe(1)
      expect((await store.counts(entra)).users).toBe(1)
    }),
  )

  test(
    'a change is refused while it is not the version the caller has seen',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const change = rewrite('users', ann.id, { userName: 'anna' })

      const stale = await store.commit(change, { ...fresh(), ifMatch: ann.revision + 1 })
      const right = await store.commit(change, { ...fresh(), ifMatch: ann.revision })
      const again = await store.commit(change, { ...fresh(), ifMatch: ann.revision })
      const gone = await store.commit(remove('users', ann.id), { ...fresh(), ifMatch: 99 })

      expect([stale, right, again, gone].map(({ kind }) => kind)).toEqual([
        'version',
        'ok',
        'version',
        'version',
      ])
    }),
  )

  test(
    'an update or delete of an id that another directory or collection owns finds nothing',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const foreign = { ...rewrite('users', ann.id, { userName: 'x' }), directory: okta }

      const answers = await Promise.all([
        store.commit(foreign, fresh()),
        store.commit({ ...remove('users', ann.id), directory: okta }, fresh()),
        store.commit(remove('groups', ann.id), fresh()),
      ])

      expect(answers.map(({ kind }) => kind)).toEqual(['missing', 'missing', 'missing'])
      expect(await store.get('users', entra, ann.id)).toEqual(ann)
    }),
  )

  test(
    'a directory that is not enrolled can be neither written nor read',
    onFresh(open, async ({ store }) => {
      const nowhere = 'nowhere' as typeof entra
      const ann = user('ann')

      const answer = await store.commit({ ...ann, directory: nowhere }, fresh())

      expect(answer).toEqual({ kind: 'missing' })
      expect(await store.get('users', nowhere, ann.id)).toBeUndefined()
      expect(await store.counts(nowhere)).toMatchObject({ users: 0, lastRevision: 0 })
    }),
  )

  test(
    'the same opId returns the first result and writes once, after a restart too',
    onFresh(open, async ({ store, reopen }) => {
      const [change, by] = [user('ann'), fresh()]
      const first = await store.commit(change, by)

      const [second, third] = await Promise.all([
        store.commit(change, by),
        store.commit(change, by),
      ])
      const restarted = await reopen()
      const fourth = await restarted.commit(change, by)

      expect([second, third, fourth]).toEqual([first, first, first])
      expect((await restarted.position()).revision).toBe(1)
    }),
  )

  test(
    'the same opId twice in one breath writes once',
    onFresh(open, async ({ store }) => {
      const [change, by] = [user('ann'), fresh()]

      const [first, second] = await Promise.all([
        store.commit(change, by),
        store.commit(change, by),
      ])

      expect(first.kind).toBe('ok')
      expect(second).toEqual(first)
      expect((await store.position()).revision).toBe(1)
    }),
  )

  test(
    'names of a document that mean something to JavaScript are stored as any other',
    onFresh(open, async ({ store }) => {
      const hostile = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":"x"}}')
      const ann = user('ann', hostile)

      const stored = await storedBy(store, ann)

      expect(JSON.stringify(stored.document)).toBe(JSON.stringify(ann.document))
      expect(Object.getPrototypeOf(stored.document)).toBeNull()
      expect('polluted' in {}).toBe(false)
    }),
  )
}
