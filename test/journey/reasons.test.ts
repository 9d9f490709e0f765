import { renameSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { SqliteConfig } from '../../src/config/config.ts'
import { groupBody, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki, type Door, openDoor } from '../support/door.ts'

async function reasonOf(door: Door, request: Parameters<Door['gateway']['check']>[0]) {
  const decision = await door.gateway.check({ timeoutMs: 5000, ...request })
  return [decision.effect, decision.reason]
}

const ann = { user: 'ann@acme.example', app: 'wiki' }

describe('over HTTP and gRPC, every reason this engine can give is given when', () => {
  test('POLICY_NOT_LOADED: the tenant has no rule file', async () => {
    await using door = await openDoor()
    await door.scim('POST', '/Users', userBody('ann@acme.example'))
    expect(await reasonOf(door, ann)).toEqual(['block', 'POLICY_NOT_LOADED'])
  })

  test('DIRECTORY_UNKNOWN: nobody owns the domain and there is no default', async () => {
    await using door = await openDoor({
      policy: allowEverybodyOnWiki,
      directories: '{ entra: { domains: [acme.example] }, okta: { domains: [okta.example] } }',
    })
    expect(await reasonOf(door, { user: 'x@else.example', app: 'wiki' })).toEqual([
      'block',
      'DIRECTORY_UNKNOWN',
    ])
    expect(await reasonOf(door, { ...ann, directory: 'nowhere' })).toEqual([
      'block',
      'DIRECTORY_UNKNOWN',
    ])
  })

  test('DIRECTORY_NOT_READY: no identity provider ever wrote to it', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    expect(await reasonOf(door, ann)).toEqual(['block', 'DIRECTORY_NOT_READY'])
    await door.scim('POST', '/Users', userBody('bob@acme.example'))
    expect(await reasonOf(door, ann)).toEqual(['block', 'USER_UNKNOWN'])
  })

  test('USER_UNKNOWN, RULE and USER_INACTIVE: before, during and after employment', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    await door.scim('POST', '/Users', userBody('bob@acme.example'))
    const steps = [await reasonOf(door, ann)]
    const { body } = await door.scim('POST', '/Users', userBody('Ann@Acme.Example'))
    steps.push(await reasonOf(door, ann))
    await door.scim(
      'PATCH',
      `/Users/${body.id}`,
      patchBody({ op: 'replace', value: { active: false } }),
    )
    steps.push(await reasonOf(door, ann))
    await door.scim('DELETE', `/Users/${body.id}`)
    steps.push(await reasonOf(door, ann))
    expect(steps).toEqual([
      ['block', 'USER_UNKNOWN'],
      ['allow', 'RULE'],
      ['block', 'USER_INACTIVE'],
      ['block', 'USER_UNKNOWN'],
    ])
  })

  test('SUBJECT_AMBIGUOUS: two users have the externalId', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    await door.scim('POST', '/Users', userBody('a@acme.example', { externalId: 'X' }))
    const asked = { externalId: 'X', app: 'wiki' }
    expect(await reasonOf(door, asked)).toEqual(['allow', 'RULE'])
    await door.scim('POST', '/Users', userBody('b@acme.example', { externalId: 'X' }))
    expect(await reasonOf(door, asked)).toEqual(['block', 'SUBJECT_AMBIGUOUS'])
    expect(await reasonOf(door, { ...asked, externalId: 'x' })).toEqual(['block', 'USER_UNKNOWN'])
  })

  test('APPLICATION_UNKNOWN: no such name or host, or the two disagree', async () => {
    await using door = await openDoor({
      policy: allowEverybodyOnWiki.replace('wiki:', 'crm: { hosts: [crm.example] }, wiki:'),
    })
    await door.scim('POST', '/Users', userBody('ann@acme.example'))
    const { user } = ann
    const unknown = ['block', 'APPLICATION_UNKNOWN']
    expect(await reasonOf(door, { user, app: 'wikki' })).toEqual(unknown)
    expect(await reasonOf(door, { user, host: 'elsewhere.example' })).toEqual(unknown)
    expect(await reasonOf(door, { user, app: 'wiki', host: 'crm.example' })).toEqual(unknown)
    expect(await reasonOf(door, { user, app: 'wiki', host: 'WIKI.acme.example.' })).toEqual([
      'allow',
      'RULE',
    ])
  })

  test('NO_RULE: nothing matched, or the application does not know the action', async () => {
    await using door = await openDoor({
      policy: allowEverybodyOnWiki.replace('wiki:', 'crm: { hosts: [crm.example] }, wiki:'),
    })
    await door.scim('POST', '/Users', userBody('ann@acme.example'))
    expect(await reasonOf(door, { ...ann, app: 'crm' })).toEqual(['block', 'NO_RULE'])
    expect(await reasonOf(door, { ...ann, action: 'delete' })).toEqual(['block', 'NO_RULE'])
  })

  test('DIRECTORY_UNAVAILABLE: the store file is moved away, until it is back', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    await door.scim('POST', '/Users', userBody('ann@acme.example'))
    expect(await reasonOf(door, ann)).toEqual(['allow', 'RULE'])
    const { path } = door.config.store as SqliteConfig
    renameSync(path, `${path}.away`)
    while ((await reasonOf(door, ann))[0] === 'allow');
    expect(await reasonOf(door, ann)).toEqual(['block', 'DIRECTORY_UNAVAILABLE'])
    expect((await door.app.readiness()).ready).toBe(false)
    expect((await door.scim('POST', '/Users', userBody('c@acme.example'))).status).toBe(503)
    renameSync(`${path}.away`, path)
    while ((await reasonOf(door, ann))[0] === 'block');
    expect(await reasonOf(door, ann)).toEqual(['allow', 'RULE'])
  })
})

