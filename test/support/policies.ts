import { parse } from 'yaml'
import type { AttributeValue, Complex, DirectoryId } from '../../src/directory/directory.ts'
import { fold } from '../../src/directory/identity.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { F, T, U } from '../../src/directory/three-values.ts'
import { policyDocument } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { declaredContextKeys } from '../../src/policy/context-keys.ts'
import type { Facts, RuleSet, Value, Values } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { printFaults } from '../../src/std/fault.ts'

export const registry = createSchemaRegistry()
export const vocabulary = {
  registry,
  // Random policies read it; rule files that people write here do not.
  contextKeys: declaredContextKeys({ enrolled: 'dateTime' }),
}
export const readOptions = { tenant: 'acme', vocabulary, directories: ['entra', 'okta'] }

/** As `readPolicy`, of one file called `p.yaml`. */
export function read(text: string) {
  return readPolicy([{ file: 'p.yaml', text }], readOptions)
}

/** The rules of a file that has no faults. */
export function compiled(text: string): RuleSet {
  const found = read(text)
  if (found.kind === 'faults') throw new Error(printFaults(found.faults))
  return compilePolicy(policyDocument(found.policy), vocabulary)
}

/** What is known of an attempt, in the nested form that people write. */
export interface Given {
  readonly directory?: string
  /** SCIM attributes; `groups` by name; null: the directory may not be used. */
  readonly user?: Readonly<Record<string, unknown>> | null
  /** Group names that two groups share, of which the subject is in one. */
  readonly doubtful?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
  readonly context?: Readonly<Record<string, unknown>>
  readonly action?: Readonly<Record<string, unknown>>
  readonly resource?: Readonly<Record<string, unknown>>
  /** RFC 3339. */
  readonly now?: string
  readonly ageMs?: number
}

export function factsOf({ directory = 'entra', user = {}, doubtful = [], ...sent }: Given): Facts {
  const { groups = [], enterprise, ...attributes } = user ?? {}
  const held = new Set((groups as readonly string[]).map(fold))
  const shared = new Set(doubtful.map(fold))
  const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
  const document = { id: 'user-1', ...attributes, ...(enterprise ? { [urn]: enterprise } : {}) }
  const membership = (name: string) => (shared.has(name) ? U : held.has(name) ? T : F)
  return {
    directory: directory as DirectoryId,
    user: user === null ? undefined : (withoutPrototype(document) as Complex),
    groups: {
      hasName: (name) => (user === null ? U : membership(name)),
      hasId: (id) => (user === null ? U : membership(fold(id))),
      held:
        user === null
          ? undefined
          : {
              names: [...held].filter((name) => !shared.has(name)),
              doubtfulNames: [...shared],
              ids: [...held, ...shared],
            },
    },
    claims: flattened(sent.claims ?? {}),
    context: flattened(sent.context ?? {}),
    action: flattened(sent.action ?? {}),
    resource: flattened(sent.resource ?? {}),
    nowMs: Date.parse(sent.now ?? '2026-05-04T10:00:00Z'),
    ageMs: sent.ageMs ?? 0,
  }
}

/** Objects as the directory makes them. */
function withoutPrototype(value: unknown): AttributeValue {
  if (Array.isArray(value)) return value.map(withoutPrototype)
  if (typeof value !== 'object' || value === null) return value as AttributeValue
  const entries = Object.entries(value).map(([key, each]) => [key, withoutPrototype(each)])
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}

/** Keys flat and dotted, as the wires have them. */
function flattened(nested: Readonly<Record<string, unknown>>, prefix = ''): Values {
  const values = new Map<string, Value>()
  for (const [key, value] of Object.entries(nested)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const inner = flattened(value as Readonly<Record<string, unknown>>, `${prefix}${key}.`)
      for (const [below, each] of inner) values.set(below, each)
    } else values.set(`${prefix}${key}`, value as Value)
  }
  return values
}

export function yaml(text: string): unknown {
  return parse(text, { version: '1.2' })
}
