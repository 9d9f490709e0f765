import type { AttributeValue } from '../directory/directory.ts'
import { textOf } from '../directory/same-value.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { isComplex, merged, ownValue } from './complex-value.ts'
import { mustKeepImmutable } from './immutable.ts'
import { onePrimary } from './primary.ts'

/** The values of a multi-valued attribute. */
export type Elements = readonly AttributeValue[]

/**
 * Appends each value, unless it is there already: then that one takes on what is new about it. A
 * primary that is added takes the place of the one before.
 */
export function withAdded(
  elements: Elements,
  sent: Elements,
  attribute: AttributeDefinition,
): Elements {
  const list = [...elements]
  const places = new Map<string, number>()
  for (const [at, element] of list.entries()) notePlace(places, element, at)
  let winnerAt = -1
  for (const element of sent) {
    const at = places.get(identityOf(element))
    const present = at === undefined ? undefined : list[at]
    const next = isComplex(present) && isComplex(element) ? merged(present, element) : element
    if (isComplex(present) && isComplex(next)) {
      mustKeepImmutable(attribute.subAttributes, present, next, `${attribute.name}.`)
    }
    if (at === undefined) notePlace(places, next, list.push(next) - 1)
    else list[at] = next
    if (isComplex(element) && element.primary === true) winnerAt = at ?? list.length - 1
  }
  const winner = list[winnerAt]
  return onePrimary(attribute, list, isComplex(winner) ? winner : undefined)
}

/** The first of several with one identity is the one that is met again. */
function notePlace(places: Map<string, number>, element: AttributeValue, at: number): void {
  const value = isComplex(element) ? ownValue(element, 'value') : undefined
  const identities = [identityOf(element)]
  // Who adds a `value` without saying of what type means the one that is there.
  if (value !== undefined) identities.push(identityOf({ value }))
  for (const identity of identities) if (!places.has(identity)) places.set(identity, at)
}

/** The same `value` of the same `type` is one element; what has no `value` counts as a whole. */
function identityOf(element: AttributeValue): string {
  if (!isComplex(element)) return textOf(element)
  const value = ownValue(element, 'value')
  if (value === undefined) return textOf(element)
  const type = ownValue(element, 'type')
  // Nearly all have texts, and each is looked at again with every operation of a PATCH.
  if (typeof value === 'string' && typeof (type ?? '') === 'string') {
    return `${type === undefined ? '' : 'typed '}${value.length} ${value} ${type ?? ''}`
  }
  return textOf(type === undefined ? { value } : { value, type })
}

/** What is left without the values that have all that one of the descriptions says. */
export function withoutDescribed(elements: Elements, descriptions: Elements): Elements {
  // Descriptions of the same names are looked up together.
  const byNames = new Map<string, { names: readonly string[] | undefined; texts: Set<string> }>()
  for (const described of descriptions) {
    const names = isComplex(described) ? Object.keys(described).toSorted() : undefined
    const key = names?.join() ?? ''
    const group = byNames.get(key) ?? { names, texts: new Set() }
    byNames.set(key, group)
    group.texts.add(textOf(described))
  }
  const groups = [...byNames.values()]
  return elements.filter(
    (element) => !groups.some(({ names, texts }) => texts.has(textOf(narrowed(element, names)))),
  )
}

/** Only what the names say about an element: what a description of these names would say. */
function narrowed(element: AttributeValue, names: readonly string[] | undefined): AttributeValue {
  if (!isComplex(element) || names === undefined) return element
  const said = names.filter((name) => Object.hasOwn(element, name))
  return Object.fromEntries(said.map((name) => [name, element[name]!]))
}
