import { CompiledPolicies } from '../../src/app/compiled-policies.ts'
import { DirectoryCache } from '../../src/cache/directory-cache.ts'
import { ActivePolicies, type PolicyLoader } from '../../src/decision/active-policies.ts'
import { Decider } from '../../src/decision/decider.ts'
import type { Answer, Attempt, Outcome } from '../../src/decision/decision.ts'
import type { LastLook } from '../../src/decision/looked.ts'
import { DirectoryResolution } from '../../src/decision/subject.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { followFeed } from '../../src/feed/feed.ts'
import type { Vocabulary } from '../../src/policy/attribute-at.ts'
import { policyDocument } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { noContextKeys } from '../../src/policy/context-keys.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { printFaults } from '../../src/std/fault.ts'
import type { Store } from '../../src/store/store.ts'
import { silentObserver } from './silent-observer.ts'
import { acme, entra, okta } from './store-fixture.ts'

/**
 * A Decider over a store, with a vouch that tests move. The policy needs no publishing; without
 * one it is what the store says.
 */
export interface DecisionRig extends AsyncDisposable {
  readonly cache: DirectoryCache
  readonly decider: Decider
  readonly policies: ActivePolicies
  /** Of the rig, among those that decide. */
  readonly process: string
  readonly vouch: { -readonly [Name in keyof LastLook]: LastLook[Name] }
}

export interface RigOptions {
  readonly clock?: Clock
  readonly principalsMax?: number
  readonly graceMs?: number
  readonly warms?: boolean
  readonly cacheableMs?: number
}

export async function decisionRig(
  store: Store,
  policy?: string,
  {
    clock = systemClock,
    principalsMax = 1000,
    graceMs = 0,
    warms = false,
    cacheableMs = 0,
  }: RigOptions = {},
): Promise<DecisionRig> {
  const vocabulary = { registry: createSchemaRegistry(), contextKeys: noContextKeys }
  const directories = [entra, okta].map((id) => ({
    id,
    tenant: acme,
    domains: [id === entra ? 'acme.example' : 'okta.example'],
    isDefault: id === entra,
    attributesForPolicy: true,
    graceMs,
  }))
  const load =
    policy === undefined
      ? new CompiledPolicies(store, {
          compile: async (document) => compilePolicy(document, vocabulary),
        }).load
      : fixed(policy, vocabulary, directories)
  const policies = new ActivePolicies(load, () => cache.keepAttributes(policies.attributesRead()))
  const feed = followFeed(store, clock)
  const cache = new DirectoryCache(store, feed, clock, silentObserver(), {
    principalsMax,
    warms,
    directories: [entra, okta],
    tenants: [acme],
    preparePolicy: (tenant) => policies.prepare(tenant),
  })
  const enlisted = store.enlist(() => cache.applied)
  const vouch = {
    lastLook: enlisted.lastLook.bind(enlisted),
    ageMs: enlisted.ageMs.bind(enlisted),
    staleForMs: enlisted.staleForMs.bind(enlisted),
  }
  await cache.started
  const resolution = new DirectoryResolution(directories)
  return {
    cache,
    policies,
    process: enlisted.id,
    vouch,
    decider: new Decider(cache, vouch, policies, resolution, clock, cacheableMs),
    [Symbol.asyncDispose]: async () => {
      await cache[Symbol.asyncDispose]()
      await enlisted[Symbol.asyncDispose]()
    },
  }
}

function fixed(
  text: string,
  vocabulary: Vocabulary,
  directories: readonly { readonly id: string }[],
): PolicyLoader {
  const read = readPolicy([{ file: 'policy.yaml', text }], {
    tenant: acme,
    vocabulary,
    directories: directories.map(({ id }) => id),
  })
  if (read.kind === 'faults') throw new Error(printFaults(read.faults))
  const rules = compilePolicy(policyDocument(read.policy), vocabulary)
  return async () => ({ rules, revision: 1 })
}

export function attempt(user: string, more: Partial<Attempt> = {}): Attempt {
  return {
    tenant: acme,
    subject: { kind: 'userName', name: user, directory: undefined },
    application: 'wiki',
    destination: undefined,
    action: 'connect',
    claims: new Map(),
    context: new Map(),
    minRevision: undefined,
    ...more,
  }
}

export function answered(outcome: Outcome): Answer {
  if (outcome.kind !== 'answer') throw new Error(`refused: ${outcome.kind}`)
  return outcome
}
