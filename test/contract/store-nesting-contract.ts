import { expect, test } from 'vitest'
import { nestingDepthMax } from '../../src/directory/membership.ts'
import type { Store } from '../../src/store/store.ts'
import {
  addMembers,
  committed,
  entra,
  group,
  okta,
  remove,
  storedBy,
  user,
} from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

/** Groups within groups, as users show them and are found by them. */
export function nestingContract(open: OpenStore): void {
  test(
    'a user shows the groups above its own as indirect, each once, direct ones first',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const staff = await storedBy(store, group('staff', [ann.id]))
      // Above twice, and direct as well: direct wins.
      const both = await storedBy(store, group('both', [ann.id, staff.id]))
      const top = await storedBy(store, group('top', [staff.id, both.id]))

      expect(await groupsOf(store, ann.id)).toEqual(['staff', 'both', '(top)'])

      await committed(store, remove('groups', staff.id))
      expect(await groupsOf(store, ann.id)).toEqual(['both', '(top)'])
      await committed(store, remove('groups', top.id))
      expect(await groupsOf(store, ann.id)).toEqual(['both'])
    }),
  )

  test(
    'a group within itself, and a circle of groups, are gone round once',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const one = await storedBy(store, group('one', [ann.id]))
      const two = await storedBy(store, group('two', [one.id]))
      const three = await storedBy(store, group('three', [two.id]))
      await committed(store, addMembers(one.id, three.id, one.id))

      expect(await groupsOf(store, ann.id)).toEqual(['one', '(two)', '(three)'])
      for (const { id } of [one, two, three]) expect(await usersIn(store, id)).toEqual([ann.id])
    }),
  )

  test(
    'nesting is followed as deep as decisions follow it, seen from both ends',
    onFresh(open, async ({ store }) => {
      const ann = await storedBy(store, user('ann'))
      const chain = [await storedBy(store, group('level 0', [ann.id]))]
      for (let level = 1; level <= nestingDepthMax + 1; level += 1) {
        chain.push(await storedBy(store, group(`level ${level}`, [chain.at(-1)!.id])))
      }

      const shown = await groupsOf(store, ann.id)
      expect(shown).toHaveLength(nestingDepthMax + 1)
      expect(shown?.at(-1)).toBe(`(level ${nestingDepthMax})`)
      expect(await usersIn(store, chain[nestingDepthMax]!.id)).toEqual([ann.id])
      expect(await usersIn(store, chain[nestingDepthMax + 1]!.id)).toEqual([])
    }),
  )

  test(
    'the users of a group are found in ordinal order, each once, by page and by scan',
    onFresh(open, async ({ store }) => {
      const [ann, bob, cleo] = [
        await storedBy(store, user('ann')),
        await storedBy(store, user('bob')),
        await storedBy(store, user('cleo')),
      ]
      const inner = await storedBy(store, group('inner', [cleo.id, ann.id]))
      const outer = await storedBy(store, group('outer', [inner.id, ann.id, bob.id, 'nobody']))
      const by = { by: 'group', value: outer.id } as const

      const page = await store.find('users', entra, by, { after: 1, offset: 0, count: 1 })
      const slices = await Array.fromAsync(store.scan('users', entra, 2, { by }))

      expect(await usersIn(store, outer.id)).toEqual([ann.id, bob.id, cleo.id])
      expect(page).toMatchObject({ total: 3, resources: [bob], hasMore: true })
      expect(slices).toEqual([[ann, bob], [cleo]])
      expect(await usersIn(store, ann.id)).toEqual([])
      expect(await usersIn(store, 'nobody')).toEqual([])
      expect(await usersIn(store, outer.id, okta)).toEqual([])
      const groups = await store.find('groups', entra, by, { offset: 0, count: 9 })
      expect(groups.total).toBe(0)
    }),
  )
}

/** By display name; in parentheses where the user belongs through others. */
async function groupsOf(store: Store, id: string): Promise<readonly string[] | undefined> {
  const found = await store.get('users', entra, id, { references: true })
  return found?.references?.map(({ display, indirect }) => (indirect ? `(${display})` : display!))
}

async function usersIn(store: Store, value: string, directory = entra): Promise<string[]> {
  const page = { offset: 0, count: 99 }
  const found = await store.find('users', directory, { by: 'group', value }, page)
  expect(found.total).toBe(found.resources.length)
  return found.resources.map(({ id }) => id)
}
