import { nearestName } from '../std/nearest-name.ts'
import {
  booleanType,
  countryType,
  enumType,
  exactText,
  ipType,
  numberType,
  orderedEnumType,
  type ValueType,
} from './value-type.ts'

/** What is known of an attempt's surroundings under one key. */
export interface ContextKey {
  readonly type: ValueType
  readonly multiValued: boolean
}

const one = (type: ValueType): ContextKey => ({ type, multiValued: false })
const set: ContextKey = { type: exactText, multiValued: true }

/** Keys below `context.`, with their types. */
const contextKeys: ReadonlyMap<string, ContextKey> = new Map([
  [
    'clientType',
    one(
      enumType([
        'client',
        'browser',
        'browser-unauthenticated',
        'machine-tunnel',
        'edge-connector',
        'branch-connector',
        'ip-anchoring',
        'isolation',
        'vdi',
        'partner',
        'inspection',
        'log-stream',
      ]),
    ),
  ],
  ['platform', one(enumType(['linux', 'mac', 'windows', 'ios', 'android']))],
  ['trustedNetworks', set],
  ['location', one(exactText)],
  ['country', one(countryType)],
  ['asn', one(numberType)],
  ['sourceIp', one(ipType)],
  ['risk', one(orderedEnumType(['low', 'medium', 'high', 'critical']))],
  ['machineGroups', set],
  ['connectorGroups', set],
  ['browser.managed', one(booleanType)],
  ['browser.postureProfiles', set],
])

/** `posture.<profile>`: true = verified. The profiles are named by whoever runs the gateways. */
const posturePrefix = 'posture.'
const posture = one(booleanType)

/** By the key below `context.`. */
export function contextKey(key: string): ContextKey | undefined {
  if (key.startsWith(posturePrefix) && key.length > posturePrefix.length) return posture
  return contextKeys.get(key)
}

/** For a message about an unknown key. */
export function knownContextKeys(key: string): {
  readonly nearest: string | undefined
  readonly all: string
} {
  const nearest = nearestName(key, contextKeys.keys()) ?? nearestPosture(key)
  return { nearest, all: [...contextKeys.keys(), 'posture.<profile>'].join(', ') }
}

function nearestPosture(key: string): string | undefined {
  const dot = key.indexOf('.')
  const first = dot < 0 ? key : key.slice(0, dot)
  if (nearestName(first, ['posture']) === undefined) return undefined
  return `posture${dot < 0 ? '.<profile>' : key.slice(dot)}`
}
