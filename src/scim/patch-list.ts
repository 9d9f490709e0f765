import type { AttributePath } from '../directory/attribute-path.ts'
import type { AttributeValue, Complex } from '../directory/directory.ts'
import { describedElement } from '../directory/equality.ts'
import { compileValueFilter } from '../directory/filter-evaluate.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { F, T } from '../directory/three-values.ts'
import { elementsOf, isComplex, merged, ownValue, withSubAttribute } from './complex-value.ts'
import type { Notes } from './json-object.ts'
import type { PatchOperation } from './patch-operation.ts'
import { onePrimary } from './primary.ts'
import { namesElements } from './quirks/entra.ts'
import { readSingle, readValue } from './read-value.ts'
import { sameValue } from './same-value.ts'
import { badRequest } from './scim-error.ts'

type Elements = readonly AttributeValue[]

/** A path that leads to a list, or into it. */
export interface ListPath extends AttributePath {
  readonly attribute: AttributeDefinition
}

/** What one operation makes of a multi-valued attribute (RFC 7644 §3.5.2). Empty = unassigned. */
export function patchList(
  elements: Elements,
  operation: PatchOperation,
  path: ListPath,
  notes: Notes,
): Elements {
  if (path.filter !== undefined) return patchMatching(elements, operation, path, notes)
  if (path.subAttribute !== undefined) {
    return patchEach(elements, elements, operation, path, notes)
  }
  const { op, value, place } = operation
  const sent = () => elementsOf(readValue(path.attribute, value, `${place}.value`, notes))
  if (op === 'replace') return onePrimary(path.attribute, sent())
  if (op === 'add') {
    return sent().reduce<Elements>((list, element) => add(list, element, path), elements)
  }
  if (!namesElements(value)) return []
  const gone = sent()
  return elements.filter((element) => !gone.some((described) => fits(element, described)))
}

/** Appends, unless the value is there already: then it takes on what is new about it. */
function add(elements: Elements, element: AttributeValue, { attribute }: ListPath): Elements {
  const at = elements.findIndex((present) => isSameElement(present, element))
  const present = elements[at]
  if (at < 0) {
    const winner = isComplex(element) ? element : undefined
    return onePrimary(attribute, [...elements, element], winner)
  }
  if (!isComplex(present) || !isComplex(element)) return elements
  const both = merged(present, element)
  if (sameValue(both, present)) return elements
  return onePrimary(attribute, elements.with(at, both), both)
}

/** The same `value` of the same `type` is one element; what has no `value` compares as a whole. */
function isSameElement(a: AttributeValue, b: AttributeValue): boolean {
  if (!isComplex(a) || !isComplex(b)) return sameValue(a, b)
  const value = ownValue(a, 'value')
  if (value === undefined) return sameValue(a, b)
  const type = ownValue(b, 'type')
  const sameType = type === undefined || sameValue(ownValue(a, 'type'), type)
  return sameType && sameValue(value, ownValue(b, 'value'))
}

/** Whether an element has all that the description says. */
function fits(element: AttributeValue, described: AttributeValue): boolean {
  if (!isComplex(element) || !isComplex(described)) return sameValue(element, described)
  return Object.keys(described).every((name) => sameValue(ownValue(element, name), described[name]))
}

function patchMatching(
  elements: Elements,
  operation: PatchOperation,
  path: ListPath,
  notes: Notes,
): Elements {
  const { attribute, filter, subAttribute } = path
  if (filter === undefined) return elements
  const compiled = compileValueFilter(filter, attribute, F)
  if (compiled.kind === 'fault') throw badRequest('invalidFilter', compiled.message)
  const matching = elements.filter((element) => compiled.matches(element) === T)
  if (operation.op === 'remove' && subAttribute === undefined) {
    return elements.filter((element) => !matching.includes(element))
  }
  if (matching.length > 0) return patchEach(elements, matching, operation, path, notes)
  if (operation.op === 'remove') return elements
  // RFC 7644 §3.5.2.3 has noTarget for this. Entra takes it as "create", for Add and Replace: it
  // sets the first work e-mail by `emails[type eq "work"].value`.
  const described = describedElement(filter, attribute)
  if (described === undefined) {
    const detail = `\`${operation.place}.path\` matches no value of \`${attribute.name}\``
    throw badRequest('noTarget', `${detail}, and does not say which value to create`)
  }
  const created = written(described, operation, path, notes)
  // Nothing was sent to create it with.
  if (created === undefined || sameValue(created, described)) return elements
  return onePrimary(attribute, [...elements, created], isComplex(created) ? created : undefined)
}

/** Writes to each of `chosen`; the first element, where the list is empty and nothing chooses. */
function patchEach(
  elements: Elements,
  chosen: Elements,
  operation: PatchOperation,
  path: ListPath,
  notes: Notes,
): Elements {
  if (elements.length === 0 && operation.op !== 'remove') {
    const created = written(undefined, operation, path, notes)
    return created === undefined ? elements : [created]
  }
  const list: AttributeValue[] = []
  let winner: Complex | undefined
  for (const element of elements) {
    const next = chosen.includes(element) ? written(element, operation, path, notes) : element
    if (next === undefined) continue
    if (next !== element && isComplex(next) && next.primary === true) winner = next
    list.push(next)
  }
  return onePrimary(path.attribute, list, winner)
}

/** One element after the operation, or undefined where nothing of it is left. */
function written(
  element: AttributeValue | undefined,
  { op, value, place }: PatchOperation,
  { attribute, subAttribute }: ListPath,
  notes: Notes,
): AttributeValue | undefined {
  const sent = Array.isArray(value) && value.length === 1 ? value[0] : value
  if (subAttribute === undefined) {
    const next = readSingle(attribute, sent, `${place}.value`, notes)
    return isComplex(element) && isComplex(next) ? merged(element, next) : next
  }
  const next = op === 'remove' ? undefined : readValue(subAttribute, value, `${place}.value`, notes)
  const complex = withSubAttribute(isComplex(element) ? element : {}, subAttribute.name, next)
  return next === undefined && saysNothing(complex) ? undefined : complex
}

/** What is left when the last thing an element said has gone, as `{type: "work"}`. */
function saysNothing(element: Complex): boolean {
  return Object.keys(element).every((name) => labels.has(name))
}
const labels: ReadonlySet<string> = new Set(['type', 'primary', 'display', '$ref'])
