import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { mintConnectorToken } from '../../src/access/connectors.ts'
import { startApp } from '../../src/app/app.ts'
import { openHouseStore } from '../../src/app/house.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { SallyportClient } from '../../src/client/client.ts'
import type { TenantId } from '../../src/directory/directory.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { send } from '../authzen/support.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki, openDoor } from '../support/door.ts'
import { acme, at, committed } from '../support/store-fixture.ts'
import { workspace } from '../support/workspace.ts'

describe('a start that fails leaves neither listeners nor threads behind, when', () => {
  const faults: readonly (readonly [
    what: string,
    breakIt: (text: string, port: number) => string,
  ])[] = [
    ['the SCIM port is taken', (text, port) => withPort(text, 'scim', port)],
    ['the gRPC port is taken', (text, port) => withPort(text, 'grpc', port)],
    ['the AuthZEN port is taken', (text, port) => withPort(text, 'authzen', port)],
    ['the admin port is taken', (text, port) => withPort(text, 'admin', port)],
    [
      'a certificate is missing',
      (text) => text.replace('admin: {', 'admin: { tls: { cert: a, key: b },'),
    ],
    ['the seed is missing', (text) => text.replace('domains:', 'seed: nowhere.json, domains:')],
    ['the rule file is missing', (text) => text.replace('policy.yaml', 'nowhere.yaml')],
  ]

  test.each(faults)('%s', async (_, breakIt) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { file } = workspace({ config: (text) => breakIt(text, port) })
    const before = resources()
    await expect(startApp(readHouseConfig(file))).rejects.toThrow()
    // Sockets and threads end in a turn of their own.
    for (let turn = 0; resources() > before && turn < 100; turn++) await systemClock.sleep(10)
    expect(resources()).toBeLessThanOrEqual(before)
    taken.close()
  })

  test('the directory belongs to another tenant', async () => {
    const { file } = workspace()
    await (await startApp(readHouseConfig(file)))[Symbol.asyncDispose]()
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('acme: {', 'other: {'))
    const before = resources()
    await expect(startApp(readHouseConfig(file))).rejects.toThrow(/belongs to tenant `acme`/)
    for (let turn = 0; resources() > before && turn < 100; turn++) await systemClock.sleep(10)
    expect(resources()).toBeLessThanOrEqual(before)
  })
})

test('a connector that is disabled while the server starts is never admitted', async () => {
  const { token, row } = mintConnectorToken('laptop')
  const { file } = workspace({
    config: (text) => `${text}connectors: { laptop: { tokens: ["${row}"], state: enabled } }\n`,
  })
  const config = readHouseConfig(file)
  writeFileSync(file, readFileSync(file, 'utf8').replace('enabled', 'disabled'))
  // Nobody looks at the file again.
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(ms === 250 ? 3_600_000 : ms, signal),
  }

  await using app = await startApp(config, new Set(['decision']), { clock, lingerMs: 0 })

  const authorization = `Bearer ${token}`
  const { status } = await send('GET', `${app.addresses.authzen}/`, undefined, { authorization })
  expect(status).toBe(403)
})

test('a policy written by a newer version blocks its tenant, and readiness says why', async () => {
  const { file } = workspace()
  const config = readHouseConfig(file)
  {
    await using store = await openHouseStore(config, systemClock, { mayWrite: true })
    const why = { sources: [], by: 'test', why: '', at, replaces: undefined }
    const document = '{"format":99}'
    await committed(store, { op: 'publish', tenant: acme, version: 'v99', document, ...why })
  }
  await using app = await startApp(config, new Set(['decision']), { lingerMs: 0 })
  using gateway = SallyportClient.connect(app.addresses.grpc!)
  const { reason } = await gateway.check({ user: 'ann', app: 'wiki', timeoutMs: 5000 })
  expect(reason).toBe('POLICY_NOT_LOADED')
  const { ready, reasons, tenantsWithoutPolicy } = await app.readiness()
  expect([ready, tenantsWithoutPolicy]).toEqual([false, ['acme' as TenantId]])
  expect(reasons.join('\n')).toMatch(/policy of tenant acme: .*its format is 99/)
})

test('metrics move with what happens, and no label names a user', async () => {
  await using door = await openDoor({ policy: allowEverybodyOnWiki })
  const scrape = async () => await (await fetch(`${door.app.addresses.admin}/metrics`)).text()
  const value = (text: string, metric: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${metric} `))
        ?.split(' ')[1] ?? 0,
    )
  const before = await scrape()
  const ann = 'ann-canary@acme.example'
  await door.scim('POST', '/Users', userBody(ann, { externalId: 'x-canary' }))
  await door.scim('GET', '/Users', undefined, { headers: { authorization: 'Bearer wrong' } })
  await door.scim('POST', '/Users', userBody(ann))
  for (let asked = 0; asked < 3; asked++) await door.gateway.check({ user: ann, app: 'wiki' })
  await door.gateway.check({ user: 'nobody-canary@acme.example', app: 'wiki' })
  let after = await scrape()
  // What the thread that serves SCIM saw is told a moment later.
  while (!after.includes('op="create",code="409"')) after = await scrape()

  const moved = (metric: string) => value(after, metric) - value(before, metric)
  expect({
    allowed: moved('sallyport_decisions_total{effect="allow",reason="RULE"}'),
    unknown: moved('sallyport_decisions_total{effect="block",reason="USER_UNKNOWN"}'),
    timed: moved('sallyport_decision_duration_seconds_count'),
    created: moved('sallyport_scim_requests_total{op="create",code="201"}'),
    conflicts: moved('sallyport_scim_requests_total{op="create",code="409"}'),
    refused: moved('sallyport_scim_auth_failures_total'),
    revision: moved('sallyport_directory_revision'),
    principals: moved('sallyport_cache_principals'),
    hits: moved('sallyport_cache_hits_total') >= 2,
    misses: moved('sallyport_cache_misses_total') >= 2,
    policy: value(after, 'sallyport_policy_revision{tenant="acme"}') > 0,
    reload: value(after, 'sallyport_config_reload_ok{tenant="acme"}'),
    ready: value(after, 'sallyport_ready'),
  }).toEqual({
    ...{ allowed: 3, unknown: 1, timed: 4, created: 1, conflicts: 1, refused: 1 },
    ...{ revision: 1, principals: 1, hits: true, misses: true, policy: true, reload: 1, ready: 1 },
  })
  expect(after).not.toContain('canary')
})

function withPort(text: string, listener: string, port: number): string {
  return text.replace(
    `${listener}: { address: "127.0.0.1:0"`,
    `${listener}: { address: "127.0.0.1:${port}"`,
  )
}

function resources(): number {
  const counted = new Set(['MessagePort', 'TCPServerWrap', 'PipeWrap', 'Timeout'])
  return process.getActiveResourcesInfo().filter((name) => counted.has(name)).length
}
