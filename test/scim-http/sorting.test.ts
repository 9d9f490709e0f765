import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sortKeyLengthMax } from '../../src/scim/sort-order.ts'
import { systemClock } from '../../src/std/clock.ts'
import {
  enterpriseUrn,
  groupBody,
  type ScimFixture,
  scimFixture,
  userBody,
  userUrn,
} from './scim-fixture.ts'
import { namesIn, storeWith } from './searched-fixture.ts'

/** RFC 7644 §3.4.2.3. */

let fixture: ScimFixture
const scans: unknown[] = []
beforeAll(async () => {
  let nowMs = Date.parse('2026-01-02T03:04:05Z')
  fixture = await scimFixture({
    // Each look at the clock is a second after the one before.
    clock: { ...systemClock, wallMs: () => (nowMs += 1_000) },
    store: (store) =>
      storeWith(store, {
        scan: (...given) => {
          scans.push(given)
          return store.scan(...given)
        },
      }),
  })
  const { send } = fixture
  for (const [userName, more] of [
    ['dora', { title: 'b', externalId: 'B', active: true }],
    ['Ann', { title: 'B', externalId: 'a', active: false }],
    ['cleo', { externalId: 'b', nickName: '\u{1f600}' }],
    ['Bob', { title: 'a', externalId: 'A', nickName: '\ufb01' }],
    [
      'eve',
      {
        name: { familyName: 'Zed' },
        emails: [{ value: 'z@x' }, { value: 'a@x', primary: true }],
        [enterpriseUrn]: { department: 'IT', manager: { value: 'M' } },
      },
    ],
    ['fay', { name: { familyName: 'Abe' }, emails: [{ value: 'b@x' }, { value: 'c@x' }] }],
  ] as const) {
    await send('POST', '/Users', userBody(userName, more))
  }
  for (const name of ['one', 'Two', 'THREE', 'four']) await send('POST', '/Groups', groupBody(name))
})
afterAll(() => fixture[Symbol.asyncDispose]())

async function sorted(path: string, query: string): Promise<string> {
  const { status, body } = await fixture.send('GET', `${path}?${query}`)
  expect(status).toBe(200)
  return namesIn(body).join(' ')
}

const created = 'dora Ann cleo Bob eve fay'

