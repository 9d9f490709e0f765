import {
  enterpriseUrn,
  groupUrn,
  patchBody,
  type Json as Sent,
  userUrn,
} from '../scim-http/scim-fixture.ts'

/**
 * Requests that change users and groups, as what they mean: a place is an attribute, a filter and a
 * sub-attribute, not yet a path. The model reads them so; `requestOf` writes them as SCIM.
 */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

export interface Change {
  readonly of: 'users' | 'groups'
  readonly verb: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly id: string
  /** Of a POST or PUT. The extension is under `enterprise`. */
  readonly body?: { [name: string]: Json }
  /** Of a PATCH. */
  readonly operations?: readonly Operation[]
  readonly style: Style
}

export interface Operation {
  readonly op: 'add' | 'replace' | 'remove'
  readonly place?: Place | undefined
  readonly value?: Json
  /** Without a place: what the value says of which attributes. */
  readonly values?: readonly (readonly [Place, Json])[]
}
export interface Place {
  /** Undefined: the whole extension. */
  readonly attribute?: string
  readonly extension?: boolean
  readonly filter?: Condition
  readonly sub?: string
}
export type Condition =
  | {
      readonly test: 'eq' | 'ne' | 'co' | 'sw' | 'pr'
      readonly name: string
      readonly value: string | boolean
    }
  | { readonly and: readonly Condition[] }
  | { readonly or: readonly Condition[] }
  | { readonly not: Condition }

/** How it is written: all of these mean the same. */
export interface Style {
  readonly names: 'as they are' | 'upper' | 'lower'
  /** Core attributes with the URN of their schema, those of the extension without. */
  readonly otherUrns: boolean
}

export interface Written {
  readonly schemas: readonly string[]
  readonly [name: string]: unknown
}

export function requestOf({
  of,
  verb,
  body = {},
  operations = [],
  style,
}: Change): Written | undefined {
  if (verb === 'DELETE') return undefined
  if (verb === 'PATCH') {
    return patchBody(...operations.map((operation) => written(operation, of, style))) as Written
  }
  const schemas = [of === 'users' ? userUrn : groupUrn]
  return { schemas, ...keyed(Object.entries(body), (name) => attributeText(name, style)) }
}

function attributeText(name: string, style: Style): string {
  return name === 'enterprise' ? enterpriseUrn : cased(name, style)
}

function written({ op, place, value, values }: Operation, of: Change['of'], style: Style): Sent {
  const named = values && keyed(values, (at) => pathText(at, of, style))
  return {
    op: style.names === 'as they are' ? op : cased(op, style),
    ...(place && { path: pathText(place, of, style) }),
    ...((named ?? value) !== undefined && { value: named ?? value }),
  }
}

function keyed<Name>(entries: readonly (readonly [Name, Json])[], text: (name: Name) => string) {
  const object: { [name: string]: Json } = {}
  for (const [name, value] of entries) object[text(name)] = value
  return object
}

export function pathText(
  { attribute, extension, filter, sub }: Place,
  of: Change['of'],
  style: Style,
) {
  const core = of === 'users' ? userUrn : groupUrn
  const isBare = extension ? style.otherUrns : !style.otherUrns
  if (attribute === undefined) return enterpriseUrn
  const prefix = isBare ? '' : `${extension ? enterpriseUrn : core}:`
  const brackets = filter === undefined ? '' : `[${filterText(filter, style)}]`
  return `${prefix}${cased(attribute, style)}${brackets}${sub === undefined ? '' : `.${cased(sub, style)}`}`
}

function filterText(filter: Condition, style: Style): string {
  const each = (terms: readonly Condition[]) => terms.map((term) => `(${filterText(term, style)})`)
  if ('and' in filter) return each(filter.and).join(' and ')
  if ('or' in filter) return each(filter.or).join(' OR ')
  if ('not' in filter) return `not (${filterText(filter.not, style)})`
  const { test, name, value } = filter
  if (test === 'pr') return `${cased(name, style)} pr`
  // Entra writes booleans as text.
  const isText = typeof value === 'string' || style.otherUrns
  const operand = isText ? JSON.stringify(value === true ? 'True' : String(value)) : String(value)
  return `${cased(name, style)} ${test} ${operand}`
}

function cased(name: string, { names }: Style): string {
  if (names === 'as they are') return name
  return names === 'upper' ? name.toUpperCase() : name.toLowerCase()
}

/** Ids that are only known once resources are there: `@3` is the fourth of them. */
export function resolved<Value>(value: Value, ids: readonly string[]): Value {
  const idAt = (_: string, at: string) => JSON.stringify(ids[Number(at) % ids.length] ?? 'nobody')
  return JSON.parse(JSON.stringify(value).replaceAll(/"@(\d+)"/g, idAt))
}
