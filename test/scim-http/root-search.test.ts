import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupBody, patchBody, type ScimFixture, scimFixture, userBody } from './scim-fixture.ts'
import { namesIn, searchUrn, storeWith, storeWithPagesOf, totalOf } from './searched-fixture.ts'

/** RFC 7644 §3.4.2.1 and §3.4.3: a search over users and groups at once. */

let fixture: ScimFixture
const scans: unknown[] = []
beforeAll(async () => {
  fixture = await scimFixture({
    store: (store) =>
      storeWith(store, {
        scan: (...given) => {
          scans.push(given[0])
          return store.scan(...given)
        },
      }),
  })
  await populate(fixture)
})
afterAll(() => fixture[Symbol.asyncDispose]())

/** Users dora, ann, cleo and groups Delta, Beta, Alpha, created by turns. */
async function populate({ send }: ScimFixture): Promise<void> {
  const dora = { displayName: 'Dora', title: 'x', externalId: '1' }
  const { body } = await send('POST', '/Users', userBody('dora', dora))
  await send('POST', '/Groups', groupBody('Delta', [body.id]))
  const ann = await send('POST', '/Users', userBody('ann', { displayName: 'Carla' }))
  await send('POST', '/Groups', groupBody('Beta', [body.id, ann.body.id]))
  await send('POST', '/Users', userBody('cleo', { externalId: '2' }))
  const alpha = await send('POST', '/Groups', groupBody('Alpha', [body.id, ann.body.id]))
  await send(
    'PATCH',
    `/Groups/${alpha.body.id}`,
    patchBody({ op: 'add', path: 'externalId', value: '1' }),
  )
}

async function found(query: string): Promise<string> {
  const { status, body } = await fixture.send('GET', `/?${query}`)
  expect(status).toBe(200)
  return namesIn(body).join(' ')
}
const filtered = (filter: string) => `filter=${encodeURIComponent(filter)}`

describe('a search at the root', () => {
  test.each([
    ['userName eq "ann"', 'ann'],
    ['displayName eq "beta"', 'Beta'],
    ['displayName pr', 'dora ann Delta Beta Alpha'],
    ['externalId eq "1"', 'dora Alpha'],
    ['id pr', 'dora ann cleo Delta Beta Alpha'],
    ['meta.resourceType eq "Group"', 'Delta Beta Alpha'],
    [
      '(meta.resourceType eq "User") or (meta.resourceType eq "Group")',
      'dora ann cleo Delta Beta Alpha',
    ],
    ['meta.resourceType eq "group"', ''],
    ['not (meta.resourceType eq "Group")', 'dora ann cleo'],
    ['meta.resourceType eq "User" and displayName sw "d"', 'dora'],
    ['userName eq "cleo" or displayName sw "a"', 'cleo Alpha'],
    // What a type does not have is no value there: no comparison holds, nor does `pr`.
    ['title eq "x" or members pr', 'dora Delta Beta Alpha'],
    ['title ne "x"', ''],
    ['title pr', 'dora'],
    ['title eq null', 'ann cleo Delta Beta Alpha'],
    ['not (title pr)', 'ann cleo Delta Beta Alpha'],
    ['members[type eq "User"] and title eq null', 'Delta Beta Alpha'],
    ['emails[type eq "work"]', ''],
    ['department eq "IT"', ''],
  ])('for %s finds %s', async (filter, names) => {
    expect(await found(filtered(filter))).toBe(names)
  })

  test.each([
    'shoeSize eq 43',
    'userName pr and shoeSize pr',
    'meta.resourceType eq "Group" and shoeSize pr',
    'active gt true',
    'meta.resourceType eq "Group" and active gt true',
    'displayName eq 5',
    'userName eq',
    '__proto__ pr',
  ])('for %s is refused: no resource type can answer it', async (filter) => {
    expect(await totalOf(fixture, '/', filter)).toBe('400 invalidFilter')
  })

  test('looks at everybody of a type only where it has to', async () => {
    scans.length = 0
    await found(filtered('userName eq "ann"'))
    await found(filtered('meta.resourceType eq "Group"'))
    await found(filtered('displayName eq "beta" and meta.resourceType eq "Group"'))
    await found('')
    expect(scans).toEqual([])
    await found(filtered('title pr'))
    expect(scans).toEqual(['users'])
  })

  test('without a filter finds all, users first', async () => {
    const { body } = await fixture.send('GET', '/')
    expect(body).toMatchObject({ totalResults: 6, startIndex: 1, itemsPerPage: 6 })
    expect(namesIn(body).join(' ')).toBe('dora ann cleo Delta Beta Alpha')
  })

  test('is asked for by POST as well', async () => {
    const search = { schemas: [searchUrn], filter: 'displayName pr', sortBy: 'displayName' }
    const { status, body } = await fixture.send('POST', '/.search', { ...search, count: 3 })
    expect([status, body.totalResults]).toEqual([200, 5])
    expect(namesIn(body)).toEqual(['Alpha', 'Beta', 'ann'])
    expect((await fixture.send('POST', '/.search', {})).status).toBe(400)
  })

  test('shows of each type what it has of the attributes asked for', async () => {
    const query = `${filtered('externalId eq "1"')}&attributes=userName,members.type,meta.resourceType`
    const { body } = await fixture.send('GET', `/?${query}`)
    expect(body.Resources).toMatchObject([
      { userName: 'dora', meta: { resourceType: 'User' } },
      { members: [{ type: 'User' }, { type: 'User' }], meta: { resourceType: 'Group' } },
    ])
    expect(body.Resources.map((one: object) => Object.keys(one).toSorted())).toEqual([
      ['id', 'meta', 'schemas', 'userName'],
      ['id', 'members', 'meta', 'schemas'],
    ])
  })
})

