import type { Ordinal, Uuid } from '../../directory/directory.ts'
import type { IndexedQuery, Page, Selection } from '../store.ts'
import { toText } from '../stored-text.ts'
import { usersWithin } from './nesting.ts'
import { inDirectory, type Scope } from './records.ts'
import { ascending, bucketOf, letterOf, parseOwner, parseSharers, placeOf } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'
import { scripts } from './scripts.ts'

/** Which users or groups a query finds, by ordinal. */

/** The ordinals of a page, and how many there are in all. */
export async function selected(
  scope: Scope,
  by: IndexedQuery,
  { after = 0, offset }: Page,
  count: number,
): Promise<{ readonly total: number; readonly ordinals: readonly Ordinal[] }> {
  if (by.by !== 'all' && by.by !== 'name') {
    const found = await candidates(scope, by)
    const behind = after === 0 ? found : found.filter((ordinal) => ordinal > after)
    return { total: found.length, ordinals: behind.slice(whole(offset), whole(offset) + count) }
  }
  const { desk, of, directory } = scope
  const way = by.by === 'all' ? 'all' : by.descending ? 'down' : 'up'
  const behind = by.by === 'all' ? (after === 0 ? '' : after) : toText(by.after ?? '')
  const args = [letterOf[of], way, nameIndex[of], behind, whole(offset), count]
  const told = await desk.ask<readonly [number, string[]]>(scripts.page, directory, args)
  const [total = 0, ordinals = []] = told?.rest ?? []
  return { total, ordinals: ordinals.map(Number) }
}
const nameIndex = { users: 'x:un', groups: 'x:gd' } as const

/** What an index finds: ascending, but for ordinals that were given. */
export async function candidates(scope: Scope, by: Selection): Promise<readonly Ordinal[]> {
  const { desk, of, directory } = scope
  switch (by.by) {
    case 'ordinals':
      return by.values
    case 'id': {
      const owner = await ownerOf(scope, by.value)
      return owner?.of === of ? [owner.ordinal] : []
    }
    case 'member':
      return of === 'groups' ? await groupsWith(scope, by) : []
    case 'group': {
      const owner = of === 'users' ? await ownerOf(scope, by.value) : undefined
      return owner?.of === 'groups' ? await usersWithin(desk, directory, owner.ordinal) : []
    }
    default: {
      const { by: attribute, value } = by
      const found = await inDirectory(scope, async (redis, prefix) => {
        const [one, many] = [true, false].map((unique) => placeOf(of, { attribute, value, unique }))
        const pipeline = redis.pipeline()
        pipeline.hget(prefix + one!.key, one!.field)
        pipeline.hget(prefix + many!.key, many!.field)
        return textsOf(await pipeline.exec())
      })
      const [one, many] = found ?? []
      return [...(one ? [Number(one)] : []), ...parseSharers(many ?? null)].sort(ascending)
    }
  }
}

async function groupsWith(
  scope: Scope,
  { value, id }: Extract<Selection, { by: 'member' }>,
): Promise<readonly Ordinal[]> {
  const only = id === undefined ? undefined : await ownerOf(scope, id)
  if (id !== undefined && only?.of !== 'groups') return []
  const { desk, directory } = scope
  const args = [toText(value), bucketOf(toText(value))]
  const told = await desk.ask<readonly [string[]]>(scripts.memberGroups, directory, args)
  const groups = (told?.rest[0] ?? []).map(Number).sort(ascending)
  return only === undefined ? groups : groups.filter((ordinal) => ordinal === only.ordinal)
}

function ownerOf(scope: Scope, id: Uuid) {
  return inDirectory(scope, async (redis, prefix) => {
    const field = toText(id)
    const owner = await redis.hget(`${prefix}id:${bucketOf(field)}`, field)
    return owner === null ? undefined : parseOwner(owner)
  })
}

export function whole(value: number): number {
  return Math.floor(Math.min(Math.max(0, value || 0), Number.MAX_SAFE_INTEGER))
}