test('a Check with an empty name and no application is refused, not decided', async () => {
  await using door = await openDoor({ policy: allowEverybodyOnWiki })
  const decision = await door.gateway.check({ user: '', timeoutMs: 5000 })
  expect(decision).toMatchObject({ effect: 'block', wire: { code: 'INVALID_ARGUMENT' } })
  expect(decision.wire?.detail).toBe('`subject.user_name` is empty: name the subject (and 1 more)')
})

test('while attributes are off, users end nothing and only conditions on them are unknown', async () => {
  await using door = await openDoor({
    policy: `
version: 1
applications: { wiki: { hosts: [wiki.example] }, crm: { hosts: [crm.example] } }
rules:
  - { id: contractors, effect: block, apps: { names: [crm] }, who: { groups: { any: [Contractors] } } }
  - { id: office, effect: allow, apps: any, when: { context.country: { eq: DE } } }
`,
    directories:
      '{ entra: { domains: [acme.example], default: true, scimAttributesForPolicy: off } }',
  })
  const context = { country: 'DE' }
  expect(await reasonOf(door, { user: 'nobody', app: 'wiki', context })).toEqual(['allow', 'RULE'])
  const crm = await door.gateway.check({ user: 'nobody', app: 'crm', context })
  expect(crm).toMatchObject({ effect: 'block', rule: 'contractors', unknown: ['who.groups.any'] })
})

test('a rename and a move between groups take effect with the answer to the request', async () => {
  await using door = await openDoor({
    policy: `
version: 1
applications: { payroll: { hosts: [payroll.example] } }
rules: [{ id: finance, effect: allow, apps: any, who: { groups: { any: [Finance] } } }]
`,
  })
  const asked = { user: 'ann@acme.example', app: 'payroll' }
  const { body: user } = await door.scim('POST', '/Users', userBody('ann@acme.example'))
  const { body: group } = await door.scim('POST', '/Groups', groupBody('Treasury', [user.id]))
  const steps = [await reasonOf(door, asked)]
  const rename = (name: string) =>
    door.scim(
      'PATCH',
      `/Groups/${group.id}`,
      patchBody({ op: 'replace', path: 'displayName', value: name }),
    )
  await rename('finance')
  steps.push(await reasonOf(door, asked))
  await rename('Treasury')
  steps.push(await reasonOf(door, asked))
  expect(steps.map(([effect]) => effect)).toEqual(['block', 'allow', 'block'])
})

describe('a rule file that changes', () => {
  test('is in force soon, with its revision, and a broken one changes nothing but is told', async () => {
    await using door = await openDoor({ policy: allowEverybodyOnWiki })
    await door.scim('POST', '/Users', userBody('ann@acme.example'))
    const before = await door.gateway.check(ann)
    writeFileSync(door.policyFile, 'version: 1\nrulez: []\n')
    while ((await door.app.readiness()).reasons.length === 0) await door.gateway.check(ann)
    expect(await door.app.readiness()).toMatchObject({ ready: true })
    expect((await door.app.readiness()).reasons[0]).toMatch(/policy\.yaml:2:1: `rulez` is unknown/)
    expect(await door.gateway.check(ann)).toMatchObject({
      allowed: true,
      policyVersion: before.policyVersion,
    })
    writeFileSync(door.policyFile, 'version: 1\napplications: {}\nrules: []\n')
    while ((await door.gateway.check(ann)).allowed);
    expect(await reasonOf(door, ann)).toEqual(['block', 'APPLICATION_UNKNOWN'])
    while ((await door.app.readiness()).reasons.length > 0) await door.gateway.check(ann)
  })
})
