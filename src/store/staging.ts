import type { TenantId } from '../directory/directory.ts'

/**
 * Where a policy waits until every process that decides has compiled it. Nothing here is in force
 * and nothing of it takes a revision: what is lost is staged again. Every method rejects with
 * StoreUnavailable.
 */
export interface StagingStore {
  /** Takes the place of what was staged for the tenant; leaves by itself after a while. */
  stage(staged: StagedPolicy): Promise<void>
  unstage(tenant: TenantId): Promise<void>
  /** What is staged now, documents aside. */
  list(): Promise<readonly Omit<StagedPolicy, 'document'>[]>
  /** Undefined: nothing is staged for the tenant any more. */
  document(tenant: TenantId): Promise<string | undefined>
  /** What a process has to say of a version. */
  report(process: string, report: StagingReport): Promise<void>
  /** Processes that decide now, with what each said of a version. */
  deciders(tenant: TenantId, version: string): Promise<readonly DeciderState[]>
}

export interface StagedPolicy {
  readonly tenant: TenantId
  readonly version: string
  readonly document: string
}
export interface StagingReport {
  readonly tenant: TenantId
  readonly version: string
  /** Why it cannot be compiled; empty: it is ready. */
  readonly fault: string
}
export interface DeciderState {
  readonly process: string
  /** Undefined: nothing yet. */
  readonly fault: string | undefined
}

/** A publish takes seconds; what is older was left behind by one that died. */
export const stagedForMs = 120_000
