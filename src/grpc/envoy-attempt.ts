import {
  defaultAction,
  nameLengthMax,
  subjectLengthMax,
  valueLengthMax,
} from '../decision/attempt-limits.ts'
import type { Attempt, Subject } from '../decision/decision.ts'
import { splitAuthority, toDestination } from '../decision/destination.ts'
import { flattenJson, isObject, type Json, type JsonObject } from '../decision/sent-json.ts'
import { checkLength, type Violation } from '../decision/violation.ts'
import type { Asking } from './asked.ts'
import type { EnvoyAttributes, EnvoyHttp, EnvoyStruct, EnvoyValue } from './envoy-messages.ts'

/** Where the operator says that the subject of an Envoy check is found. */
export interface SubjectSource {
  readonly from: 'principal' | 'header' | 'jwt'
  readonly header?: string | undefined
  /** Dotted below the payload. */
  readonly claim?: string | undefined
  /** Must stand before the name, and is no part of it. */
  readonly prefix?: string | undefined
  readonly as: Subject['kind']
  readonly directory?: string | undefined
}
export interface ExtAuthzSettings {
  /** The first that is there counts. */
  readonly subject: readonly SubjectSource[]
  /** Key of the JWT's claims in Envoy's metadata: `payload_in_metadata`. */
  readonly payload: string
}

/**
 * The attempt that Envoy describes. Nothing is taken from what a client can set, unless the
 * operator has named a header: application and what the route performs come from
 * `context_extensions`, which are Envoy's configuration.
 */
export function toEnvoyAttempt(
  attributes: EnvoyAttributes,
  settings: ExtAuthzSettings,
  { caller, waitMs }: Pick<Asking, 'caller' | 'waitMs'>,
): Attempt | readonly Violation[] {
  const violations: Violation[] = []
  const extensions = attributes.context_extensions ?? {}
  const payload = payloadOf(attributes, settings.payload)
  const subject = subjectOf(attributes, settings.subject, payload)
  checkLength('subject', subject.name, subjectLengthMax, violations)
  const application = extensions.application || undefined
  const destination = application === undefined ? destinationOf(attributes, violations) : undefined
  if (application === undefined && destination === undefined) {
    const description = 'is missing: name it in `context_extensions`, or send SNI, host or address'
    violations.push({ field: 'application', description })
  }
  const action = extensions.action || defaultAction
  checkLength('application', application, nameLengthMax, violations)
  checkLength('action', action, nameLengthMax, violations)
  const claims = payload === undefined ? nothing : claimsOf(payload, violations)
  const context = contextOf(attributes, extensions)
  if (violations.length > 0) return violations
  return {
    tenant: caller.tenant,
    subject,
    application,
    destination,
    action,
    claims,
    context,
    minRevision: undefined,
    waitMs,
  }
}

const nothing: Attempt['claims'] = new Map()
const nobody: Subject = { kind: 'userName', name: '', directory: undefined }

function subjectOf(
  attributes: EnvoyAttributes,
  sources: readonly SubjectSource[],
  payload: JsonObject | undefined,
): Subject {
  for (const source of sources) {
    const { prefix = '', as, directory } = source
    const found = foundIn(source, attributes, payload)
    if (found === sentSeveralTimes) return nobody
    if (found === undefined || found.length <= prefix.length) continue
    if (found.startsWith(prefix)) {
      return { kind: as, name: found.slice(prefix.length), directory }
    }
  }
  return nobody
}

function foundIn(
  { from, header = '', claim = '' }: SubjectSource,
  { source, request }: EnvoyAttributes,
  payload: JsonObject | undefined,
): string | typeof sentSeveralTimes | undefined {
  switch (from) {
    case 'principal':
      return source?.principal
    case 'header':
      return headerOf(request?.http, header)
    case 'jwt': {
      const value = payload && (payload[claim] ?? below(payload, claim.split('.')))
      return typeof value === 'string' ? value : undefined
    }
  }
}

