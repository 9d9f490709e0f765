import type { IndexedAttribute } from '../../directory/identity.ts'
import type { Head } from './log-guard.ts'
import type { Connected } from './redis-link.ts'

/** What the scripts that commit answer. */
export type Reply =
  | readonly ['NOLOG' | 'EXISTS' | 'MISSING' | 'VERSION' | 'TOOMANY']
  /** What it was planned on has changed. */
  | readonly ['RETRY']
  /** Another process edits the group's members in steps. */
  | readonly ['BUSY']
  /** Not a script's answer: too much for one. */
  | readonly ['LARGE']
  | readonly ['NONE', head: Head]
  /** The log is not the one that the writer knows. */
  | readonly ['FORK', head: Head]
  | readonly ['UNIQUE', attribute: IndexedAttribute]
  | readonly ['NOOP', ordinal: string, record: string]
  /** The commit was made before: what was kept of it, and its resource as it is now. */
  | readonly ['AGAIN', head: Head, kept: string, record: string]
  | readonly ['OK', head: Head, ordinal: string, record: string]

/** Of a commit, under its opId: epoch, revision, nonce; of a resource its ordinal too. */
export interface Kept {
  readonly e: string
  readonly r: string
  readonly n: string
  readonly o?: string
}

/** What every script that commits is told. */
export interface Writing {
  readonly connected: Connected
  /** What it compares with the log before it writes, and how the new entry is called. */
  readonly chain: Chain
  /** Log entries kept. */
  readonly feedMax: number
  /** Changes of members that one script makes. */
  readonly membersAtOnceMax: number
  readonly opId: string
}
export interface Chain {
  readonly log: string
  readonly epoch: string
  readonly knownRev: string
  readonly knownNonce: string
  readonly nonce: string
}
