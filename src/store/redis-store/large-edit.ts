import { randomUUID } from 'node:crypto'
import type { DirectoryId, Ordinal } from '../../directory/directory.ts'
import type { MembersEdit } from '../../directory/membership.ts'
import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import { fromText, toText } from '../stored-text.ts'
import type { Desk } from './desk.ts'
import { inDirectory } from './records.ts'
import { ascending, bucketOf, parseOwner } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'
import { scripts } from './scripts.ts'

/**
 * Edits of groups that are too large for one script, which would stop the server for everybody:
 * 100,000 members are half a second.
 *
 * The truth about a group's members is one set, and a commit can put another set in its place at
 * once, however large. What takes long is the other side: every user has a set of groups. So for
 * as long as an edit goes on, these may name the group for users who are not in it ("loose"), and
 * readers ask the group's own set. Before the commit the newcomers' sets are extended, after it
 * those of who left are cut, in slices of some milliseconds; in between everybody sees the state
 * before or the state after, never a mixture, and a process that dies leaves nothing but sets that
 * are too wide, which the next edit of the group settles.
 */

/** What really changes, worked out on what is stored. */
export interface MembersDifference {
  readonly comeUsers: readonly Ordinal[]
  readonly goUsers: readonly Ordinal[]
  readonly comeGroups: readonly Ordinal[]
  readonly goGroups: readonly Ordinal[]
  /** Values that name nobody, spelled as they are stored. */
  readonly begin: readonly string[]
  readonly stop: readonly string[]
}

export interface GroupPlace {
  readonly directory: DirectoryId
  /** 0: a group that is yet to be made. */
  readonly ordinal: Ordinal
  /** Its id, which its own members may name. */
  readonly id: string
}

export async function difference(
  desk: Desk,
  place: GroupPlace,
  edit: MembersEdit,
): Promise<MembersDifference> {
  const { directory, ordinal } = place
  const sides = await inDirectory({ desk, directory }, async (redis, prefix) => {
    const pipeline = redis.pipeline()
    for (const side of ['gm', 'gg', 'pv']) pipeline.smembers(`${prefix}${side}:${ordinal}`)
    return textsOf<string[]>(ordinal === 0 ? [] : await pipeline.exec())
  })
  const [users = [], groups = [], values = []] = sides ?? []
  const present = { users: new Set(users), groups: new Set(groups), values: new Set(values) }
  const added = edit.kind === 'edit' ? edit.add : edit.members
  const add = await sorted(desk, place, added)
  const named =
    edit.kind === 'edit'
      ? await sorted(desk, place, [...new Set(edit.remove).difference(new Set(added))])
      : undefined
  const come = (side: Side) => [...add[side].difference(present[side])]
  const go = (side: Side) => [
    ...(named ? named[side].intersection(present[side]) : present[side].difference(add[side])),
  ]
  return {
    comeUsers: come('users').map(Number),
    goUsers: go('users').map(Number),
    comeGroups: come('groups').map(Number),
    goGroups: go('groups').map(Number),
    begin: come('values'),
    stop: go('values'),
  }
}
type Side = 'users' | 'groups' | 'values'

export function sizeOf(changes: MembersDifference): number {
  return Object.values(changes).reduce((sum, list) => sum + list.length, 0)
}

/** The same as an edit by ids, for a script that takes these. */
export async function spelledOut(
  desk: Desk,
  directory: DirectoryId,
  changes: MembersDifference,
): Promise<MembersEdit> {
  const idsOf = async (side: 'u' | 'g', ordinals: readonly Ordinal[]) => {
    const told = await desk.ask<readonly [string[]]>(scripts.ids, directory, [side, ...ordinals])
    return (told?.rest[0] ?? []).filter((id) => id !== '').map(fromText)
  }
  return {
    kind: 'edit',
    add: [
      ...(await idsOf('u', changes.comeUsers)),
      ...(await idsOf('g', changes.comeGroups)),
      ...changes.begin.map(fromText),
    ],
    remove: [
      ...(await idsOf('u', changes.goUsers)),
      ...(await idsOf('g', changes.goGroups)),
      ...changes.stop.map(fromText),
    ],
  }
}

