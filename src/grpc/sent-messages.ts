/**
 * What callers of `sallyport.v1` send, as it is read: what is absent is undefined, enums are
 * numbers.
 */
export interface CheckRequestMessage {
  readonly id?: number | undefined
  readonly subject?: SubjectMessage | undefined
  readonly application?: string | undefined
  readonly destination?: DestinationMessage | undefined
  readonly action?: string | undefined
  readonly claims?: SentValues | undefined
  readonly context?: SentValues | undefined
  readonly min_revision?: string | undefined
}
/** A peer can send several names of a oneof, so the type allows it and `convert` refuses it. */
export interface SubjectMessage {
  readonly user_name?: string | undefined
  readonly id?: string | undefined
  readonly external_id?: string | undefined
  readonly directory?: string | undefined
}
export interface DestinationMessage {
  readonly host?: string | undefined
  readonly ip?: string | undefined
  readonly port?: number | undefined
  readonly protocol?: string | undefined
}
export type SentValues = ReadonlyMap<string, SentValue>
/** Undefined: no kind is set. */
export type SentValue =
  | string
  | number
  | boolean
  | readonly string[]
  | undefined
  | typeof severalKinds
/** A peer can set several kinds of a oneof: which one counts is not for us to guess. */
export const severalKinds = Symbol('several kinds')

export interface CheckBatchRequestMessage {
  readonly requests?: readonly CheckRequestMessage[]
}
