import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eq } from '../idp/cycle.ts'
import { groupBody, patchBody, scimFixture, userBody } from '../scim-http/scim-fixture.ts'
import { openDoor } from '../support/door.ts'

const idOf = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
const groupCount = 5_000
const memberCount = 100_000

/** One is let in by the last of the groups, which whoever keeps the first thousand would lose. */
const policy = `
version: 1
applications: { first: { hosts: [a.example] }, last: { hosts: [b.example] }, none: { hosts: [c.example] } }
rules:
  - { id: first, effect: allow, apps: { names: [first] }, who: { groups: { any: [Group 0] } } }
  - { id: last, effect: allow, apps: { names: [last] }, who: { groups: { any: [Group ${groupCount - 1}] } } }
  - { id: none, effect: allow, apps: { names: [none] }, who: { groups: { any: [Nobody] } } }
`

test('a user in 5,000 groups is decided on by all of them, shown whole, and outlives a PATCH', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-large-'))
  const seed = join(folder, 'users.json')
  const ann = idOf(1)
  const groups = Array.from({ length: groupCount }, (_, at) => ({
    ...groupBody(`Group ${at}`, [ann]),
    id: idOf(at + 10),
  }))
  const users = [userBody('ann@acme.example', { id: ann, active: true })]
  const file = { format: 'sallyport-directory', schema: 1, users, groups }
  writeFileSync(seed, JSON.stringify(file))
  const directories = `{ entra: { domains: [acme.example], default: true, seed: ${seed} } }`
  await using door = await openDoor({ policy, directories })
  rmSync(folder, { recursive: true, force: true })
  const decide = async () => {
    const asked = ['first', 'last', 'none'].map((app) =>
      door.gateway.check({ user: 'ann@acme.example', app, timeoutMs: 10_000 }),
    )
    return (await Promise.all(asked)).map(({ reason }) => reason)
  }
  const groupsShown = async () => (await door.scim('GET', `/Users/${ann}`)).body.groups.length

  expect(await decide()).toEqual(['RULE', 'RULE', 'NO_RULE'])
  expect(await groupsShown()).toBe(groupCount)
  const title = patchBody({ op: 'replace', path: 'title', value: 'Boss' })
  const patched = await door.scim('PATCH', `/Users/${ann}`, title)
  expect([patched.status, patched.body.groups.length]).toEqual([200, groupCount])
  const leave = patchBody({ op: 'remove', path: `members[value eq "${ann}"]` })
  expect((await door.scim('PATCH', `/Groups/${groups.at(-1)!.id}`, leave)).status).toBe(200)
  expect(await decide()).toEqual(['RULE', 'NO_RULE', 'NO_RULE'])
  expect(await groupsShown()).toBe(groupCount - 1)
  const found = await door.scim('GET', `/Groups?filter=${eq('members', ann)}&attributes=id&count=1`)
  expect(found.body.totalResults).toBe(groupCount - 1)
  const listed = await door.scim('GET', `/Users?filter=${eq('userName', 'ann@acme.example')}`)
  expect(listed.body.Resources[0].groups).toHaveLength(groupCount - 1)
})

test('a group of 100,000 members is kept, changed, shown and searched whole', async () => {
  await using fixture = await scimFixture()
  const { send } = fixture
  const { body: ann } = await send('POST', '/Users', userBody('ann@acme.example'))
  const members = Array.from({ length: memberCount - 1 }, (_, at) => idOf(at))
  const created = await send('POST', '/Groups', groupBody('Everybody', [...members, ann.id]))
  expect([created.status, created.body.members.length]).toEqual([201, memberCount])
  const url = `/Groups/${created.body.id}`
  const valuesOf = async () => {
    const { body } = await send('GET', url)
    return new Set(body.members.map(({ value }: { value: string }) => value))
  }
  expect(await valuesOf()).toEqual(new Set([...members, ann.id]))

  const one = idOf(memberCount)
  const add = patchBody({ op: 'add', path: 'members', value: [{ value: one }] })
  expect((await send('PATCH', url, add)).status).toBe(204)
  const remove = patchBody({ op: 'remove', path: `members[value eq "${members[0]}"]` })
  expect((await send('PATCH', url, remove)).status).toBe(204)
  expect(await valuesOf()).toEqual(new Set([...members.slice(1), ann.id, one]))
  expect((await send('PATCH', url, remove)).status).toBe(204)

  const membersOf = async (value: string) => {
    const query = `attributes=displayName&filter=${eq('members', value)}`
    return (await send('GET', `/Groups?${query}`)).body.totalResults
  }
  expect(await Promise.all([ann.id, one, members[0]!, members.at(-1)!].map(membersOf))).toEqual([
    1, 1, 0, 1,
  ])
  const { body: read } = await send('GET', `/Users/${ann.id}`)
  expect(read.groups).toMatchObject([{ value: created.body.id, display: 'Everybody' }])

  // An operation that asks for more than ids has to look at everybody, and may.
  const users = patchBody({ op: 'remove', path: 'members[type eq "User"]' })
  expect((await send('PATCH', url, users)).status).toBe(204)
  expect((await send('GET', `/Users/${ann.id}`)).body.groups).toBeUndefined()
  const whole = await send(
    'PUT',
    `${url}?excludedAttributes=members`,
    groupBody('Everybody', members),
  )
  expect(whole.status).toBe(200)
  expect(await valuesOf()).toEqual(new Set(members))
  expect((await send('DELETE', url)).status).toBe(204)
})
