import type { DirectoryCache } from '../cache/directory-cache.ts'
import type { ActivePolicies } from '../decision/active-policies.ts'
import type { TenantId } from '../directory/directory.ts'
import type { Clock } from '../std/clock.ts'
import type { StagingStore } from '../store/staging.ts'
import type { CompiledPolicies } from './compiled-policies.ts'

export interface StagedPartsOfDecider {
  readonly staging: StagingStore
  readonly compiled: CompiledPolicies
  readonly policies: ActivePolicies
  readonly cache: DirectoryCache
  /** Of this process, among those that decide. */
  readonly process: string
  readonly tenants: readonly TenantId[]
  readonly clock: Clock
}

/**
 * Looks for policies that wait to become active until `signal` aborts: compiles each, reads into
 * memory what it asks of users beyond the present ones, and says that it is ready, or why it cannot
 * be. So that once the version is active everything is at hand.
 */
export async function followStaging(
  parts: StagedPartsOfDecider,
  signal: AbortSignal,
): Promise<void> {
  const { staging, clock } = parts
  const done = new Map<TenantId, string>()
  while (!signal.aborted) {
    try {
      for (const { tenant, version } of await staging.list()) {
        if (done.get(tenant) === version || !parts.tenants.includes(tenant)) continue
        await readyFor(parts, tenant, version)
        done.set(tenant, version)
      }
    } catch {
      // A store that is away is told of elsewhere, and whoever publishes waits for its report.
    }
    await clock.sleep(lookMs, signal)
  }
}

async function readyFor(
  { staging, compiled, policies, cache, process }: StagedPartsOfDecider,
  tenant: TenantId,
  version: string,
): Promise<void> {
  const document = await staging.document(tenant)
  if (document === undefined) return
  let fault = ''
  try {
    const { attributesRead } = await compiled.compile(tenant, version, document)
    await cache.widen(policies.attributesRead().union(attributesRead))
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error)
  }
  await staging.report(process, { tenant, version, fault })
}

/** A publish waits that long on average until it is noticed. */
const lookMs = 250

/** A process cannot use the candidate, or has not said whether it can. Nothing was published. */
export class StagingRefused extends Error {
  override readonly name = 'StagingRefused'
  readonly code = 'POLICY_NOT_READY'

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
  }
}

/**
 * Resolves when every process that decides has a version at hand; at once where none does.
 * @throws {StagingRefused} naming the processes that cannot, or did not say so in time
 */
export async function stageEverywhere(
  staging: StagingStore,
  candidate: { readonly tenant: TenantId; readonly version: string; readonly document: string },
  clock: Clock,
  readyWithinMs = waitMsMax,
): Promise<void> {
  const { tenant, version } = candidate
  if ((await staging.deciders(tenant, version)).length === 0) return
  await staging.stage(candidate)
  try {
    const endMs = clock.monotonicMs() + readyWithinMs
    for (;;) {
      const deciders = await staging.deciders(tenant, version)
      const faulty = deciders.filter(({ fault }) => fault !== undefined && fault !== '')
      if (faulty.length > 0) {
        throw new StagingRefused(faulty.map(({ process, fault }) => `${process}: ${fault}`))
      }
      const silent = deciders.filter(({ fault }) => fault === undefined)
      if (silent.length === 0) return
      if (clock.monotonicMs() >= endMs) {
        const seconds = readyWithinMs / 1_000
        const late = `has not compiled it within ${seconds} s; --force goes on without it`
        throw new StagingRefused(silent.map(({ process }) => `${process}: ${late}`))
      }
      await clock.sleep(pollMs)
    }
  } finally {
    await staging.unstage(tenant).catch(() => undefined)
  }
}

/** Of 50,000 rules and a million users, reading takes longest: half a minute. */
const waitMsMax = 60_000
const pollMs = 50
