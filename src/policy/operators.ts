import { not, type Tri, U } from '../directory/three-values.ts'
import { didYouMean } from '../std/nearest-name.ts'
import { agoTest } from './ago-test.ts'
import type { Attribute, FoundAttribute } from './attribute.ts'
import type { Operator, Operators } from './condition-schema.ts'
import { type Network, parseIp, parseNetwork } from './ip.ts'
import { NetworkSet } from './network-set.ts'
import type { OperandFault } from './operand.ts'
import { patternTest } from './pattern-test.ts'
import type { Facts } from './policy.ts'
import { type Sizes, setTest, sizeTest } from './set-test.ts'
import { type SpiffeWanted, spiffeTest } from './spiffe-test.ts'
import type { ValueList } from './value-list.ts'
import { valueTest } from './value-test.ts'
import { type Form, formLike, setOperators, testOf, triOf, type ValueTest } from './value-type.ts'

/** Three-valued, over the facts of one attempt. */
export interface Test {
  (facts: Facts): Tri
  /** What reads the clock: the first instant at which the result may be another. */
  readonly untilMs?: (facts: Facts) => number
}

/** What operands may refer to. */
export interface OperandScope {
  attributeAt(text: string): FoundAttribute
  /** `broken`: declared, with faults of its own that are told elsewhere. */
  readonly lists: ReadonlyMap<string, ValueList | 'broken'>
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
    return operator === 'size'
      ? sizeTest(attribute, operand as Sizes)
      : setTest(attribute, operator, operand as readonly Form[])
  }
  if (!type.operators.has(operator)) return wrongOperator(attribute, operator)
  if (operator === 'within' || operator === 'olderThan') {
    return agoTest(attribute, operator, String(operand))
  }
  if (operator === 'spiffe') return spiffeTest(attribute, operand as SpiffeWanted)
  if (typeof operand === 'object' && 'attr' in operand && operand.attr !== undefined) {
    return comparison(attribute, scope.attributeAt(operand.attr))
  }
  if (operator === 'inList') return listTest(attribute, String(operand), scope)
  const test = type.isIp
    ? addressTest(operand as string | readonly string[])
    : operator === 'glob' || operator === 'matches'
      ? patternTest(type, operator, String(operand))
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
  const form = type.isOpen ? formLike(type, list.type === 'number' ? 0 : '') : type.form
  const wanted = list.forms(type.form)
  const test = testOf(form, (value) => wanted.has(value))
  return (facts) => attribute.some(facts, test)
}

/**
 * Two attributes are equal if some value of one equals some value of the other. Case is as SCIM's
 * schema says for the first, or for the only one of the two that is in the schema.
 */
function comparison(left: Attribute, right: FoundAttribute): Test | OperandFault {
  if ('fault' in right) return { fault: right.fault, path: ['attr'] }
  const free = left.type.isOpen || right.type.isOpen
  if (!free && left.type.name !== right.type.name) {
    const fault = `${left.type.name} never equals ${right.type.name}`
    return { fault, path: ['attr'] }
  }
  if (left.type.isIp || left.type.isComplex || right.type.isComplex) {
    return { fault: `${left.type.name} is not compared with another attribute`, path: ['attr'] }
  }
  const form = left.type.isOpen ? right.type.form : left.type.form
  const equal = (a: unknown, b: unknown): Tri => {
    const [mine, theirs] = [form(a), form(b)]
    if (mine === undefined || theirs === undefined || typeof mine !== typeof theirs) return U
    return triOf(mine === theirs)
  }
  return (facts) => left.some(facts, (a) => right.some(facts, (b) => equal(a, b)))
}

function wrongOperator({ type, multiValued }: Attribute, operator: Operator): OperandFault {
  const operators = [...type.operators, ...(multiValued && !type.isComplex ? setOperators : [])]
  const instead = !multiValued && setOperators.includes(operator) ? ' with one value' : ''
  const takes = [...new Set(operators)].join(', ')
  const fault = `\`${operator}\` does not apply to ${type.name}${instead}; it takes ${takes}`
  return { fault, path: [] }
}
