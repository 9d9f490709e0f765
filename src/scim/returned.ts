import type { AttributePath } from '../directory/attribute-path.ts'
import type { Collection } from '../directory/directory.ts'
import type { AttributeDefinition, SchemaRegistry } from '../directory/schema-registry.ts'
import { type NameTree, plant, type Steps } from './name-tree.ts'

/**
 * What the client of a write has specified, and is shown though it be `returned: request` (RFC 7643
 * §7): the attributes that its PATCH names, or the whole resource.
 */
export type Specified = readonly AttributePath[] | 'all'

/**
 * RFC 7643 §7, `returned`: what an answer does not carry, whatever else it does. `never` is not
 * shown; `request` only to whom has named it, or has written it.
 */
export function hiddenUnless(
  wanted: readonly AttributePath[],
  specified: Specified,
  registry: SchemaRegistry,
  of: Collection,
): NameTree {
  const hidden: NameTree = new Map()
  const asked = wanted.map(stepsOf)
  const written = specified === 'all' ? [[]] : specified.map(stepsOf)
  for (const { steps, definition } of attributesOf(registry, of)) {
    const { returned } = definition
    if (returned !== 'never' && returned !== 'request') continue
    if (returned === 'request' && isNamed(steps, asked, written)) continue
    plant(hidden, steps)
  }
  return hidden
}

/** Who asks for a whole extension has not named each attribute of it; who writes it has. */
function isNamed(steps: Steps, asked: readonly Steps[], written: readonly Steps[]): boolean {
  return (
    asked.some((path) => startsWith(path, steps)) ||
    written.some((path) => startsWith(path, steps) || startsWith(steps, path))
  )
}

/** Adds to what is asked for what is always returned. */
export function addAlways(tree: NameTree, registry: SchemaRegistry, of: Collection): void {
  plant(tree, ['schemas'])
  for (const { steps, definition, parent } of attributesOf(registry, of)) {
    if (definition.returned !== 'always') continue
    // A part of a value is returned wherever something of that value is.
    if (parent === undefined || namesPartsOf(tree, parent)) plant(tree, steps)
  }
}

/** Takes out of what is not wanted what is always returned. */
export function spareAlways(tree: NameTree, registry: SchemaRegistry, of: Collection): void {
  tree.delete('schemas')
  const [, ...extensions] = registry.schemasOf(of)
  for (const { urn, attributes } of extensions) {
    const hasAlways = attributes.some(({ returned }) => returned === 'always')
    if (tree.get(urn) !== 'whole' || !hasAlways) continue
    tree.set(urn, new Map(attributes.map(({ name }) => [name, 'whole'])))
  }
  for (const { steps, definition } of attributesOf(registry, of)) {
    if (definition.returned === 'always') uproot(tree, steps)
  }
}

function uproot(tree: NameTree, [step = '', ...rest]: Steps): void {
  const below = tree.get(step)
  if (rest.length === 0 && below === 'whole') tree.delete(step)
  else if (below instanceof Map) uproot(below, rest)
}

function namesPartsOf(tree: NameTree, [step = '', ...rest]: Steps): boolean {
  const below = tree.get(step)
  if (!(below instanceof Map)) return false
  return rest.length === 0 || namesPartsOf(below, rest)
}

interface Placed {
  readonly steps: Steps
  readonly definition: AttributeDefinition
  /** Of a sub-attribute: the attribute it is part of. */
  readonly parent?: Steps
}

/** Every attribute and sub-attribute that a resource can have. */
function* attributesOf(registry: SchemaRegistry, of: Collection): Generator<Placed> {
  const [, ...extensions] = registry.schemasOf(of)
  yield* placed([], registry.coreAttributes(of))
  for (const { urn, attributes } of extensions) yield* placed([urn], attributes)
}

function* placed(home: Steps, attributes: readonly AttributeDefinition[]): Generator<Placed> {
  for (const definition of attributes) {
    const steps = [...home, definition.name]
    yield { steps, definition }
    for (const sub of definition.subAttributes) {
      yield { steps: [...steps, sub.name], definition: sub, parent: steps }
    }
  }
}

export function stepsOf({ schema, attribute, subAttribute }: AttributePath): Steps {
  return [schema, attribute?.name, subAttribute?.name].filter((step) => step !== undefined)
}

function startsWith(steps: Steps, prefix: Steps): boolean {
  return prefix.every((step, at) => steps[at] === step)
}
