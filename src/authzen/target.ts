import type { Target } from '../decision/application.ts'
import { nameLengthMax } from '../decision/attempt-limits.ts'
import { splitAuthority, toDestination } from '../decision/destination.ts'
import type { Json, JsonObject } from '../decision/sent-json.ts'
import { checkLength, type Violation } from '../decision/violation.ts'

/** A resource as the standard names it. */
export interface SentResource {
  readonly type: string
  readonly id: string
  readonly properties: JsonObject | undefined
  readonly isSearched: boolean
}

/** The one type that is no application's: where the connection goes, and the application there. */
export const destinationType = 'destination'

/** What is connected to: an application by name and type, or what is at a destination. */
export function toTarget(sent: SentResource, violations: Violation[]): Target {
  const { type, id, properties = {}, isSearched } = sent
  if (type !== destinationType || isSearched) {
    checkLength('resource.id', id, nameLengthMax, violations)
    return { application: id, applicationType: type, destination: undefined }
  }
  const text = (part: 'host' | 'ip' | 'protocol') => textAt(part, properties[part], violations)
  const [host, ip, protocol] = [text('host'), text('ip'), text('protocol')]
  const port = portAt(properties.port, violations)
  // The id is a label for people where the properties say it.
  const isInId = host === undefined && ip === undefined
  const named = isInId ? splitAuthority(id) : { host, port: undefined }
  if (port !== undefined && named.port !== undefined && named.port !== port) {
    violations.push({ field: portField, description: 'is another port than that of `resource.id`' })
  }
  const found: Violation[] = []
  const destination = toDestination(
    { host: named.host, ip, port: port ?? named.port, protocol },
    found,
  )
  for (const { field, description } of found) {
    const part = field.replace('destination.', 'resource.properties.')
    violations.push({
      field: isInId && field === 'destination.host' ? 'resource.id' : part,
      description,
    })
  }
  return { application: undefined, destination }
}

function textAt(part: string, json: Json, violations: Violation[]): string | undefined {
  if (json === undefined || typeof json === 'string') return json
  violations.push({ field: `resource.properties.${part}`, description: 'is not a string' })
  return undefined
}

const portField = 'resource.properties.port'

function portAt(json: Json, violations: Violation[]): number | undefined {
  if (json === undefined) return undefined
  if (typeof json === 'number' && Number.isInteger(json) && json >= 1 && json <= 65_535) return json
  violations.push({ field: portField, description: 'is not a number from 1 to 65535' })
  return undefined
}