describe('pages at the root', () => {
  const queries = [
    ['', 'dora ann cleo Delta Beta Alpha'],
    [filtered('displayName pr'), 'dora ann Delta Beta Alpha'],
    [filtered('userName sw "a" or members pr'), 'ann Delta Beta Alpha'],
    ['sortBy=displayName', 'Alpha Beta ann Delta dora cleo'],
    ['sortBy=displayName&sortOrder=descending', 'cleo dora Delta ann Beta Alpha'],
    ['sortBy=userName', 'ann cleo dora Delta Beta Alpha'],
    ['sortBy=title&sortOrder=descending', 'ann cleo Delta Beta Alpha dora'],
    ['sortBy=meta.resourceType', 'Delta Beta Alpha dora ann cleo'],
  ] as const

  test.each(queries)('by index, ?%s, show %s', async (query, names) => {
    for (const count of [1, 2, 3, 4]) {
      const seen: string[] = []
      for (let startIndex = 1; startIndex <= 6; startIndex += count) {
        seen.push(await found(`${query}&count=${count}&startIndex=${startIndex}`))
      }
      expect(seen.join(' ').trim()).toBe(names)
    }
  })

  test.each(queries)('by cursor, ?%s, show %s', async (query, names) => {
    for (const count of [1, 2, 3, 4]) {
      const seen: unknown[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const url = `/?${query}&count=${count}&cursor=${cursor}`
        const { body } = await fixture.send('GET', url)
        expect(body.totalResults).toBe(names.split(' ').length)
        seen.push(...namesIn(body))
        cursor = body.nextCursor
      }
      expect(seen.join(' ')).toBe(names)
    }
  })

  test('end early by cursor where groups hold much, and are refused by index', async () => {
    await using small = await scimFixture({ store: storeWithPagesOf(3) })
    await populate(small)
    for (const query of ['', 'sortBy=displayName']) {
      const { status, body } = await small.send('GET', `/?${query}`)
      expect([status, body.scimType]).toEqual([400, 'tooMany'])
      const seen: unknown[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page = await small.send('GET', `/?${query}&cursor=${cursor}`)
        seen.push(...namesIn(page.body))
        cursor = page.body.nextCursor
      }
      expect(seen.toSorted()).toEqual(['Alpha', 'Beta', 'Delta', 'ann', 'cleo', 'dora'])
    }
  })
})
