import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enterpriseUrn, groupUrn, type ScimFixture, scimFixture, userUrn } from './scim-fixture.ts'

let fixture: ScimFixture
beforeAll(async () => {
  fixture = await scimFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

describe('discovery', () => {
  test('says what is served, the limits of bulk included', async () => {
    const { body } = await fixture.send('GET', '/ServiceProviderConfig')
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 4_194_304 },
      filter: { supported: true, maxResults: 200 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      pagination: {
        ...{ cursor: true, index: true, defaultPaginationMethod: 'index' },
        ...{ defaultPageSize: 100, maxPageSize: 200 },
      },
      authenticationSchemes: [{ type: 'oauthbearertoken', name: expect.any(String) }],
    })
    // RFC 9865 §4: ours do not expire.
    expect(Object.keys(body.pagination)).not.toContain('cursorTimeout')
  })

  test('lists each schema, found again at its location, without a null', async () => {
    const { body, text } = await fixture.send('GET', '/Schemas')
    expect(body.Resources.map(({ id }: { id: string }) => id)).toEqual([
      userUrn,
      enterpriseUrn,
      groupUrn,
    ])
    expect(body).toMatchObject({ totalResults: 3, itemsPerPage: 3, startIndex: 1 })
    expect(text).not.toContain('null')
    for (const schema of body.Resources) {
      const path = schema.meta.location.slice('https://scim.test/scim/entra/v2'.length)
      expect((await fixture.send('GET', path)).body).toEqual(schema)
      expect(
        (await fixture.send('GET', path.toUpperCase().replace('/SCHEMAS', '/Schemas'))).body,
      ).toEqual(schema)
    }
  })

  test('describes each attribute as RFC 7643 §7 asks', async () => {
    const { body } = await fixture.send('GET', `/Schemas/${userUrn}`)
    const attribute = (name: string) =>
      body.attributes.find((each: { name: string }) => each.name === name)
    expect(attribute('userName')).toMatchObject({
      type: 'string',
      multiValued: false,
      required: true,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    })
    expect(attribute('password')).toMatchObject({ mutability: 'writeOnly', returned: 'never' })
    expect(attribute('emails').subAttributes.map(({ name }: { name: string }) => name)).toEqual([
      'value',
      'display',
      'type',
      'primary',
    ])
  })

  test('lists the resource types with their schemas', async () => {
    const { body } = await fixture.send('GET', '/ResourceTypes')
    expect(body.Resources).toMatchObject([
      {
        id: 'User',
        endpoint: '/Users',
        schema: userUrn,
        schemaExtensions: [{ schema: enterpriseUrn, required: false }],
      },
      { id: 'Group', endpoint: '/Groups', schema: groupUrn },
    ])
    expect((await fixture.send('GET', '/ResourceTypes/User')).body).toEqual(body.Resources[0])
  })

  test.each(['/ResourceTypes/__proto__', '/Schemas/urn:x', '/Schemas/constructor'])(
    '%s is a 404',
    async (path) => {
      expect((await fixture.send('GET', path)).status).toBe(404)
    },
  )
})
