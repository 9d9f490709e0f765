import { type AttributePath, parseAttributePath } from '../directory/attribute-path.ts'
import type { Collection, Complex } from '../directory/directory.ts'
import type { SchemaRegistry } from '../directory/schema-registry.ts'
import { keep, type NameTree, plant, without } from './name-tree.ts'
import { addAlways, hiddenUnless, type Specified, spareAlways, stepsOf } from './returned.ts'
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

/** Names that the schemas lack are ignored: a client may ask for what another server has. */
export function projectionOf(
  view: View,
  registry: SchemaRegistry,
  of: Collection,
  specified: Specified = [],
): Projection {
  const wanted = pathsIn(view.attributes, 'attributes', registry, of)
  const unwanted = pathsIn(view.excludedAttributes, 'excludedAttributes', registry, of)
  const referencesName = of === 'users' ? 'groups' : 'members'
  const hidden = hiddenUnless(wanted ?? [], specified, registry, of)
  if (wanted !== undefined) {
    // RFC 7644 §3.9 makes the two exclusive; here the list that says what is wanted counts.
    const tree = treeOf(wanted)
    addAlways(tree, registry, of)
    return {
      asked: true,
      references: tree.has(referencesName),
      apply: (resource) => without(keep(resource, tree), hidden),
    }
  }
  const tree = treeOf(unwanted ?? [])
  spareAlways(tree, registry, of)
  return {
    asked: false,
    references: tree.get(referencesName) !== 'whole',
    apply: (resource) => without(without(resource, tree), hidden),
  }
}

/** Undefined where no name was sent; names that lead nowhere are left out. */
function pathsIn(
  sent: unknown,
  parameter: string,
  registry: SchemaRegistry,
  of: Collection,
): readonly AttributePath[] | undefined {
  const names = namesIn(sent, parameter)
  if (names.length === 0) return undefined
  return names
    .map((name) => parseAttributePath(name, registry, of))
    .filter((path) => path.kind === 'path')
    .filter((path) => path.filter === undefined)
}

function namesIn(sent: unknown, parameter: string): readonly string[] {
  if (sent === undefined || sent === null) return []
  const parts = Array.isArray(sent) ? sent : [sent]
  if (!parts.every((part) => typeof part === 'string')) {
    throw badRequest('invalidValue', `\`${parameter}\` must be names of attributes`)
  }
  const names = parts.flatMap((part) => part.split(',')).map((name) => name.trim())
  return names.filter((name) => name !== '').slice(0, namesMax)
}
/** More than all attributes there can be. Each one is looked up. */
const namesMax = 1_000

function treeOf(paths: readonly AttributePath[]): NameTree {
  const tree: NameTree = new Map()
  for (const path of paths) plant(tree, stepsOf(path))
  return tree
}
