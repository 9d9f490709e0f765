import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js'
import { openFront } from '../../src/access/front.ts'
import { decisionServiceDefinition } from '../../src/grpc/messages.ts'
import { serverOptions } from '../../src/grpc/server-options.ts'

/**
 * The floor: an empty handler with the same messages behind the same front, which answers every
 * Check with one constant response. Run as a child process; its first line is its address.
 */
const response = {
  decision: {
    effect: 1,
    reason: 11,
    rule: 'allow-app-0042',
    application: 'app-0042',
    message: '',
    cacheable_for_ms: 30_000,
    decision_id: '01934f5e-7a4b-7c3d-9e2f-0123456789ab',
    unknown: [],
  },
  world: { revision: 'p0.1.4711', age_ms: 12, policy_version: '0123456789abcdef'.repeat(4) },
}
const check: handleUnaryCall<object, object> = (_call, callback) => callback(null, response)

const server = new Server(serverOptions)
server.addService(decisionServiceDefinition, { Check: check })
const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
const listener = await openFront({
  listener: 'grpc',
  host: '127.0.0.1',
  port: 0,
  protocol: 'h2',
  accept: (socket) => injector.injectConnection(socket),
  observer: { connectionRefused: () => undefined, internalError: () => process.exit(1) },
})
process.stdout.write(`${JSON.stringify({ grpc: listener.address })}\n`)
