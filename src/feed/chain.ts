import { type Position, samePosition } from '../store/position.ts'
import type { LogSlice } from '../store/store.ts'

/**
 * `gap`: entries after our position are no longer in the log. `fork`: the log is not the one we
 * followed, because it lost our position or put another entry in its place.
 */
export type Break = 'gap' | 'fork'

export type Judged =
  | { readonly kind: 'joined'; readonly at: Position }
  | { readonly kind: 'broken'; readonly cause: Break }

/**
 * Whether a slice continues the history at a position: each entry takes the next revision and
 * names the nonce of the one before. Here and nowhere else. A new epoch does not matter to whom it
 * continues: it tells those who followed what was lost that they did.
 */
export function judge(slice: LogSlice, position: Position): Judged {
  const { entries, head } = slice
  if (entries.length === 0) return judgeEmpty(head, position)
  let at = position
  for (const entry of entries) {
    if (entry.position.revision !== at.revision + 1) return { kind: 'broken', cause: 'gap' }
    if (entry.previousNonce !== at.nonce) return { kind: 'broken', cause: 'fork' }
    at = entry.position
  }
  return { kind: 'joined', at }
}

function judgeEmpty(head: Position, at: Position): Judged {
  if (samePosition(head, at)) return { kind: 'joined', at }
  // Newer entries exist and were not handed out: they have been trimmed.
  return { kind: 'broken', cause: head.revision > at.revision ? 'gap' : 'fork' }
}
