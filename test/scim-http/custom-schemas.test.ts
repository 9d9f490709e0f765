import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { SchemaRegistry } from '../../src/directory/schema-registry.ts'
import { badgeRegistry, badgeUrn, registryFrom, roomUrn } from '../support/badge-schema.ts'
import { entra } from '../support/store-fixture.ts'
import {
  enterpriseUrn,
  groupBody,
  groupUrn,
  type Json,
  patchBody,
  request,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'

const [badges, none] = [badgeRegistry(), registryFrom()]
/** Of the tenant of `entra`; `okta` belongs to a tenant without custom schemas. */
let ofEntra: SchemaRegistry
const fixture = await scimFixture({
  registryOf: (directory) => (directory === entra ? ofEntra : none),
})
const { send } = fixture
beforeEach(() => {
  ofEntra = badges
})
afterAll(() => fixture[Symbol.asyncDispose]())

let users = 0
const badge = { number: '7', clearance: 5, zones: ['Lab', 'lobby'], pin: '1234' }
const shownBadge = { number: '7', clearance: 5, zones: ['Lab', 'lobby'] }

async function createdUser(more: Json = { [badgeUrn]: badge }): Promise<Json> {
  users += 1
  const { status, body } = await send('POST', '/Users', userBody(`user${users}`, more))
  expect(status).toBe(201)
  return body
}

async function found(id: unknown, filter: string): Promise<unknown> {
  const asked = encodeURIComponent(`id eq "${id}" and (${filter})`)
  const { body } = await send('GET', `/Users?filter=${asked}`)
  return body.totalResults ?? body.scimType
}

function sendOkta(method: string, path: string, body?: unknown) {
  const authorization = `Bearer ${fixture.oktaToken}`
  return request(method, `${fixture.url}/scim/okta/v2${path}`, body, { authorization })
}

describe('a custom schema', () => {
  test('is listed by discovery of the directories of its tenant, and of no other', async () => {
    const urns = async (get: typeof send) =>
      (await get('GET', '/Schemas')).body.Resources.map(({ id }: Json) => id)
    expect(await urns(send)).toEqual([userUrn, enterpriseUrn, badgeUrn, groupUrn, roomUrn])
    expect(await urns(sendOkta)).toEqual([userUrn, enterpriseUrn, groupUrn])
    expect((await sendOkta('GET', `/Schemas/${badgeUrn}`)).status).toBe(404)
    const extensions = async (get: typeof send) =>
      (await get('GET', '/ResourceTypes')).body.Resources.map(
        ({ schemaExtensions = [] }: Json) => schemaExtensions,
      )
    expect(await extensions(send)).toEqual([
      [
        { schema: enterpriseUrn, required: false },
        { schema: badgeUrn, required: false },
      ],
      [{ schema: roomUrn, required: false }],
    ])
    expect(await extensions(sendOkta)).toEqual([[{ schema: enterpriseUrn, required: false }], []])
  })

  test('is described as it was declared', async () => {
    const { body } = await send('GET', `/Schemas/${badgeUrn}`)
    expect(body).toMatchObject({ id: badgeUrn, name: 'Badge' })
    const [number, clearance] = body.attributes
    expect(number).toMatchObject({ name: 'number', required: true, type: 'string' })
    expect(clearance).toMatchObject({ name: 'clearance', type: 'integer', multiValued: false })
  })

  test('is taken whether or not `schemas` names it, and named in the answer', async () => {
    // Entra sends custom extensions without naming them.
    const unnamed = await createdUser()
    expect(unnamed).toMatchObject({ schemas: [userUrn, badgeUrn], [badgeUrn]: shownBadge })
    const plain = await createdUser({ schemas: [userUrn, badgeUrn] })
    expect(plain.schemas).toEqual([userUrn])
  })

  test('is filtered by: by type and letter case, also within lists and as a whole', async () => {
    const { id } = await createdUser()
    for (const [filter, count] of [
      [`${badgeUrn}:clearance ge 5`, 1],
      [`${badgeUrn}:clearance gt 5`, 0],
      [`${badgeUrn.toUpperCase()}:ZONES eq "LAB"`, 1],
      [`${badgeUrn}:zones sw "lo" and not (${badgeUrn}:zones eq "roof")`, 1],
      [`schemas eq "${badgeUrn}"`, 1],
      [`${badgeUrn}:grade pr`, 0],
      [`${badgeUrn}:clearance eq "five"`, 'invalidFilter'],
      [`${badgeUrn}:clearance sw "5"`, 'invalidFilter'],
      [`${badgeUrn}:shoe eq 1`, 'invalidFilter'],
      [`${badgeUrn}:pin eq "1234"`, 'invalidFilter'],
      [`${badgeUrn}:vault pr`, 'invalidFilter'],
      [`${badgeUrn}:keys[pin eq "1"]`, 'invalidFilter'],
    ] as const) {
      expect([filter, await found(id, filter)]).toEqual([filter, count])
    }
  })

  test.each([
    ['by the path of an attribute', { op: 'replace', path: `${badgeUrn}:clearance`, value: '6' }],
    ['by its URN', { op: 'Add', path: badgeUrn, value: { clearance: 6 } }],
    ['by a key with its URN', { op: 'add', value: { [badgeUrn]: { clearance: 6 } } }],
    ['by a key with the path', { op: 'replace', value: { [`${badgeUrn}:clearance`]: 6 } }],
    ['by a bare name that no other schema has', { op: 'replace', path: 'clearance', value: 6 }],
  ])('is patched %s, and the rest of it stays', async (_, operation) => {
    const { id } = await createdUser()
    const { status, body } = await send('PATCH', `/Users/${id}`, patchBody(operation))
    expect([status, body[badgeUrn]]).toEqual([200, { ...shownBadge, clearance: 6 }])
  })

  test('that has an attribute called as one of the enterprise schema does not take it over', async () => {
    ofEntra = registryFrom({ id: badgeUrn, name: 'B', attributes: [{ name: 'manager' }] })
    const { id } = await createdUser({})
    // Entra writes `manager` without the URN that it belongs to.
    const operation = { op: 'Add', path: 'manager', value: 'boss' }
    const { body } = await send('PATCH', `/Users/${id}`, patchBody(operation))
    expect(body[enterpriseUrn]).toEqual({ manager: { value: 'boss' } })
    expect(await found(id, 'manager eq "boss"')).toBe(1)
  })

  test('is projected by its URN, by attribute and by part', async () => {
    const { id } = await createdUser({ [badgeUrn]: { ...badge, holder: { name: 'a', value: 1 } } })
    const view = async (query: string) => (await send('GET', `/Users/${id}?${query}`)).body
    const seen = { ...shownBadge, holder: { name: 'a', value: 1 } }
    expect(await view(`attributes=${badgeUrn}`)).toEqual({
      schemas: [userUrn, badgeUrn],
      id,
      [badgeUrn]: seen,
    })
    expect((await view(`attributes=${badgeUrn}:holder.name`))[badgeUrn]).toEqual({
      holder: { name: 'a' },
    })
    expect((await view(`excludedAttributes=${badgeUrn}:zones`))[badgeUrn].zones).toBeUndefined()
    expect((await view(`excludedAttributes=${badgeUrn}`))[badgeUrn]).toBeUndefined()
  })

  test('that is excluded as a whole still shows what is always returned', async () => {
    const { id } = await createdUser({ [badgeUrn]: { ...badge, site: 'Berlin' } })
    const view = async (query: string) => (await send('GET', `/Users/${id}?${query}`)).body
    const always = { site: 'Berlin' }
    expect((await view(`excludedAttributes=${badgeUrn}`))[badgeUrn]).toEqual(always)
    expect((await view('attributes=userName'))[badgeUrn]).toEqual(always)
  })

  test('of groups is written and searched as that of users', async () => {
    const sent = { ...groupBody('rooms'), [roomUrn]: { floor: '3', plan: 'p' } }
    const { body } = await send('POST', '/Groups', sent)
    expect(body).toMatchObject({
      schemas: [groupUrn, roomUrn],
      [roomUrn]: { floor: 3, plan: 'p' },
    })
    const filter = encodeURIComponent(`${roomUrn}:floor gt 2`)
    const list = await send('GET', `/Groups?filter=${filter}`)
    expect(list.body.Resources).toMatchObject([{ id: body.id, [roomUrn]: { floor: 3 } }])
    expect(list.body.Resources[0][roomUrn].plan).toBeUndefined()
  })

  test('of another tenant is ignored, and noted', async () => {
    const sent = userBody('elsewhere', { [badgeUrn]: badge })
    const { status, body } = await sendOkta('POST', '/Users', sent)
    expect([status, body.schemas]).toEqual([201, [userUrn]])
    expect(body[badgeUrn]).toBeUndefined()
    const { notes } = fixture.requests.findLast(({ directory }) => directory === 'okta')!
    expect(notes).toEqual([`unknown schema \`${badgeUrn}\` ignored`])
  })
})

describe('a schema that was taken out of the config', () => {
  test('leaves no trace in answers, filters and `schemas`, and all of it is there again later', async () => {
    const before = await createdUser()
    const path = `/Users/${before.id}`
    ofEntra = none
    const without = await send('GET', path)
    expect(without.body.schemas).toEqual([userUrn])
    expect(without.text).not.toContain('badge')
    expect(await found(before.id, `${badgeUrn}:clearance eq 5`)).toBe('invalidFilter')
    expect(await found(before.id, `schemas eq "${badgeUrn}"`)).toBe(0)
    expect((await send('GET', `${path}?attributes=${badgeUrn}`)).text).not.toContain('Lab')

    ofEntra = badges
    expect((await send('GET', path)).body).toEqual(before)
    expect(await found(before.id, `${badgeUrn}:clearance eq 5`)).toBe(1)
  })

  test('keeps its values through whatever is written meanwhile', async () => {
    const { id } = await createdUser()
    const path = `/Users/${id}`
    ofEntra = none
    const body = userBody('renamed', { title: 'x', [badgeUrn]: { clearance: 9 } })
    expect((await send('PUT', path, body)).status).toBe(200)
    const operation = { op: 'replace', value: { [badgeUrn]: { clearance: 9 }, title: 'y' } }
    expect((await send('PATCH', path, patchBody(operation))).status).toBe(200)

    ofEntra = badges
    expect((await send('GET', path)).body).toMatchObject({ title: 'y', [badgeUrn]: shownBadge })
  })

  test('in part is shown in part', async () => {
    const { id } = await createdUser()
    ofEntra = registryFrom({
      id: badgeUrn,
      name: 'B',
      attributes: [{ name: 'zones', multiValued: true }, { name: 'clearance' }],
    })
    // `clearance` was an integer, and is a text now.
    const { body } = await send('GET', `/Users/${id}`)
    expect(body[badgeUrn]).toEqual({ zones: ['Lab', 'lobby'] })
  })
})
