import type { UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Admission } from '../access/admission.ts'
import { asBelieved, asTold, performedBy } from '../access/rights.ts'
import type { Answer, Outcome } from '../decision/decision.ts'
import type { Turn } from '../decision/turn.ts'
import type { Observer } from '../observe/observe.ts'
import type { Teller } from '../observe/teller.ts'
import type { Clock } from '../std/clock.ts'
import type { Asking } from './asked.ts'
import { askingOf } from './asking.ts'
import type { Callers } from './callers.ts'
import { type ExtAuthzSettings, toEnvoyAttempt } from './envoy-attempt.ts'
import type { EnvoyAttributes, EnvoyCheckRequest, EnvoyCheckResponse } from './envoy-messages.ts'
import { toEnvoyDenial, toEnvoyResponse } from './envoy-response.ts'
import { guarded } from './handler.ts'
import { applicationNotAllowed, Failure, unavailable } from './status.ts'

export interface ExtAuthzOptions {
  readonly turn: Turn
  readonly teller: Teller
  readonly callers: Callers
  readonly admission: Admission
  readonly observer: Pick<Observer, 'internalError'>
  readonly clock: Clock
  readonly settings: ExtAuthzSettings
}

/**
 * `envoy.service.auth.v3.Authorization`: what Envoy asks for every connection (network filter) or
 * request (HTTP filter). A block is an answer, whatever its reason; so is every fault that only the
 * operator can mend. What is left, a bug or an overload, is UNAVAILABLE: then Envoy's own failure
 * mode decides, which is to deny unless somebody has changed it.
 */
export function extAuthzService(options: ExtAuthzOptions): UntypedServiceImplementation {
  const { turn, teller, callers, admission, observer, clock, settings } = options

  function told(
    outcome: Outcome,
    asking: Asking,
    attributes: EnvoyAttributes,
  ): Answer | EnvoyCheckResponse {
    if (outcome.kind !== 'answer') return toEnvoyDenial(outcome.kind)
    // Envoy has no way to perform an obligation; the operator may say that the route does.
    const said = attributes.context_extensions?.obligations?.split(/[\s,]+/) ?? []
    return asTold(asking.caller, outcome, performedBy(asking.caller, said)) ?? notAllowed
  }

  const check = guarded<EnvoyCheckRequest, EnvoyCheckResponse>(
    observer,
    (call, answer, fail) => {
      const startedMs = clock.monotonicMs()
      const attributes = call.request.attributes ?? {}
      const asking = askingOf(call, callers, clock)
      if (asking instanceof Failure) return answer(toEnvoyDenial(asking.details))
      const { caller } = asking
      const read = toEnvoyAttempt(attributes, settings, asking)
      if (!('tenant' in read)) {
        const [first] = read
        return answer(toEnvoyDenial(`\`${first?.field}\` ${first?.description}`))
      }
      const attempt = asBelieved(caller, read)
      if (attempt === undefined) return answer(notAllowed)
      if (!admission.begin(caller, 1)) return answer(unavailable())
      const settled = (outcome: Outcome) => {
        admission.end(caller, 1)
        try {
          const out = told(outcome, asking, attributes)
          if (!('kind' in out)) return answer(out)
          answer(toEnvoyResponse(out))
          return teller.tell(out, asking, startedMs)
        } catch (error) {
          return fail(error)
        }
      }
      const failed = (error: unknown) => {
        admission.end(caller, 1)
        fail(error)
      }
      return turn.ask(attempt, settled, failed)
    },
    unavailable,
  )
  return { Check: check }
}

const notAllowed = toEnvoyDenial(applicationNotAllowed().details)
