import { expect, test } from 'vitest'
import type { Stored } from '../../src/directory/directory.ts'
import type { Found, IndexedQuery, Page, ReadOptions, Store } from '../../src/store/store.ts'
import { committed, entra, group, okta, remove, storedBy, user } from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

/** Pages of what is found: order, where they go on, and how much they hold. */
export function pagesContract(open: OpenStore): void {
  test(
    'names give an order of their own, folded and by code points, either way',
    onFresh(open, async ({ store }) => {
      // U+FB01 comes before U+1F600, whose UTF-16 is less.
      const names = ['b', 'A', '\u{1f600}', '\ufb01', 'C', 'É', 'aa']
      for (const name of names) await committed(store, user(name))
      for (const name of ['two', 'One']) await committed(store, group(name))
      await committed(store, { ...user('other'), directory: okta })

      const ascending = ['A', 'aa', 'b', 'C', 'É', '\ufb01', '\u{1f600}']
      expect(namesOf(await byName(store, { offset: 0, count: 9 }))).toEqual(ascending)
      const back = await byName(store, { offset: 0, count: 9 }, { descending: true })
      expect(namesOf(back)).toEqual(ascending.toReversed())
      const found = await store.find('groups', entra, { by: 'name', descending: false }, all)
      expect(found.resources.map(({ document }) => document.displayName)).toEqual(['One', 'two'])
    }),
  )

  test(
    'a page by name goes on behind a name, be it gone, or behind so many',
    onFresh(open, async ({ store }) => {
      const stored = new Map<string, Stored>()
      for (const name of ['e', 'D', 'c', 'B', 'a']) {
        stored.set(name, await storedBy(store, user(name)))
      }
      const from = (after: string, descending = false) =>
        byName(store, { offset: 0, count: 2 }, { after, descending })

      const second = await byName(store, { offset: 2, count: 2 })
      expect(second).toMatchObject({ total: 5, hasMore: true, isCut: false })
      expect(namesOf(second)).toEqual(['c', 'D'])
      expect(namesOf(await from('c'))).toEqual(['D', 'e'])
      expect((await from('c')).hasMore).toBe(false)
      expect(namesOf(await from('d', true))).toEqual(['c', 'B'])
      await committed(store, remove('users', stored.get('c')!.id))
      expect(namesOf(await from('c'))).toEqual(['D', 'e'])
      expect(namesOf(await from('e'))).toEqual([])
      expect((await byName(store, { offset: 9, count: 2 })).resources).toEqual([])
    }),
  )

  test(
    'a page in ordinal order goes on behind an ordinal, and says whether more come',
    onFresh(open, async ({ store }) => {
      const emails = [{ value: 'team@x.example' }]
      for (const name of ['e', 'd', 'c', 'b', 'a']) await committed(store, user(name, { emails }))
      const second = await store.find('users', entra, { by: 'all' }, { offset: 1, count: 1 })
      await committed(store, remove('users', second.resources[0]!.id))

      for (const by of [
        { by: 'all' },
        { by: 'emails.value', value: 'team@x.example' },
        { by: 'ordinals', values: [1, 3, 4, 5] },
      ] as const) {
        const page = async (page: Page) => {
          const found = await store.find('users', entra, by, page)
          return [ordinalsOf(found), found.hasMore, found.total]
        }
        expect(await page({ offset: 0, count: 2 })).toEqual([[1, 3], true, 4])
        expect(await page({ after: 2, offset: 0, count: 2 })).toEqual([[3, 4], true, 4])
        expect(await page({ after: 3, offset: 0, count: 2 })).toEqual([[4, 5], false, 4])
        expect(await page({ after: 1, offset: 1, count: 1 })).toEqual([[4], true, 4])
        expect(await page({ after: 5, offset: 0, count: 2 })).toEqual([[], false, 4])
        expect(await page({ offset: 0, count: 0 })).toEqual([[], true, 4])
      }
    }),
  )

  test(
    'resources are read by ordinal in the order asked for, without whoever has gone',
    onFresh(open, async ({ store }) => {
      const gone = await storedBy(store, user('gone'))
      for (const name of ['b', 'c', 'd']) await committed(store, user(name))
      await committed(store, remove('users', gone.id))
      const by = { by: 'ordinals', values: [4, 1, 9, 2] } as const

      const found = await store.find('users', entra, by, { offset: 0, count: 4 })
      const slices = await Array.fromAsync(store.scan('users', entra, 2, { by }))

      expect([ordinalsOf(found), found.hasMore]).toEqual([[4, 2], false])
      expect(slices.flat().map(({ ordinal }) => ordinal)).toEqual([2, 4])
      expect((await store.find('users', okta, by, all)).resources).toEqual([])
    }),
  )

  test(
    'a scan of what a query finds visits that alone, whatever the slice and whoever goes',
    onFresh(open, async ({ store }) => {
      const stored: Stored[] = []
      for (let index = 0; index < 7; index += 1) {
        const externalId = index % 3 === 2 ? 'other' : 'E'
        stored.push(await storedBy(store, user(`user${index}`, { externalId })))
      }
      const by = { by: 'externalId', value: 'E' } as const

      const seen: number[] = []
      for await (const slice of store.scan('users', entra, 2, { by })) {
        expect(slice.length).toBeLessThanOrEqual(2)
        // A whole slice of them goes.
        if (seen.length === 0) {
          await committed(store, remove('users', stored[3]!.id))
          await committed(store, remove('users', stored[4]!.id))
        }
        seen.push(...slice.map(({ ordinal }) => ordinal))
      }

      expect(seen).toEqual([1, 2, 7])
    }),
  )

  test(
    'a page ends before more members than it may hold, but one group is always whole',
    onFresh(open, async ({ store }) => {
      const users: string[] = []
      for (let index = 0; index < 4; index += 1) {
        users.push((await storedBy(store, user(`user${index}`))).id)
      }
      for (const size of [1, 2, 4, 0, 1]) {
        const pending = size === 2 ? ['nobody'] : []
        await committed(
          store,
          group(`${size} ${Math.random()}`, [...users.slice(0, size), ...pending]),
        )
      }
      const page = async (
        after: number,
        options: ReadOptions,
        by: IndexedQuery = { by: 'all' },
      ) => {
        const found = await store.find('groups', entra, by, { after, offset: 0, count: 5 }, options)
        const sizes = found.resources.map(({ references }) => references?.length)
        return { sizes, isCut: found.isCut, hasMore: found.hasMore }
      }
      const wanted = { references: true, referencesMax: 4 }

      expect(await page(0, wanted)).toEqual({ sizes: [1, 3], isCut: true, hasMore: true })
      expect(await page(2, wanted)).toEqual({ sizes: [4, 0], isCut: true, hasMore: true })
      expect(await page(4, wanted)).toEqual({ sizes: [1], isCut: false, hasMore: false })
      expect(await page(0, { ...wanted, referencesMax: 0 })).toMatchObject({ sizes: [1] })
      expect(await page(2, { ...wanted, referencesMax: 3 })).toMatchObject({ sizes: [4, 0] })
      const each = { references: 1, referencesMax: 4 }
      expect(await page(0, each)).toMatchObject({ sizes: [1, 1, 1, 0, 1], isCut: false })
      const ordinals = { by: 'ordinals', values: [3, 2, 1] } as const
      expect(await page(0, wanted, ordinals)).toMatchObject({ sizes: [4], isCut: true })
      const none = { referencesMax: 0 }
      expect((await page(0, none)).sizes).toEqual(new Array(5).fill(undefined))
    }),
  )

  test(
    'a page of users ends before more groups than it may hold, indirect ones included',
    onFresh(open, async ({ store }) => {
      const [ann, bob] = [await storedBy(store, user('ann')), await storedBy(store, user('bob'))]
      const inner = await storedBy(store, group('inner', [ann.id, bob.id]))
      await committed(store, group('outer', [inner.id]))
      const read = (referencesMax: number) =>
        store.find('users', entra, { by: 'all' }, all, { references: true, referencesMax })

      expect(await read(3)).toMatchObject({
        isCut: true,
        hasMore: true,
        resources: [{ id: ann.id }],
      })
      expect(await read(4)).toMatchObject({ isCut: false, hasMore: false })
    }),
  )
}

const all = { offset: 0, count: 99 }

function byName(
  store: Store,
  page: Page,
  { descending = false, ...after }: { descending?: boolean; after?: string } = {},
): Promise<Found> {
  return store.find('users', entra, { by: 'name', descending, ...after }, page)
}

function namesOf({ resources }: Found): readonly unknown[] {
  return resources.map(({ document }) => document.userName)
}

function ordinalsOf({ resources }: Found): readonly number[] {
  return resources.map(({ ordinal }) => ordinal)
}
