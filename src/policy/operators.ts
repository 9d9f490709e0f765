import { and, F, not, T, type Tri, U } from '../directory/three-values.ts'
import { didYouMean } from '../std/nearest-name.ts'
import type { Attribute, FoundAttribute } from './attribute.ts'
import type { Operator, Operators } from './condition-schema.ts'
import { type Network, parseIp, parseNetwork } from './ip.ts'
import { NetworkSet } from './network-set.ts'
import type { Facts } from './policy.ts'
import type { ValueList } from './value-list.ts'
import {
  claimType,
  type Form,
  formLike,
  setOperators,
  testOf,
  triOf,
  type ValueTest,
  type ValueType,
} from './value-type.ts'

/** Three-valued, over the facts of one attempt. */
export type Test = (facts: Facts) => Tri

/** What operands may refer to. */
export interface OperandScope {
  attributeAt(text: string): FoundAttribute
  /** `broken`: declared, with faults of its own that are told elsewhere. */
  readonly lists: ReadonlyMap<string, ValueList | 'broken'>
}

/** What is wrong with an operand; `path` leads from the operator to the value. */
export interface OperandFault {
  readonly fault: string
  readonly path: readonly PropertyKey[]
}

/** Checks an operator and its operand against the attribute's type, once; then it is a Test. */
export function operatorTest(
  attribute: Attribute,
  operator: Operator,
  operand: NonNullable<Operators[Operator]>,
  scope: OperandScope,
): Test | OperandFault {
  const { type } = attribute
  if (operator === 'exists') {
    return operand === true
      ? (facts) => attribute.exists(facts)
      : (facts) => not(attribute.exists(facts))
  }
  const positive = positiveOf[operator]
  if (positive !== undefined) {
    const test = operatorTest(attribute, positive, operand, scope)
    return typeof test === 'function' ? (facts) => not(test(facts)) : test
  }
  if (setOperators.includes(operator) && attribute.multiValued) {
    return setTest(attribute, operator, operand as readonly Form[])
  }
  if (!type.operators.has(operator)) return wrongOperator(attribute, operator)
  if (typeof operand === 'object' && 'attr' in operand) {
    return comparison(attribute, scope.attributeAt(operand.attr))
  }
  if (operator === 'inList') return listTest(attribute, String(operand), scope)
  const test = type.isIp
    ? addressTest(operand as string | readonly string[])
    : valueTest(type, operator, operand as Form | readonly Form[])
  return typeof test === 'function' ? (facts) => attribute.some(facts, test) : test
}

/** The negative operators are exactly the negation of these, so that they ask of every value. */
const positiveOf: Readonly<Partial<Record<Operator, Operator>>> = {
  ne: 'eq',
  notIn: 'in',
  notInList: 'inList',
  notInCidr: 'inCidr',
}

function valueTest(
  type: ValueType,
  operator: Operator,
  operand: Form | readonly Form[],
): ValueTest | OperandFault {
  const given = Array.isArray(operand) ? (operand as readonly Form[]) : [operand as Form]
  const wanted = formsOf(type, given)
  if ('fault' in wanted) return Array.isArray(operand) ? wanted : { ...wanted, path: [] }
  const form = formLike(type, given[0]!)
  const [first, second] = wanted
  switch (operator) {
    case 'eq':
      return testOf(form, (value) => value === first)
    case 'in': {
      const set = new Set(wanted)
      return testOf(form, (value) => set.has(value))
    }
    case 'contains':
      return testOf(form, (value) => String(value).includes(String(first)))
    case 'startsWith':
      return testOf(form, (value) => String(value).startsWith(String(first)))
    case 'endsWith':
      return testOf(form, (value) => String(value).endsWith(String(first)))
    default:
      if (typeof first !== 'number') {
        return { fault: `\`${operator}\` compares numbers, found ${shown(given[0])}`, path: [] }
      }
      return orderTest(form, operator, first, Number(second))
  }
}

function orderTest(
  form: ValueType['form'],
  operator: Operator,
  first: number,
  second: number,
): ValueTest | OperandFault {
  switch (operator) {
    case 'gt':
      return testOf(form, (value) => (value as number) > first)
    case 'ge':
      return testOf(form, (value) => (value as number) >= first)
    case 'lt':
      return testOf(form, (value) => (value as number) < first)
    case 'le':
      return testOf(form, (value) => (value as number) <= first)
    default:
      if (first > second)
        return { fault: '`between` is empty: its first value is the greater', path: [] }
      return testOf(form, (value) => (value as number) >= first && (value as number) <= second)
  }
}

function addressTest(operand: string | readonly string[]): ValueTest | OperandFault {
  const networks: Network[] = []
  for (const [at, text] of [operand].flat().entries()) {
    const network = parseNetwork(String(text))
    if ('fault' in network) return { ...network, path: Array.isArray(operand) ? [at] : [] }
    networks.push(network)
  }
  return insideTest(new NetworkSet(networks))
}

