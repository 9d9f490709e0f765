import { type AttributeValue, type Complex, emptyComplex } from '../directory/directory.ts'
import { isComplex } from './complex-value.ts'

/** Names under names: `name` → `givenName`. `whole` takes everything below. */
export type NameTree = Map<string, NameTree | 'whole'>

/** Names on the way to an attribute: the URN of an extension, the attribute, its part. */
export type Steps = readonly string[]

export function plant(tree: NameTree, [step, ...rest]: Steps): void {
  if (step === undefined || tree.get(step) === 'whole') return
  if (rest.length === 0) {
    tree.set(step, 'whole')
    return
  }
  const below = tree.get(step) ?? new Map()
  tree.set(step, below)
  if (below !== 'whole') plant(below, rest)
}

/** Only what the tree names. */
export function keep(complex: Complex, tree: NameTree): Complex {
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

/** All but what the tree names. */
export function without(complex: Complex, tree: NameTree): Complex {
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
  return typeof value === 'object' && Object.keys(value).length === 0
}
