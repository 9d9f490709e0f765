import { nearestName } from '../std/nearest-name.ts'
import {
  booleanType,
  countryType,
  dateTimeType,
  enumType,
  exactText,
  ipType,
  numberType,
  orderedEnumType,
  spiffeType,
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
  ['acr', one(exactText)],
  ['peer', one(spiffeType)],
])

/** `posture.<profile>`: true = verified. The profiles are named by whoever runs the gateways. */
const posturePrefix = 'posture.'
const posture = one(booleanType)

/** By the key below `context.`. */
export type ContextKeys = ReadonlyMap<string, ContextKey>
export const noContextKeys: ContextKeys = new Map()

/** Types that the config can declare a key of; a list of names is an order, least first. */
export const declarableTypes = {
  string: one(exactText),
  number: one(numberType),
  boolean: one(booleanType),
  ip: one(ipType),
  country: one(countryType),
  dateTime: one(dateTimeType),
  set,
} as const satisfies Readonly<Record<string, ContextKey>>
export type Declaration = keyof typeof declarableTypes | readonly string[]

export function declaredContextKeys(all: Readonly<Record<string, Declaration>>): ContextKeys {
  return new Map(
    Object.entries(all).map(([key, declared]) => [
      key,
      typeof declared === 'string' ? declarableTypes[declared] : one(orderedEnumType(declared)),
    ]),
  )
}

/** Why a key cannot be declared; undefined: it can. `acr` has no order before it is declared. */
export function undeclarable(key: string): string | undefined {
  const isBuiltIn = contextKeys.has(key) || key === 'posture' || key.startsWith(posturePrefix)
  return isBuiltIn && key !== 'acr' ? `\`context.${key}\` is built in` : undefined
}

export function contextKey(key: string, declared: ContextKeys): ContextKey | undefined {
  if (key.startsWith(posturePrefix) && key.length > posturePrefix.length) return posture
  return declared.get(key) ?? contextKeys.get(key)
}

/** For a message about an unknown key. */
export function knownContextKeys(
  key: string,
  declared: ContextKeys,
): { readonly nearest: string | undefined; readonly all: string } {
  const known = [...contextKeys.keys(), ...declared.keys()]
  const nearest = nearestName(key, known) ?? nearestPosture(key)
  return { nearest, all: [...new Set(known), 'posture.<profile>'].join(', ') }
}

function nearestPosture(key: string): string | undefined {
  const dot = key.indexOf('.')
  const first = dot < 0 ? key : key.slice(0, dot)
  if (nearestName(first, ['posture']) === undefined) return undefined
  return `posture${dot < 0 ? '.<profile>' : key.slice(dot)}`
}
