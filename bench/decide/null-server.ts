import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js'
import { openFront } from '../../src/access/front.ts'
import { generalServiceDefinition } from '../../src/grpc/messages.ts'
import { serverOptions } from '../../src/grpc/server-options.ts'

/**
 * The floor: empty handlers with the same messages behind the same front, which answer every Check
 * and every message of a CheckStream with constants. Run as a child process; its first line is its
 * address.
 */
const response = {
  decision: {
    effect: 1,
    reason: 11,
    rule: 'rule-09042',
    application: 'app-0042',
    message: '',
    cacheable_for_ms: 0,
    obligations: undefined,
    decision_id: 'q83vASNF-2n9c1',
    unknown: [],
    stale: undefined,
  },
  world: { revision: 'p0.1.4711', age_ms: 12, policy_version: '0123456789abcdef'.repeat(4) },
}
const check: handleUnaryCall<object, object> = (_call, callback) => callback(null, response)
const checkStream: handleBidiStreamingCall<Batch, object> = (call) => {
  call.on('data', ({ requests }: Batch) => call.write(batchOf(requests.length)))
  call.on('end', () => call.end())
}
interface Batch {
  readonly requests: readonly object[]
}
const batches = new Map<number, object>()
function batchOf(count: number): object {
  const known = batches.get(count)
  if (known !== undefined) return known
  const results = [...Array(count).keys()].map((id) => ({ id, decision: response.decision }))
  const batch = { results, world: response.world }
  batches.set(count, batch)
  return batch
}

const server = new Server(serverOptions)
server.addService(generalServiceDefinition, { Check: check, CheckStream: checkStream })
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
