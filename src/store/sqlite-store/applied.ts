import type { IndexedAttribute } from '../../directory/identity.ts'
import type { Effect } from '../entry.ts'
import type { RecordRow } from './protocol.ts'

/** What a change did to the rows; `ok` alone did anything. */
export type Applied =
  | { readonly kind: 'ok'; readonly effect: Effect; readonly record?: RecordRow }
  | { readonly kind: 'noop'; readonly record?: RecordRow }
  | { readonly kind: 'exists' | 'missing' | 'version' | 'tooMany' }
  | { readonly kind: 'unique'; readonly attribute: IndexedAttribute }
