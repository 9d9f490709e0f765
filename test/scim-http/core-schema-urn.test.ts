import { afterAll, describe, expect, test } from 'vitest'
import { type Json, patchBody, scimFixture, userBody, userUrn } from './scim-fixture.ts'

const fixture = await scimFixture()
const { send } = fixture
afterAll(() => fixture[Symbol.asyncDispose]())

let users = 0
async function createdUser(more: Json = {}): Promise<{ id: string; userName: string }> {
  users += 1
  const { status, body } = await send('POST', '/Users', userBody(`user${users}`, more))
  expect(status).toBe(201)
  return body
}

async function storedUser(id: string): Promise<Json> {
  return (await send('GET', `/Users/${id}`)).body
}

describe('the core schema by its URN', () => {
  test.each<[string, Json]>([
    ['as a name in the value', { op: 'replace', value: { [userUrn]: { active: false } } }],
    ['as the path', { op: 'add', path: userUrn.toUpperCase(), value: { Active: 'False' } }],
    ['before the name', { op: 'replace', value: { [`${userUrn}:active`]: false } }],
  ])('%s of a PATCH holds core attributes', async (_, operation) => {
    const { id } = await createdUser({ title: 'Boss' })
    expect((await send('PATCH', `/Users/${id}`, patchBody(operation))).status).toBe(200)
    expect(await storedUser(id)).toMatchObject({ active: false, title: 'Boss' })
  })

  test.each<[string, Json]>([
    ['around the names', { [userUrn]: { active: false, title: 'Boss' } }],
    ['before each name', { [`${userUrn}:active`]: 'False', [`${userUrn}:Title`]: 'Boss' }],
  ])('%s of a PUT or POST holds core attributes', async (_, more) => {
    const { id, userName } = await createdUser()
    expect((await send('PUT', `/Users/${id}`, userBody(userName, more))).status).toBe(200)
    expect(await storedUser(id)).toMatchObject({ active: false, title: 'Boss' })
    expect(await createdUser(more)).toMatchObject({ active: false, title: 'Boss' })
  })
})
