import { expect, test } from 'vitest'
import { SallyportClient } from '../../src/client/client.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { freePort, hasRedis, startRedis } from '../support/redis-server.ts'
import { runCli, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

test.skipIf(!hasRedis)(
  'a house whose Redis is away starts, blocks, says why, and serves once it is there',
  async () => {
    const port = await freePort()
    const place = workspace({
      config: (text) => text.replace(/^store: .*$/m, `store: redis://127.0.0.1:${port}/0`),
    })
    await using served = await serveCli(place.file)
    using gateway = SallyportClient.connect(served.ready.grpc)
    const check = () => gateway.check({ user: 'ann@acme.example', app: 'wiki' })
    const ready = async () => {
      const response = await fetch(`${served.ready.admin}/readyz`)
      return [response.status, JSON.stringify(await response.json())] as const
    }
    expect(await check()).toMatchObject({ effect: 'block', reason: 'POLICY_NOT_LOADED' })
    expect(await ready()).toEqual([503, expect.stringContaining('ECONNREFUSED')])
    expect((await fetch(`${served.ready.admin}/livez`)).status).toBe(200)
    expect((await runCli('token', 'list', '--config', place.file)).code).toBe(3)

    await using _there = await startRedis({ port })
    await expect.poll(async () => (await ready())[0], { timeout: 15_000 }).toBe(200)
    const scim = scimClient(served, (await tokenFrom(place)).token)
    expect((await scim('POST', '/Users', userBody('ann@acme.example'))).status).toBe(201)
    await expect.poll(async () => (await check()).effect, { timeout: 5_000 }).toBe('allow')
  },
  60_000,
)
