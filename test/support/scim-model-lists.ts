import type { Condition, Json, Operation, Place } from './scim-changes.ts'
import {
  holds,
  type Named,
  nonEmpty,
  type Resource,
  read,
  readElement,
  refuse,
  same,
  set,
} from './scim-model-values.ts'

/** Part of the model: what one operation of a PATCH makes of a multi-valued attribute. */
export function writtenList(
  stored: readonly Resource[],
  op: Operation['op'],
  { filter, sub }: Place,
  kind: Named,
  sent: Json | undefined,
): Json | undefined {
  if (filter === undefined && sub === undefined) {
    if (op === 'remove' && (sent === undefined || sent === null || sent === '')) return undefined
    const given = (read([kind], sent) ?? []) as Resource[]
    if (op === 'replace') return onePrimary(read([kind], sent))
    if (op === 'add') return nonEmpty(added(stored, given))
    return nonEmpty(stored.filter((each) => !given.some((said) => saysAll(each, said))))
  }
  const matches = stored.filter((each) => filter === undefined || holds(filter, each))
  if (op === 'remove' && sub === undefined) {
    return nonEmpty(stored.filter((each) => !matches.includes(each)))
  }
  const described = filter === undefined ? {} : describedBy(filter)
  const element = (before: Resource): Resource | undefined => {
    if (sub === undefined) {
      const value = readElement(kind, Array.isArray(sent) && sent.length === 1 ? sent[0] : sent)
      if (value === undefined) return undefined
      return { ...(op === 'replace' ? described : before), ...(value as Resource) }
    }
    const value = op === 'remove' ? undefined : read(kind[sub]!, sent)
    const next = { ...before }
    set(next, sub, value)
    const labels = ['type', 'primary', 'display']
    const isNothing = value === undefined && Object.keys(next).every((key) => labels.includes(key))
    return isNothing ? undefined : next
  }
  const isEmpty = filter === undefined ? stored.length === 0 : matches.length === 0
  if (isEmpty && op !== 'remove') {
    // §3.5.2.3 says noTarget; Entra means "create" where the filter says what to create.
    if (described === undefined) return refuse()
    const made = element(described)
    const isNew = made !== undefined && (filter === undefined || !same(made, described))
    return nonEmpty(isNew ? onlyPrimary([...stored, made], made) : stored)
  }
  const written = stored.map((each) => (matches.includes(each) ? element(each) : each))
  const last = written.findLast(
    (each, at) => matches.includes(stored[at]!) && each?.primary === true,
  )
  return nonEmpty(
    onlyPrimary(
      written.filter((each) => each !== undefined),
      last,
    ),
  )
}

/** A value that is there takes on what is new about it; one of another type is another value. */
function added(stored: readonly Resource[], given: readonly Resource[]): readonly Resource[] {
  const list = [...stored]
  let last = -1
  for (const each of given) {
    const at = list.findIndex((other) =>
      each.value === undefined
        ? same(other, each)
        : same(other.value, each.value) && (!('type' in each) || same(other.type, each.type)),
    )
    const next = at < 0 ? each : { ...list[at], ...each }
    if (at < 0) list.push(next)
    else list[at] = next
    if (each.primary === true) last = at < 0 ? list.length - 1 : at
  }
  return onlyPrimary(list, list[last])
}

/** RFC 7643 §2.4: one value at the most is primary: the one written last, or else the first. */
function onlyPrimary(list: readonly Resource[], last?: Resource): readonly Resource[] {
  const stays = last?.primary === true ? last : list.find((each) => each.primary === true)
  return list.map((each) =>
    each.primary === true && each !== stays ? { ...each, primary: false } : each,
  )
}
export function onePrimary(value: Json | undefined): Json | undefined {
  return Array.isArray(value) ? (onlyPrimary(value as Resource[]) as Json) : value
}

/** The element that equalities describe, if there is nothing but equalities. */
function describedBy(filter: Condition): Resource | undefined {
  if ('test' in filter) return filter.test === 'eq' ? { [filter.name]: filter.value } : undefined
  if (!('and' in filter)) return undefined
  const all: Resource = {}
  for (const each of filter.and) {
    const one = describedBy(each)
    if (one === undefined) return undefined
    for (const [name, value] of Object.entries(one)) {
      if (name in all && !same(all[name], value)) return undefined
      all[name] = value
    }
  }
  return all
}

function saysAll(element: Resource, said: Resource): boolean {
  return Object.entries(said).every(([name, value]) => same(element[name], value))
}
