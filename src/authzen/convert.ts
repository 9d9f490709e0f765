import {
  listMax,
  nameLengthMax,
  revisionLengthMax,
  subjectLengthMax,
} from '../decision/attempt-limits.ts'
import type { Answer, Attempt, Subject } from '../decision/decision.ts'
import { administratorMessage } from '../decision/messages.ts'
import {
  type Flatten,
  flattenJson,
  isObject,
  type Json,
  type JsonObject,
} from '../decision/sent-json.ts'
import { checkLength, type Violation } from '../decision/violation.ts'
import type { TenantId } from '../directory/directory.ts'
import { toTarget } from './target.ts'

/**
 * The words of the Authorization API to our nouns and back.
 */

/** The entities of a request, as sent; `undefined`: not there. */
export interface Entities {
  readonly subject: Json
  readonly action: Json
  readonly resource: Json
  readonly context: Json
}
/** Which entity is searched for: it needs no id, and one that is sent means nothing. */
export type Searched = 'subject' | 'resource' | 'action'

export type ReadAttempt =
  | {
      readonly kind: 'attempt'
      readonly attempt: Attempt
      /** Types of obligations that the caller says it performs; undefined: it does not say. */
      readonly supports: ReadonlySet<string> | undefined
    }
  /** Well-formed, and about somebody that no directory can have. */
  | { readonly kind: 'stranger'; readonly violation: Violation }
  | { readonly kind: 'faults'; readonly violations: readonly Violation[] }

/** How the attempt of some entities is read. */
export interface Reading {
  readonly searched?: Searched
  readonly flatten?: Flatten
}

/** The attempt that the entities describe, or everything wrong with them at once. */
export function toAttempt(
  entities: Entities,
  tenant: TenantId,
  { searched, flatten = flattenJson }: Reading = {},
): ReadAttempt {
  const violations: Violation[] = []
  const subject = entityAt('subject', entities.subject, violations)
  const action = searched === 'action' ? noEntity : entityAt('action', entities.action, violations)
  const resource = entityAt('resource', entities.resource, violations)
  const context = objectAt('context', entities.context ?? noEntity, violations)
  const kind = textAt('subject.type', subject?.type, subject, nameLengthMax, violations)
  const name =
    searched === 'subject'
      ? ''
      : textAt('subject.id', subject?.id, subject, subjectLengthMax, violations)
  const actionName =
    searched === 'action'
      ? ''
      : textAt('action.name', action?.name, action, nameLengthMax, violations)
  const type = textAt('resource.type', resource?.type, resource, nameLengthMax, violations)
  const id =
    searched === 'resource'
      ? ''
      : textAt('resource.id', resource?.id, resource, subjectLengthMax, violations)
  const said = propertiesAt('resource', resource, violations)
  const target =
    resource === undefined || type === '' || (id === '' && searched !== 'resource')
      ? { application: '', destination: undefined }
      : toTarget({ type, id, properties: said, isSearched: searched === 'resource' }, violations)
  const valuesOf = (entity: string, properties: JsonObject | undefined) =>
    properties && flatten(`${entity}.properties`, properties, violations)
  const claims = valuesOf('subject', propertiesAt('subject', subject, violations))
  const actionProperties = valuesOf('action', propertiesAt('action', action, violations))
  const resourceProperties = valuesOf('resource', said)
  const { min_revision, supported_obligations } = context ?? noEntity
  const sentContext = flatten('context', context ?? noEntity, violations, reservedInContext)
  const minRevision = revisionAt(min_revision, violations)
  const supports = supportedAt(supported_obligations, violations)
  if (violations.length > 0) return { kind: 'faults', violations }
  const lookup = lookupOf.get(kind)
  if (lookup === undefined) {
    const description = `is none of ${[...lookupOf.keys()].join(', ')}`
    return { kind: 'stranger', violation: { field: 'subject.type', description } }
  }
  const attempt: Attempt = {
    tenant,
    subject: { kind: lookup, name, directory: undefined },
    ...target,
    action: actionName,
    claims: claims ?? nothing,
    context: sentContext,
    ...(actionProperties !== undefined && { actionProperties }),
    ...(resourceProperties !== undefined && { resourceProperties }),
    minRevision,
  }
  return { kind: 'attempt', attempt, supports }
}

const lookupOf: ReadonlyMap<string, Subject['kind']> = new Map([
  ['user', 'userName'],
  ['user-id', 'id'],
  ['user-external-id', 'externalId'],
])
const noEntity: JsonObject = Object.freeze({})
const nothing: Attempt['claims'] = new Map()
const reservedInContext: ReadonlySet<string> = new Set(['min_revision', 'supported_obligations'])

