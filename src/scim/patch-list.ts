import type { AttributePath } from '../directory/attribute-path.ts'
import type { AttributeValue, Complex } from '../directory/directory.ts'
import { describedElement } from '../directory/equality.ts'
import { compileValueFilter } from '../directory/filter-evaluate.ts'
import { sameValue } from '../directory/same-value.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { F, T } from '../directory/three-values.ts'
import { unreachable } from '../std/assert.ts'
import { elementsOf, isComplex, merged, ownValue, withSubAttribute } from './complex-value.ts'
import { type Elements, withAdded, withoutDescribed } from './elements.ts'
import { mustKeepImmutable } from './immutable.ts'
import type { Notes } from './json-object.ts'
import { checkValues } from './limits.ts'
import type { PatchOperation } from './patch-operation.ts'
import { onePrimary } from './primary.ts'
import { namesElements, onlyValue } from './quirks/entra.ts'
import { readSingle, readValue } from './read-value.ts'
import { badRequest, unreadable } from './scim-error.ts'

/** A path that leads to a list, or into it. */
export interface ListPath extends AttributePath {
  readonly attribute: AttributeDefinition
}

/** A path with what its filter says of an element, where it is about equality alone. */
interface ElementPath extends ListPath {
  readonly described?: Complex | undefined
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
    return patchEach(elements, new Set(elements), operation, path, notes)
  }
  return patchWhole(elements, operation, path.attribute, notes)
}

function patchWhole(
  elements: Elements,
  { op, value, place }: Pick<PatchOperation, 'op' | 'value' | 'place'>,
  attribute: AttributeDefinition,
  notes: Notes,
): Elements {
  if (op === 'remove' && !namesElements(value)) return []
  const sent = elementsOf(readValue(attribute, value, `${place}.value`, notes))
  switch (op) {
    case 'replace':
      return onePrimary(attribute, sent)
    case 'add':
      return withAdded(elements, sent, attribute)
    case 'remove':
      return withoutDescribed(elements, sent)
    default:
      return unreachable(op)
  }
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
  if (compiled.kind === 'fault')
    throw unreadable('invalidFilter', `\`${operation.place}.path\``, compiled.message)
  const matching = new Set(elements.filter((element) => compiled.matches(element) === T))
  if (operation.op === 'remove' && subAttribute === undefined) {
    return elements.filter((element) => !matching.has(element))
  }
  const described = describedElement(filter, attribute)
  const within = { ...path, described }
  if (matching.size > 0) return patchEach(elements, matching, operation, within, notes)
  if (operation.op === 'remove') return elements
  // RFC 7644 §3.5.2.3 has noTarget for this. Entra takes it as "create", for Add and Replace: it
  // sets the first work e-mail by `emails[type eq "work"].value`.
  if (described === undefined) {
    const detail = `\`${operation.place}.path\` matches no value of \`${attribute.name}\``
    throw badRequest('noTarget', `${detail}, and does not say which value to create`)
  }
  const created = written(described, operation, within, notes)
  // Nothing was sent to create it with.
  if (created === undefined || sameValue(created, described)) return elements
  return onePrimary(attribute, [...elements, created], isComplex(created) ? created : undefined)
}

/** Writes to each of `chosen`; the first element, where the list is empty and nothing chooses. */
function patchEach(
  elements: Elements,
  chosen: ReadonlySet<AttributeValue>,
  operation: PatchOperation,
  path: ElementPath,
  notes: Notes,
): Elements {
  if (elements.length === 0 && operation.op !== 'remove') {
    const created = written(undefined, operation, path, notes)
    return created === undefined ? elements : [created]
  }
  const list: AttributeValue[] = []
  let winner: Complex | undefined
  for (const element of elements) {
    const next = chosen.has(element) ? written(element, operation, path, notes) : element
    if (next === undefined) continue
    if (next !== element && isComplex(next) && next.primary === true) winner = next
    list.push(next)
  }
  return onePrimary(path.attribute, list, winner)
}

/**
 * One element after the operation, or undefined where nothing of it is left. RFC 7644 §3.5.2.1: add
 * leaves the sub-attributes that are not sent; §3.5.2.3: replace takes the place of the whole
 * element, of which only what the filter says of it stays.
 */
function written(
  element: AttributeValue | undefined,
  { op, value, place }: PatchOperation,
  { attribute, subAttribute, described }: ElementPath,
  notes: Notes,
): AttributeValue | undefined {
  if (subAttribute === undefined) {
    const next = readSingle(attribute, onlyValue(value), `${place}.value`, notes)
    const base = op === 'replace' ? whatStays(element, described, attribute) : element
    if (!isComplex(base) || !isComplex(next)) return next
    const complex = merged(base, next)
    mustKeepParts(attribute, element, complex)
    return complex
  }
  const next = patchedPart(element, subAttribute, { op, value, place }, notes)
  const complex = withSubAttribute(isComplex(element) ? element : {}, subAttribute.name, next)
  mustKeepParts(attribute, element, complex)
  return next === undefined && saysNothing(complex) ? undefined : complex
}

/** Of an element that is replaced: what the filter says of it, and what is immutable. */
function whatStays(
  element: AttributeValue | undefined,
  described: Complex | undefined,
  { subAttributes }: AttributeDefinition,
): Complex | undefined {
  if (!isComplex(element)) return described
  let stays = described
  for (const { name, mutability } of subAttributes) {
    const value = ownValue(element, name)
    if (mutability !== 'immutable' || value === undefined) continue
    stays = withSubAttribute(stays ?? {}, name, value)
  }
  return stays
}

/** What one operation makes of a sub-attribute, which may be a list itself; undefined = nothing. */
export function patchedPart(
  complex: AttributeValue | undefined,
  subAttribute: AttributeDefinition,
  operation: Pick<PatchOperation, 'op' | 'value' | 'place'>,
  notes: Notes,
): AttributeValue | undefined {
  const { op, value, place } = operation
  if (subAttribute.multiValued) {
    const stored = isComplex(complex) ? ownValue(complex, subAttribute.name) : undefined
    const next = patchWhole(elementsOf(stored), operation, subAttribute, notes)
    checkValues(next.length, subAttribute.name)
    return next.length === 0 ? undefined : next
  }
  return op === 'remove' ? undefined : readValue(subAttribute, value, `${place}.value`, notes)
}

/** Of a value that stays in its list, what is immutable stays too. */
function mustKeepParts(
  { name, subAttributes }: AttributeDefinition,
  element: AttributeValue | undefined,
  next: Complex,
): void {
  if (isComplex(element)) mustKeepImmutable(subAttributes, element, next, `${name}.`)
}

/** What is left when the last thing an element said has gone, as `{type: "work"}`. */
function saysNothing(element: Complex): boolean {
  return Object.keys(element).every((name) => labels.has(name))
}
const labels: ReadonlySet<string> = new Set(['type', 'primary', 'display', '$ref'])
