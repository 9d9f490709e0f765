import { status } from '@grpc/grpc-js'
import type { Answer } from '../decision/decision.ts'
import type { EnvoyCheckResponse, EnvoyHeader, EnvoyStruct, EnvoyValue } from './envoy-messages.ts'

/** What Envoy is told of a decision. `status` is always there: without it Envoy reads allow. */
export function toEnvoyResponse(answer: Answer): EnvoyCheckResponse {
  const dynamic_metadata = metadataOf(answer)
  const headers = [header('x-decision-id', answer.decisionId)]
  if (answer.effect === 'allow') {
    const code = status.OK
    return { status: { code, message: '' }, ok_response: { headers }, dynamic_metadata }
  }
  const isNobody = answer.reason === 'SUBJECT_MISSING'
  return {
    status: {
      code: isNobody ? status.UNAUTHENTICATED : status.PERMISSION_DENIED,
      message: answer.reason,
    },
    denied_response: {
      status: { code: isNobody ? 401 : 403 },
      headers: [...headers, header('content-type', 'text/plain; charset=utf-8')],
      body: answer.message,
    },
    dynamic_metadata,
  }
}

/**
 * No decision, for a reason that the operator has to mend: a check that cannot be understood, an
 * Envoy that may not ask. It is told as a denial, so that `failure_mode_allow` does not open.
 */
export function toEnvoyDenial(why: string): EnvoyCheckResponse {
  return {
    status: { code: status.PERMISSION_DENIED, message: why },
    denied_response: { status: { code: 403 }, headers: [], body: '' },
    dynamic_metadata: { fields: { error: { stringValue: why } } },
  }
}

function header(key: string, value: string): EnvoyHeader {
  // OVERWRITE_IF_EXISTS_OR_ADD: what a client sent under this name must not stand beside ours.
  return { header: { key, value }, append_action: 2 }
}

function metadataOf(answer: Answer): EnvoyStruct {
  const { effect, reason, rule, application, decisionId, world } = answer
  const facts = { effect, reason, rule, application, decision_id: decisionId }
  const fields: Record<string, EnvoyValue> = {}
  for (const [key, stringValue] of Object.entries({ ...facts, revision: world.revision })) {
    fields[key] = { stringValue }
  }
  return { fields }
}
