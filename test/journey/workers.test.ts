import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { Client, credentials } from '@grpc/grpc-js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { mintConnectorToken } from '../../src/access/connectors.ts'
import { send } from '../authzen/support.ts'
import { call, decisionMethods } from '../grpc/support.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { runCli, type Served, serveCli } from '../support/run-cli.ts'
import { scimClient, tokenFrom, workspace } from '../support/workspace.ts'

const engines = [
  ['SQLite', undefined],
  ...(hasRedis ? [['Redis', startRedis] as const] : []),
] as const

/** A connection of its own each: clients would share one. */
function gateway(address: string) {
  const options = { 'grpc.use_local_subchannel_pool': 1 }
  const client = new Client(address, credentials.createInsecure(), options)
  onTestFinished(() => client.close())
  const request = { subject: { user_name: 'ann@acme.example' }, application: 'wiki' }
  return async () => {
    const { code, response } = await call(client, decisionMethods.Check!, request)
    const { effect, reason, decision_id } = response?.decision ?? {}
    return { code, effect, reason, worker: String(decision_id).split('-')[0] }
  }
}

describe.each(engines)('several workers on %s', (_, redis) => {
  const place = async (more: string) => {
    const server = await redis?.()
    if (server !== undefined) onTestFinished(() => server[Symbol.asyncDispose]())
    return workspace({
      config: (text) =>
        `${server ? text.replace(/^store: .*$/m, `store: ${server.url}`) : text}${more}`,
    })
  }

  test('share one port and what a SCIM answer promises, and one that dies is replaced', async () => {
    const here = await place('decision: { workers: 2 }\n')
    await using served = await serveCli(here.file)
    const scim = scimClient(served, (await tokenFrom(here)).token)
    const gateways = [0, 1, 2, 3].map(() => gateway(served.ready.grpc))
    const ask = () => Promise.all(gateways.map((each) => each()))
    const ready = async () => {
      const response = await fetch(`${served.ready.admin}/readyz`)
      return `${response.status} ${JSON.stringify(await response.json())}`
    }

    const ann = await scim('POST', '/Users', userBody('ann@acme.example'))
    await expect
      .poll(async () => (await ask()).map(({ effect }) => effect))
      .toEqual(Array(4).fill('ALLOW'))
    expect(new Set((await ask()).map(({ worker }) => worker)).size).toBe(2)

    const { status } = await scim('PATCH', `/Users/${ann.body.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    })
    expect(status).toBe(200)
    expect((await ask()).map(({ reason }) => reason)).toEqual(Array(4).fill('USER_INACTIVE'))

    const metrics = await (await fetch(`${served.ready.admin}/metrics`)).text()
    expect(metrics).toMatch(/decisions_total\{effect="block",reason="USER_INACTIVE"\} 4/)
    process.kill((await workersOf(served))[0]!, 'SIGKILL')
    await expect.poll(ready).toContain('503 ')
    expect(await ready()).toContain('ended with SIGKILL')
    await expect.poll(ready, { timeout: 15_000 }).toContain('200 ')
    expect((await gateway(served.ready.grpc)()).reason).toBe('USER_INACTIVE')

    served.child.kill('SIGTERM')
    expect(await once(served.child, 'exit')).toEqual([0, null])
  }, 60_000)
})

test('a port that is taken refuses the start, by its setting, and leaves no process behind', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  const { file } = workspace({
    config: (text) =>
      `${text.replace('grpc: { address: "127.0.0.1:0" }', `grpc: { address: "127.0.0.1:${port}" }`)}decision: { workers: 2 }\n`,
  })

  const { code, stderr } = await runCli('serve', '--config', file)

  expect(code).toBe(3)
  expect(stderr).toContain('listen.grpc.address')
}, 30_000)

test('a worker that is replaced admits nobody whose token is gone, whatever became of the file', async () => {
  const [gone, left] = [mintConnectorToken('laptop'), mintConnectorToken('laptop')]
  const { file } = workspace({
    config: (text) =>
      `${text}decision: { workers: 2 }\nconnectors: { laptop: { tokens: ["${gone.row}"] } }\n`,
  })
  const edit = (from: string, to: string) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  await using served = await serveCli(file)
  const ask = async () => {
    const authorization = `Bearer ${gone.token}`
    const ask = () => send('GET', `${served.ready.authzen}/`, undefined, { authorization })
    return (await Promise.all([ask(), ask(), ask(), ask()])).map(({ status }) => status)
  }
  const ready = async () => await (await fetch(`${served.ready.admin}/readyz`)).text()
  expect(await ask()).toEqual(Array(4).fill(404))

  edit(gone.row, left.row)
  await expect.poll(ask, { timeout: 15_000 }).toEqual(Array(4).fill(401))
  edit('connectors:', 'connectors: [')
  await expect.poll(ready, { timeout: 15_000 }).toContain('config file refused')
  process.kill((await workersOf(served))[0]!, 'SIGKILL')
  await expect.poll(ready, { timeout: 15_000 }).toContain('ended with SIGKILL')
  await expect.poll(ready, { timeout: 15_000 }).toContain('"ready":true')

  expect(await ask()).toEqual(Array(4).fill(401))
}, 60_000)

test('a stop does not wait for ever for a worker that is only starting', async () => {
  const { file } = workspace({ config: (text) => `${text}decision: { workers: 2 }\n` })
  await using served = await serveCli(file)
  const [first, second] = await workersOf(served)
  process.kill(first!, 'SIGKILL')
  const isStarting = async () => (await workersOf(served)).filter((pid) => pid !== second)
  await expect.poll(isStarting, { timeout: 15_000 }).not.toEqual([first])
  await expect.poll(isStarting, { timeout: 15_000 }).toHaveLength(1)

  served.child.kill('SIGTERM')

  expect(await once(served.child, 'exit')).toEqual([0, null])
}, 60_000)

/** The processes that a server has started, oldest first (Linux). */
async function workersOf({ child: { pid } }: Served): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number)
}
