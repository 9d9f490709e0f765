import type { Operators } from '../condition-schema.ts'
import { compareIp, parseNetwork } from '../ip.ts'
import type { Part } from './rule-parts.ts'

/**
 * Whether a condition holds wherever another does. `certain`: where that one is true, this one is.
 * `possible`: also, where that one is not false, this one is not. Sound: false means "not proven".
 */
export type Strength = 'certain' | 'possible'

export function implies(from: Part, to: Part, strength: Strength): boolean {
  if (from.text === to.text) return true
  if (from.kind === 'directories' && to.kind === 'directories') return isWithin(from, to)
  if (from.kind === 'users' && to.kind === 'users') return isWithin(from, to)
  if (from.kind === 'groups' && to.kind === 'groups') return groupsImply(from, to)
  if (from.kind === 'attribute' && to.kind === 'attribute') {
    return from.key === to.key && operatorsImply(from.operators, to.operators, strength)
  }
  if (from.kind === 'not' && to.kind === 'not') {
    // What is denied by the one must deny the other: not B follows from not A where B implies A.
    return from.parts.every((wanted) =>
      to.parts.some((given) => implies(given, wanted, 'possible')),
    )
  }
  return false
}

type Named = { readonly values: readonly string[] }

function isWithin(some: Named, all: Named): boolean {
  return some.values.every((value) => all.values.includes(value))
}

type GroupsPart = Extract<Part, { kind: 'groups' }>

function groupsImply(from: GroupsPart, to: GroupsPart): boolean {
  if (from.by === 'any' && to.by === 'any') return isWithin(from, to)
  if (from.by === 'all' && to.by === 'any') {
    return from.values.some((value) => to.values.includes(value))
  }
  if (from.by === 'all' && to.by === 'all') return isWithin(to, from)
  if (from.by === 'none' && to.by === 'none') return isWithin(to, from)
  const isOne = from.by === 'any' && to.by === 'all' && from.values.length === 1
  return isOne && to.values.every((value) => value === from.values[0])
}

function operatorsImply(from: Operators, to: Operators, strength: Strength): boolean {
  if (from.ci !== to.ci || from.maxAge !== to.maxAge) return false
  const wanted = Object.entries(to).filter(([, operand]) => operand !== undefined)
  return wanted.every(([operator, operand]) => {
    if (operator === 'ci' || operator === 'maxAge') return true
    const same = (from as Readonly<Record<string, unknown>>)[operator]
    if (same !== undefined && JSON.stringify(same) === JSON.stringify(operand)) return true
    return operatorImplied(from, operator, operand, strength)
  })
}

function operatorImplied(
  from: Operators,
  operator: string,
  operand: unknown,
  strength: Strength,
): boolean {
  const among = valuesOf(from)
  switch (operator) {
    case 'eq':
      return among?.length === 1 && among[0] === operand
    case 'in':
      return among?.every((value) => (operand as readonly unknown[]).includes(value)) === true
    case 'notIn':
      return from.notIn !== undefined && within(operand as readonly unknown[], from.notIn)
    case 'ne':
      return from.notIn?.includes(operand as never) === true
    // Of a value that is missing, that it exists is false and not unknown.
    case 'exists':
      return (
        operand === true && strength === 'certain' && among?.every((one) => one !== '') === true
      )
    case 'any':
      return from.any !== undefined && within(from.any, operand as readonly unknown[])
    case 'none':
      return from.none !== undefined && within(operand as readonly unknown[], from.none)
    case 'inCidr':
      return from.inCidr !== undefined && networksWithin(from.inCidr, operand as Networks)
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
      return boundImplied(from, operator, operand)
    default:
      return false
  }
}

/** All values that it can have; undefined: there is no such list. */
function valuesOf({ eq, in: among }: Operators): readonly unknown[] | undefined {
  if (eq !== undefined) return typeof eq === 'object' ? undefined : [eq]
  return among
}

function within(some: readonly unknown[], all: readonly unknown[]): boolean {
  return some.every((value) => all.includes(value))
}

/** Of numbers alone: dates and ordered names compare in their own ways. */
function boundImplied(from: Operators, operator: 'gt' | 'ge' | 'lt' | 'le', operand: unknown) {
  if (typeof operand !== 'number') return false
  const isUpper = operator === 'lt' || operator === 'le'
  const own = (isUpper ? [from.lt, from.le] : [from.gt, from.ge]).map((bound, isOpenToo) => ({
    bound,
    isStrict: isOpenToo === 0,
  }))
  const wantsStrict = operator === 'lt' || operator === 'gt'
  return own.some(({ bound, isStrict }) => {
    if (typeof bound !== 'number') return false
    if (bound === operand) return isStrict || !wantsStrict
    return isUpper ? bound < operand : bound > operand
  })
}

type Networks = string | readonly string[]

function networksWithin(some: Networks, all: Networks): boolean {
  const parsed = (texts: Networks) =>
    [texts].flat().flatMap((text) => {
      const network = parseNetwork(text)
      return 'fault' in network ? [] : [network]
    })
  const around = parsed(all)
  return parsed(some).every((inner) =>
    around.some(
      (outer) => compareIp(outer.first, inner.first) <= 0 && compareIp(inner.last, outer.last) <= 0,
    ),
  )
}
