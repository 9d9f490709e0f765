import { randomUUID } from 'node:crypto'
import type { PolicySource } from '../directory/change.ts'
import type { TenantId } from '../directory/directory.ts'
import {
  type CheckedPolicy,
  parsePolicyDocument,
  policyDocument,
  policyVersion,
} from '../policy/checked-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import { toDateTime } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { PublishedPolicy, Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import {
  directoryFindings,
  type JudgeParts,
  PolicyRefused,
  refusals,
  staticFindings,
} from './judge-policy.ts'

export interface PublishParts extends JudgeParts {
  readonly store: Store
  /** Absent: this process does not decide. */
  readonly compiled?: CompiledPolicies
}

export interface Candidate {
  readonly tenant: TenantId
  readonly policy: CheckedPolicy
  readonly sources: readonly PolicySource[]
  /** `file`, or who typed it. */
  readonly by: string
  readonly why: string
  /** Numbers of checks whose errors are taken on purpose. */
  readonly accepted?: readonly number[]
  /** Whether what is wrong with the directory of now refuses it, too. */
  readonly judgesDirectory: boolean
}

export type Published =
  | { readonly kind: 'published'; readonly version: string; readonly findings: readonly Finding[] }
  /** It is the active version. */
  | { readonly kind: 'active'; readonly version: string }

/**
 * Makes a policy the active one of its tenant, everywhere at one revision: lint, then one log entry
 * by compare-and-set, so that two processes never undo each other unseen. Resolves when no process
 * can still answer by the version before.
 *
 * @throws {PolicyRefused} {@link StoreUnavailable}
 */
export async function publishPolicy(parts: PublishParts, candidate: Candidate): Promise<Published> {
  const { store } = parts
  const { tenant, policy } = candidate
  const version = policyVersion(policy)
  const document = policyDocument(policy)
  const before = await store.policies.active(tenant)
  if (before?.version === version) return { kind: 'active', version }
  const findings = await judge(parts, candidate, before)
  await parts.compiled?.compile(tenant, version, document)
  return await commit(parts, candidate, { version, document, findings })
}

/** @throws {PolicyRefused} for errors that were not accepted */
async function judge(
  parts: PublishParts,
  { tenant, policy, accepted, judgesDirectory }: Candidate,
  before: PublishedPolicy | undefined,
): Promise<readonly Finding[]> {
  const found = [
    ...staticFindings(policy, tenant, parts, previousOf(before)),
    ...(judgesDirectory ? await directoryFindings(policy, tenant, parts, parts.store) : []),
  ]
  const refused = refusals(found, accepted)
  if (refused.length > 0) throw new PolicyRefused(refused)
  return found
}

/** One that a newer version wrote is nobody's business here. */
function previousOf(before: PublishedPolicy | undefined): CheckedPolicy | undefined {
  try {
    return before && parsePolicyDocument(before.document)
  } catch {
    // Then ids are not compared with it.
    return undefined
  }
}

async function commit(
  { store, nowMs }: PublishParts,
  { tenant, sources, by, why }: Candidate,
  made: {
    readonly version: string
    readonly document: string
    readonly findings: readonly Finding[]
  },
): Promise<Published> {
  const { version, document, findings } = made
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const active = await store.policies.active(tenant)
    if (active?.version === version) return { kind: 'active', version }
    const at = toDateTime(nowMs)
    const change = { op: 'publish', tenant, version, document, sources, by, why, at } as const
    const replaces = active?.version
    const committed = await store.commit({ ...change, replaces }, { opId: randomUUID() })
    if (committed.kind === 'ok') await store.barrier(committed.position)
    if (committed.kind === 'ok' || committed.kind === 'noop') {
      return { kind: 'published', version, findings }
    }
    if (committed.kind === 'unavailable') {
      throw new StoreUnavailable('the policy was not published', committed.cause)
    }
  }
  throw new StoreUnavailable('another process publishes a policy for the same tenant')
}
const attemptsMax = 5
