import { unreachable } from '../../std/assert.ts'
import { newNonce } from '../nonce.ts'
import type { Position } from '../position.ts'
import type { Enrolment } from '../store.ts'
import { applyChange } from './apply-change.ts'
import { type Connection, faultText, isBusy, spoilsOneStatement } from './connection.ts'
import { appendEntry, feedEntriesMax, trimFeed } from './feed-rows.ts'
import type { FileIdentity } from './file-identity.ts'
import { appendNotes } from './note-rows.ts'
import { forgetResults, recall, remember } from './op-rows.ts'
import type {
  CommitRequest,
  RecordRow,
  WriteReply,
  WriteRequest,
  WriteResource,
} from './protocol.ts'
import { References } from './references.ts'
import { directoryNumber, readRecord } from './resource-rows.ts'
import { directoriesMax, readHead } from './schema.ts'
import { writeStaging } from './staging-rows.ts'

/**
 * Commits many changes with one sync of the disk: each in its own savepoint, with its own revision.
 *
 * A refused change undoes itself alone and takes no revision. If the transaction fails, everything
 * in the group is `unavailable`, refusals included: they may have been judged against rows that
 * are gone again. Notes that ride along cost nobody a write: without them it is tried once more.
 */
export class GroupCommit {
  readonly #connection: Connection
  readonly #identity: FileIdentity
  readonly #feedEntriesMax: number

  constructor(connection: Connection, identity: FileIdentity, entriesMax = feedEntriesMax) {
    this.#connection = connection
    this.#identity = identity
    this.#feedEntriesMax = entriesMax
  }

  /** One reply a request, in their order. Never throws. */
  commit(requests: readonly WriteRequest[]): readonly WriteReply[] {
    const lost = this.#identity.fault()
    if (lost !== undefined) return allUnavailable(requests, lost)
    try {
      const replies = this.#transaction(requests)
      // Asked again before anybody is told: nobody will ever find what a lost file holds.
      const lostMeanwhile = this.#identity.fault()
      return lostMeanwhile === undefined ? replies : allUnavailable(requests, lostMeanwhile)
    } catch (error) {
      this.#abandon()
      const fault = faultText(error)
      const others = requests.filter(({ kind }) => kind !== 'note')
      const mayFit = others.length > 0 && others.length < requests.length
      // Who waited for another process once must not wait again.
      if (!mayFit || isBusy(error)) return allUnavailable(requests, fault)
      const replies = this.commit(others).values()
      return requests.map(({ kind }) =>
        kind === 'note' ? { kind: 'unavailable', fault } : replies.next().value!,
      )
    }
  }

