import { connect } from 'node:net'
import { expect } from 'vitest'
import { eq } from '../idp/cycle.ts'
import { groupBody, type Json, patchBody, type Reply, userBody } from '../scim-http/scim-fixture.ts'
import { type Served, serveCli } from './run-cli.ts'
import { type ScimClient, scimClient, tokenFrom, workspace } from './workspace.ts'

/** Two processes that serve SCIM from one store, and a client of each. */
export interface TwoServers extends AsyncDisposable {
  readonly both: readonly [ScimClient, ScimClient]
  /** Sends a request and hangs up without waiting for the answer. */
  hangUp(method: string, path: string, body: Json): Promise<void>
}

/** `store`: where, if not in a file of their own. */
export async function twoServers(store?: string): Promise<TwoServers> {
  const unlimited = 'limits: { scimPerDirectory: { rate: 1000000, burst: 1000000 } }\n'
  const located = (text: string) =>
    store === undefined ? text : text.replace(/^store: .*$/m, `store: ${store}`)
  const place = workspace({ config: (text) => `${located(text)}${unlimited}` })
  const servers: Served[] = []
  for (let count = 0; count < 2; count += 1) {
    servers.push(await serveCli(place.file, '--roles', 'ingest,admin'))
  }
  const { token } = await tokenFrom(place)
  const [first, second] = servers as [Served, Served]
  return {
    both: [scimClient(first, token), scimClient(second, token)],
    hangUp: (method, path, body) =>
      hangUp(new URL(first.ready.scim), token, { method, path, body }),
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

/** Everybody wants one name, in several spellings: one has it, the others are told so. */
export async function raceForNames({ both }: TwoServers, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, attribute, bodyOf] of [
      ['/Users', 'userName', userBody],
      ['/Groups', 'displayName', groupBody],
    ] as const) {
      const spellings = [`Name${round}`, `NAME${round}`, `name${round}`, `nAmE${round}`]
      const replies = await Promise.all(
        spellings.map((name, at) => both[at % 2]!('POST', path, bodyOf(name))),
      )
      const statuses = replies.map(({ status }) => status).toSorted()
      expect([path, statuses]).toEqual([path, [201, 409, 409, 409]])
      const winner = replies.find(({ status }) => status === 201)!.body
      for (const send of both) {
        const { body } = await send('GET', `${path}?filter=${eq(attribute, `NaMe${round}`)}`)
        expect([body.totalResults, body.Resources[0]?.id]).toEqual([1, winner.id])
        expect((await send('GET', `${path}/${winner.id}`)).body[attribute]).toBe(winner[attribute])
      }
    }
  }
}

/** What may happen to one membership, from both sides at once. */
const membershipOperations = ['add', 'remove', 'delete user', 'delete group', 'add', 'put'] as const

/**
 * One membership is added, removed and put, while its user and its group are deleted. Afterwards
 * both directions say the same at both servers, and nobody who is gone is a member by name.
 */
export async function raceForMemberships({ both }: TwoServers, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { body: user } = await both[0]('POST', '/Users', userBody(`member${round}`))
    const { body: group } = await both[1]('POST', '/Groups', groupBody(`Group ${round}`))
    const value = [{ value: user.id }]
    const send = (what: (typeof membershipOperations)[number], at: number): Promise<Reply> => {
      const client = both[at % 2]!
      switch (what) {
        case 'delete user':
          return client('DELETE', `/Users/${user.id}`)
        case 'delete group':
          return client('DELETE', `/Groups/${group.id}`)
        case 'put':
          return client('PUT', `/Groups/${group.id}`, groupBody(`Group ${round}`, [user.id]))
        default: {
          const body = patchBody({ op: what, path: 'members', value })
          return client('PATCH', `/Groups/${group.id}`, body)
        }
      }
    }
    // Every round leaves another one or two out, and begins at another.
    const chosen = membershipOperations.filter((_, at) => (round + at) % 4 !== 0)
    const ordered = chosen.map((_, at) => chosen[(at + round) % chosen.length]!)
    const replies = await Promise.all(ordered.map(send))
    for (const [at, { status }] of replies.entries()) {
      expect([ordered[at], [200, 204, 404].includes(status)]).toEqual([ordered[at], true])
    }
    for (const client of both) await expectOneStory(client, user.id, group.id, ordered)
  }
}

