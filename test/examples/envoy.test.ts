import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { localCaller } from '../../src/access/caller.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { toEnvoyAttempt } from '../../src/grpc/envoy-attempt.ts'

const folder = join(import.meta.dirname, '../../examples/envoy')
const envoy = parse(readFileSync(join(folder, 'envoy.yaml'), 'utf8'))
const policy = parse(readFileSync(join(folder, 'policy.yaml'), 'utf8'))
const config = readHouseConfig(join(folder, 'sallyport.yaml'))

// biome-ignore lint/suspicious/noExplicitAny: Envoy's configuration has no types here.
type Node = any

/** Every mapping in the file. */
function nodes(under: Node = envoy): Node[] {
  if (typeof under !== 'object' || under === null) return []
  const below = Object.values(under).flatMap((value) => nodes(value))
  return Array.isArray(under) ? below : [under, ...below]
}
const ofType = (name: string) => nodes().filter((node) => node['@type']?.endsWith(`.${name}`))
const asks = [...ofType('network.ext_authz.v3.ExtAuthz'), ...ofType('http.ext_authz.v3.ExtAuthz')]

test('both filters ask Sallyport, block when there is no answer, and do not wait longer', () => {
  expect(asks).toHaveLength(2)
  for (const ask of asks) {
    expect(ask).toMatchObject({
      failure_mode_allow: false,
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: 'sallyport' }, timeout: '0.2s' },
    })
  }
})

test('every cluster that is named is there', () => {
  const there = envoy.static_resources.clusters.map(({ name }: Node) => name)
  const named = nodes().flatMap(({ cluster, cluster_name }) => [cluster, cluster_name])
  expect([...new Set(named.filter((name) => name !== undefined))].toSorted()).toEqual(
    there.toSorted(),
  )
})

test('a token is verified before anybody asks about it, and its headers stay here', () => {
  const [manager] = ofType('HttpConnectionManager')
  expect(manager.http_filters.map(({ name }: Node) => name)).toEqual([
    'envoy.filters.http.jwt_authn',
    'envoy.filters.http.ext_authz',
    'envoy.filters.http.router',
  ])
  const [http] = ofType('http.ext_authz.v3.ExtAuthz')
  expect(http.metadata_context_namespaces).toEqual(['envoy.filters.http.jwt_authn'])
  expect(http.allowed_headers.patterns).toEqual([{ exact: 'x-request-id' }])
  const [{ acme }] = nodes().flatMap(({ providers }) => (providers ? [providers] : []))
  expect(acme).toMatchObject({ forward: false, payload_in_metadata: config.extAuthz.payload })
})

test('Envoy is the connector that the config knows, over TLS in both directions', () => {
  const row = config.connectors.find(({ id }) => id === 'envoy-berlin')
  expect(row?.identity).toMatch(/^spiffe:\/\//)
  expect(config.listen.grpc.tls?.clientCa).toBeDefined()
  const server = envoy.static_resources.clusters.find(({ name }: Node) => name === 'sallyport')
  const { sni, common_tls_context: tls } = server.transport_socket.typed_config
  expect(tls.tls_certificates).toHaveLength(1)
  expect(tls.validation_context.match_typed_subject_alt_names[0].matcher.exact).toBe(sni)
})

test('every route is about an application of the rules, and says nothing that is not believed', () => {
  const routes = nodes().flatMap(({ virtual_hosts }) => virtual_hosts ?? [])
  const believed = config.connectors[0]?.context
  for (const { name, domains, typed_per_filter_config } of routes) {
    const route = typed_per_filter_config['envoy.filters.http.ext_authz']
    const { application, ...more } = route.check_settings.context_extensions
    expect([application, policy.applications[application].hosts]).toEqual([name, domains])
    const keys = Object.keys(more).filter((key) => key.startsWith('context.'))
    for (const key of keys) expect(believed).toContain(key.slice('context.'.length))
  }
  expect(routes).toHaveLength(2)
})

test('what both filters send is read as the person and the application that are meant', () => {
  const address = (host: string, port_value: number) => ({
    address: { socket_address: { address: host, port_value } },
  })
  const asking = { caller: localCaller('acme' as TenantId), waitMs: undefined }
  const [chain] = envoy.static_resources.listeners[0].filter_chains
  const [server] = chain.filter_chain_match.server_names
  const connection = toEnvoyAttempt(
    {
      source: { ...address('198.51.100.7', 50_000), principal: 'spiffe://acme.example/user/E-1' },
      destination: address(
        '10.0.0.1',
        envoy.static_resources.listeners[0].address.socket_address.port_value,
      ),
      tls_session: { sni: server },
    },
    config.extAuthz,
    asking,
  )
  const fields = { preferred_username: { stringValue: 'ann@acme.example' } }
  const payload = { fields: { jwt_payload: { structValue: { fields } } } }
  const request = toEnvoyAttempt(
    {
      request: { http: { method: 'GET', host: 'payroll.acme.example', path: '/' } },
      context_extensions: { application: 'payroll' },
      metadata_context: { filter_metadata: { 'envoy.filters.http.jwt_authn': payload } },
    },
    config.extAuthz,
    asking,
  )

  const { hosts, ports } = policy.applications.ledger
  expect(connection).toMatchObject({
    subject: { kind: 'externalId', name: 'E-1', directory: 'entra' },
    destination: { host: hosts[0], port: ports[0], protocol: 'tcp' },
  })
  expect(request).toMatchObject({
    subject: { kind: 'userName', name: 'ann@acme.example' },
    application: 'payroll',
  })
})
