import { complex } from './attribute-builders.ts'
import { schemasAttribute } from './core-schemas.ts'
import type { AttributeValue, Collection, Complex } from './directory.ts'
import type { Comparison, Filter, PathText } from './filter.ts'
import { type FilterFault, fault } from './filter-lexer.ts'
import { FoldMemo } from './fold-memo.ts'
import { resolvePath, resolveSubAttribute } from './path-resolution.ts'
import {
  type AttributeDefinition,
  findAttribute,
  type SchemaRegistry,
  sameName,
} from './schema-registry.ts'
import { and, F, not, or, T, type Tri } from './three-values.ts'
import { valueTest } from './value-test.ts'

export interface CompiledFilter {
  readonly kind: 'compiled'
  /** Top-level keys of the resource that it reads: `emails`, the URN of an extension. */
  readonly attributes: readonly string[]
  /** `id`, `meta`, `members` and `groups` are read like any attribute, where they are given. */
  matches(resource: Complex): Tri
}

/** A filter over one element of an attribute, as in `emails[type eq "work"]`. */
export interface CompiledValueFilter {
  readonly kind: 'compiled'
  matches(element: AttributeValue): Tri
}

/**
 * Looks a filter's names up once. A name that the schemas lack, or a comparison that the type of an
 * attribute does not have, is a fault: such a filter must not select everybody, or nobody.
 *
 * `absent` is what comparing an unassigned attribute comes to: F in a SCIM search (no match, no
 * error), U in a policy. `pr` is known either way. Of a multi-valued attribute any one value
 * suffices, for `ne` too (RFC 7644 §3.4.2.2).
 */
export function compileFilter(
  filter: Filter,
  registry: SchemaRegistry,
  of: Collection,
  absent: Tri,
): CompiledFilter | FilterFault {
  const attributes = new Set<string>()
  const memo = new FoldMemo()
  const matches = compile(filter, resourceScope(registry, of, attributes), { absent, memo })
  if (typeof matches !== 'function') return matches
  return { kind: 'compiled', attributes: [...attributes], matches: forgetting(matches, memo) }
}

export function compileValueFilter(
  filter: Filter,
  attribute: AttributeDefinition,
  absent: Tri,
): CompiledValueFilter | FilterFault {
  const memo = new FoldMemo()
  const matches = compile(filter, elementScope(attribute), { absent, memo })
  if (typeof matches !== 'function') return matches
  return { kind: 'compiled', matches: forgetting(matches, memo) }
}

function forgetting(matches: Test, memo: FoldMemo): Test {
  return (node) => {
    const answer = matches(node)
    memo.forget()
    return answer
  }
}

/** What all parts of one filter share. */
interface Sharing {
  readonly absent: Tri
  readonly memo: FoldMemo
}

/** Where a value is found, from a resource or from an element. */
interface Target {
  readonly definition: AttributeDefinition
  /** Names to follow, through lists, from the node on. */
  readonly steps: readonly string[]
  /** Of `schemas`, which no document holds. */
  readonly derive?: (resource: AttributeValue) => AttributeValue
}

type Scope = (path: PathText) => Target | FilterFault
type Test = (node: AttributeValue) => Tri

function compile(filter: Filter, scope: Scope, sharing: Sharing): Test | FilterFault {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const tests: Test[] = []
      for (const term of filter.terms) {
        const test = compile(term, scope, sharing)
        if (typeof test !== 'function') return test
        tests.push(test)
      }
      return filter.op === 'and' ? (node) => every(tests, node) : (node) => some(tests, node)
    }
    case 'not': {
      const test = compile(filter.term, scope, sharing)
      return typeof test === 'function' ? (node) => not(test(node)) : test
    }
    case 'present': {
      const target = scope(filter.path)
      return 'message' in target ? target : search(target, presence, F)
    }
    case 'valuePath': {
      const target = scope(filter.path)
      if ('message' in target) return target
      const inner = compile(filter.filter, elementScope(target.definition), sharing)
      return typeof inner === 'function' ? search(target, inner, sharing.absent) : inner
    }
    default:
      return compileComparison(filter, scope, sharing)
  }
}

function compileComparison(
  filter: Comparison,
  scope: Scope,
  { absent, memo }: Sharing,
): Test | FilterFault {
  const { op, path, value: operand } = filter
  const target = scope(path)
  if ('message' in target) return target
  if (operand === null) {
    const present = search(target, presence, F)
    if (op === 'ne') return present
    if (op === 'eq') return (node) => not(present(node))
    return fault('`null` takes only eq and ne', path.at)
  }
  const leaf = leafOf(target)
  if (leaf?.definition.returned === 'never') return unsearchable(leaf.definition, path)
  if (leaf === undefined) {
    const { name, subAttributes } = target.definition
    const example = subAttributes[0] ? `, such as \`${name}.${subAttributes[0].name}\`` : ''
    return fault(`\`${name}\` is complex: compare one of its sub-attributes${example}`, path.at)
  }
  const test = valueTest(op, operand, leaf.definition, memo.fold)
  if (typeof test !== 'function') return fault(test.message, path.at)
  return search(leaf, (value) => triOf(test(value), absent), absent)
}

