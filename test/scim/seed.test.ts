import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSchemaRegistry } from '../../src/directory/schema-registry.ts'
import { importResources } from '../../src/scim/seed.ts'
import { systemClock } from '../../src/std/clock.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import {
  committed,
  entra,
  okta,
  removeMembers,
  temporarySqliteStore,
} from '../support/store-fixture.ts'

const registry = createSchemaRegistry()
const clock = systemClock
const userSchemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
const groupSchemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
const [annId, bobId, groupId] = [randomUUID(), randomUUID(), randomUUID()]
const ann = { schemas: userSchemas, id: annId, userName: 'ann@acme.example', meta: {}, groups: [] }
const bob = { schemas: userSchemas, id: bobId, userName: 'bob@acme.example', active: false }
const staff = {
  schemas: groupSchemas,
  id: groupId,
  displayName: 'Staff',
  members: [{ value: annId }, { value: bobId }],
}
const file = (more: object) => ({ format: 'sallyport-directory', schema: 1, ...more })

describe('a seed', () => {
  test('fills a directory that was never written to, under the ids it names, once', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    const parts = { store, registry, clock }
    const seed = file({ users: [ann, bob], groups: [staff] })
    expect(await importResources(parts, entra, seed)).toEqual({
      kind: 'imported',
      users: 2,
      groups: 1,
    })
    const group = await store.get('groups', entra, groupId, { references: true })
    expect(group?.references?.map(({ value, type }) => [value, type])).toEqual([
      [annId, 'User'],
      [bobId, 'User'],
    ])
    expect(await store.counts(entra)).toMatchObject({ users: 2, activeUsers: 1, pendingMembers: 0 })
    expect(await importResources(parts, entra, seed)).toEqual({ kind: 'notEmpty' })
    expect((await store.counts(okta)).lastRevision).toBe(0)
  })

  test('lets nobody in meanwhile whom a group of it blocks', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    await using rig = await decisionRig(
      store,
      `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules:
  - { id: not-staff, effect: block, apps: any, who: { groups: { any: [Staff] } } }
  - { id: everybody, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`,
    )
    const ask = async () => answered(await rig.decider.check(attempt('ann@acme.example'))).effect
    const seen: string[] = []
    const commit = store.commit.bind(store)
    store.commit = async (change, by) => {
      const result = await commit(change, by)
      seen.push(await ask())
      return result
    }
    await importResources(
      { store, registry, clock },
      entra,
      file({ users: [ann], groups: [staff] }),
    )
    expect(seen).toEqual(['block', 'block'])
    await committed(store, removeMembers(groupId, annId))
    expect(await ask()).toBe('allow')
  })

  test('tells everything that is wrong with it, and writes nothing', async () => {
    await using temporary = await temporarySqliteStore()
    const { store } = temporary
    const users = [
      ann,
      { ...bob, id: annId },
      { ...bob, userName: 'ANN@acme.example' },
      { ...bob, id: 'B', userName: 'x' },
      { ...bob, id: randomUUID(), userName: '' },
      { ...bob, id: randomUUID(), userName: 'y', usrName: 'z' },
      'x',
    ]
    const groups = [{ ...staff, members: [{ value: 5 }] }]
    const seed = { format: 'x', schema: 2, extra: 1, users, groups }
    const answer = await importResources({ store, registry, clock }, entra, seed)
    expect(answer).toEqual({
      kind: 'faults',
      faults: [
        'format: must be "sallyport-directory", not "x"',
        'schema: must be 1, not 2',
        'extra: is unknown; known here: format, schema, users, groups',
        `users[1].id: \`${annId}\` stands twice in the file`,
        'users[2]: `userName` stands twice in the file',
        'users[3].id: must be a UUID in lower case, not "B"',
        'users[4]: `userName` is required and must not be empty',
        'users[5]: unknown attribute `usrName`',
        'users[6].id: must be a UUID in lower case, not nothing',
        'groups[0]: `members[0].value` must be the id of a member, not 5',
      ],
    })
    expect((await store.counts(entra)).lastRevision).toBe(0)
  })

  test.each([[null], [[]], ['x'], [file({ users: {} })]])('that is %j is refused', async (sent) => {
    await using temporary = await temporarySqliteStore()
    const parts = { store: temporary.store, registry, clock }
    expect((await importResources(parts, entra, sent)).kind).toBe('faults')
  })
})
