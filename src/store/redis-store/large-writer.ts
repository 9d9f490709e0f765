import type { ResourceChange } from '../../directory/change.ts'
import type { MembersEdit } from '../../directory/membership.ts'
import type { Clock } from '../../std/clock.ts'
import type { CommitOptions } from '../store.ts'
import { membersEdit } from './commit-plan.ts'
import type { Reply, Writing } from './commit-reply.ts'
import type { Desk } from './desk.ts'
import {
  difference,
  GroupLock,
  type GroupPlace,
  type MembersDifference,
  sizeOf,
  spelledOut,
} from './large-edit.ts'
import type { LogGuard } from './log-guard.ts'
import { parseRecord } from './record-text.ts'
import { commitResource, look, type PresentGroup } from './write-resource.ts'

export interface LargeWriterParts {
  readonly desk: Desk
  readonly guard: LogGuard
  readonly clock: Clock
  readonly membersAtOnceMax: number
  /** Runs what commits, with what its script has to be told. */
  readonly write: (work: (writing: Writing) => Promise<Reply>) => Promise<Reply>
}

/** Writes of groups that take more than one script. */
export class LargeWriter {
  readonly #parts: LargeWriterParts

  constructor(parts: LargeWriterParts) {
    this.#parts = parts
  }

  async write(change: ResourceChange, { ifMatch }: CommitOptions): Promise<Reply> {
    const { desk, guard, write, membersAtOnceMax } = this.#parts
    const found = await this.#look(change)
    if (found !== undefined && !('ordinal' in found)) return found
    const place = placeOf(change, found)
    const edit = change.op === 'delete' ? undefined : membersEdit(change.members)
    if (found !== undefined && edit !== undefined) {
      // Most often a list of 100,000 differs from what is stored in a handful.
      const changes = await difference(desk, place, edit)
      if (sizeOf(changes) <= membersAtOnceMax) {
        const members = await spelledOut(desk, change.directory, changes)
        const membersOf = parseRecord(found.text).revision
        const small = { ...change, members } as ResourceChange
        const on = { present: found, ifMatch, membersOf }
        return await write((writing) => commitResource(writing, guard, small, on))
      }
    }
    return await this.#inSteps(change, { place, edit, present: found, ifMatch })
  }

  /** Ends a large edit that nobody goes on with, or waits for one that somebody does. */
  async settle(change: ResourceChange): Promise<void> {
    const { desk, clock } = this.#parts
    const found = await this.#look(change)
    if (found === undefined || !('ordinal' in found)) return
    const lock = await GroupLock.take(desk, clock, placeOf(change, found))
    await lock[Symbol.asyncDispose]()
  }

  async #inSteps(change: ResourceChange, { place, edit, present, ifMatch }: Steps): Promise<Reply> {
    const { desk, guard, clock, write } = this.#parts
    const lock = await GroupLock.take(desk, clock, place)
    const { ordinal } = lock
    try {
      const changes = edit ? await difference(desk, { ...place, ordinal }, edit) : nothing
      await lock.stage(changes)
      const prepared = { edit: lock.edit, ordinal, changes }
      const on = { present, ifMatch, prepared }
      return await write((writing) => commitResource(writing, guard, change, on))
    } finally {
      // Whether or not this succeeds the write stands or does not: the next edit settles the rest.
      await lock[Symbol.asyncDispose]().catch(() => undefined)
    }
  }

  /** Undefined: it is yet to be made. */
  async #look(change: ResourceChange): Promise<PresentGroup | Reply | undefined> {
    if (change.op === 'create') return undefined
    let found: PresentGroup | undefined
    const reply = await this.#parts.write(async (writing) => {
      const seen = await look(writing, this.#parts.guard, change)
      if (!('ordinal' in seen)) return seen
      found = seen
      return ['RETRY']
    })
    return found ?? reply
  }
}

interface Steps {
  readonly place: GroupPlace
  readonly edit: MembersEdit | undefined
  readonly present: PresentGroup | undefined
  readonly ifMatch: number | undefined
}

const nothing: MembersDifference = {
  comeUsers: [],
  goUsers: [],
  comeGroups: [],
  goGroups: [],
  begin: [],
  stop: [],
}

function placeOf({ directory, id }: ResourceChange, present: PresentGroup | undefined): GroupPlace {
  return { directory, id, ordinal: present?.ordinal ?? 0 }
}
