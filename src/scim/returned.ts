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
  for (const { steps, returned } of special(registry, of)) {
    if (returned === 'always') continue
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
  for (const { steps, returned, parent } of special(registry, of)) {
    if (returned !== 'always') continue
    // A part of a value is returned wherever something of that value is.
    if (parent === undefined || namesPartsOf(tree, parent)) plant(tree, steps)
  }
}

/** Takes out of what is not wanted what is always returned. */
export function spareAlways(tree: NameTree, registry: SchemaRegistry, of: Collection): void {
  if (tree.size === 0) return
  tree.delete('schemas')
  const [, ...extensions] = registry.schemasOf(of)
  for (const { urn, attributes } of extensions) {
    const hasAlways = attributes.some(({ returned }) => returned === 'always')
    if (tree.get(urn) !== 'whole' || !hasAlways) continue
    tree.set(urn, new Map(attributes.map(({ name }) => [name, 'whole'])))
  }
  for (const { steps, returned } of special(registry, of)) {
    if (returned === 'always') uproot(tree, steps)
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
  readonly returned: AttributeDefinition['returned']
  /** Of a sub-attribute: the attribute it is part of. */
  readonly parent?: Steps
}

/**
 * Every attribute and sub-attribute that is not returned by default: hardly any of some two
 * hundred, which are looked through for every request.
 */
function special(registry: SchemaRegistry, of: Collection): readonly Placed[] {
  const found: Placed[] = []
  const [, ...extensions] = registry.schemasOf(of)
  addSpecial(found, [], registry.coreAttributes(of))
  for (const { urn, attributes } of extensions) addSpecial(found, [urn], attributes)
  return found
}

function addSpecial(
  found: Placed[],
  home: Steps,
  attributes: readonly AttributeDefinition[],
): void {
  for (const { name, returned, subAttributes } of attributes) {
    if (returned !== 'default') found.push({ steps: [...home, name], returned })
    for (const sub of subAttributes) {
      if (sub.returned === 'default') continue
      const parent = [...home, name]
      found.push({ steps: [...parent, sub.name], returned: sub.returned, parent })
    }
  }
}

export function stepsOf({ schema, attribute, subAttribute }: AttributePath): Steps {
  return [schema, attribute?.name, subAttribute?.name].filter((step) => step !== undefined)
}

function startsWith(steps: Steps, prefix: Steps): boolean {
  return prefix.every((step, at) => steps[at] === step)
}
