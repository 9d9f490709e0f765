import { DirectoryCache } from '../../src/cache/directory-cache.ts'
import { ActivePolicies } from '../../src/decision/active-policies.ts'
import { Decider, type LastLook } from '../../src/decision/decider.ts'
import type { Answer, Attempt, Outcome } from '../../src/decision/decision.ts'
import { DirectoryResolution } from '../../src/decision/subject.ts'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { followFeed } from '../../src/feed/feed.ts'
import { policyDocument } from '../../src/policy/checked-policy.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { systemClock } from '../../src/std/clock.ts'
import { printFaults } from '../../src/std/fault.ts'
import type { Store } from '../../src/store/store.ts'
import { silentObserver } from './silent-observer.ts'
import { acme, entra, okta } from './store-fixture.ts'

/** A Decider over a store, with a policy that needs no publishing, and a vouch that tests move. */
export interface DecisionRig extends AsyncDisposable {
  readonly cache: DirectoryCache
  readonly decider: Decider
  readonly vouch: { -readonly [Name in keyof LastLook]: LastLook[Name] }
}

export async function decisionRig(store: Store, policy: string): Promise<DecisionRig> {
  const registry = createSchemaRegistry()
  const directories = [entra, okta].map((id) => ({
    id,
    tenant: acme,
    domains: [id === entra ? 'acme.example' : 'okta.example'],
    isDefault: id === entra,
    attributesForPolicy: true,
  }))
  const read = readPolicy([{ file: 'policy.yaml', text: policy }], {
    tenant: acme,
    registry,
    directories: directories.map(({ id }) => id),
  })
  if (read.kind === 'faults') throw new Error(printFaults(read.faults))
  const rules = compilePolicy(policyDocument(read.policy), registry)
  const policies = new ActivePolicies(
    async () => ({ rules, revision: 1 }),
    () => cache.keepAttributes(policies.attributesRead()),
  )
  const feed = followFeed(store, systemClock)
  const cache = new DirectoryCache(store, feed, systemClock, silentObserver(), {
    principalsMax: 1000,
    directories: [entra, okta],
    tenants: [acme],
    preparePolicy: (tenant) => policies.prepare(tenant),
  })
  const enlisted = store.enlist(() => cache.applied)
  const vouch = { lastLook: enlisted.lastLook.bind(enlisted) }
  await cache.started
  const resolution = new DirectoryResolution(directories)
  return {
    cache,
    vouch,
    decider: new Decider(cache, vouch, policies, resolution, systemClock),
    [Symbol.asyncDispose]: async () => {
      await cache[Symbol.asyncDispose]()
      await enlisted[Symbol.asyncDispose]()
    },
  }
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
