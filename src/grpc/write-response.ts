import type {
  CheckBatchResponseMessage,
  CheckResponseMessage,
  DecisionMessage,
  ResultMessage,
  WorldMessage,
} from './messages.ts'
import { encodeObligation, encodeStatus } from './messages.ts'
import { WireWriter } from './wire-writer.ts'

/**
 * Responses of `sallyport.v1` as bytes. They are nearly all that a server writes, and a writer
 * that knows their shape takes a third of the time of a general one. What few of them hold is
 * encoded by the general one. The last field is written first; see WireWriter.
 */
export function writeCheckResponse({ decision, world }: CheckResponseMessage): Buffer {
  wire.start()
  writeWorld(2, world)
  writeDecision(1, decision)
  return wire.finish()
}

export function writeCheckBatchResponse(response: CheckBatchResponseMessage): Buffer {
  const { results, world } = response
  wire.start()
  if (world !== undefined) writeWorld(2, world)
  for (let at = results.length - 1; at >= 0; at--) writeResult(1, results[at]!)
  return wire.finish()
}

const wire = new WireWriter()

function writeResult(field: number, { id, decision, error }: ResultMessage): void {
  const { end } = wire
  if (error !== undefined) wire.encoded(3, encodeStatus(error))
  if (decision !== undefined) writeDecision(2, decision)
  wire.uint32(1, id)
  wire.message(field, end)
}

function writeDecision(field: number, decision: DecisionMessage): void {
  const { obligations, unknown } = decision
  const { end } = wire
  wire.bool(10, decision.stale)
  for (let at = unknown.length - 1; at >= 0; at--) wire.element(9, unknown[at]!)
  wire.string(8, decision.decision_id)
  if (obligations !== undefined) {
    for (const each of obligations.toReversed()) wire.encoded(7, encodeObligation(each))
  }
  wire.uint32(6, decision.cacheable_for_ms)
  wire.string(5, decision.message)
  wire.string(4, decision.application)
  wire.string(3, decision.rule)
  wire.uint32(2, decision.reason)
  wire.uint32(1, decision.effect)
  wire.message(field, end)
}

function writeWorld(field: number, { revision, age_ms, policy_version }: WorldMessage): void {
  const { end } = wire
  wire.string(3, policy_version)
  wire.uint32(2, age_ms)
  wire.string(1, revision)
  wire.message(field, end)
}
