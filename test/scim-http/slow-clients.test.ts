import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScimFixture, scimFixture, userBody } from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const slowOnes = 200
const start = () => {
  const { token, url } = fixture
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const head = ['POST /scim/entra/v2/Users HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`]
  return { socket, head: head.join('\r\n') }
}

/** What the server says before it closes the connection. */
async function lastWords(socket: Socket): Promise<string> {
  let answer = ''
  socket.setEncoding('utf8')
  socket.on('data', (data: string) => {
    answer += data
  })
  socket.on('error', () => socket.destroy())
  await once(socket, 'close')
  return answer
}

test.concurrent.each([
  ['headers', () => '\r\nX-Slow: '],
  ['a body', () => '\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"schemas"'],
  [
    'a body in chunks',
    () => '\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
  ],
])(
  'hundreds who never finish %s are cut off with a 408, and others are served meanwhile',
  async (what, part) => {
    const sockets = Array.from({ length: slowOnes }, () => {
      const { socket, head } = start()
      socket.write(`${head}${part()}`)
      return socket
    })
    const ended = Promise.all(sockets.map(lastWords))
    const others = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        fixture.send('POST', '/Users', userBody(`${what}${at}@acme.example`)),
      ),
    )
    expect(new Set(others.map(({ status }) => status))).toEqual(new Set([201]))
    expect(sockets.every((socket) => !socket.destroyed)).toBe(true)

    const words = await ended
    for (const answer of words) {
      expect(answer).toMatch(
        /^HTTP\/1.1 408 Request Timeout\r\nContent-Type: application\/scim\+json/,
      )
    }
    expect(fixture.errors).toEqual([])
  },
)

test.concurrent('who trickles a body byte by byte is cut off all the same', async () => {
  const { socket, head } = start()
  socket.write(`${head}\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n`)
  const trickle = setInterval(() => socket.write(' '), 200)
  const answer = await lastWords(socket)
  clearInterval(trickle)
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
})