function insideTest(networks: NetworkSet): ValueTest {
  return (value) => {
    const ip = typeof value === 'string' ? parseIp(value) : undefined
    return ip === undefined ? U : triOf(networks.has(ip))
  }
}

function listTest(
  attribute: Attribute,
  name: string,
  { lists }: OperandScope,
): Test | OperandFault {
  const list = lists.get(name)
  if (list === undefined) {
    const known =
      lists.size === 0
        ? '; there are none'
        : `; there are ${[...lists.keys()].slice(0, 20).join(', ')}`
    return { fault: `no list \`${name}\`${didYouMean(name, lists.keys())}${known}`, path: [] }
  }
  if (list === 'broken') return () => U
  const { type } = attribute
  if (!type.lists.includes(list.type)) {
    const takes = type.lists.join(' or ')
    const found = `\`${name}\` is a list of type ${list.type}`
    return { fault: `${found}; ${type.name} takes one of type ${takes}`, path: [] }
  }
  if (type.isIp) {
    const inside = insideTest(list.networks())
    return (facts) => attribute.some(facts, inside)
  }
  const form = type === claimType ? formLike(type, list.type === 'number' ? 0 : '') : type.form
  const wanted = list.forms(type.form)
  const test = testOf(form, (value) => wanted.has(value))
  return (facts) => attribute.some(facts, test)
}

function setTest(
  attribute: Attribute,
  operator: Operator,
  operand: readonly Form[],
): Test | OperandFault {
  const wanted = formsOf(attribute.type, operand)
  if ('fault' in wanted) return wanted
  const form = formLike(attribute.type, operand[0]!)
  const set = new Set(wanted)
  const inside = testOf(form, (value) => set.has(value))
  switch (operator) {
    case 'any':
      return (facts) => attribute.some(facts, inside)
    case 'none':
      return (facts) => not(attribute.some(facts, inside))
    case 'subsetOf': {
      const outside: ValueTest = (value) => not(inside(value))
      return (facts) => not(attribute.some(facts, outside))
    }
    default: {
      const each = wanted.map((one) => testOf(form, (value) => value === one))
      return (facts) => {
        let result: Tri = T
        for (let at = 0; at < each.length && result !== F; at++) {
          result = and(result, attribute.some(facts, each[at]!))
        }
        return result
      }
    }
  }
}

/**
 * Two attributes are equal if some value of one equals some value of the other. Case is as SCIM's
 * schema says for the first, or for the only one of the two that is in the schema.
 */
function comparison(left: Attribute, right: FoundAttribute): Test | OperandFault {
  if ('fault' in right) return { fault: right.fault, path: ['attr'] }
  const free = left.type === claimType || right.type === claimType
  if (!free && left.type.name !== right.type.name) {
    const fault = `${left.type.name} never equals ${right.type.name}`
    return { fault, path: ['attr'] }
  }
  if (left.type.isIp || left.type.isComplex || right.type.isComplex) {
    return { fault: `${left.type.name} is not compared with another attribute`, path: ['attr'] }
  }
  const form = left.type === claimType ? right.type.form : left.type.form
  const equal = (a: unknown, b: unknown): Tri => {
    const [mine, theirs] = [form(a), form(b)]
    if (mine === undefined || theirs === undefined || typeof mine !== typeof theirs) return U
    return triOf(mine === theirs)
  }
  return (facts) => left.some(facts, (a) => right.some(facts, (b) => equal(a, b)))
}

function formsOf(type: ValueType, given: readonly unknown[]): readonly Form[] | OperandFault {
  const forms: Form[] = []
  for (const [at, value] of given.entries()) {
    const form = formLike(type, given[0] as Form)(value)
    if (form === undefined) return { fault: wrongValue(type, value, given[0]), path: [at] }
    forms.push(form)
  }
  return forms
}

function wrongValue(type: ValueType, value: unknown, first: unknown): string {
  if (type === claimType && value !== first) {
    return `values are of one type: ${shown(first)} is a ${typeof first}, ${shown(value)} is not`
  }
  const hint = type.values && typeof value === 'string' ? didYouMean(value, type.values) : ''
  return `expected ${type.name}, found ${shown(value)}${hint}`
}

function wrongOperator({ type, multiValued }: Attribute, operator: Operator): OperandFault {
  const operators = [...type.operators, ...(multiValued && !type.isComplex ? setOperators : [])]
  const instead = !multiValued && setOperators.includes(operator) ? ' with one value' : ''
  const takes = [...new Set(operators)].join(', ')
  const fault = `\`${operator}\` does not apply to ${type.name}${instead}; it takes ${takes}`
  return { fault, path: [] }
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? `the string ${JSON.stringify(value.slice(0, 64))}`
    : `\`${String(value)}\``
}
