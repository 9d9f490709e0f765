import { randomUUID } from 'node:crypto'
import type { TenantId } from '../directory/directory.ts'
import { parsePolicyDocument } from '../policy/checked-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import { directoryFindings, type JudgeParts, PolicyRefused, refusals } from './judge-policy.ts'
import type { PreparedPolicy } from './prepared-policy.ts'
import { stageEverywhere } from './staging.ts'

export interface PublishParts extends JudgeParts {
  readonly store: Store
  /** Absent: this process does not decide. */
  readonly compiled?: CompiledPolicies
  readonly clock: Clock
}

export interface Candidate {
  readonly tenant: TenantId
  readonly policy: PreparedPolicy
  /** `file`, or who typed it. */
  readonly by: string
  readonly why: string
  /** Numbers of checks whose errors are taken on purpose. */
  readonly accepted?: readonly number[]
  /** Whether what is wrong with the directory of now refuses it, too. */
  readonly judgesDirectory: boolean
  /** Whether processes that have not compiled it are left to do so once it is active. */
  readonly force?: boolean
  /** How long such processes are waited for; by default a minute. */
  readonly readyWithinMs?: number | undefined
}

export type Published =
  | { readonly kind: 'published'; readonly version: string; readonly findings: readonly Finding[] }
  /** It is the active version. */
  | { readonly kind: 'active'; readonly version: string }

/**
 * Makes a policy the active one of its tenant, everywhere at one revision: lint, then every process
 * that decides compiles it, then one log entry by compare-and-set, so that two processes never undo
 * each other unseen. Resolves when no process can still answer by the version before.
 *
 * @throws {PolicyRefused} {@link StagingRefused} {@link StoreUnavailable}
 */
export async function publishPolicy(parts: PublishParts, candidate: Candidate): Promise<Published> {
  const { store } = parts
  const { tenant, policy, accepted } = candidate
  const { version, document } = policy
  const before = await store.policies.active(tenant)
  if (before?.version === version) return { kind: 'active', version }
  const findings = [...policy.findings, ...(await directoryJudges(parts, candidate))]
  const refused = refusals(findings, accepted)
  if (refused.length > 0) throw new PolicyRefused(refused)
  await parts.compiled?.compile(tenant, version, document)
  if (candidate.force !== true) {
    const staged = { tenant, version, document }
    await stageEverywhere(store.staging, staged, parts.clock, candidate.readyWithinMs)
  }
  return await commit(parts, candidate, findings)
}

async function directoryJudges(
  parts: PublishParts,
  { tenant, policy, judgesDirectory }: Candidate,
): Promise<readonly Finding[]> {
  if (!judgesDirectory) return []
  return await directoryFindings(parsePolicyDocument(policy.document), tenant, parts, parts.store)
}

async function commit(
  { store, clock }: PublishParts,
  { tenant, policy, by, why }: Candidate,
  findings: readonly Finding[],
): Promise<Published> {
  const { version, document, sources } = policy
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const active = await store.policies.active(tenant)
    if (active?.version === version) return { kind: 'active', version }
    const at = toDateTime(clock.wallMs())
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
