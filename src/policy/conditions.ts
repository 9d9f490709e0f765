import { didYouMean } from '../std/nearest-name.ts'
import { agedTest } from './ago-test.ts'
import type { Attribute } from './attribute.ts'
import { Comparison, type ConditionNode, Joined, Negated } from './condition-node.ts'
import {
  type Conditions,
  type Operator,
  type Operators,
  operatorNames,
  type TimePart,
} from './condition-schema.ts'
import { conditionDepthMax } from './limits.ts'
import type { OperandFault } from './operand.ts'
import { type OperandScope, operatorTest, type Test } from './operators.ts'
import { TimeNode } from './time-node.ts'
import { timeWindow } from './time-window.ts'
import { withCase } from './value-type.ts'

/** What conditions are compiled with, and where their faults go. */
export interface ConditionScope extends OperandScope {
  /** `key`: what is wrong is the last part of the path itself. */
  fault(path: Path, message: string, at?: 'key'): void
  /** Told of every attribute that is read. */
  reads(attribute: Attribute): void
}
export type Path = readonly PropertyKey[]

/** One condition for each top-level key of a `when`, which is AND. */
export function compileWhen(when: Conditions, scope: ConditionScope): readonly ConditionNode[] {
  return Object.keys(when).flatMap((key) => {
    const node = compileKey(when, key, ['when'], 1, scope)
    return node ?? []
  })
}

/** Exactly the negation of the same mapping under `when`. */
export function compileUnless(unless: Conditions, scope: ConditionScope): readonly ConditionNode[] {
  const node = compileMapping(unless, ['unless'], 1, scope)
  return node === undefined ? [] : [new Negated('unless', node)]
}

/** What an obligation depends on; undefined if it has faults, which were told. */
export function compileIf(
  conditions: Conditions,
  path: Path,
  scope: ConditionScope,
): ConditionNode | undefined {
  return compileMapping(conditions, path, 1, scope)
}

function compileMapping(
  conditions: Conditions,
  path: Path,
  depth: number,
  scope: ConditionScope,
): ConditionNode | undefined {
  const parts = Object.keys(conditions).map((key) =>
    compileKey(conditions, key, path, depth, scope),
  )
  const found = parts.filter((part) => part !== undefined)
  if (found.length < parts.length) return undefined
  return found.length === 1 ? found[0] : new Joined(path.join('.'), 'all', found)
}

/** Undefined: faults were told. */
function compileKey(
  conditions: Conditions,
  key: string,
  around: Path,
  depth: number,
  scope: ConditionScope,
): ConditionNode | undefined {
  const path = [...around, key]
  if (key === 'time') return compileTime(conditions.time, path, scope)
  if (key !== 'all' && key !== 'any' && key !== 'not') {
    return compileComparison(key, conditions[key] as Operators, path, scope)
  }
  if (depth > conditionDepthMax) {
    scope.fault(path, `\`all\`, \`any\` and \`not\` nest at most ${conditionDepthMax} deep`)
    return undefined
  }
  if (key === 'not') {
    const part = compileMapping(conditions.not ?? {}, path, depth + 1, scope)
    return part === undefined ? undefined : new Negated(path.join('.'), part)
  }
  const parts = (conditions[key] ?? []).map((each, at) =>
    compileMapping(each, [...path, at], depth + 1, scope),
  )
  const found = parts.filter((part) => part !== undefined)
  return found.length < parts.length ? undefined : new Joined(path.join('.'), key, found)
}

function compileTime(
  time: TimePart | undefined,
  path: Path,
  scope: ConditionScope,
): ConditionNode | undefined {
  const window = time === undefined ? undefined : timeWindow(time)
  if (window === undefined) return undefined
  if ('fault' in window) {
    scope.fault([...path, window.field], window.fault)
    return undefined
  }
  return new TimeNode(path.join('.'), time!, window)
}

function compileComparison(
  key: string,
  operators: Operators,
  path: Path,
  scope: ConditionScope,
): ConditionNode | undefined {
  const named = scope.attributeAt(key)
  if ('fault' in named) {
    const hint = key.startsWith('user.') ? '' : didYouMean(key, ['all', 'any', 'not', 'time'])
    scope.fault(path, `${named.fault}${hint}`, 'key')
    return undefined
  }
  scope.reads(named)
  const attribute = inCase(named, operators.ci)
  if (attribute === undefined) {
    const fault = `\`${key}\`: \`ci\` is about text, and this is ${named.type.name}`
    scope.fault([...path, 'ci'], fault)
    return undefined
  }
  const tests: Test[] = []
  const wanted: string[] = []
  const others: Attribute[] = []
  for (const operator of operatorNames) {
    const operand = operators[operator]
    if (operand === undefined) continue
    others.push(...otherAttribute(operand, scope))
    const test = agedIf(
      operators.maxAge,
      attribute,
      operatorTest(attribute, operator, operand, scope),
    )
    if (typeof test === 'function') tests.push(test)
    else scope.fault([...path, operator, ...test.path], `\`${key}\`: ${test.fault}`)
    wanted.push(`${operator} ${operandText(operand)}`)
  }
  if (tests.length < wanted.length) return undefined
  for (const other of others) scope.reads(other)
  const name = { path: path.join('.'), label: key, wanted: wanted.join(' and ') }
  return new Comparison(name, attribute, tests, others)
}

/** The same attribute, compared with or without regard to case; undefined: it has none. */
function inCase(attribute: Attribute, ci: boolean | undefined): Attribute | undefined {
  if (ci === undefined) return attribute
  const type = withCase(attribute.type, ci)
  if (type === undefined) return undefined
  const { multiValued, readsDirectory, isSecret, documentKey } = attribute
  return {
    ...{ type, multiValued, readsDirectory, isSecret, documentKey },
    some: (facts, test) => attribute.some(facts, test),
    exists: (facts) => attribute.exists(facts),
    count: (facts) => attribute.count(facts),
    values: (facts) => attribute.values(facts),
  }
}

function agedIf(
  maxAge: string | undefined,
  attribute: Attribute,
  test: Test | OperandFault,
): Test | OperandFault {
  if (maxAge === undefined || typeof test !== 'function') return test
  return agedTest(attribute, test, maxAge)
}

function otherAttribute(
  operand: NonNullable<Operators[Operator]>,
  scope: ConditionScope,
): readonly Attribute[] {
  if (typeof operand !== 'object' || !('attr' in operand) || operand.attr === undefined) return []
  const other = scope.attributeAt(operand.attr)
  return 'fault' in other ? [] : [other]
}

function operandText(operand: NonNullable<Operators[Operator]>): string {
  if (Array.isArray(operand)) return `[${operand.join(', ')}]`
  if (typeof operand === 'object') {
    const parts = Object.entries(operand).filter(([, value]) => value !== undefined)
    return `{ ${parts.map(([key, value]) => `${key}: ${value}`).join(', ')} }`
  }
  return typeof operand === 'string' ? JSON.stringify(operand) : String(operand)
}
