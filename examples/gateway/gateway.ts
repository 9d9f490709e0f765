import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { parseArgs } from 'node:util'
import { SallyportClient } from 'sallyport/client'
import { type Person, startGateway } from './proxy.ts'

/**
 * The proxy of `proxy.ts` with made-up people, and one upstream that plays every application. Yours
 * has an identity provider in place of the table, and real addresses in place of that. Against the
 * server that `npm start` runs:
 *
 *   node examples/gateway/gateway.ts
 *   curl -p -x http://ann:demo@127.0.0.1:8080 http://wiki.acme.example/
 *   curl -p -x http://ann:demo@127.0.0.1:8080 http://payroll.acme.example:443/
 *   curl -p -x http://bob:demo@127.0.0.1:8080 http://payroll.acme.example:443/
 *
 * The last one is refused, and `curl -v` shows why: the disk of Bob's device is not encrypted.
 */
const people: ReadonlyMap<string, Person> = new Map([
  ['ann', { userName: 'ann@acme.example', posture: { 'disk-encrypted': true } }],
  ['bob', { userName: 'bob@acme.example', posture: { 'disk-encrypted': false } }],
  ['nobody', { userName: 'nobody@acme.example', posture: {} }],
])

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: '127.0.0.1:7071' },
    port: { type: 'string', default: '8080' },
    'token-file': { type: 'string' },
    ca: { type: 'string' },
  },
})
const { 'token-file': tokenFile, ca } = values
const sallyport = SallyportClient.connect(values.server, {
  ...(tokenFile !== undefined && { token: readFileSync(tokenFile, 'utf8').trim() }),
  ...(ca !== undefined && { tls: { ca: readFileSync(ca) } }),
})
const upstream = createServer((request, response) => {
  response.end(`you have reached ${request.headers.host}\n`)
})
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const { port: upstreamPort } = upstream.address() as AddressInfo

const gateway = await startGateway({
  sallyport,
  login: (name, password) => (password === 'demo' ? people.get(name) : undefined),
  connect: () => connect(upstreamPort, '127.0.0.1'),
  port: Number(values.port),
  recheckMs: 5_000,
})
process.stdout.write(`a proxy listens on http://127.0.0.1:${gateway.port}\n`)
const stop = () => {
  gateway.close()
  upstream.close()
  sallyport.close()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
