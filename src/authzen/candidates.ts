import type { Subject } from '../decision/decision.ts'
import type { TenantId } from '../directory/directory.ts'

/** Somebody or something that a search asks about. */
export interface Candidate {
  readonly name: string
  /** Its place among the candidates: where a page can end. */
  readonly at: string
}
export interface CandidateSlice {
  readonly kind: 'slice'
  readonly candidates: readonly Candidate[]
  /** Where to go on; undefined: nothing comes behind. A slice without candidates can have one. */
  readonly next: string | undefined
}
/** Candidates behind a place, in order. */
export type CandidateSource = (after: string | undefined) => Promise<SubjectSlice>

export interface WantedSubjects {
  readonly tenant: TenantId
  readonly kind: Subject['kind']
  /** Undefined: from the beginning. */
  readonly after: string | undefined
  readonly max: number
}
export type SubjectSlice =
  | CandidateSlice
  /** `after` is no place, or none any more. */
  | { readonly kind: 'lost' }
  /** Who there is cannot be told now. */
  | { readonly kind: 'unavailable'; readonly cause: Error }

/**
 * Lists the users of a tenant by the names under which an attempt that names no directory finds
 * them; whoever is not found by such a name is left out.
 */
export type ListSubjects = (wanted: WantedSubjects) => Promise<SubjectSlice>

/** Names that are at hand, in slices. */
export function namesInSlices(names: readonly string[], max: number): CandidateSource {
  return async (after) => {
    const from = after === undefined ? 0 : firstBehind(names, after)
    const candidates = names.slice(from, from + max).map((name) => ({ name, at: name }))
    const next = from + max < names.length ? candidates.at(-1)?.at : undefined
    return { kind: 'slice', candidates, next }
  }
}

/** The name itself need not be there any more. */
function firstBehind(sorted: readonly string[], name: string): number {
  const found = sorted.findIndex((each) => each > name)
  return found < 0 ? sorted.length : found
}
