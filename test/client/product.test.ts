import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startApp } from '../../src/app/app.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { type CheckRequest, type ClientDecision, SallyportClient } from '../../src/client/client.ts'
import { openDoor } from '../support/door.ts'
import { workspace } from '../support/workspace.ts'

const quickstart = join(import.meta.dirname, '../../examples/quickstart')
const requestsCount = 4_000
const ann = { user: 'ann@acme.example', app: 'wiki', timeoutMs: 10_000 }

/** The whole server with the rules and people of the example. */
function openQuickstart() {
  const seed = JSON.stringify(join(quickstart, 'users.json'))
  return openDoor({
    policy: readFileSync(join(quickstart, 'policy.yaml'), 'utf8'),
    directories: `{ entra: { domains: [acme.example], default: true, seed: ${seed} }, okta: {} }`,
  })
}

const one = <Value>(...values: readonly Value[]) => fc.constantFrom(...values)
const anyRequest: fc.Arbitrary<CheckRequest> = fc
  .record(
    {
      user: one(...['ann', 'bob', 'cai', 'dee', 'eve', 'nobody'].map((it) => `${it}@acme.example`)),
      directory: one('entra', 'okta', 'elsewhere'),
      app: one('payroll', 'crm', 'ssh-prod', 'wiki', 'nothing'),
      host: one('payroll.acme.example', 'a.crm.acme.example', 'x.example', 'no host'),
      ip: one('10.20.7.1', '192.0.2.1'),
      port: one(22, 443, 80, 0),
      protocol: one('tcp', 'udp'),
      action: one('connect', 'read'),
      context: one(
        {},
        { posture: { 'disk-encrypted': true } },
        { sourceIp: '198.51.100.7', trustedNetworks: ['hq'] },
        { posture: { 'disk-encrypted': 'yes' }, sourceIp: 'nonsense' },
      ),
      claims: one({}, { groups: ['Finance'], level: 3 }),
    },
    { requiredKeys: ['user'] },
  )
  .map((request) => ({ ...request, timeoutMs: 20_000 }))

/** All that does not depend on when it was asked. */
function said({ decisionId, ageMs, ...rest }: ClientDecision): object {
  return rest
}

test('thousands of random requests have the same answers on the stream as on their own', async () => {
  await using door = await openQuickstart()
  const address = door.app.addresses.grpc!
  using byStream = new SallyportClient(address, { performs: 'all' })
  using byCall = new SallyportClient(address, { performs: 'all', streams: false })
  const requests = fc.sample(anyRequest, requestsCount)
  await untilStreamed(byStream)

  const streamed = await byStream.checkMany(requests)
  const called = await byCall.checkMany(requests)

  expect(streamed.map(said)).toEqual(called.map(said))
  const reasons = new Set(called.map(({ effect, reason }) => `${effect} ${reason}`))
  expect(reasons).toContain('allow RULE')
  expect(reasons).toContain('block WIRE_INVALID_ARGUMENT')
  expect(reasons.size).toBeGreaterThanOrEqual(6)
})

/** A few round trips, after which the server has said that the stream is open. */
async function untilStreamed(client: SallyportClient): Promise<void> {
  for (let asked = 0; asked < 20; asked++) await client.check(ann)
}

test('a server that restarts makes nobody an allow of a block, and is asked again when it is back', async () => {
  const seed = JSON.stringify(join(quickstart, 'users.json'))
  const { file } = workspace({
    config: (text) => text.replace('domains: [acme.example]', `$&, seed: ${seed}`),
  })
  const config = readHouseConfig(file)
  const first = await startApp(config, undefined, { lingerMs: 0 })
  const address = first.addresses.grpc!
  using client = SallyportClient.connect(address)
  const gateway = new Busy(client)
  await gateway.until(({ allowed }) => allowed > 200)

  await first[Symbol.asyncDispose]()
  await gateway.until(({ wired }) => wired > 0)
  const grpc = { ...config.listen.grpc, port: Number(address.split(':').at(-1)) }
  await using _second = await startApp({ ...config, listen: { ...config.listen, grpc } })
  const before = gateway.allowed
  await gateway.until(({ allowed }) => allowed > before + 200)
  await gateway.stop()

  expect(gateway.wrong).toEqual([])
})

/** A gateway with several attempts in flight at any time, half of them of a stranger. */
class Busy {
  allowed = 0
  /** Attempts without a decision. */
  wired = 0
  readonly wrong: ClientDecision[] = []
  readonly #client: SallyportClient
  readonly #lanes: Promise<void>[]
  #isOver = false

  constructor(client: SallyportClient) {
    this.#client = client
    const users = [...Array(8).keys()].map((n) => (n % 2 === 0 ? ann.user : 'x@acme.example'))
    this.#lanes = users.map((user) => this.#ask(user))
  }

  async until(enough: (gateway: Busy) => boolean): Promise<void> {
    while (!enough(this)) await new Promise(setImmediate)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #ask(user: string): Promise<void> {
    while (!this.#isOver) {
      const answer = await this.#client.check({ ...ann, user })
      if (answer.wire !== undefined) this.wired++
      else if (answer.allowed) this.allowed++
      const right = user === ann.user || !answer.allowed
      if (!right) this.wrong.push(answer)
    }
  }
}
