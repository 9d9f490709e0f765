import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { allowed, annReadsPayroll, post, type Rig, send, startRig } from './support.ts'

const evaluation = '/access/v1/evaluation'

describe('HTTP', () => {
  test.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['Application/JSON;charset="UTF-8"'],
  ])('takes %s', async (type) => {
    await using rig = await startRig()
    const { status } = await rig.post('evaluation', annReadsPayroll, { 'content-type': type })
    expect(status).toBe(200)
  })

  test.each([
    ['text/plain'],
    ['application/jsonp'],
    ['application/json, text/plain'],
    ['application/json; charset=utf-16'],
    ['x'],
  ])('answers 400 to %s, without reading the body', async (type) => {
    await using rig = await startRig()
    const { status, headers, text } = await rig.post('evaluation', annReadsPayroll, {
      'content-type': type,
    })
    expect([status, text]).toEqual([400, '`Content-Type` must be application/json'])
    expect(headers.connection).toBe('close')
  })

  test.each([
    ['a compressed body', { 'content-encoding': 'gzip' }, 'x', 400],
    ['a body that is not UTF-8', {}, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['a body that is nested too deep', {}, '[{"a":'.repeat(20), 400],
    ['a body with too many names', {}, `{${'"a":1,'.repeat(2_000)}"a":1}`, 400],
    ['a body that is too large', {}, `{"foo":"${'x'.repeat(65 * 1024)}"}`, 413],
  ])('refuses %s', async (_, headers, body, wanted) => {
    await using rig = await startRig()
    const { status, headers: answered } = await rig.post('evaluation', body, headers)
    expect([status, answered['content-type']]).toEqual([wanted, 'text/plain; charset=utf-8'])
    expect(rig.errors).toEqual([])
  })

  test('takes a larger body for a batch alone', async () => {
    await using rig = await startRig()
    const body = { ...annReadsPayroll, evaluations: [{}], foo: 'x'.repeat(65 * 1024) }
    expect((await rig.post('evaluations', body)).status).toBe(200)
    expect((await rig.post('evaluation', body)).status).toBe(413)
    const huge = { ...body, foo: 'x'.repeat(513 * 1024) }
    expect((await rig.post('evaluations', huge)).status).toBe(413)
  })

  test('tells other methods which one there is, and that there is nothing elsewhere', async () => {
    await using rig = await startRig()
    const id = { 'x-request-id': 'r-1' }
    const put = await send('PUT', rig.server.url + evaluation, '{}', id)
    expect([put.status, put.headers.allow, put.headers['x-request-id']]).toEqual([
      405,
      'POST',
      'r-1',
    ])
    const got = await send('GET', `${rig.server.url}/access/v1/search/subject`)
    expect([got.status, got.headers.allow]).toEqual([405, 'POST'])
    for (const path of ['/', '/access/v1', '/access/v1/evaluation/', '/%ff', '/access/v1/%2e%2e']) {
      const { status, headers } = await send('GET', rig.server.url + path, undefined, id)
      expect([path, status, headers['x-request-id']]).toEqual([path, 404, 'r-1'])
    }
  })

  test.each([
    ['noise', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['headers that are too long', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}`, /^HTTP\/1\.1 431 /],
    [
      'two lengths',
      `POST ${evaluation} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}`,
      /^HTTP\/1\.1 400 /,
    ],
  ])('answers %s and hangs up', async (_, sent, wanted) => {
    await using rig = await startRig()
    expect(await lastWords(rig, sent)).toMatch(wanted)
  })

  test.concurrent.each([
    ['headers', `POST ${evaluation} HTTP/1.1\r\nhost: x\r\nx-slow: `],
    [
      'a body',
      `POST ${evaluation} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    ],
  ])(
    'who never finishes %s is cut off with a 408',
    async (_, sent) => {
      await using rig = await startRig()
      expect(await lastWords(rig, sent)).toMatch(/^HTTP\/1\.1 408 /)
    },
    15_000,
  )
})

async function idleConnection({ server }: Rig): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
  return socket
}

/** What the server says before it closes the connection. */
async function lastWords({ server }: Rig, sent: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => {
    answer += data
  })
  socket.on('error', () => socket.destroy())
  socket.write(sent)
  await once(socket, 'close')
  return answer
}

describe('metadata', () => {
  const wellKnown = '/.well-known/authzen-configuration'

  test('has the public URL, and the obligations that there can be', async () => {
    await using rig = await startRig({ publicUrl: 'https://pdp.example.com' })
    const asked = { host: 'evil.example', forwarded: 'host=evil.example' }
    const { json } = await send('GET', `http://${rig.server.address}${wellKnown}`, undefined, asked)
    expect(json).toMatchObject({
      policy_decision_point: 'https://pdp.example.com',
      access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation',
      supported_obligations: ['step-up', 'custom'],
    })
    expect(JSON.stringify(json)).not.toContain('evil')
  })

  test('of a public URL with a path is at its place behind the path as well', async () => {
    await using rig = await startRig({ publicUrl: 'https://example.com/pdp' })
    const { json } = await send('GET', `http://${rig.server.address}${wellKnown}/pdp`)
    expect(json.policy_decision_point).toBe('https://example.com/pdp')
    expect(json.search_action_endpoint).toBe('https://example.com/pdp/access/v1/search/action')
    expect((await send('GET', `http://${rig.server.address}${wellKnown}/other`)).status).toBe(404)
  })
})

describe('a stop', () => {
  test('answers what is under way, ends what is idle, and refuses what comes', async () => {
    await using rig = await startRig()
    const { promise: decided, resolve: decide } = Promise.withResolvers<typeof allowed>()
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    rig.decisions.check = () => {
      isAsked()
      return decided
    }
    const idle = await idleConnection(rig)
    const answer = rig.post('evaluation', annReadsPayroll)
    await asked

    const stopped = rig.server.stop({ lingerMs: 0, graceMs: 10_000 })
    await once(idle, 'close')
    await expect(post(rig.server.url + evaluation, annReadsPayroll)).rejects.toThrow()
    decide(allowed)

    expect((await answer).json.decision).toBe(true)
    await stopped
  })

  test('ends a connection kept alive with the answer that is under way', async () => {
    await using rig = await startRig()
    const { promise: decided, resolve: decide } = Promise.withResolvers<typeof allowed>()
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    rig.decisions.check = () => {
      isAsked()
      return decided
    }
    const body = JSON.stringify(annReadsPayroll)
    const head = `POST ${evaluation} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
    const words = lastWords(rig, `${head}content-length: ${body.length}\r\n\r\n${body}`)
    await asked
    const idle = await idleConnection(rig)
    const stopped = rig.server.stop({ lingerMs: 0, graceMs: 60_000 })
    await once(idle, 'close')
    decide(allowed)
    expect(await words).toMatch(/connection: close[\s\S]*"decision":true/i)
    await stopped
  })

  test('waits for nobody longer than its grace', async () => {
    await using rig = await startRig()
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
    rig.decisions.check = () => {
      isAsked()
      return new Promise(() => undefined)
    }
    const answer = expect(rig.post('evaluation', annReadsPayroll)).rejects.toThrow()
    await asked
    await rig.server.stop({ lingerMs: 0, graceMs: 10 })
    await answer
  })
})