  #transaction(requests: readonly WriteRequest[]): readonly WriteReply[] {
    this.#connection.run('BEGIN IMMEDIATE')
    const before = readHead(this.#connection)
    const group: Group = { head: before, nowMs: 0 }
    const replies = requests.map((request) => this.#inSavepoint(request, group))
    if (group.head !== before) {
      const { revision, nonce } = group.head
      this.#connection.run('UPDATE meta SET rev = ?, nonce = ?', revision, nonce)
      trimFeed(this.#connection, revision, this.#feedEntriesMax)
      forgetResults(this.#connection, group.nowMs)
    }
    this.#connection.run('COMMIT')
    return replies
  }

  #inSavepoint(request: WriteRequest, group: Group): WriteReply {
    this.#connection.run('SAVEPOINT one')
    const { head } = group
    try {
      const reply = this.#apply(request, group)
      if (reply.kind === 'refused') this.#connection.run('ROLLBACK TO one')
      this.#connection.run('RELEASE one')
      return reply
    } catch (error) {
      // A full disk has already rolled back everything; only SQLite knows.
      if (!this.#connection.isTransaction || !spoilsOneStatement(error)) throw error
      this.#connection.run('ROLLBACK TO one')
      this.#connection.run('RELEASE one')
      group.head = head
      return { kind: 'unavailable', fault: faultText(error) }
    }
  }

  #apply(request: WriteRequest, group: Group): WriteReply {
    switch (request.kind) {
      case 'commit':
        return this.#commitOne(request, group)
      case 'enroll':
        return this.#enroll(request.directories)
      case 'note':
        appendNotes(this.#connection, request)
        return { kind: 'noted' }
      case 'staging':
        writeStaging(this.#connection, request)
        return { kind: 'staged' }
      default:
        return unreachable(request)
    }
  }

  #commitOne(request: CommitRequest, group: Group): WriteReply {
    const { change, opId, nowMs, references } = request
    group.nowMs = Math.max(group.nowMs, nowMs)
    const earlier = recall(this.#connection, opId, nowMs)
    if (earlier !== undefined) return this.#again(earlier, references)

    const revision = group.head.revision + 1
    const applied = applyChange(this.#connection, change, request.ifMatch, revision)
    const shown = (record: RecordRow | undefined) =>
      record && 'of' in change
        ? { record: this.#withReferences(change, record, references) }
        : undefined
    if (applied.kind === 'noop') return { kind: 'noop', ...shown(applied.record) }
    if (applied.kind !== 'ok') return applied
    const position: Position = { ...group.head, revision, nonce: newNonce() }
    const { effect, record } = applied
    appendEntry(this.#connection, { position, previousNonce: group.head.nonce, effect })
    const place = 'directory' in effect ? effect : undefined
    remember(this.#connection, opId, nowMs, { position, ...(record && { place }) })
    group.head = position
    return { kind: 'ok', position, ...shown(record) }
  }

  /** The first result again. Its resource is shown as it is now, if it still is. */
  #again({ position, place }: NonNullable<ReturnType<typeof recall>>, most: number): WriteReply {
    if (place === undefined) return { kind: 'ok', position }
    const of = place.of === 'user' ? 'users' : 'groups'
    const { directory } = place
    const number = directoryNumber(this.#connection, directory)
    const stored = number && readRecord(this.#connection, of, number, place.ordinal)
    const record = stored && this.#withReferences({ of, directory }, stored, most)
    return { kind: 'ok', position, ...(record && { record }) }
  }

  #withReferences(
    { of, directory }: Pick<WriteResource, 'of' | 'directory'>,
    record: RecordRow,
    most: number,
  ): RecordRow {
    const number = most === 0 ? undefined : directoryNumber(this.#connection, directory)
    if (number === undefined) return record
    const wanted = { each: most, together: -1 }
    return new References(this.#connection, of, number, wanted).of(record) ?? record
  }

  #enroll(directories: readonly Enrolment[]): WriteReply {
    for (const { directory, tenant } of directories) {
      const row = this.#connection.get<{ tenant: string }>(
        'SELECT tenant FROM directory WHERE id = ?',
        directory,
      )
      if (row?.tenant === tenant) continue
      if (row !== undefined) {
        return { kind: 'refused', fault: movedText(directory, row.tenant, tenant) }
      }
      const last = this.#connection.get<{ number: number | null }>(
        'SELECT max(number) AS number FROM directory',
      )
      const number = (last?.number ?? 0) + 1
      if (number > directoriesMax) return { kind: 'refused', fault: 'no more directories fit' }
      this.#connection.run(
        'INSERT INTO directory (number, id, tenant) VALUES (?, ?, ?)',
        number,
        directory,
        tenant,
      )
    }
    return { kind: 'enrolled' }
  }

  #abandon(): void {
    try {
      if (this.#connection.isTransaction) this.#connection.run('ROLLBACK')
    } catch {
      // The next BEGIN says what is wrong, if anything still is.
    }
  }
}

interface Group {
  head: Position
  nowMs: number
}

function allUnavailable(requests: readonly WriteRequest[], fault: string): readonly WriteReply[] {
  return requests.map(() => ({ kind: 'unavailable', fault }))
}

function movedText(directory: string, from: string, to: string): string {
  const belongs = `directory \`${directory}\` belongs to tenant \`${from}\``
  return `${belongs} and cannot move to \`${to}\`: give it another name there`
}
