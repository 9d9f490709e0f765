import { status } from '@grpc/grpc-js'
import { WireError } from './errors.ts'
import type { CheckResponseMessage, ObligationMessage, ResultMessage } from './service.ts'

export interface ClientDecision {
  readonly effect: 'allow' | 'block'
  readonly allowed: boolean
  /** As in the proto, printed bare; `WIRE_…` when no decision arrived. */
  readonly reason: string
  readonly rule: string
  readonly application: string
  /** For the person blocked. */
  readonly message: string
  readonly revision: string
  readonly ageMs: number
  readonly policyVersion: string
  /** Condition paths that could not be known and shaped the answer. */
  readonly unknown: readonly string[]
  /** Decided on data that nobody could confirm in time, which the directory's grace allows. */
  readonly stale: boolean
  readonly cacheableForMs: number
  /** What has to be done, whatever the effect; of an allow the gateway performs all of them. */
  readonly obligations: readonly ClientObligation[]
  readonly decisionId: string
  /** Present when no decision arrived. */
  readonly wire?: WireFault
}
export interface ClientObligation {
  readonly id: string
  readonly type: string
  readonly properties: Readonly<Record<string, string | number | boolean | readonly string[]>>
}
export interface WireFault {
  /** Name of the gRPC status, or REQUEST, MALFORMED, OVERLOADED, CLIENT. */
  readonly code: string
  readonly detail: string
}

/** @throws {WireError} when the message lacks what makes a decision. */
export function toDecision({ decision, world }: CheckResponseMessage): ClientDecision {
  if (decision === null) throw new WireError('MALFORMED', 'the answer holds no `decision`')
  if (world === null) throw new WireError('MALFORMED', 'the answer holds no `world`')
  const effect = effects.get(decision.effect)
  if (effect === undefined) {
    throw new WireError('MALFORMED', `unknown \`effect\` ${decision.effect}`)
  }
  const { reason } = decision
  if (typeof reason !== 'string' || reason === 'REASON_UNSPECIFIED') {
    throw new WireError('MALFORMED', `unknown \`reason\` ${reason}`)
  }
  // Nobody could find out later why somebody was let in.
  if (effect === 'allow' && (decision.decision_id === '' || world.revision === '')) {
    throw new WireError('MALFORMED', 'an allow without `decision_id` or `revision`')
  }
  if (world.revision.length > revisionLengthMax) {
    throw new WireError('MALFORMED', `\`revision\` has more than ${revisionLengthMax} characters`)
  }
  return {
    effect,
    allowed: effect === 'allow',
    reason,
    rule: decision.rule,
    application: decision.application,
    message: decision.message,
    revision: world.revision,
    ageMs: world.age_ms,
    policyVersion: world.policy_version,
    unknown: decision.unknown,
    stale: decision.stale,
    cacheableForMs: decision.cacheable_for_ms,
    obligations: decision.obligations.map(toObligation),
    decisionId: decision.decision_id,
  }
}

/** @throws {WireError} for a value of a kind that this client does not know. */
function toObligation({ id, type, properties }: ObligationMessage): ClientObligation {
  const entries = Object.entries(properties).map(([key, { string, number, bool, list }]) => {
    const value = string ?? number ?? bool ?? list?.values
    if (value !== undefined) return [key, value] as const
    throw new WireError('MALFORMED', `obligation \`${id}\`: \`${key}\` holds no known value`)
  })
  return { id, type, properties: Object.fromEntries(entries) }
}

/** No server takes a longer one back, and it goes along with every attempt that follows. */
const revisionLengthMax = 256

const effects: ReadonlyMap<string | number, ClientDecision['effect']> = new Map([
  ['ALLOW', 'allow'],
  ['BLOCK', 'block'],
])

/** Why a result of a stream is no decision. */
export function errorIn({ decision, error }: ResultMessage): WireError {
  if (error === undefined) return new WireError('MALFORMED', 'the result has no decision or error')
  const name = status[error.code]
  if (decision !== undefined || name === undefined || error.code === status.OK) {
    return new WireError('MALFORMED', `the result has the error ${error.code}, which is none`)
  }
  return new WireError(name, error.message)
}

/** What kept a decision from arriving. */
export function wireFault(error: unknown): WireFault {
  if (error instanceof WireError) return { code: error.code, detail: error.message }
  return { code: 'CLIENT', detail: error instanceof Error ? error.message : String(error) }
}

/** No decision means block. */
export function blockFor(wire: WireFault): ClientDecision {
  return {
    effect: 'block',
    allowed: false,
    reason: `WIRE_${wire.code}`,
    rule: '',
    application: '',
    message: '',
    revision: '',
    ageMs: 0,
    policyVersion: '',
    unknown: [],
    stale: false,
    cacheableForMs: 0,
    obligations: [],
    decisionId: '',
    wire,
  }
}
