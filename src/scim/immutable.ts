import { type AttributeValue, type Complex, emptyComplex } from '../directory/directory.ts'
import { textOf } from '../directory/same-value.ts'
import type { AttributeDefinition } from '../directory/schema-registry.ts'
import { copyOf, elementsOf, isComplex, ownValue } from './complex-value.ts'
import { badRequest } from './scim-error.ts'

type Definitions = readonly AttributeDefinition[]

/**
 * RFC 7644 §3.5.1 and §3.5.2: an immutable attribute that has a value keeps it; a first value and
 * the same one again are fine. Throws a 400 that names the attribute, `prefix` before its name.
 *
 * An immutable sub-attribute holds its whole complex value in place. Elements of a list come and go
 * as the members of a group do: of them only the one that is written to in place is asked for here.
 */
export function mustKeepImmutable(
  definitions: Definitions,
  before: Complex | undefined,
  after: Complex | undefined,
  prefix: string,
): void {
  for (const definition of definitions) {
    const { name, mutability, subAttributes } = definition
    const was = ownValue(before, name)
    if (was === undefined) continue
    const is = ownValue(after, name)
    if (mutability === 'immutable') {
      if (is !== undefined && saysTheSame(was, is)) continue
      const detail = `\`${prefix}${name}\` is immutable: it has a value and must keep it`
      throw badRequest('mutability', detail)
    }
    if (!holdsImmutable(definition) || !isComplex(was)) continue
    mustKeepImmutable(subAttributes, was, isComplex(is) ? is : undefined, `${prefix}${name}.`)
  }
}

/**
 * A PUT that does not mention an immutable attribute keeps it: RFC 7644 §3.5.1 lets what is left
 * out be taken as not asserted, and a client that cannot change it, or is never shown it, has no
 * reason to send it. What `given` mentions without a value is left for the check to refuse.
 */
export function keepImmutable(
  definitions: Definitions,
  replacement: { [name: string]: AttributeValue },
  stored: Complex | undefined,
  { given, prefix }: Mentioned,
): void {
  for (const definition of definitions) {
    const { name, mutability, subAttributes } = definition
    const was = ownValue(stored, name)
    const is = ownValue(replacement, name)
    if (was === undefined || (is === undefined && given.has(`${prefix}${name}`))) continue
    if (mutability === 'immutable') {
      replacement[name] = is ?? was
      continue
    }
    if (!holdsImmutable(definition) || !isComplex(was)) continue
    const kept = isComplex(is) ? copyOf(is) : emptyComplex()
    const below = { given, prefix: `${prefix}${name}.` }
    keepImmutable(subAttributes, kept, was, below)
    if (Object.keys(kept).length === 0) continue
    if (is === undefined) keepRequired(subAttributes, kept, was, below)
    replacement[name] = kept
  }
}

/**
 * What a PUT does not mention and is there only because something in it is immutable has to be
 * whole: nobody could send any PUT that leaves it out otherwise.
 */
export function keepRequired(
  definitions: Definitions,
  kept: { [name: string]: AttributeValue },
  stored: Complex,
  { given, prefix }: Mentioned,
): void {
  for (const { name, required } of definitions) {
    const was = ownValue(stored, name)
    if (required && was !== undefined && !given.has(`${prefix}${name}`)) kept[name] ??= was
  }
}

/** What a PUT has mentioned, by paths that begin with `prefix`. */
interface Mentioned {
  readonly given: ReadonlySet<string>
  readonly prefix: string
}

/** Whether one complex value has parts that must not change. */
function holdsImmutable({ multiValued, subAttributes }: AttributeDefinition): boolean {
  return !multiValued && subAttributes.some(({ mutability }) => mutability === 'immutable')
}

/** RFC 7643 §2.4: the order of a list means nothing. */
function saysTheSame(was: AttributeValue, is: AttributeValue): boolean {
  return sortedTexts(was) === sortedTexts(is)
}

function sortedTexts(value: AttributeValue): string {
  return elementsOf(value).map(textOf).toSorted().join()
}
