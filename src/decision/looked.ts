import type { DirectoryCache } from '../cache/directory-cache.ts'
import type { Application, Facts, Obligation, RuleSet } from '../policy/policy.ts'
import { unreachable } from '../std/assert.ts'
import type { Answer, Outcome, Reason, World } from './decision.ts'
import { personMessage } from './messages.ts'

/** The state a vouch can be in; see the store. */
export interface LastLook {
  lastLook(applied: DirectoryCache['applied']): 'current' | 'behind' | 'stale' | 'unavailable'
  ageMs(): number
  staleForMs(): number
}

/** What an explanation needs beyond the answer; absent where no rule was reached. */
export interface Basis {
  readonly rules: RuleSet
  readonly application: Application
  readonly facts: Facts
  readonly action: string
}

export interface Looked {
  readonly kind: 'looked'
  readonly outcome: Outcome
  readonly basis: Basis | undefined
  /** So long the outcome stands on data that nobody can confirm. */
  readonly graceMs: number
}
export interface Look {
  readonly verdict: ReturnType<LastLook['lastLook']>
  readonly staleForMs: number
}
export interface Broken {
  readonly kind: 'broken'
  readonly error: unknown
}
export type Found = Looked | Wait
export type Wait =
  | { readonly kind: 'wait'; readonly why: 'revision' | 'behind' }
  | { readonly kind: 'wait'; readonly why: 'principal'; readonly key: Wanted }
export type Wanted = Parameters<DirectoryCache['lookUp']>[0]

export function blockOf(reason: Reason, decisionId: string, world: World): Answer {
  return {
    kind: 'answer',
    effect: 'block',
    reason,
    rule: '',
    subjectId: '',
    application: '',
    message: personMessage[reason],
    obligations: noObligations,
    unknown: nothingUnknown,
    stale: false,
    cacheableForMs: 0,
    decisionId,
    world,
  }
}

export function looked(outcome: Outcome, basis?: Basis, graceMs = 0): Looked {
  return { kind: 'looked', outcome, basis, graceMs }
}

/** An answer stands as it is, or is asked for again, or gives way to what the vouch says. */
export function vouchedFor(found: Found, { verdict, staleForMs }: Look): Found {
  if (found.kind === 'wait' || found.outcome.kind !== 'answer') return found
  switch (verdict) {
    case 'current':
      return found
    case 'behind':
      return { kind: 'wait', why: 'behind' }
    case 'stale':
    case 'unavailable': {
      const { outcome } = found
      if (comesBeforeTheStore.has(outcome.reason)) return found
      // A log that is missing, or is another one, has no grace: only a store that is away has.
      if (verdict === 'stale' && staleForMs <= found.graceMs) {
        return { ...found, outcome: { ...outcome, stale: true, cacheableForMs: 0 } }
      }
      const reason = verdict === 'stale' ? 'DIRECTORY_STALE' : 'DIRECTORY_UNAVAILABLE'
      const { decisionId, world } = outcome
      return looked(blockOf(reason, decisionId, world))
    }
    default:
      return unreachable(verdict)
  }
}

const nothingUnknown: readonly string[] = Object.freeze([])
const noObligations: readonly Obligation[] = Object.freeze([])

/** Answers that stand even if the store is away, since they do not depend on it. */
const comesBeforeTheStore: ReadonlySet<Reason> = new Set([
  'POLICY_NOT_LOADED',
  'SUBJECT_MISSING',
  'DIRECTORY_UNKNOWN',
  'DIRECTORY_NOT_READY',
])
