import { describe, expect, test } from 'vitest'
import { findingCatalogue } from '../../src/insight/finding-catalogue.ts'
import {
  groupBody,
  patchBody,
  scimFixture,
  userBody,
  withMethods,
} from '../scim-http/scim-fixture.ts'
import { codesOf, diagnosisOf, entraAt, findingOf, inDays, oktaAt } from './diagnosis-fixture.ts'

const ann = 'ann@acme.example'
const bob = 'bob@acme.example'
const providers = { 'Entra ID': entraAt, Okta: oktaAt }

describe.each(Object.entries(providers))(
  'a directory that %s fills with good mappings',
  (name, at) => {
    test('has no finding, from the first user to the last deletion', async () => {
      await using fixture = await scimFixture()
      const provider = at(fixture)
      const [one, two] = [await provider.create(ann), await provider.create(bob)]
      const staff = await provider.group('Staff', [one, two])
      const codes = [...(await codesOf(fixture))]
      await provider.deactivate(two)
      codes.push(...(await codesOf(fixture)))
      await provider.remove(`/Users/${two}`)
      await provider.create('carl@acme.example')
      codes.push(...(await codesOf(fixture)))

      expect(codes).toEqual([])
      expect((await diagnosisOf(fixture)).provider.name).toBe(name)
      await provider.remove(`/Groups/${staff}`)
      expect(await codesOf(fixture)).toEqual(['NO_GROUPS'])
    })
  },
)

describe('who leaves', () => {
  test('is deleted while active, since Entra ID maps accountEnabled: the finding says what to type', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    const [one, two, three] = [
      await provider.create(ann),
      await provider.create(bob),
      await provider.create('carl@acme.example'),
    ]
    await provider.group('Staff', [one])
    await provider.deactivate(three)
    await provider.remove(`/Users/${three}`)
    expect(await codesOf(fixture)).toEqual([])
    await provider.remove(`/Users/${two}`)

    const finding = await findingOf(fixture, 'ACTIVE_USERS_DELETED')

    expect(finding).toMatchObject({
      severity: 'wrong',
      evidence: { deleted: 2, deletedWhileActive: 1 },
      examples: [bob],
    })
    expect(finding.cause).toMatch(/accountEnabled.*never deactivated/)
    expect(finding.remedy).toContain(
      'Switch([IsSoftDeleted], , "False", "True", "True", "False") → active',
    )
    expect(await codesOf(fixture, { since: inDays(1) })).toEqual([])
  })

  test('is deleted while active by somebody unknown: a hint, since it may be meant so', async () => {
    await using fixture = await scimFixture()
    const { body } = await fixture.send('POST', '/Users', userBody(ann, { active: true }))
    await fixture.send('DELETE', `/Users/${body.id}`)

    expect(await findingOf(fixture, 'ACTIVE_USERS_DELETED')).toMatchObject({ severity: 'hint' })
  })

  test('cannot be deactivated where `active` is never sent; one change of it ends the finding', async () => {
    await using fixture = await scimFixture()
    const { body } = await fixture.send('POST', '/Users', userBody(ann))
    expect(await findingOf(fixture, 'ACTIVE_NOT_SENT')).toMatchObject({
      severity: 'wrong',
      evidence: { created: 1, createdWithoutActive: 1 },
      examples: [ann],
    })

    await entraAt(fixture).deactivate(body.id)
    expect(await codesOf(fixture)).not.toContain('ACTIVE_NOT_SENT')
  })

  test('has never been anybody in 51 users and 46 days: a hint, gone with the first', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    const names = Array.from({ length: 51 }, (_, index) => `user${index}@acme.example`)
    const [first] = await Promise.all(names.map((name) => provider.create(name)))
    await provider.group('Staff', [first!])

    expect(await codesOf(fixture, { inDays: 45 })).not.toContain('NOBODY_INACTIVE')
    expect(await findingOf(fixture, 'NOBODY_INACTIVE', { inDays: 46.5 })).toMatchObject({
      severity: 'hint',
      evidence: { users: 51, inactive: 0, days: 46 },
    })
    await provider.deactivate(first!)
    expect(await codesOf(fixture, { inDays: 46.5 })).not.toContain('NOBODY_INACTIVE')
  })
})

