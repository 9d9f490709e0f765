import { parseDateTime } from '../directory/date-time.ts'
import { fold } from '../directory/identity.ts'
import { F, T, type Tri, U } from '../directory/three-values.ts'
import type { Operator } from './condition-schema.ts'
import { parseIp } from './ip.ts'
import type { ListType } from './schema.ts'

/** A value in the form in which it compares. */
export type Form = string | number | boolean

/** How values of an attribute compare, and with what. */
export interface ValueType {
  /** For messages: `a boolean`. */
  readonly name: string
  readonly operators: ReadonlySet<Operator>
  /** Undefined: not a value of this type. */
  form(value: unknown): Form | undefined
  /** Which lists `inList` takes. */
  readonly lists: readonly ListType[]
  /** What a value may be; undefined = anything of the type. */
  readonly values?: readonly string[]
  /** Values of several types: the operand tells which is meant. */
  readonly isOpen?: true
  /** Addresses: compared as networks of one. */
  readonly isIp?: true
  /** Complex values have no form: only whether there is one can be asked. */
  readonly isComplex?: true
}

/** Whether one value fulfils a comparison; unknown where it is not of the type. */
export type ValueTest = (value: unknown) => Tri

const equality = ['eq', 'ne', 'exists'] as const
const choice = [...equality, 'in', 'notIn'] as const
const listed = [...choice, 'inList', 'notInList'] as const
const order = ['gt', 'ge', 'lt', 'le', 'between'] as const
const textual = [...listed, 'contains', 'startsWith', 'endsWith', 'glob', 'matches'] as const
const dated = [...equality, ...order, 'before', 'after', 'within', 'olderThan'] as const
export const setOperators: readonly Operator[] = ['any', 'all', 'none', 'subsetOf', 'size']

function typeOf(
  name: string,
  operators: readonly Operator[],
  form: ValueType['form'],
  lists: readonly ListType[] = [],
): ValueType {
  return { name, operators: new Set(operators), form, lists }
}

export const exactText = typeOf('text', textual, stringOf, ['string'])
/** As SCIM's `caseExact: false` says. */
export const foldedText = typeOf('text', textual, foldedForm, ['string'])
export const exactBinary = typeOf('binary', choice, stringOf)
export const booleanType = typeOf('a boolean', equality, booleanOf)
export const numberType = typeOf('a number', [...listed, ...order], numberOf, ['number'])
export const dateTimeType = typeOf('a date and time', dated, instantOf)
export const countryType = typeOf('an ISO 3166 alpha-2 country code', listed, countryOf, [
  'country',
])
export const ipType: ValueType = {
  ...typeOf('an IP address', [...listed, 'inCidr', 'notInCidr'], addressOf, ['cidr']),
  isIp: true,
}
export const complexType: ValueType = {
  ...typeOf('complex, and its parts are compared', ['exists'], (value) =>
    typeof value === 'object' ? '' : undefined,
  ),
  isComplex: true,
}
/** What a caller says about a subject is of no declared type: the operand tells which is meant. */
export const claimType: ValueType = {
  ...typeOf(
    'a string, a number, a boolean or a list',
    [...textual, ...order, ...setOperators],
    anyOf,
    ['string', 'number'],
  ),
  isOpen: true,
}
const foldedClaimType: ValueType = {
  ...claimType,
  form: (value) => foldedForm(value) ?? anyOf(value),
}
/** A workload's identity, `spiffe://trust-domain/path`. */
export const spiffeType = typeOf('a SPIFFE ID', [...choice, 'spiffe'], spiffeOf)

/** The same with or without regard to case; undefined: it has no case. */
export function withCase(type: ValueType, isFree: boolean): ValueType | undefined {
  if (type === exactText || type === foldedText) return isFree ? foldedText : exactText
  if (type.isOpen) return isFree ? foldedClaimType : claimType
  return undefined
}

export function enumType(values: readonly string[]): ValueType {
  const known = new Set(values)
  const form = (value: unknown) =>
    typeof value === 'string' && known.has(value) ? value : undefined
  return { ...typeOf(`one of ${values.join(', ')}`, choice, form), values }
}

/** Values with an order, least first. */
export function orderedEnumType(values: readonly string[]): ValueType {
  const rank = new Map(values.map((value, at) => [value, at]))
  const form = (value: unknown) => (typeof value === 'string' ? rank.get(value) : undefined)
  return { ...typeOf(`one of ${values.join(' < ')}`, [...choice, ...order], form), values }
}

/** The form of a value whose type only the operand tells: of another type there is none. */
export function formLike(type: ValueType, operand: Form): ValueType['form'] {
  if (!type.isOpen) return type.form
  const wanted = typeof operand
  return (value) => (typeof value === wanted ? type.form(value) : undefined)
}

export function triOf(answer: boolean): Tri {
  return answer ? T : F
}

/** Unknown where the value is not of the type. */
export function testOf(form: ValueType['form'], holds: (value: Form) => boolean): ValueTest {
  return (value) => {
    const found = form(value)
    return found === undefined ? U : triOf(holds(found))
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Most stored names are plain ASCII in lower case: those are their own folded form. */
function foldedForm(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code > 127 || (code >= 65 && code <= 90)) return fold(value)
  }
  return value
}

function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function instantOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseDateTime(value) : undefined
}

/** SPIFFE ID §2: trust domain in lower case, no query, no fragment, no empty segment. */
function spiffeOf(value: unknown): string | undefined {
  const isId =
    typeof value === 'string' &&
    value.length <= 2_048 &&
    /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)*$/.test(value)
  return isId ? value : undefined
}

function countryOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : undefined
}

function addressOf(value: unknown): string | undefined {
  return typeof value === 'string' && parseIp(value) !== undefined ? value : undefined
}

function anyOf(value: unknown): Form | undefined {
  return stringOf(value) ?? numberOf(value) ?? booleanOf(value)
}