function below(json: Json, path: readonly string[]): Json {
  return path.reduce<Json>((at, key) => (isObject(at) ? at[key] : undefined), json)
}

/** A header sent more than once names nobody: Envoy joins the values, and hops read them apart. */
function headerOf(
  http: EnvoyHttp | undefined,
  name: string,
): string | typeof sentSeveralTimes | undefined {
  const sent = http?.headers?.[name]
  if (sent !== undefined) return sent.includes(',') ? sentSeveralTimes : sent
  const raw = http?.header_map?.headers?.filter(({ key }) => key?.toLowerCase() === name) ?? []
  const [only] = raw
  if (only === undefined) return undefined
  if (raw.length > 1) return sentSeveralTimes
  return only.raw_value?.length ? Buffer.from(only.raw_value).toString('utf8') : only.value
}
const sentSeveralTimes = Symbol('sent several times')

const jwtFilter = 'envoy.filters.http.jwt_authn'

function payloadOf(attributes: EnvoyAttributes, key: string): JsonObject | undefined {
  const metadata = attributes.metadata_context?.filter_metadata?.[jwtFilter]
  const payload = metadata?.fields?.[key]?.structValue
  return payload && toJson(payload)
}

function toJson({ fields = {} }: EnvoyStruct): JsonObject {
  const json: Record<string, Json> = Object.create(null)
  for (const [key, value] of Object.entries(fields)) json[key] = toJsonValue(value)
  return json
}

function toJsonValue(value: EnvoyValue): Json {
  if (value.structValue !== undefined) return toJson(value.structValue)
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(toJsonValue)
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null
}

/** Claims named by a URL are common in tokens and have dots: no rule can name them, so they go. */
function claimsOf(payload: JsonObject, violations: Violation[]): Attempt['claims'] {
  const entries = Object.entries(payload).filter(([key]) => !key.includes('.'))
  return flattenJson('claims', Object.fromEntries(entries), violations)
}

/** A host before an address: of HTTP the address is where Envoy listens, not where it goes. */
function destinationOf(attributes: EnvoyAttributes, violations: Violation[]) {
  const { request, tls_session, destination } = attributes
  const socket = destination?.address?.socket_address
  const port = socket?.port_value
  const authority = request?.http?.host
  if (authority) {
    const { host, port: named } = splitAuthority(authority)
    const standard = request?.http?.scheme === 'http' ? 80 : 443
    return toDestination({ host, port: named ?? standard, protocol: 'tcp' }, violations)
  }
  const sni = tls_session?.sni
  if (sni) return toDestination({ host: sni, port, protocol: 'tcp' }, violations)
  if (!socket?.address) return undefined
  const protocol = socket.protocol === 1 ? 'udp' : 'tcp'
  return toDestination({ ip: socket.address, port, protocol }, violations)
}

/**
 * `sourceIp` and `peer` of the connection, `http.method` and `http.path` of a request, and what
 * the operator adds as `context.KEY` in `context_extensions`.
 */
function contextOf(
  { source, request }: EnvoyAttributes,
  extensions: Readonly<Record<string, string>>,
): Attempt['context'] {
  const context = new Map<string, string>()
  const ip = source?.address?.socket_address?.address
  if (ip) context.set('sourceIp', ip)
  if (source?.principal?.startsWith('spiffe://')) context.set('peer', source.principal)
  const { method, path } = request?.http ?? {}
  for (const [key, sent] of [
    ['http.method', method],
    ['http.path', path],
  ] as const) {
    // The beginning of a longer one is another value, with which a block rule could be got round.
    if (sent && sent.length <= valueLengthMax) context.set(key, sent)
  }
  for (const [key, value] of Object.entries(extensions)) {
    if (key.startsWith(contextPrefix)) context.set(key.slice(contextPrefix.length), value)
  }
  return context
}

const contextPrefix = 'context.'