describe('names', () => {
  test('with a domain that is nobody else`s are wrong if nobody finds them, else a hint', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    for (const name of [ann, 'bob@acme.onmicrosoft.com', 'carl@ACME.onmicrosoft.com', 'dora']) {
      await provider.create(name)
    }
    const isFound = (name: string) => name.endsWith('@acme.example')

    expect(await findingOf(fixture, 'USER_NAME_DOMAIN', { isFound })).toMatchObject({
      severity: 'wrong',
      evidence: { users: 3, usersNotFound: 3, domains: 2 },
      examples: ['acme.onmicrosoft.com (2)', '(no domain) (1)'],
    })
    expect(await findingOf(fixture, 'USER_NAME_DOMAIN')).toMatchObject({ severity: 'hint' })
    expect(await codesOf(fixture, { domains: [] })).not.toContain('USER_NAME_DOMAIN')
  })

  test('as externalId: shared, missing, and of Entra ID no object id', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    await provider.create(ann, { externalId: 'ann.smith' })
    await provider.create(bob, { externalId: 'ann.smith' })
    const carl = await provider.create('carl@acme.example', { externalId: undefined })
    expect(await codesOf(fixture)).not.toContain('EXTERNAL_ID_NO_OBJECT_ID')
    await provider.deactivate(carl)

    expect(await findingOf(fixture, 'EXTERNAL_ID_SHARED')).toMatchObject({
      severity: 'wrong',
      evidence: { users: 2, looked: 3 },
      examples: [ann, bob],
    })
    expect(await findingOf(fixture, 'EXTERNAL_ID_MISSING')).toMatchObject({
      evidence: { users: 1 },
      examples: ['carl@acme.example'],
    })
    const { remedy, evidence } = await findingOf(fixture, 'EXTERNAL_ID_NO_OBJECT_ID')
    expect([remedy, evidence.users]).toEqual([
      'In the attribute mapping of users, set objectId → externalId.',
      2,
    ])
  })
})

describe('groups', () => {
  test('that name users who were never received are named, until those arrive', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    const one = await provider.create(ann)
    await provider.group('Staff', [one, 'nobody-1', 'nobody-2'])
    await provider.group('Crew', ['nobody-1'])
    await provider.group('Fine', [one])

    expect(await findingOf(fixture, 'MEMBERS_NEVER_RECEIVED')).toMatchObject({
      severity: 'wrong',
      evidence: { memberships: 3, groups: 2 },
      examples: ['Staff (2)', 'Crew (1)'],
    })
  })

  test('without a single member, and no groups at all, are hints', async () => {
    await using fixture = await scimFixture()
    const provider = oktaAt(fixture)
    expect(await codesOf(fixture)).toEqual([])
    const one = await provider.create(ann)
    expect(await codesOf(fixture)).toEqual(['NO_GROUPS'])
    await fixture.send('POST', '/Groups', groupBody('Staff'))
    expect(await codesOf(fixture)).toEqual(['GROUPS_WITHOUT_MEMBERS'])
    await provider.group('Crew', [one])
    expect(await codesOf(fixture)).toEqual([])
  })
})

