import type { Change, Json, Operation, Place } from './scim-changes.ts'
import { onePrimary, writtenList } from './scim-model-lists.ts'
import {
  holds,
  isList,
  isObject,
  type Kind,
  type Named,
  nonEmpty,
  Refused,
  type Resource,
  read,
  refuse,
  same,
  set,
  unassigned,
} from './scim-model-values.ts'

/**
 * What RFC 7644 §3.3 to §3.6 and the identity providers make of users and groups, as slowly and as
 * plainly as it can be said. It reads requests before they are turned into SCIM's words, so it has
 * no parser, and it shares no code with the product.
 */
export interface Model {
  readonly users: Map<string, Resource>
  readonly groups: Map<string, Resource & { members: Set<string> }>
}
/** The class of the status: 2 for done, 4 for refused. */
export type Outcome = 2 | 4

const listed = { value: 'text', display: 'text', type: 'text', primary: 'flag' } as const
const enterprise: Named = {
  department: 'text',
  costCenter: 'text',
  manager: { value: 'text', $ref: 'text' },
}
const user: Named = {
  userName: 'text',
  displayName: 'text',
  title: 'text',
  externalId: 'text',
  active: 'flag',
  name: { givenName: 'text', familyName: 'text', formatted: 'text' },
  emails: [listed],
  roles: [listed],
  addresses: [{ locality: 'text', country: 'text', type: 'text', primary: 'flag' }],
}
const group: Named = { displayName: 'text', externalId: 'text' }
const required = { users: 'userName', groups: 'displayName' } as const
const readOnly = ['id', 'meta', 'groups', 'schemas']

/** Applies one request; a refused one leaves everything as it was. */
export function applyChange(model: Model, { of, verb, id, ...sent }: Change): Outcome {
  const resources: Map<string, Resource> = model[of]
  const stored = resources.get(id)
  if ((stored === undefined) !== (verb === 'POST')) return 4
  if (verb === 'DELETE') {
    resources.delete(id)
    for (const { members } of model.groups.values()) members.delete(id)
    return 2
  }
  try {
    const next =
      verb === 'PATCH'
        ? patched(of, structuredClone(stored!), sent.operations ?? [])
        : whole(of, sent.body ?? {}, stored)
    const key = required[of]
    if (next[key] === undefined) refuse()
    for (const [other, { [key]: name }] of resources) {
      if (other !== id && String(name).toLowerCase() === String(next[key]).toLowerCase()) refuse()
    }
    resources.set(id, next)
    return 2
  } catch (error) {
    if (error instanceof Refused) return 4
    throw error
  }
}

/** RFC 7644 §3.5.1: what is not sent is cleared, but `active`, which stays; at first it is true. */
function whole(of: Change['of'], body: Resource, stored: Resource | undefined): Resource {
  const next: Resource = of === 'groups' ? { members: ids(body.members) } : {}
  for (const [name, kind] of Object.entries(of === 'users' ? user : group)) {
    set(next, name, onePrimary(read(kind, body[name])))
  }
  if (of === 'groups') return next
  const extension: Resource = {}
  const sent = body.enterprise
  if (!unassigned(sent) && !isObject(sent)) refuse()
  for (const [name, kind] of Object.entries(enterprise)) {
    set(extension, name, isObject(sent) ? read(kind, sent[name]) : undefined)
  }
  set(next, 'enterprise', nonEmpty(extension))
  const active = stored === undefined ? true : stored.active
  if (!('active' in body)) set(next, 'active', active)
  return next
}

/** RFC 7644 §3.5.2: one operation after the other; without a path, each name of the value. */
function patched(of: Change['of'], next: Resource, operations: readonly Operation[]): Resource {
  for (const { op, place, value, values } of operations) {
    if (place === undefined && op === 'remove') refuse()
    if (op !== 'remove' && (values ?? value) === undefined) refuse()
    const single = place === undefined ? [] : [[place, value] as const]
    for (const [at, sent] of values ?? single) {
      operate(next, { of, op, byPath: place !== undefined }, at, sent)
    }
  }
  return next
}

interface How {
  readonly of: Change['of']
  readonly op: Operation['op']
  readonly byPath: boolean
}

