import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js'
import { service } from 'grpc-health-check'
import { describe, expect, test } from 'vitest'
import { ListenError } from '../../src/std/listen-error.ts'
import { allowed, askPayroll, call, startRig } from './support.ts'

const healthMethods = service as unknown as Record<string, MethodDefinition<object, object>>

describe('the address', () => {
  test('that is taken refuses the start and names itself and the setting', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo

    const refused = startRig({ listen: { host: '127.0.0.1', port } })

    await expect(refused).rejects.toThrow(ListenError)
    await expect(refused).rejects.toThrow(`127.0.0.1:${port}`)
    await expect(refused).rejects.toThrow('listen.grpc.address')
    holder.close()
  })

  test('that is not of this machine refuses the start', async () => {
    const refused = startRig({ listen: { host: '192.0.2.1', port: 0 } })

    await expect(refused).rejects.toThrow('no such address')
  })

  test('of IPv6 is told in brackets', async () => {
    await using rig = await startRig({ listen: { host: '::1', port: 0 } })

    expect(rig.server.address).toMatch(/^\[::1\]:\d+$/)
    expect((await rig.call('Check', askPayroll)).code).toBe('OK')
  })
})

describe('health', () => {
  test.each(['', 'sallyport.v1.DecisionService'])('of %j follows setServing', async (name) => {
    await using rig = await startRig()
    const client = new Client(rig.server.address, credentials.createInsecure())
    const ask = async () =>
      (await call(client, healthMethods.Check!, { service: name })).response.status

    const answers = [await ask()]
    rig.server.setServing(true)
    answers.push(await ask())
    rig.server.setServing(false)
    answers.push(await ask())

    expect(answers).toEqual(['NOT_SERVING', 'SERVING', 'NOT_SERVING'])
    client.close()
  })

  test('of a service that is not here is NOT_FOUND, and List names those that are', async () => {
    await using rig = await startRig()
    const client = new Client(rig.server.address, credentials.createInsecure())

    const unknown = await call(client, healthMethods.Check!, { service: 'constructor' })
    const list = await call(client, healthMethods.List!, {})

    expect(unknown.code).toBe('NOT_FOUND')
    expect(Object.keys(list.response.statuses)).toEqual([
      '',
      'sallyport.v1.DecisionService',
      'envoy.service.auth.v3.Authorization',
    ])
    client.close()
  })

  test('tells a watcher each change once, and ends the watch when the server stops', async () => {
    await using rig = await startRig()
    const client = new Client(rig.server.address, credentials.createInsecure())
    const { path, requestSerialize, responseDeserialize } = healthMethods.Watch!
    const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
      service: '',
    })
    const seen: string[] = []
    watch.on('data', ({ status }: { status: string }) => void seen.push(status))
    watch.on('error', () => undefined)

    await once(watch, 'data')
    rig.server.setServing(true)
    rig.server.setServing(true)
    await once(watch, 'data')
    const ended = new Promise((resolve) => watch.on('status', resolve))
    await rig.server.stop({ lingerMs: 0, graceMs: 5000 })
    await ended

    expect(seen).toEqual(['NOT_SERVING', 'SERVING', 'NOT_SERVING'])
    client.close()
  })
})

describe('stop', () => {
  test('lets a call under way end', async () => {
    await using rig = await startRig()
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<typeof allowed>()
    rig.decisions.check = () => {
      asked.resolve()
      return answer.promise
    }
    const reply = rig.call('Check', askPayroll)
    await asked.promise

    const stopped = rig.server.stop({ lingerMs: 0, graceMs: 5000 })
    answer.resolve(allowed)

    expect((await reply).code).toBe('OK')
    await stopped
  })

  test('ends a call that does not, when the grace is over', async () => {
    await using rig = await startRig()
    const asked = Promise.withResolvers<void>()
    rig.decisions.check = () => {
      asked.resolve()
      return new Promise(() => undefined)
    }
    const reply = rig.call('Check', askPayroll)
    await asked.promise
    const startedMs = performance.now()

    await rig.server.stop({ lingerMs: 0, graceMs: 50 })

    expect(performance.now() - startedMs).toBeLessThan(1000)
    expect((await reply).code).not.toBe('OK')
  })

  test('closes connections that never said a word, and takes no new ones', async () => {
    await using rig = await startRig()
    const port = Number(rig.server.address.split(':')[1])
    const silent = connect(port, '127.0.0.1')
    silent.resume()
    await once(silent, 'data')
    const closed = once(silent, 'close')

    await rig.server.stop({ lingerMs: 0, graceMs: 50 })
    await closed
    const late = connect(port, '127.0.0.1')
    const [error] = await once(late, 'error')

    expect(error.code).toBe('ECONNREFUSED')
  })

  test('answers while it lingers, and says NOT_SERVING', async () => {
    const lingering = Promise.withResolvers<void>()
    const sleeps: number[] = []
    const clock = {
      wallMs: () => 0,
      monotonicMs: () => 0,
      sleep: (ms: number) => {
        sleeps.push(ms)
        return ms === 2000 ? lingering.promise : Promise.resolve()
      },
    }
    await using rig = await startRig({ clock })
    rig.server.setServing(true)
    const client = new Client(rig.server.address, credentials.createInsecure())

    const stopped = rig.server.stop({ lingerMs: 2000, graceMs: 1 })
    const decision = await rig.call('Check', askPayroll)
    const health = await call(client, healthMethods.Check!, { service: '' })
    lingering.resolve()
    await stopped

    expect(decision.code).toBe('OK')
    expect(health.response.status).toBe('NOT_SERVING')
    expect(sleeps).toEqual([2000, 1])
    client.close()
  })

  test('twice is once', async () => {
    await using rig = await startRig()

    const both = [rig.server, rig.server].map((it) => it.stop({ lingerMs: 0, graceMs: 10 }))

    await expect(Promise.all(both)).resolves.toHaveLength(2)
  })
})

describe('hostile traffic', () => {
  test('larger than a message may be is RESOURCE_EXHAUSTED', async () => {
    await using rig = await startRig()

    const reply = await rig.call('Check', { ...askPayroll, application: 'x'.repeat(600 * 1024) })

    expect(reply.code).toBe('RESOURCE_EXHAUSTED')
    expect(rig.decisions.attempts).toEqual([])
  })

  test.each(['/sallyport.v1.DecisionService/Nothing', '/x/__proto__', '/__proto__'])(
    'to %s is UNIMPLEMENTED',
    async (path) => {
      await using rig = await startRig()
      const client = new Client(rig.server.address, credentials.createInsecure())

      const reply = await call(client, { ...healthMethods.Check!, path }, {})

      expect(reply.code).toBe('UNIMPLEMENTED')
      client.close()
    },
  )

  test.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a TLS hello', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...Array(512).fill(7)])],
    ['noise', Buffer.alloc(4096, 0xa5)],
  ])('of %s is closed and the next caller is answered', async (_, bytes) => {
    await using rig = await startRig()
    const socket = connect(Number(rig.server.address.split(':')[1]), '127.0.0.1')
    socket.resume()
    socket.on('error', () => undefined)

    socket.write(bytes)
    await once(socket, 'close')

    expect((await rig.call('Check', askPayroll)).code).toBe('OK')
    expect(rig.errors).toEqual([])
  })
})
