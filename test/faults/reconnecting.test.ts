import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { type CertificateName, identities, makeCertificates } from '../support/certificates.ts'
import { Gateway } from '../support/gateway.ts'
import { serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const certificates = makeCertificates()
afterAll(() => certificates[Symbol.dispose]())

/** As many of each as one identity may have open. */
const perConnector = 150
const names: readonly CertificateName[] = ['berlin', 'munich', 'comma']
const askWiki = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }

test('a crowd that shakes hands at once is let in, while open connections are answered', async () => {
  const { certFile, keyFile } = certificates.of('server')
  const tls = `{ cert: "${certFile}", key: "${keyFile}", clientCa: "${certificates.caFile}" }`
  const place = workspace({
    config: (text) =>
      `${text.replace('grpc: { address: "127.0.0.1:0" }', `grpc: { address: "127.0.0.1:0", tls: ${tls} }`)}connectors:
  berlin: { identity: "${identities.berlin}" }
  munich: { identity: "${identities.munich}" }
  comma: { identity: "${identities.comma}" }
`,
  })
  const { token } = await tokenFrom(place)
  await using served = await serveCli(place.file)
  await scimClient(served, token)('POST', '/Users', userBody('ann@acme.example'))
  const gatewayOf = (name: CertificateName) => {
    const pair = certificates.of(name)
    return new Gateway({ address: served.ready.grpc, ca: certificates.ca, pair })
  }
  using live = gatewayOf('berlin')
  expect((await live.ask('Check', askWiki)).response.decision.effect).toBe('ALLOW')
  let [isOver, answered] = [false, 0]
  const others: string[] = []
  const asking = (async () => {
    while (!isOver) {
      const { code, response } = await live.ask('Check', askWiki)
      if (response?.decision.effect === 'ALLOW') answered++
      else others.push(code)
    }
  })()
  const crowd = names.flatMap((name) => Array.from({ length: perConnector }, () => gatewayOf(name)))

  const effects = await Promise.all(
    crowd.map(async (gateway) => {
      // Whoever is one too many at that moment comes again, as a client does.
      for (;;) {
        const { code, response } = await gateway.ask('Check', askWiki)
        if (code !== 'UNAVAILABLE') return response?.decision.effect ?? code
        await systemClock.sleep(100 + Math.random() * 400)
      }
    }),
  )
  isOver = true
  await asking

  expect(new Set(effects)).toEqual(new Set(['ALLOW']))
  expect(others).toEqual([])
  expect(answered).toBeGreaterThan(0)
  for (const gateway of crowd) gateway[Symbol.dispose]()
})
