import type { AddressInfo } from 'node:net'
import fastify from 'fastify'

/**
 * The floor: a handler that answers every evaluation with one constant. Run as a child process; its
 * first line is its address.
 */
const answer = {
  decision: true,
  context: {
    reason: 'RULE',
    rule: 'rule-09042',
    application: 'app-0042',
    decision_id: 'q83vASNF-2n9c1',
    revision: 'AAAAAAAAAAAAAAAAAAAA',
    cacheable_for_ms: 0,
    age_ms: 12,
    policy_version: '0123456789abcdef'.repeat(4),
  },
}
const server = fastify()
server.post('/access/v1/evaluation', () => answer)
await server.listen({ host: '127.0.0.1', port: 0 })
const { port } = server.server.address() as AddressInfo
process.stdout.write(`${JSON.stringify({ authzen: `http://127.0.0.1:${port}` })}\n`)
