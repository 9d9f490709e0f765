import type { ResourceChange } from '../../directory/change.ts'
import type { Ordinal } from '../../directory/directory.ts'
import type { CommitOptions } from '../store.ts'
import { toText } from '../stored-text.ts'
import { membersEdit, type Present, planResource } from './commit-plan.ts'
import type { Reply, Writing } from './commit-reply.ts'
import { changedUsers, type MembersDifference } from './large-edit.ts'
import type { Head, LogGuard } from './log-guard.ts'
import { bucketOf, keys, parseOwner } from './redis-keys.ts'
import { runScript, scripts } from './scripts.ts'

/** Writes to users and groups. */

/** Members that were prepared in steps, for the commit to put in place at once. */
export interface Prepared {
  /** Who holds the group's lock. */
  readonly edit: string
  readonly ordinal: Ordinal
  readonly changes: MembersDifference
}

/** What is stored now, and how many members it has; or an answer that ends the write. */
export async function look(
  { connected, opId }: Writing,
  guard: LogGuard,
  change: ResourceChange,
): Promise<PresentGroup | Reply> {
  const number = await guard.numberOf(change.directory, connected)
  if (number === undefined) return ['MISSING']
  const id = toText(change.id)
  const on = [keys.meta, keys.op(opId)]
  const args = [number, id, bucketOf(id)]
  const found = (await runScript(connected.redis, scripts.look, on, args)) as Reply | Found
  if (found[0] !== 'FOUND') return found
  guard.believe(found[1])
  const owner = parseOwner(found[2])
  if (owner.of !== change.of) return ['MISSING']
  return { ordinal: owner.ordinal, text: found[3], size: found[4] }
}
export interface PresentGroup extends Present {
  /** Members, child groups aside. */
  readonly size: number
}
type Found = readonly ['FOUND', head: Head, owner: string, record: string, size: number]

export async function writeResource(
  writing: Writing,
  guard: LogGuard,
  change: ResourceChange,
  { ifMatch }: Pick<CommitOptions, 'ifMatch'>,
): Promise<Reply> {
  let present: PresentGroup | undefined
  if (change.op !== 'create') {
    const found = await look(writing, guard, change)
    if (!('ordinal' in found)) return found
    present = found
  }
  if (changesOf(change, present?.size ?? 0) > writing.membersAtOnceMax) return ['LARGE']
  return await commitResource(writing, guard, change, { present, ifMatch })
}

/** At most so many members of a group come or go. */
function changesOf(change: ResourceChange, size: number): number {
  if (change.of !== 'groups') return 0
  if (change.op === 'delete') return size
  const edit = membersEdit(change.members)
  if (edit === undefined) return 0
  if (edit.kind === 'edit') return edit.add.length + edit.remove.length
  return edit.members.length + size
}

export interface PlannedOn {
  readonly present?: Present | undefined
  readonly ifMatch?: number | undefined
  /** The edit was worked out on the members of this revision of the group. */
  readonly membersOf?: number
  readonly prepared?: Prepared
}

export async function commitResource(
  { connected, chain, feedMax, opId }: Writing,
  guard: LogGuard,
  change: ResourceChange,
  { present, ifMatch, membersOf, prepared }: PlannedOn,
): Promise<Reply> {
  const number = await guard.numberOf(change.directory, connected)
  if (number === undefined) return ['MISSING']
  const plan = planResource(change, number, present, ifMatch)
  const body = {
    ...plan.body,
    ...chain,
    feedMax: String(feedMax),
    ...(membersOf !== undefined && { expect: String(membersOf) }),
    ...(prepared && inSteps(prepared)),
  }
  const members = prepared ? [0, 0, changedUsers(prepared.changes)] : plan.members
  return (await runScript(
    connected.redis,
    scripts.commitResource,
    [keys.meta, keys.feed, keys.op(opId)],
    [JSON.stringify(body), plan.document, ...members],
  )) as Reply
}

function inSteps({ edit, ordinal, changes }: Prepared) {
  const { comeGroups, goGroups } = changes
  return {
    members: undefined,
    big: edit,
    ord: String(ordinal),
    groupsCome: comeGroups.map(String),
    groupsGo: goGroups.map(String),
  }
}
