import { parseAttributePath } from '../directory/attribute-path.ts'
import {
  type AttributeValue,
  type Collection,
  type Complex,
  emptyComplex,
} from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { isComplex } from './complex-value.ts'
import { isJsonObject } from './json-object.ts'
import { badRequest } from './scim-error.ts'

/** Which attributes an answer carries (RFC 7644 §3.9), as the client asked. */
export interface View {
  /** Comma-separated, or a list in the body of a search. */
  readonly attributes?: unknown
  readonly excludedAttributes?: unknown
}

/** A View, looked up. */
export interface Projection {
  /** Whether the client said which attributes it wants. */
  readonly asked: boolean
  /** Whether `members` or `groups` are in the answer. If not, they need not be read. */
  readonly references: boolean
  apply(resource: Complex): Complex
}

/** Names under names: `name` → `givenName`. `whole` takes everything below. */
type Tree = Map<string, Tree | 'whole'>

/** Names that the schemas lack are ignored: a client may ask for what another server has. */
export function projectionOf(view: View, registry: SchemaRegistry, of: Collection): Projection {
  const wanted = namesIn(view.attributes, 'attributes')
  const unwanted = namesIn(view.excludedAttributes, 'excludedAttributes')
  const referencesName = of === 'users' ? 'groups' : 'members'
  const hidden = hiddenUnless(treeOf(wanted, registry, of), registry, of)
  if (wanted.length > 0) {
    // RFC 7644 §3.9 makes the two exclusive; here the list that says what is wanted counts.
    const tree = treeOf(wanted, registry, of)
    for (const name of always) tree.set(name, 'whole')
    return {
      asked: true,
      references: tree.has(referencesName),
      apply: (resource) => without(keep(resource, tree), hidden),
    }
  }
  const tree = treeOf(unwanted, registry, of)
  for (const name of always) tree.delete(name)
  return {
    asked: false,
    references: tree.get(referencesName) !== 'whole',
    apply: (resource) => without(without(resource, tree), hidden),
  }
}

const always = ['schemas', 'id']

function namesIn(sent: unknown, parameter: string): readonly string[] {
  if (sent === undefined || sent === null) return []
  const parts = Array.isArray(sent) ? sent : [sent]
  if (!parts.every((part) => typeof part === 'string')) {
    throw badRequest('invalidValue', `\`${parameter}\` must be names of attributes`)
  }
  const names = parts.flatMap((part) => part.split(',')).map((name) => name.trim())
  return names.filter((name) => name !== '').slice(0, namesMax)
}
/** More than all attributes there are. Each one is looked up. */
const namesMax = 200

function treeOf(names: readonly string[], registry: SchemaRegistry, of: Collection): Tree {
  const tree: Tree = new Map()
  for (const name of names) {
    const path = parseAttributePath(name, registry, of)
    if (path.kind === 'fault' || path.filter !== undefined) continue
    const steps = [path.schema, path.attribute?.name, path.subAttribute?.name]
    plant(
      tree,
      steps.filter((step) => step !== undefined),
    )
  }
  return tree
}

function plant(tree: Tree, steps: readonly string[]): void {
  const [step, ...rest] = steps
  if (step === undefined || tree.get(step) === 'whole') return
  if (rest.length === 0) {
    tree.set(step, 'whole')
    return
  }
  const below = tree.get(step) ?? new Map()
  tree.set(step, below)
  if (below !== 'whole') plant(below, rest)
}

/** RFC 7643 §7, `returned`: `never` is not shown, `request` only to whom names it. */
function hiddenUnless(wanted: Tree, registry: SchemaRegistry, of: Collection): Tree {
  const hidden: Tree = new Map()
  const [core, ...extensions] = registry.schemasOf(of)
  for (const { name, returned } of core?.attributes ?? []) {
    if (isHidden(returned, wanted.has(name))) plant(hidden, [name])
  }
  for (const { urn, attributes } of extensions) {
    const below = wanted.get(urn)
    for (const { name, returned } of attributes) {
      const named = below !== undefined && below !== 'whole' && below.has(name)
      if (isHidden(returned, named)) plant(hidden, [urn, name])
    }
  }
  return hidden
}

function isHidden(returned: string, named: boolean): boolean {
  return returned === 'never' || (returned === 'request' && !named)
}

function keep(complex: Complex, tree: Tree): Complex {
  const kept = emptyComplex()
  for (const name of Object.keys(complex)) {
    const below = tree.get(name)
    if (below === undefined) continue
    const value =
      below === 'whole' ? complex[name]! : each(complex[name]!, (one) => keep(one, below))
    if (!isEmpty(value)) kept[name] = value
  }
  return kept
}

function without(complex: Complex, tree: Tree): Complex {
  if (tree.size === 0) return complex
  const kept = emptyComplex()
  for (const name of Object.keys(complex)) {
    const below = tree.get(name)
    if (below === 'whole') continue
    const value = complex[name]!
    const rest = below === undefined ? value : each(value, (one) => without(one, below))
    if (!isEmpty(rest)) kept[name] = rest
  }
  return kept
}

/** Applies to a complex value, or to each element of a list; what has become empty goes. */
function each(value: AttributeValue, change: (one: Complex) => Complex): AttributeValue {
  if (isComplex(value)) return change(value)
  if (!Array.isArray(value)) return value
  return (value as readonly AttributeValue[])
    .map((element) => (isComplex(element) ? change(element) : element))
    .filter((element) => !isEmpty(element))
}

function isEmpty(value: AttributeValue): boolean {
  return isJsonObject(value) || Array.isArray(value) ? Object.keys(value).length === 0 : false
}