/** `emails co "x"` means `emails.value co "x"` (RFC 7643 §2.4: value is the significant one). */
function leafOf(target: Target): Target | undefined {
  if (target.definition.type !== 'complex') return target
  const value = findAttribute(target.definition.subAttributes, 'value')
  return value && { definition: value, steps: [...target.steps, value.name] }
}

function resourceScope(registry: SchemaRegistry, of: Collection, reads: Set<string>): Scope {
  return (path) => {
    const [core, ...extensions] = registry.schemasOf(of).map((schema) => schema.urn)
    if (isSchemas(path, core)) {
      for (const urn of extensions) reads.add(urn)
      const derive = (resource: AttributeValue) => [
        ...(core === undefined ? [] : [core]),
        ...extensions.filter((urn) => own(resource, urn) !== undefined),
      ]
      return { definition: schemasAttribute, steps: [], derive }
    }
    const found = resolvePath(path, registry, of)
    if (found.kind === 'unknown') return fault(found.message, path.at)
    const { schema, attribute, subAttribute } = found
    const definition = subAttribute ?? attribute ?? wholeExtension(schema ?? '')
    for (const named of [attribute, subAttribute]) {
      if (named?.returned === 'never') return unsearchable(named, path)
    }
    const names = [schema, attribute?.name, subAttribute?.name]
    const steps = names.filter((name) => name !== undefined)
    if (steps[0] !== undefined) reads.add(steps[0])
    return { definition, steps }
  }
}

function elementScope(attribute: AttributeDefinition): Scope {
  return (path) => {
    if (path.urn !== undefined || path.subAttribute !== undefined) {
      return fault(`within the brackets stand sub-attributes of \`${attribute.name}\``, path.at)
    }
    // RFC 7643 §2.4: the elements of a simple list are its `value`.
    if (
      attribute.type !== 'complex' &&
      attribute.multiValued &&
      sameName(path.attribute, 'value')
    ) {
      return { definition: attribute, steps: [] }
    }
    const found = resolveSubAttribute(attribute, path.attribute)
    if ('kind' in found) return fault(found.message, path.at)
    if (found.returned === 'never') return unsearchable(found, path)
    return { definition: found, steps: [found.name] }
  }
}

/** Whoever can search a value can find it out, letter by letter. */
function unsearchable({ name }: AttributeDefinition, path: PathText): FilterFault {
  return fault(`\`${name}\` is never returned, so it cannot be searched`, path.at)
}

/** Follows the steps through every list on the way; one value that fulfils the test suffices. */
function search({ steps, derive }: Target, test: Test, absent: Tri): Test {
  const from = (value: AttributeValue | null | undefined, step: number): Tri => {
    if (value === undefined || value === null) return absent
    if (isList(value)) {
      if (value.length === 0) return absent
      let found: Tri = F
      for (const element of value) {
        found = or(found, from(element, step))
        if (found === T) return T
      }
      return found
    }
    const name = steps[step]
    return name === undefined ? test(value) : from(own(value, name), step + 1)
  }
  return derive === undefined ? (node) => from(node, 0) : (node) => from(derive(node), 0)
}

function every(tests: readonly Test[], node: AttributeValue): Tri {
  let result: Tri = T
  for (const test of tests) {
    result = and(result, test(node))
    if (result === F) return F
  }
  return result
}

function some(tests: readonly Test[], node: AttributeValue): Tri {
  let result: Tri = F
  for (const test of tests) {
    result = or(result, test(node))
    if (result === T) return T
  }
  return result
}

/** A stored value of the wrong type is as good as none. */
function triOf(answer: boolean | undefined, absent: Tri): Tri {
  if (answer === undefined) return absent
  return answer ? T : F
}

function presence(value: AttributeValue): Tri {
  return isAssigned(value) ? T : F
}

/** RFC 7644 §3.4.2.2, `pr`: not empty, or complex with something in it that is not. */
function isAssigned(value: AttributeValue | null): boolean {
  if (value === null || value === '') return false
  return typeof value !== 'object' || Object.values(value).some(isAssigned)
}

function own(value: AttributeValue, name: string): AttributeValue | undefined {
  if (typeof value !== 'object' || isList(value)) return undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value)
}

/** Only whether there is one can be asked: it has no value, and nothing to bracket. */
function wholeExtension(urn: string): AttributeDefinition {
  return complex(urn, 'The attributes of one extension.', [])
}

function isSchemas({ urn, attribute, subAttribute }: PathText, core: string | undefined): boolean {
  const isCore = urn === undefined || sameName(urn, core ?? '')
  return isCore && subAttribute === undefined && sameName(attribute, 'schemas')
}