async function expectOneStory(
  client: ScimClient,
  userId: string,
  groupId: string,
  what: readonly string[],
): Promise<void> {
  const user = await client('GET', `/Users/${userId}`)
  const group = await client('GET', `/Groups/${groupId}`)
  const isGone = what.includes('delete user')
  expect([what, user.status, group.status]).toEqual([
    what,
    isGone ? 404 : 200,
    what.includes('delete group') ? 404 : 200,
  ])
  const ofGroup = (group.body.members ?? []).filter(({ value }: Json) => value === userId)
  const ofUser = (user.body.groups ?? []).filter(({ value }: Json) => value === groupId)
  expect([what, ofGroup.length <= 1, ofUser.length <= 1]).toEqual([what, true, true])
  // An id that was added after its user had gone is kept, as that of somebody who has not come.
  if (isGone) expect(ofGroup.every((member: Json) => !('type' in member))).toBe(true)
  else if (group.status === 200) expect([what, ofUser.length]).toEqual([what, ofGroup.length])
  else expect([what, ofUser]).toEqual([what, []])
  const found = await client('GET', `/Groups?filter=${eq('members', userId)}&attributes=id`)
  expect([what, found.body.totalResults]).toEqual([what, ofGroup.length])
}

/** Two servers write to one user at a time: what was answered with 200 is there. */
export async function raceForAttributes({ both }: TwoServers, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const { body: user } = await both[0]('POST', '/Users', userBody(`busy${round}`))
    const values = Array.from({ length: 6 }, (_, at) => `role${at}`)
    const replies = await Promise.all(
      values.map((value, at) =>
        both[at % 2]!('PATCH', `/Users/${user.id}`, patchBody({ op: 'add', path: 'roles', value })),
      ),
    )
    const done = values.filter((_, at) => replies[at]!.status === 200)
    const refused = replies.filter(({ status }) => status !== 200)
    expect(
      refused.every(({ status, headers }) => status === 503 && headers.has('retry-after')),
    ).toBe(true)
    for (const client of both) {
      const { body } = await client('GET', `/Users/${user.id}`)
      const kept = body.roles.map((role: { readonly value: string }) => role.value)
      expect(kept.toSorted()).toEqual(done.toSorted())
    }
  }
}

/** The answer is lost and the request repeated, at the other server: one final state, all can be found. */
export async function repeatUnanswered(
  { both, hangUp }: TwoServers,
  rounds: number,
): Promise<void> {
  const [send, other] = both
  for (let round = 0; round < rounds; round += 1) {
    const userName = `lost${round}`
    await hangUp('POST', '/Users', userBody(userName))
    const again = await other('POST', '/Users', userBody(userName))
    // Whichever was first: the request whose answer was lost may still be under way.
    expect([201, 409]).toContain(again.status)
    const { body } = await other('GET', `/Users?filter=${eq('userName', userName)}`)
    expect(body.totalResults).toBe(1)
    const { id } = body.Resources[0]
    const { body: group } = await send('POST', '/Groups', groupBody(`Lost ${round}`))
    const join = patchBody({ op: 'add', path: 'members', value: [{ value: id }] })
    await hangUp('PATCH', `/Groups/${group.id}`, join)
    expect((await other('PATCH', `/Groups/${group.id}`, join)).status).toBe(200)
    const rename = patchBody({ op: 'replace', path: 'title', value: 'Boss' })
    await hangUp('PATCH', `/Users/${id}`, rename)
    expect((await other('PATCH', `/Users/${id}`, rename)).body.title).toBe('Boss')
    await hangUp('DELETE', `/Users/${id}`, {})
    expect([204, 404]).toContain((await other('DELETE', `/Users/${id}`)).status)
    for (const client of both) {
      expect((await client('GET', `/Users/${id}`)).status).toBe(404)
      // A request that nobody waits for may add the id even now, as that of nobody.
      const { members = [] } = (await client('GET', `/Groups/${group.id}`)).body
      expect(members.filter((member: Json) => 'type' in member)).toEqual([])
    }
  }
}

function hangUp(
  { hostname, port }: URL,
  token: string,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: Json },
): Promise<void> {
  const text = JSON.stringify(body)
  const lines = [
    `${method} /scim/entra/v2${path} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/scim+json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(Number(port), hostname)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => resolve())
  socket.write(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.resetAndDestroy())
  return promise
}