describe('requests', () => {
  test('with attributes that nobody knows are counted by attribute', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    const one = await provider.create(ann, { costCenterLong: 'x', shoeSize: 'y' })
    await provider.create(bob, { costCenterLong: 'x' })
    await provider.group('Staff', [one])

    const finding = await findingOf(fixture, 'ATTRIBUTES_IGNORED')

    expect(finding).toMatchObject({
      severity: 'hint',
      evidence: { attributes: 2, requests: 2 },
      examples: ['costCenterLong (2)', 'shoeSize (1)'],
    })
    expect(finding.remedy).toContain('`schemas`')
  })

  test('that fail a third time are told with who, what and since when, until one succeeds', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    const one = await provider.create(ann)
    await provider.group('Staff', [one])
    const createAgain = () => fixture.send('POST', '/Users', userBody(ann, { active: true }))
    const badTitle = patchBody({ op: 'Replace', path: 'title', value: 42 })
    const change = () => fixture.send('PATCH', `/Users/${one}`, badTitle)
    for (const request of [createAgain, change, createAgain, change]) await request()
    expect(await codesOf(fixture)).toEqual([])
    for (const request of [createAgain, change, change]) await request()

    const { findings } = await diagnosisOf(fixture)
    expect(findings).toMatchObject([
      { code: 'REQUEST_REFUSED', evidence: { requests: 4, status: 400 }, examples: [ann] },
      { code: 'REQUEST_REFUSED', evidence: { requests: 3, status: 409 }, examples: [ann] },
    ])
    expect(findings[0]!.remedy).toContain('at Entra ID')
    expect(findings[1]!.cause).toBe(
      'The answer is 409 uniqueness: another User has this `userName`, letter case aside.',
    )
    await provider.deactivate(one)
    expect(await codesOf(fixture)).toEqual([])
  })

  test('that Okta will not repeat are told at once: who was to be deactivated is still let in', async () => {
    await using fixture = await scimFixture()
    const provider = oktaAt(fixture)
    const one = await provider.create(ann)
    await provider.group('Staff', [one])
    const off = userBody(ann, { active: false, title: 42 })
    const agent = { 'user-agent': 'Okta SCIM Client 1.0.0' }
    expect((await fixture.send('PUT', `/Users/${one}`, off, agent)).status).toBe(400)

    const finding = await findingOf(fixture, 'REQUEST_REFUSED')

    expect(finding).toMatchObject({ severity: 'wrong', evidence: { requests: 1 }, examples: [ann] })
    expect(finding.remedy).toContain('push it again')
    await provider.deactivate(one)
    expect(await codesOf(fixture)).toEqual([])
  })

  test('that fail in many ways are not all told apart', async () => {
    await using fixture = await scimFixture()
    const names = Array.from({ length: 7 }, (_, index) => `user${index}@acme.example`)
    for (const name of [...names, ...names, ...names]) {
      await fixture.send('POST', '/Users', userBody(name, { active: 'perhaps' }))
    }

    const { findings } = await diagnosisOf(fixture)

    expect(findings).toHaveLength(6)
    expect(findings.at(-1)).toMatchObject({ evidence: { failures: 2, requests: 6 } })
  })

  test('that were put off or could not be served count for a day', async () => {
    await using fixture = await scimFixture({ rate: { perSecond: 0.001, burst: 1 } })
    await fixture.send('GET', '/Users')
    await fixture.send('GET', '/Users')
    expect(await findingOf(fixture, 'REQUESTS_THROTTLED')).toMatchObject({
      severity: 'hint',
      evidence: { requests: 1 },
    })
    expect(await codesOf(fixture, { inDays: 1.1 })).not.toContain('REQUESTS_THROTTLED')
  })

  test('that stop while a token lives are missed after hours from Entra ID, else after weeks', async () => {
    await using fixture = await scimFixture()
    const provider = entraAt(fixture)
    await provider.group('Staff', [await provider.create(ann)])
    const silence = (days: number) =>
      diagnosisOf(fixture, { inDays: days }).then(({ findings }) =>
        findings.filter(({ code }) => code === 'PROVIDER_SILENT'),
      )

    expect(await silence(2.9 / 24)).toEqual([])
    expect(await silence(3.1 / 24)).toMatchObject([{ severity: 'wrong', evidence: { hours: 3 } }])

    await using quiet = await scimFixture()
    await quiet.send('GET', '/Users')
    expect(await codesOf(quiet, { inDays: 13 })).toEqual([])
    expect(await findingOf(quiet, 'PROVIDER_SILENT', { inDays: 15 })).toMatchObject({
      severity: 'hint',
    })
  })

  test('with a token that is not accepted are told until one is', async () => {
    await using fixture = await scimFixture()
    await fixture.send('GET', '/Users', undefined, { authorization: 'Bearer slp_wrong' })
    expect(await findingOf(fixture, 'TOKENS_REFUSED')).toMatchObject({ evidence: { requests: 1 } })

    // Refused and accepted within one batch: what counts is which came last.
    await fixture.send('GET', '/Users', undefined, { authorization: 'Bearer slp_wrong' })
    await fixture.send('GET', '/Users')
    expect(await codesOf(fixture)).toEqual([])
  })

  test('that a broken store answers with 503 are told as what they are', async () => {
    await using fixture = await scimFixture({
      store: (store) =>
        withMethods(store, {
          commit: (change, by) =>
            change.op === 'create'
              ? Promise.resolve({ kind: 'unavailable', cause: new Error('for a test') })
              : store.commit(change, by),
        }),
    })
    expect((await fixture.send('POST', '/Users', userBody(ann))).status).toBe(503)

    expect(await findingOf(fixture, 'REQUESTS_UNAVAILABLE')).toMatchObject({
      severity: 'wrong',
      evidence: { requests: 1 },
    })
  })
})

test('a provider is named for what gives it away, and not at all without that', async () => {
  await using fixture = await scimFixture()
  await fixture.send('POST', '/Users', userBody(ann, { active: true }))
  expect((await diagnosisOf(fixture)).provider).toMatchObject({ kind: 'other', because: undefined })
  await fixture.send('GET', '/Users?aadOptscim062020')
  expect((await diagnosisOf(fixture)).provider).toEqual({
    kind: 'entra',
    name: 'Entra ID',
    because: 'it sends the flag `aadOptscim062020`',
  })
})

test('every code of the catalogue is in capitals and says what was seen and what to do', () => {
  for (const [code, row] of Object.entries(findingCatalogue)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(Object.values(row).every((text) => text !== '' && !text.includes('|'))).toBe(true)
  }
})
