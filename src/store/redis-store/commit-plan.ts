import type { ResourceChange } from '../../directory/change.ts'
import {
  type Collection,
  type Document,
  isActive,
  type Ordinal,
} from '../../directory/directory.ts'
import { type IndexTerm, indexTerms } from '../../directory/identity.ts'
import type { MembersEdit } from '../../directory/membership.ts'
import { sameValue } from '../../directory/same-value.ts'
import { keyHash } from '../keys.ts'
import { parseDocument, toText } from '../stored-text.ts'
import { parseRecord, toLine } from './record-text.ts'
import { bucketOf, letterOf, placeOf } from './redis-keys.ts'

/**
 * What a write to a user or group will do, worked out here because a script can neither fold names
 * nor compare documents: the script only checks that what this was worked out on still holds.
 */
export interface ResourcePlan {
  /** As the script reads it, position and nonce aside. */
  readonly body: object
  /** The whole new document as JSON; empty: it stays. */
  readonly document: string
  /** Members to add and to remove, as the script reads them. */
  readonly members: readonly (string | number)[]
}

/** What an update or delete was planned on. */
export interface Present {
  readonly ordinal: Ordinal
  readonly text: string
}

export function planResource(
  change: ResourceChange,
  directory: number,
  present: Present | undefined,
  ifMatch: number | undefined,
): ResourcePlan {
  const { op, of, id, at } = change
  const record = present && parseRecord(present.text)
  const before = record && parseDocument(record.document)
  const text = op !== 'delete' && change.document ? JSON.stringify(change.document) : ''
  const given = text === '' ? undefined : parseDocument(text)
  const isRewritten = given !== undefined && !(before && sameValue(given, before))
  const after = op === 'delete' ? undefined : isRewritten ? given : (before ?? parseDocument('{}'))
  const terms = { before: termsOf(of, before), after: termsOf(of, after) }
  const gained = terms.after.filter((term) => !includes(terms.before, term))
  const lost = terms.before.filter((term) => !includes(terms.after, term))
  const hashOf = ({ attribute, value }: IndexTerm): string | undefined =>
    of === 'users' && (attribute === 'userName' || attribute === 'externalId')
      ? keyHash({ directory: change.directory, kind: attribute, value })
      : undefined
  const born = op === 'create' && of === 'users'
  const keys = [
    ...(born ? [keyHash({ directory: change.directory, kind: 'id', value: id })] : []),
    ...gained.flatMap((term) => hashOf(term) ?? []),
  ]
  const active = activeIn(of, after) - activeIn(of, before)
  const edit = of === 'groups' && op !== 'delete' ? membersEdit(change.members) : undefined
  const how = howOf(op, active)
  const effect =
    of === 'groups' && op === 'update' && !isRewritten
      ? { of: 'members', directory: change.directory }
      : { of: of === 'users' ? 'user' : 'group', directory: change.directory, how }
  // Edits of members alone commute, so they need not meet the very record they were planned on.
  const isExact = op === 'delete' || text !== ''
  return {
    document: isRewritten ? text : op === 'create' ? '{}' : '',
    members: memberArguments(edit),
    body: {
      ...{ op, k: letterOf[of], d: directory, id: toText(id), line: toLine(id), at, active, keys },
      idBucket: bucketOf(toText(id)),
      ...(present && { ord: String(present.ordinal) }),
      ...(ifMatch !== undefined && { ifMatch: String(ifMatch) }),
      ...(isExact && record && { expect: String(record.revision) }),
      display: displayOf(of, after),
      created: op === 'create' ? (change.created ?? at) : at,
      rewritten: isRewritten,
      gained: gained.map((term) => ({ ...placed(of, term), attribute: term.attribute })),
      lost: lost.map((term) => ({ ...placed(of, term), hash: hashOf(term) })),
      ...(edit && { members: edit.kind }),
      effect: JSON.stringify(effect),
    },
  }
}

function termsOf(of: Collection, document: Document | undefined): readonly IndexTerm[] {
  return document === undefined ? [] : indexTerms(of, document)
}

function includes(terms: readonly IndexTerm[], { attribute, value, unique }: IndexTerm): boolean {
  return terms.some(
    (other) => other.attribute === attribute && other.value === value && other.unique === unique,
  )
}

/** `sorted`: the name by which the collection is kept in order. */
function placed(of: Collection, term: IndexTerm) {
  const sorted = term.unique && term.attribute === (of === 'users' ? 'userName' : 'displayName')
  return { ...placeOf(of, term), unique: term.unique, sorted }
}

function activeIn(of: Collection, document: Document | undefined): 0 | 1 {
  return of === 'users' && document !== undefined && isActive(document) ? 1 : 0
}

function howOf(op: ResourceChange['op'], active: number) {
  if (op === 'create') return 'created'
  if (op === 'delete') return 'deleted'
  return active < 0 ? 'deactivated' : 'updated'
}

/** A group's name as one line of its record; SCIM requires one. */
function displayOf(of: Collection, document: Document | undefined): string {
  const name = of === 'groups' ? document?.displayName : undefined
  return typeof name === 'string' ? JSON.stringify(name) : ''
}

/** How a change of a group edits its members. */
export function membersEdit(
  members: readonly string[] | MembersEdit | undefined,
): MembersEdit | undefined {
  if (members === undefined || 'kind' in members) return members
  return { kind: 'edit', add: members, remove: [] }
}

function memberArguments(edit: MembersEdit | undefined): readonly (string | number)[] {
  if (edit === undefined) return [0, 0]
  const add = new Set(edit.kind === 'edit' ? edit.add : edit.members)
  const remove = new Set(edit.kind === 'edit' ? edit.remove : []).difference(add)
  const spelled = (values: Iterable<string>) =>
    [...values].map(toText).flatMap((value) => [value, bucketOf(value)])
  return [add.size, ...spelled(add), remove.size, ...spelled(remove)]
}
