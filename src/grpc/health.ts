import {
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { ServingStatus } from 'grpc-health-check'
import type { Observer } from '../observe/observe.ts'
import { extAuthzServiceName } from './envoy-messages.ts'
import { guarded } from './handler.ts'
import { decisionServiceName } from './messages.ts'
import { Failure, unavailable } from './status.ts'

/**
 * `grpc.health.v1`: whether this process serves decisions. The protocol is grpc-health-check's; its
 * implementation is not used, since it keeps one entry for ever per name that anybody watched and
 * cannot end open watches, for which a drain would wait its whole grace.
 */
export interface Health {
  readonly implementation: UntypedServiceImplementation
  setServing(serving: boolean): void
  /** Ends every watch: its client watches another server. */
  endWatches(): void
}

interface HealthRequest {
  readonly service: string
}
interface HealthResponse {
  readonly status: ServingStatus | 'SERVICE_UNKNOWN'
}

/** The empty name is the whole server. */
const services: readonly string[] = ['', decisionServiceName, extAuthzServiceName]

export function createHealth(observer: Pick<Observer, 'internalError'>): Health {
  const watches = new Set<ServerWritableStream<HealthRequest, HealthResponse>>()
  let now: ServingStatus = 'NOT_SERVING'

  const check = guarded<HealthRequest, HealthResponse>(
    observer,
    (call: ServerUnaryCall<HealthRequest, HealthResponse>, answer) => {
      const known = services.includes(call.request.service)
      answer(known ? { status: now } : new Failure(status.NOT_FOUND, 'no such service'))
      return undefined
    },
  )
  const list = guarded<object, { readonly statuses: Record<string, HealthResponse> }>(
    observer,
    (_call, answer) => {
      answer({ statuses: Object.fromEntries(services.map((name) => [name, { status: now }])) })
      return undefined
    },
  )
  const watch = (call: ServerWritableStream<HealthRequest, HealthResponse>): void => {
    if (!services.includes(call.request.service)) {
      // The protocol keeps the stream open, in case the service appears; none of ours does.
      call.write({ status: 'SERVICE_UNKNOWN' })
    } else call.write({ status: now })
    watches.add(call)
    call.on('cancelled', () => watches.delete(call))
    call.on('close', () => watches.delete(call))
  }

  return {
    implementation: { Check: check, List: list, Watch: watch },
    setServing: (serving) => {
      const next = serving ? 'SERVING' : 'NOT_SERVING'
      if (next === now) return
      now = next
      for (const call of watches) {
        if (services.includes(call.request.service)) call.write({ status: now })
      }
    },
    endWatches: () => {
      for (const call of watches) call.emit('error', unavailable())
      watches.clear()
    },
  }
}
