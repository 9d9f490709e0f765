import type { AttributePath } from '../directory/attribute-path.ts'
import {
  type AttributeValue,
  type Collection,
  type Complex,
  type Document,
  emptyComplex,
} from '../directory/directory.ts'
import { sameValue } from '../directory/same-value.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type SchemaRegistry,
  sameName,
} from '../directory/schema-registry.ts'
import {
  copyOf,
  elementsOf,
  isComplex,
  merged,
  ownValue,
  withSubAttribute,
} from './complex-value.ts'
import { entriesIn } from './core-names.ts'
import { isJsonObject, isUnassigned, type JsonObject, type Notes } from './json-object.ts'
import { checkValues, namesIn, PatchWork, pathsLengthMax, termsOf } from './limits.ts'
import type { MembersDraft } from './members-draft.ts'
import { type ListPath, patchedPart, patchList } from './patch-list.ts'
import { asksForMembers, patchMembers } from './patch-members.ts'
import { type PatchOperation, patchOperationsMax } from './patch-operation.ts'
import { readKey, readPath } from './patch-path.ts'
import { onlyValue } from './quirks/entra.ts'
import { isKept } from './read-resource.ts'
import { readValue, shortName } from './read-value.ts'
import { type ResourceType, resourceTypes } from './resource-type.ts'
import { badRequest, ScimError, wrongValue } from './scim-error.ts'
import { checkWritten } from './written-document.ts'

export interface PatchContext {
  readonly of: Collection
  readonly registry: SchemaRegistry
  readonly notes: Notes
}

/** One operation with its place found. Operations that name nothing we know are gone. */
export interface PlacedOperation {
  readonly operation: PatchOperation
  readonly path: AttributePath
  /** The name stood in the value, where what cannot be written is passed over. */
  readonly fromKey: boolean
}

/** Finds what the operations name. A value without a path becomes one operation per key. */
export function placeOperations(
  operations: readonly PatchOperation[],
  { of, registry, notes }: PatchContext,
): readonly PlacedOperation[] {
  const type = resourceTypes[of]
  let [placed, pathsLength] = [0, 0]
  const count = (path: string) => {
    placed += 1
    pathsLength += path.length
    if (placed <= patchOperationsMax && pathsLength <= pathsLengthMax) return
    const most = `${patchOperationsMax} attributes, by ${pathsLengthMax} characters of path`
    throw badRequest('invalidValue', `at most ${most}, are written at once: send several requests`)
  }
  return operations.flatMap((operation): readonly PlacedOperation[] => {
    const { path: text, place, value } = operation
    if (text !== undefined && !namesWholeResource(operation, type)) {
      count(text)
      const path = readPath(text, place, registry, of, notes)
      return path === undefined ? [] : [{ operation, path, fromKey: false }]
    }
    if (!isJsonObject(value)) return []
    return entriesIn(value, type).flatMap(([key, sent]) => {
      count(key)
      const path = readKey(key, registry, of, notes)
      if (path === undefined) return []
      return [{ operation: { ...operation, value: sent }, path, fromKey: true }]
    })
  })
}

/** The URN of the core schema as a path: the names stand in the value, as they do without one. */
function namesWholeResource({ op, path = '', value }: PatchOperation, { urn }: ResourceType) {
  return op !== 'remove' && sameName(path, urn) && isJsonObject(value)
}

/** Whether the members of the group must be read before the operations can be applied. */
export function needsMembers(operations: readonly PlacedOperation[], of: Collection): boolean {
  return operations.some(({ path }) => isMembers(path, of) && asksForMembers(path))
}

/**
 * The document after all operations, in their order. The document given stays as it is, so a
 * refused operation leaves nothing behind. Group members go to `members`, never into the document.
 */
export function applyPatch(
  document: Document,
  operations: readonly PlacedOperation[],
  members: MembersDraft,
  context: PatchContext,
): Document {
  const draft = copyOf(document)
  const work = new PatchWork()
  for (const placed of operations) {
    const { operation, path } = placed
    if (isMembers(path, context.of)) patchMembers(members, operation, path, work)
    else applyOne(draft, placed, { ...context, work })
  }
  checkWritten(draft, { ...context, before: document })
  return draft
}

function isMembers({ schema, attribute }: AttributePath, of: Collection): boolean {
  return of === 'groups' && schema === undefined && attribute?.name === 'members'
}

type Draft = { [name: string]: AttributeValue }

interface Applying extends PatchContext {
  readonly work: PatchWork
}

function applyOne(draft: Draft, placed: PlacedOperation, context: Applying): void {
  const { path } = placed
  const { schema } = path
  if (schema === undefined) {
    applyToAttribute(draft, placed, context)
    return
  }
  const stored = ownValue(draft, schema)
  const extension = isComplex(stored) ? copyOf(stored) : emptyComplex()
  if (path.attribute === undefined) applyToExtension(extension, placed, schema, context)
  else applyToAttribute(extension, placed, context)
  // RFC 7643 §3: an extension without attributes is not there.
  if (Object.keys(extension).length === 0) delete draft[schema]
  else draft[schema] = extension
}

