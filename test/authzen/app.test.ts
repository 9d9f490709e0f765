import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { mintConnectorToken } from '../../src/access/connectors.ts'
import { userBody } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki, openDoor } from '../support/door.ts'
import { post } from './support.ts'

const annAtWiki = {
  subject: { type: 'user', id: 'ann@acme.example' },
  action: { name: 'connect' },
  resource: { type: 'destination', id: 'wiki.acme.example:443' },
}

test('a server that decides is asked over AuthZEN as over gRPC', async () => {
  await using door = await openDoor({ policy: allowEverybodyOnWiki })
  const ask = async () => {
    const { json } = await post(`${door.app.addresses.authzen}/access/v1/evaluation`, annAtWiki)
    return [json.decision, json.context.reason]
  }
  expect(await ask()).toEqual([false, 'DIRECTORY_NOT_READY'])
  await door.scim('POST', '/Users', userBody('bob@acme.example'))
  expect(await ask()).toEqual([false, 'USER_UNKNOWN'])
  await door.scim('POST', '/Users', userBody('ann@acme.example'))
  expect(await ask()).toEqual([true, 'RULE'])
})

test('whoever is switched off in the config loses the connection that is open', async () => {
  const { token, row } = mintConnectorToken('gateway')
  const more = `connectors: { gateway: { tokens: ["${row}"] } }`
  await using door = await openDoor({ policy: allowEverybodyOnWiki, more })
  const url = new URL(door.app.addresses.authzen!)
  const socket = connect(Number(url.port), url.hostname)
  socket.write(`GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /)

  const { file } = door.config
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('gateway: {', 'gateway: { state: disabled,'))
  await once(socket, 'close')

  const authorization = `Bearer ${token}`
  const { status } = await post(`${url.origin}/access/v1/evaluation`, annAtWiki, { authorization })
  expect(status).toBe(403)
})

test("several processes that decide share the address, and go on from each other's pages", async () => {
  const policy = allowEverybodyOnWiki
  await using door = await openDoor({ policy, more: 'decision: { workers: 2 }' })
  const names = ['ann', 'bob', 'eve'].map((name) => `${name}@acme.example`)
  for (const name of names) await door.scim('POST', '/Users', userBody(name))
  const body = { ...annAtWiki, subject: { type: 'user' } }
  const found: string[] = []
  let token: string | undefined
  do {
    const page = token === undefined ? { limit: 1 } : { token }
    const url = `${door.app.addresses.authzen}/access/v1/search/subject`
    const { status, json } = await post(url, { ...body, page })
    expect(status).toBe(200)
    found.push(...json.results.map(({ id }: { id: string }) => id))
    token = json.page.next_token
  } while (token !== '')
  expect(found).toEqual(names)
}, 60_000)
