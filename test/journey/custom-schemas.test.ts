import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startApp } from '../../src/app/app.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { openOperator } from '../../src/app/operator.ts'
import { type Json, patchBody, userBody } from '../scim-http/scim-fixture.ts'
import { badgeText, badgeUrn } from '../support/badge-schema.ts'
import { type Door, openDoor } from '../support/door.ts'
import { runCli } from '../support/run-cli.ts'
import { workspace } from '../support/workspace.ts'

const schemas = `    schemas: ${JSON.stringify([badgeText])}`

/** Each an application that its condition alone opens. */
const conditions: Readonly<Record<string, object>> = {
  integer: { 'user.badge.clearance': { ge: 5 } },
  decimal: { 'user.badge.grade': { between: [1.25, 1.75] } },
  boolean: { 'user.badge.cleared': { eq: true } },
  'date-time': { 'user.badge.validUntil': { gt: '2030-01-01T00:00:00+02:00' } },
  list: { 'user.badge.zones': { any: ['LAB'] } },
  'list-of-numbers': { 'user.badge.levels': { all: [1, 2] } },
  exact: { 'user.badge.code': { eq: 'aB' } },
  urn: { [`user."${badgeUrn}:number"`]: { startsWith: 'b' } },
  part: { 'user.badge.holder.name': { eq: 'ANN' } },
  'list-in-part': { 'user.badge.holder.floors': { any: [3] } },
  'part-of-list': { 'user.badge.keys[value eq "k1"].slot': { eq: 's1' } },
  never: { 'user.badge.pin': { eq: '1234' } },
}
const apps = Object.keys(conditions)

const policy = JSON.stringify({
  version: 1,
  applications: Object.fromEntries(apps.map((app) => [app, { hosts: [`${app}.example`] }])),
  rules: apps.map((app) => ({
    id: app,
    effect: 'allow',
    apps: { names: [app] },
    when: conditions[app],
  })),
})

const badge = {
  number: 'B7',
  clearance: '5',
  grade: 1.5,
  cleared: 'True',
  validUntil: '2030-01-01T00:00:00Z',
  zones: ['lab', 'roof'],
  levels: [1, 2, 3],
  code: 'aB',
  holder: { name: 'Ann', floors: [2, 3] },
  keys: [
    { value: 'k1', slot: 's1' },
    { value: 'k2', slot: 's2' },
  ],
  pin: '1234',
}

const user = 'ann@acme.example'

async function openedTo(door: Door): Promise<readonly string[]> {
  const asked = apps.map((app) => door.gateway.check({ user, app, timeoutMs: 5000 }))
  const decisions = await Promise.all(asked)
  return apps.filter((_, at) => decisions[at]!.allowed)
}

async function created(door: Door, more: Json = { [badgeUrn]: badge }): Promise<string> {
  const { status, body } = await door.scim('POST', '/Users', userBody(user, more))
  expect(status).toBe(201)
  return body.id
}

describe('what SCIM accepts of a custom schema, rules decide by', () => {
  test('every type, from the write to the decision over the wire, and back to closed', async () => {
    await using door = await openDoor({ policy, more: schemas })
    const id = await created(door)
    expect(await openedTo(door)).toEqual(apps)

    const operation = { op: 'remove', path: badgeUrn }
    expect((await door.scim('PATCH', `/Users/${id}`, patchBody(operation))).status).toBe(200)
    expect(await openedTo(door)).toEqual([])
  })

  test.each<[string, unknown, string]>([
    ['clearance', 4, 'integer'],
    ['grade', 2, 'decimal'],
    ['cleared', 'False', 'boolean'],
    ['validUntil', '2029-12-31T00:00:00Z', 'date-time'],
    ['zones', ['roof'], 'list'],
    ['code', 'ab', 'exact'],
    ['holder.name', 'Bob', 'part'],
    ['pin', '0000', 'never'],
  ])('another value of %s closes its door alone', async (path, value, closed) => {
    await using door = await openDoor({ policy, more: schemas })
    const id = await created(door)
    const operation = { op: 'replace', path: `${badgeUrn}:${path}`, value }
    await door.scim('PATCH', `/Users/${id}`, patchBody(operation))
    expect(await openedTo(door)).toEqual(apps.filter((app) => app !== closed))
  })

  test('and no explanation tells what is never returned', async () => {
    await using door = await openDoor({ policy, more: schemas })
    await created(door)
    const { text } = await door.gateway.explain({ user, app: 'never', timeoutMs: 5000 })
    expect(text).toContain('a value that is never shown')
    expect(text).not.toContain('seen')
    await using operator = await openOperator(door.config)
    const [found] = await operator.findUsers('entra', user)
    expect(found?.attributes[badgeUrn]).toMatchObject({ number: 'B7', clearance: 5 })
    expect(JSON.stringify(found)).not.toContain('"pin"')
  })
})

describe('each tenant has schemas of its own', () => {
  /** `acme` has the badge, `other` has not. */
  const twoTenants = (acme: object, other: object) => (text: string) => {
    const tenants = {
      acme: { schemas: [badgeText], directories: { entra: {} }, ...acme },
      other: { directories: { okta: {} }, ...other },
    }
    return text.replace(/^tenants:.*$/m, `tenants: ${JSON.stringify(tenants)}`)
  }
  const rules = { policy: 'policy.yaml' }

  test('a rule file is checked against those of its tenant', async () => {
    const { file, policy: text } = workspace({ policy, config: twoTenants(rules, rules) })
    const check = (tenant: string) =>
      runCli('policy', 'check', text, '--config', file, '--tenant', tenant)
    const [own, other] = await Promise.all([check('acme'), check('other')])
    expect([own.code, other.code]).toEqual([0, 1])
    expect(other.stdout + other.stderr).toContain('`user.badge.clearance` is not in the schema')
  })

  test('a rule file is published to its tenant alone', async () => {
    const right = workspace({ policy, config: twoTenants(rules, {}) })
    await (await startApp(readHouseConfig(right.file)))[Symbol.asyncDispose]()
    const wrong = workspace({ policy, config: twoTenants(rules, rules) })
    await expect(startApp(readHouseConfig(wrong.file))).rejects.toThrow('is not in the schema')
  })

  test('a seed is read by those of its tenant', async () => {
    const seeded = { seed: 'users.json' }
    const id = '0b9e7a34-5a6f-4d51-9a43-0a4e5a6b7c8d'
    const users = [{ id, ...userBody(user, { [badgeUrn]: badge }) }]
    const startWith = async (acme: object, other: object) => {
      const { folder, file } = workspace({ config: twoTenants(acme, other) })
      const seed = JSON.stringify({ format: 'sallyport-directory', schema: 1, users })
      writeFileSync(join(folder, 'users.json'), seed)
      const config = readHouseConfig(file)
      await (await startApp(config))[Symbol.asyncDispose]()
      return config
    }
    const config = await startWith({ directories: { entra: seeded } }, {})
    await using operator = await openOperator(config)
    const [found] = await operator.findUsers('entra', user)
    expect(found?.attributes[badgeUrn]).toMatchObject({ clearance: 5, cleared: true })
    await expect(startWith({}, { directories: { okta: seeded } })).rejects.toThrow(
      `unknown schema \`${badgeUrn}\``,
    )
  })
})