/** An extension as one value: its attributes are written one by one, the others stay. */
function applyToExtension(
  extension: Draft,
  { operation }: PlacedOperation,
  schema: string,
  context: Applying,
): void {
  const { op, value, place } = operation
  if (op === 'remove' || isUnassigned(value)) {
    const known = context.registry.schema(schema)?.attributes ?? []
    for (const { name } of known) delete extension[name]
    return
  }
  if (!isJsonObject(value)) {
    throw wrongValue('invalidValue', `\`${place}.value\` must be an object`, value)
  }
  for (const key of namesIn(value, `${place}.value`)) {
    const path = readKey(`${schema}:${key}`, context.registry, context.of, context.notes)
    if (path?.attribute === undefined || path.schema !== schema) continue
    const inner = { ...operation, value: value[key] }
    applyToAttribute(extension, { operation: inner, path, fromKey: true }, context)
  }
}

function applyToAttribute(draft: Draft, placed: PlacedOperation, context: Applying): void {
  const { operation, path, fromKey } = placed
  const { attribute } = path
  if (attribute === undefined || !isWritable(placed)) return
  const stored = ownValue(draft, attribute.name)
  const found = { ...path, attribute }
  if (operation.op === 'remove' && !fromKey && stored !== undefined) {
    if (path.subAttribute?.required) throw requiredAttribute(placed)
  }
  if (path.subAttribute?.multiValued && !attribute.multiValued && stored !== undefined) {
    context.work.look([stored], 1)
  }
  const next = attribute.multiValued
    ? patchMultiValued(stored, operation, found, context)
    : patchSingle(stored, operation, found, context.notes)
  if (next !== undefined) {
    draft[attribute.name] = next
    return
  }
  if (attribute.required && operation.op === 'remove' && !fromKey) throw requiredAttribute(placed)
  delete draft[attribute.name]
}

/** RFC 7644 §3.5.2.2. */
function requiredAttribute({ operation, path }: PlacedOperation): ScimError {
  return unchangeable(operation.place, path, 'is required, it cannot be removed')
}

/** The log learns of the path what it names, without the values in its filter. */
function unchangeable(place: string, { text }: AttributePath, why: string): ScimError {
  const detail = (path: string) => `\`${place}\`: \`${path}\` ${why}`
  const logged = detail(shortName(text))
  return new ScimError(400, detail(text), { scimType: 'mutability', logged })
}

/** RFC 7644 §3.5.2: readOnly by its path is an error; among other attributes it is passed over. */
function isWritable({ operation, path, fromKey }: PlacedOperation): boolean {
  const named = [path.attribute, path.subAttribute].filter((each) => each !== undefined)
  const readOnly = named.find(({ mutability }) => mutability === 'readOnly')
  if (readOnly !== undefined && !fromKey) {
    throw unchangeable(`${operation.place}.path`, path, 'is readOnly')
  }
  return named.every(isKept)
}

function patchMultiValued(
  stored: AttributeValue | undefined,
  operation: PatchOperation,
  path: ListPath,
  { notes, work }: Applying,
): AttributeValue | undefined {
  const elements = elementsOf(stored)
  // Without a filter, an addition looks for each value under two names.
  work.look(elements, path.filter === undefined ? 2 : termsOf(path.filter))
  const next = patchList(elements, operation, path, notes)
  checkValues(next.length, path.attribute.name)
  return next.length === 0 ? undefined : next
}

function patchSingle(
  stored: AttributeValue | undefined,
  { op, value, place }: PatchOperation,
  { attribute, subAttribute }: AttributePath & { readonly attribute: AttributeDefinition },
  notes: Notes,
): AttributeValue | undefined {
  const where = `${place}.value`
  if (subAttribute !== undefined) {
    const next = patchedPart(stored, subAttribute, { op, value, place }, notes)
    const starts =
      namesResource(attribute) &&
      subAttribute.name === 'value' &&
      !sameValue(significantValue(stored), next)
    if (starts && next === undefined) return undefined
    const base = isComplex(stored) && !starts ? stored : emptyComplex()
    return complexOrNothing(withSubAttribute(base, subAttribute.name, next))
  }
  if (op === 'remove' || isUnassigned(value)) return undefined
  const next = readValue(attribute, value, where, notes)
  if (attribute.type !== 'complex' || !isComplex(stored)) return next
  if (namesResource(attribute) && significantValue(next) !== undefined) return next
  return mergedInto(stored, next, onlyValue(value), attribute)
}

/** The sub-attributes sent, over those stored; a null among them clears what it names. */
function mergedInto(
  stored: Complex,
  next: AttributeValue | undefined,
  sent: unknown,
  attribute: AttributeDefinition,
): AttributeValue | undefined {
  const result = copyOf(isComplex(next) ? merged(stored, next) : stored)
  for (const key of isJsonObject(sent) ? Object.keys(sent) : []) {
    const sub = findAttribute(attribute.subAttributes, key)
    if (sub === undefined || !isKept(sub) || !isUnassigned((sent as JsonObject)[key])) continue
    if (sub.name === 'value' && namesResource(attribute)) return undefined
    delete result[sub.name]
  }
  return complexOrNothing(result)
}

/** `$ref` and `displayName` say who `value` is: another value takes them along. */
function namesResource({ subAttributes }: AttributeDefinition): boolean {
  return findAttribute(subAttributes, '$ref') !== undefined
}

function significantValue(complex: AttributeValue | undefined): AttributeValue | undefined {
  return isComplex(complex) ? ownValue(complex, 'value') : undefined
}

function complexOrNothing(complex: Complex): AttributeValue | undefined {
  return Object.keys(complex).length === 0 ? undefined : complex
}