describe('users', () => {
  test.each([
    ['userName', 'Ann Bob cleo dora eve fay', 'fay eve dora cleo Bob Ann'],
    // Without case, so that `b` and `B` are one; ties by creation either way.
    ['title', 'Bob dora Ann cleo eve fay', 'cleo eve fay dora Ann Bob'],
    // With case: externalId is caseExact.
    ['externalId', 'Bob dora Ann cleo eve fay', 'eve fay cleo Ann dora Bob'],
    ['active', 'Ann dora cleo Bob eve fay', 'dora cleo Bob eve fay Ann'],
    ['name.familyName', 'fay eve dora Ann cleo Bob', 'dora Ann cleo Bob eve fay'],
    // The primary value, else the first.
    ['emails', 'eve fay dora Ann cleo Bob', 'dora Ann cleo Bob fay eve'],
    ['emails.value', 'eve fay dora Ann cleo Bob', 'dora Ann cleo Bob fay eve'],
    [`${enterpriseUrn}:department`, 'eve dora Ann cleo Bob fay', 'dora Ann cleo Bob fay eve'],
    [`${enterpriseUrn}:manager`, 'eve dora Ann cleo Bob fay', 'dora Ann cleo Bob fay eve'],
    ['department', 'eve dora Ann cleo Bob fay', 'dora Ann cleo Bob fay eve'],
    [`${userUrn}:userName`, 'Ann Bob cleo dora eve fay', 'fay eve dora cleo Bob Ann'],
    ['NAME.FAMILYNAME', 'fay eve dora Ann cleo Bob', 'dora Ann cleo Bob eve fay'],
    // By code points: U+FB01 before U+1F600, though its UTF-16 is greater.
    ['nickName', 'Bob cleo dora Ann eve fay', 'dora Ann eve fay cleo Bob'],
    ['meta.created', created, 'fay eve Bob cleo Ann dora'],
  ])('sorted by %s are %s', async (sortBy, ascending, descending) => {
    const by = `sortBy=${encodeURIComponent(sortBy)}`
    expect(await sorted('/Users', by)).toBe(ascending)
    expect(await sorted('/Users', `${by}&sortOrder=ascending`)).toBe(ascending)
    expect(await sorted('/Users', `${by}&sortOrder=Descending`)).toBe(descending)
  })

  test('are sorted where they are filtered, and page by page', async () => {
    const query = `filter=${encodeURIComponent('title pr')}&sortBy=userName`
    expect(await sorted('/Users', query)).toBe('Ann Bob dora')
    const pages = [1, 2, 3].map((startIndex) =>
      sorted('/Users', `${query}&count=1&startIndex=${startIndex}`),
    )
    expect(await Promise.all(pages)).toEqual(['Ann', 'Bob', 'dora'])
  })

  test('are sorted by the beginning of a long text, then by creation', async () => {
    await using other = await scimFixture()
    const beginning = 'x'.repeat(sortKeyLengthMax)
    for (const [userName, title] of [
      ['one', `${beginning}b`],
      ['two', `${beginning}a`],
      ['three', `${'x'.repeat(sortKeyLengthMax - 1)}a`],
    ] as const) {
      await other.send('POST', '/Users', userBody(userName, { title }))
    }
    const { body } = await other.send('GET', '/Users?sortBy=title')
    expect(namesIn(body)).toEqual(['three', 'one', 'two'])
  })

  test.each([
    ['nothing that there is', 'shoeSize'],
    ['a complex attribute', 'name'],
    ['what is no path', '..%5B%5D%20or'],
    ['a value path', 'emails%5Btype%20pr%5D'],
    ['what is never told', 'password'],
    ['what has no order', 'x509Certificates'],
    ['a whole extension', encodeURIComponent(enterpriseUrn)],
    ['10 KB', 'a'.repeat(10_000)],
    ['an inherited name', 'constructor.prototype'],
  ])('sorted by %s are in the order of their creation', async (_, sortBy) => {
    expect(await sorted('/Users', `sortBy=${sortBy}&sortOrder=descending`)).toBe(created)
  })

  test('sortBy that is no text is refused', async () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest']
    const { status, body } = await fixture.send('POST', '/Users/.search', { schemas, sortBy: 5 })
    expect([status, body.scimType]).toEqual([400, 'invalidValue'])
  })
})

describe('groups', () => {
  test('ZPA: are sorted by displayName, descending', async () => {
    const query = 'sortBy=displayName&sortOrder=descending'
    expect(await sorted('/Groups', query)).toBe('Two THREE one four')
    expect(await sorted('/Groups', 'sortBy=displayName&startIndex=2&count=2')).toBe('one THREE')
  })
})

test('users are sorted by the first of their groups', async () => {
  await using other = await scimFixture()
  const idOf = async (name: string) => (await other.send('POST', '/Users', userBody(name))).body.id
  const [ann, bob] = [await idOf('ann'), await idOf('bob')]
  await idOf('cleo')
  await other.send('POST', '/Groups', groupBody('Zoo', [ann]))
  await other.send('POST', '/Groups', groupBody('Bar', [bob, ann]))
  const { body } = await other.send('GET', '/Users?sortBy=groups.display&attributes=userName')
  expect(namesIn(body)).toEqual(['bob', 'ann', 'cleo'])
})

test('the order of unique names comes from the index, without a look at everybody', async () => {
  scans.length = 0
  await sorted('/Users', 'sortBy=userName')
  await sorted('/Groups', 'sortBy=displayName&sortOrder=descending')
  expect(scans).toEqual([])
  await sorted('/Users', 'sortBy=displayName')
  expect(scans).toHaveLength(1)
})