/**
 * What no default may be: of another JSON type than the standard says. What is missing in one is
 * for the item that inherits it.
 */
export function typeFaults(entities: Entities): readonly Violation[] {
  const violations: Violation[] = []
  for (const [field, json] of Object.entries(entities)) {
    if (json === undefined) continue
    const entity = objectAt(field, json, violations)
    if (entity === undefined || field === 'context') continue
    for (const part of ['type', 'id', 'name'] as const) {
      const text = entity[part]
      if (text === undefined || typeof text === 'string') continue
      violations.push({ field: `${field}.${part}`, description: 'is not a string' })
    }
    propertiesAt(field, entity, violations)
  }
  return violations
}

function entityAt(field: string, json: Json, violations: Violation[]): JsonObject | undefined {
  if (json !== undefined) return objectAt(field, json, violations)
  violations.push({ field, description: 'is missing' })
  return undefined
}

function objectAt(field: string, json: Json, violations: Violation[]): JsonObject | undefined {
  if (isObject(json)) return json
  violations.push({ field, description: 'is not an object' })
  return undefined
}

/** Empty where it is at fault; of an entity that is not there nothing more is said. */
function textAt(
  field: string,
  json: Json,
  entity: JsonObject | undefined,
  lengthMax: number,
  violations: Violation[],
): string {
  if (entity === undefined) return ''
  if (typeof json === 'string' && json !== '') {
    checkLength(field, json, lengthMax, violations)
    return json.length > lengthMax ? '' : json
  }
  const isThere = json === '' ? 'is empty' : 'is not a string'
  violations.push({ field, description: json === undefined ? 'is missing' : isThere })
  return ''
}

function propertiesAt(
  field: string,
  entity: JsonObject | undefined,
  violations: Violation[],
): JsonObject | undefined {
  if (entity?.properties === undefined) return undefined
  return objectAt(`${field}.properties`, entity.properties, violations)
}

function revisionAt(json: Json, violations: Violation[]): string | undefined {
  if (json === undefined) return undefined
  const field = 'context.min_revision'
  return textAt(field, json, noEntity, revisionLengthMax, violations)
}

/** AuthZEN obligations draft: what the caller can perform of what it may be told to. */
function supportedAt(json: Json, violations: Violation[]): ReadonlySet<string> | undefined {
  if (json === undefined) return undefined
  const isTooLong = Array.isArray(json) && json.length > listMax
  if (Array.isArray(json) && !isTooLong && json.every((type) => typeof type === 'string')) {
    return new Set(json)
  }
  const description = isTooLong ? `has more than ${listMax} entries` : 'is not a list of strings'
  violations.push({ field: 'context.supported_obligations', description })
  return undefined
}

/** A decision as the standard answers it; `context` has the names of `sallyport.v1`. */
export interface DecisionBody {
  readonly decision: boolean
  readonly context: JsonObject
}

/** `explains`: whether the caller may see why. */
export function toDecision(answer: Answer, explains: boolean): DecisionBody {
  const { effect, reason, rule, application, message, obligations, unknown, stale, world } = answer
  const context = {
    reason,
    rule: rule || undefined,
    application: application || undefined,
    decision_id: answer.decisionId,
    revision: world.revision,
    policy_version: world.policyVersion,
    cacheable_for_ms: Math.floor(Math.max(0, answer.cacheableForMs)),
    age_ms: Math.ceil(Math.max(0, world.ageMs)),
    unknown: unknown.length > 0 ? unknown : undefined,
    stale: stale || undefined,
    obligations: obligations.length > 0 ? obligations.map(toObligation) : undefined,
    reason_user: message || undefined,
    reason_admin: explains ? reasonForAdministrators(answer) : undefined,
  }
  return { decision: effect === 'allow', context }
}

function toObligation({ id, type, properties }: Answer['obligations'][number]): JsonObject {
  return { id, type, properties: Object.fromEntries(properties) }
}

function reasonForAdministrators({ reason, rule, unknown }: Answer): string {
  const why = reason === 'RULE' ? `rule \`${rule}\` decided` : administratorMessage[reason]
  return unknown.length === 0 ? why : `${why}; unknown: ${unknown.join(', ')}`
}

/** One item that could not be asked about. Its caller takes it for a denial. */
export function toErrorItem(status: number, message: string): DecisionBody {
  return { decision: false, context: { error: { status, message } } }
}