function operate(next: Resource, how: How, place: Place, sent: Json | undefined): void {
  const { of, op, byPath } = how
  const { attribute, extension } = place
  if (extension) {
    const inner = (next.enterprise ?? {}) as Resource
    if (attribute !== undefined) write(inner, how, place, enterprise[attribute]!, sent)
    else if (op === 'remove' || unassigned(sent)) next.enterprise = {}
    else if (!isObject(sent)) refuse()
    else {
      for (const [name, kind] of Object.entries(enterprise)) {
        if (!(name in sent)) continue
        write(inner, { ...how, byPath: false }, { attribute: name, extension }, kind, sent[name]!)
      }
    }
    set(next, 'enterprise', op === 'remove' && !attribute ? undefined : nonEmpty(inner))
    if (attribute === undefined && unassigned(sent)) delete next.enterprise
    return
  }
  if (readOnly.includes(attribute ?? '')) {
    if (byPath && attribute !== 'schemas') refuse()
    return
  }
  if (of === 'groups' && attribute === 'members') {
    editMembers(next.members as unknown as Set<string>, op, place, sent)
    return
  }
  const kind = (of === 'users' ? user : group)[attribute ?? '']
  if (kind === undefined) return
  write(next, how, place, kind, sent)
  // §3.5.2.2: what is required cannot be removed.
  if (op === 'remove' && byPath && attribute === required[of]) refuse()
}

function write(at: Resource, how: How, place: Place, kind: Kind, sent: Json | undefined): void {
  const name = place.attribute!
  const stored = at[name]
  if (isList(kind)) {
    set(at, name, writtenList((stored ?? []) as Resource[], how.op, place, kind[0] as Named, sent))
  } else if (typeof kind === 'object' && place.sub !== undefined) {
    const value = how.op === 'remove' ? undefined : read(kind[place.sub]!, sent)
    // The other sub-attributes say who `value` is.
    const anew = place.sub === 'value' && !same(value, (stored as Resource)?.value)
    const next = anew ? {} : { ...(stored as Resource) }
    set(next, place.sub, value)
    set(at, name, anew && value === undefined ? undefined : nonEmpty(next))
  } else {
    const value = how.op === 'remove' ? undefined : read(kind, sent)
    const isMerge = typeof kind === 'object' && how.op !== 'remove' && !unassigned(sent)
    set(at, name, isMerge ? mergedComplex(stored, value, kind, sent) : value)
  }
}

/** §3.5.2.1 and .3: sub-attributes that are not sent stay; a null among them clears its own. */
function mergedComplex(
  stored: Json | undefined,
  value: Json | undefined,
  kind: Named,
  sent: Json | undefined,
) {
  if (stored === undefined || (isObject(value) && 'value' in value)) return value
  const next = { ...(stored as Resource), ...(value as Resource) }
  const one = Array.isArray(sent) ? sent[0] : sent
  for (const name of Object.keys(kind)) {
    if (!isObject(one) || !(name in one) || !unassigned(one[name])) continue
    // Without its value, what the others say is about nobody.
    if (name === 'value') return undefined
    delete next[name]
  }
  return nonEmpty(next)
}

/** A group's members are ids: who is there already, or not, is nothing to add or remove. */
function editMembers(
  members: Set<string>,
  op: Operation['op'],
  { filter, sub }: Place,
  sent: Json | undefined,
) {
  if (sub !== undefined) refuse()
  if (filter !== undefined) {
    const chosen = [...members].filter((id) => holds(filter, { value: id }))
    for (const id of chosen) members.delete(id)
    return
  }
  const isAll = op === 'remove' && (sent === undefined || sent === null || sent === '')
  const given = ids(sent)
  if (op === 'replace' || isAll) members.clear()
  for (const id of given)
    if (op === 'remove') members.delete(id)
    else members.add(id)
}
function ids(sent: Json | undefined): Set<string> & Json {
  if (unassigned(sent)) return new Set<string>() as never
  const values = [sent].flat().map((each) => (isObject(each!) ? each.value : each))
  if (!values.every((each) => typeof each === 'string' && each !== '')) refuse()
  return new Set(values as string[]) as never
}