/** Who these values name now. */
async function sorted(
  desk: Desk,
  { directory, ordinal, id }: GroupPlace,
  values: readonly string[],
): Promise<Record<Side, Set<string>>> {
  const found = { users: new Set<string>(), groups: new Set<string>(), values: new Set<string>() }
  const texts = [...new Set(values)].filter((value) => value !== id).map(toText)
  if (values.includes(id) && ordinal > 0) found.groups.add(String(ordinal))
  for (let first = 0; first < texts.length; first += sliceMax) {
    const slice = texts.slice(first, first + sliceMax)
    const args = slice.flatMap((text) => [text, bucketOf(text)])
    const told = await desk.ask<readonly [string[]]>(scripts.owners, directory, args)
    const owners = told?.rest[0] ?? []
    for (const [index, text] of slice.entries()) {
      const owner = owners[index] ? parseOwner(owners[index]) : undefined
      if (owner === undefined) found.values.add(text)
      else found[owner.of].add(String(owner.ordinal))
    }
  }
  return found
}

/** The right to edit one group's members in steps. Disposed of when everything is settled. */
export class GroupLock implements AsyncDisposable {
  readonly edit: string = randomUUID()
  readonly #desk: Desk
  readonly #directory: DirectoryId
  readonly ordinal: Ordinal

  private constructor(desk: Desk, directory: DirectoryId, ordinal: Ordinal, edit: string) {
    this.#desk = desk
    this.#directory = directory
    this.ordinal = ordinal
    this.edit = edit
  }

  /** For a group that is yet to be made, takes an ordinal. @throws {StoreUnavailable} if busy. */
  static async take(desk: Desk, clock: Clock, place: GroupPlace): Promise<GroupLock> {
    const edit = randomUUID()
    const { directory } = place
    const group = place.ordinal === 0 ? '' : place.ordinal
    const endMs = clock.monotonicMs() + busyMsMax
    for (;;) {
      const args = [group, edit, 'take', deadMs]
      const told = await desk.ask<readonly [string]>(scripts.groupLock, directory, args)
      if (told?.kind === 'OK') return new GroupLock(desk, directory, Number(told.rest[0]), edit)
      if (told?.kind === 'LEFT') {
        // What a dead process left is put in order, then it begins anew.
        const left = new GroupLock(desk, directory, Number(told.rest[0]), edit)
        await left[Symbol.asyncDispose]()
        continue
      }
      if (clock.monotonicMs() >= endMs) {
        throw new StoreUnavailable('another large edit of this group is going on')
      }
      await clock.sleep(busyPauseMs)
    }
  }

  /** Prepares the changes. @throws {StoreUnavailable} if the lock was lost. */
  async stage({ comeUsers, goUsers, begin, stop }: MembersDifference): Promise<void> {
    for (const [index, list] of [comeUsers, goUsers, begin, stop].entries()) {
      for (let first = 0; first < list.length; first += sliceMax) {
        const slice = list.slice(first, first + sliceMax)
        const spelled = index < 2 ? slice : slice.flatMap((text) => [text, bucketOf(String(text))])
        const counts = [0, 1, 2, 3].map((at) => (at === index ? [slice.length, ...spelled] : [0]))
        const args = [this.ordinal, this.edit, ...counts.flat()]
        const told = await this.#desk.ask(scripts.groupStage, this.#directory, args)
        if (told?.kind !== 'OK') throw new StoreUnavailable('another process took over the group')
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let left = 1; left > 0; ) {
      const args = [this.ordinal, this.edit, sliceMax]
      const told = await this.#desk.ask<readonly [number]>(
        scripts.groupSettle,
        this.#directory,
        args,
      )
      if (told?.kind !== 'OK') return
      left = told.rest[0]
    }
    const args = [this.ordinal, this.edit, 'free', deadMs]
    await this.#desk.ask(scripts.groupLock, this.#directory, args)
  }
}

/** Every change of ordinals as the log entry lists them. */
export function changedUsers({ comeUsers, goUsers }: MembersDifference): string {
  return [...comeUsers, ...goUsers].sort(ascending).join(',')
}

/** ≈ 3 ms of the server. */
const sliceMax = 1_000
/** A slice takes milliseconds: a holder that is silent for so long has died. */
const deadMs = 5_000
const busyMsMax = 1_500
const busyPauseMs = 25
