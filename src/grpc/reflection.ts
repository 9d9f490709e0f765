import type { Server, ServerDuplexStream, UntypedHandleCall } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { envoyDefinitions, extAuthzServiceName, structDefinitions } from './envoy-messages.ts'
import { decisionServiceName, definitions } from './messages.ts'
import type { Failure } from './status.ts'

type Stream = ServerDuplexStream<object, object>

/**
 * `grpc.reflection.v1` and `v1alpha`: the protos, for tools such as grpcurl. Off unless the config
 * says otherwise, and for those alone who may ask for decisions.
 */
export function addReflection(
  server: Pick<Server, 'addService'>,
  admit: (call: Stream) => Failure | undefined,
): void {
  const services = [decisionServiceName, extAuthzServiceName]
  const all = { ...structDefinitions, ...definitions, ...envoyDefinitions }
  const reflection = new ReflectionService(all, { services })
  reflection.addToServer({
    addService: (definition, implementation) =>
      server.addService(
        definition,
        Object.fromEntries(
          Object.entries(implementation).map(([name, handle]) => [name, guard(handle, admit)]),
        ),
      ),
  })
}

function guard(
  handle: UntypedHandleCall,
  admit: (call: Stream) => Failure | undefined,
): UntypedHandleCall {
  return ((call: Stream) => {
    const refused = admit(call)
    if (refused !== undefined) call.emit('error', refused)
    else (handle as (call: Stream) => void)(call)
  }) as UntypedHandleCall
}
