import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { type GatewayOptions, startGateway } from '../../examples/gateway/proxy.ts'
import { SallyportClient } from '../../src/client/client.ts'
import { type Door, openDoor } from '../support/door.ts'

const examples = join(import.meta.dirname, '../../examples')
const quickstart = join(examples, 'quickstart')

function openQuickstart(): Promise<Door> {
  const seed = JSON.stringify(join(quickstart, 'users.json'))
  return openDoor({
    policy: readFileSync(join(quickstart, 'policy.yaml'), 'utf8'),
    directories: `{ entra: { domains: [acme.example], default: true, seed: ${seed} }, okta: {} }`,
  })
}

/** Says who it was reached as, and nothing else. */
async function startUpstream() {
  const opened: string[] = []
  const server = createServer((socket) => socket.on('error', () => undefined).write('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    opened,
    connect: (host: string, at: number) => {
      opened.push(`${host}:${at}`)
      return connect(port, '127.0.0.1')
    },
    [Symbol.dispose]: () => void server.close(),
  }
}

/** A door, its gateway with ann and bob, and what lies behind. */
async function startRig(more: Partial<GatewayOptions> = {}) {
  const stack = new AsyncDisposableStack()
  const door = stack.use(await openQuickstart())
  const upstream = stack.use(await startUpstream())
  const sallyport = stack.use(new SallyportClient(door.app.addresses.grpc!, { timeoutMs: 10_000 }))
  const gateway = await startGateway({
    sallyport,
    login: (name, password) =>
      password === 'demo'
        ? { userName: `${name}@acme.example`, posture: { 'disk-encrypted': name === 'ann' } }
        : undefined,
    connect: upstream.connect,
    port: 0,
    recheckMs: 3_600_000,
    ...more,
  })
  stack.defer(() => gateway.close())
  return { door, upstream, port: gateway.port, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

interface Tunnelled {
  readonly status: number
  readonly text: string
  readonly socket: Socket
}

/** As a person's browser would. The text is what comes first through the tunnel, or the refusal. */
async function tunnel(port: number, login: string, target: string): Promise<Tunnelled> {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`
  const headers = login === '' ? {} : { 'proxy-authorization': authorization }
  const asked = request({ port, host: '127.0.0.1', method: 'CONNECT', path: target, headers })
  asked.end()
  const [response, socket, head] = await once(asked, 'connect')
  const text = head.length > 0 ? head : (await once(socket, 'data'))[0]
  return { status: response.statusCode, text: String(text), socket }
}

test('a gateway opens what is allowed and nothing else, and says why not', async () => {
  await using rig = await startRig()
  const ask = (login: string, target: string) => tunnel(rig.port, login, target)

  const wiki = await ask('ann:demo', 'wiki.acme.example:443')
  const payroll = await ask('ann:demo', 'payroll.acme.example:443')
  const unmanaged = await ask('bob:demo', 'payroll.acme.example:443')
  const stranger = await ask('mallory:demo', 'wiki.acme.example:443')

  expect([wiki.status, wiki.text, payroll.status]).toEqual([200, 'hello', 200])
  expect(unmanaged).toMatchObject({ status: 403, text: expect.stringMatching(/managed device/) })
  expect(stranger.text).toContain('USER_UNKNOWN')
  expect(rig.upstream.opened).toEqual(['wiki.acme.example:443', 'payroll.acme.example:443'])
})

test.each([
  ['nobody', '', 'wiki.acme.example:443', 407],
  ['somebody with a wrong password', 'ann:guess', 'wiki.acme.example:443', 407],
  ['somebody who wants no place', 'ann:demo', 'wiki.acme.example:0', 400],
  ['somebody who wants an address', 'ann:demo', '[2001:db8::1]:443', 403],
])('a gateway opens nothing to %s', async (_, login, target, status) => {
  await using rig = await startRig()

  expect((await tunnel(rig.port, login, target)).status).toBe(status)
  expect(rig.upstream.opened).toEqual([])
})

test('a gateway that cannot ask opens nothing', async () => {
  await using rig = await startRig()
  await rig.door.app[Symbol.asyncDispose]()

  const refused = await tunnel(rig.port, 'ann:demo', 'wiki.acme.example:443')

  expect(refused).toMatchObject({ status: 403, text: expect.stringContaining('WIRE_UNAVAILABLE') })
  expect(rig.upstream.opened).toEqual([])
})

test('a gateway ends what is open when the answer has changed', async () => {
  await using rig = await startRig({ recheckMs: 20 })
  const { socket } = await tunnel(rig.port, 'ann:demo', 'wiki.acme.example:443')
  const ended = once(socket.resume(), 'close')

  const { body } = await rig.door.scim('GET', '/Users?filter=userName eq "ann@acme.example"')
  const [{ id }] = (body as { Resources: [{ id: string }] }).Resources
  await rig.door.scim('DELETE', `/Users/${id}`)

  await ended
})

test('the example runs as its first lines say', async () => {
  await using door = await openQuickstart()
  const script = join(examples, 'gateway/gateway.ts')
  const args = [script, '--server', door.app.addresses.grpc!, '--port', '0']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  const port = Number(/:(\d+)$/.exec(line)![1])

  const { status, socket } = await openOnly(port, 'ann:demo', 'wiki.acme.example:80')
  socket.write('GET / HTTP/1.1\r\nHost: wiki.acme.example\r\nConnection: close\r\n\r\n')
  const [reply] = await once(socket, 'data')
  child.kill('SIGTERM')

  expect(status).toBe(200)
  expect(String(reply)).toContain('you have reached wiki.acme.example')
  expect(await once(child, 'exit')).toEqual([0, null])
})

/** For an upstream that waits to be asked. */
async function openOnly(port: number, login: string, target: string) {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`
  const headers = { 'proxy-authorization': authorization }
  const asked = request({ port, host: '127.0.0.1', method: 'CONNECT', path: target, headers })
  asked.end()
  const [response, socket] = (await once(asked, 'connect')) as [{ statusCode: number }, Socket]
  return { status: response.statusCode, socket }
}
