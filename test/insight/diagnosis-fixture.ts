import type { DirectoryId } from '../../src/directory/directory.ts'
import { gatherFacts } from '../../src/insight/directory-facts.ts'
import type { Diagnosis, Finding } from '../../src/insight/insight.ts'
import { diagnose } from '../../src/insight/mapping-diagnosis.ts'
import { systemClock, toDateTime } from '../../src/std/clock.ts'
import { type Json, patchBody, type ScimFixture, userUrn } from '../scim-http/scim-fixture.ts'
import { entra } from '../support/store-fixture.ts'

export interface Asking {
  readonly domains?: readonly string[]
  readonly isFound?: (userName: string) => boolean
  /** The question is asked so many days from now. */
  readonly inDays?: number
  readonly since?: string
}

/** What is said about directory entra after what has been sent to it. */
export async function diagnosisOf(fixture: ScimFixture, asking: Asking = {}): Promise<Diagnosis> {
  const { domains = ['acme.example'], isFound = () => true, inDays = 0, since } = asking
  await fixture.log()
  const tokens = await fixture.tokens.list(entra as DirectoryId)
  const clock = { ...systemClock, wallMs: () => systemClock.wallMs() + inDays * 86_400_000 }
  const facts = await gatherFacts(fixture.store, clock, {
    ...{ directory: entra, domains, isFound, scimSync: true, newestToken: tokens[0]!.created },
    ...(since !== undefined && { since }),
  })
  return diagnose(facts)
}

export async function codesOf(fixture: ScimFixture, asking: Asking = {}) {
  return (await diagnosisOf(fixture, asking)).findings.map(({ code }) => code)
}

export async function findingOf(
  fixture: ScimFixture,
  code: Finding['code'],
  asking: Asking = {},
): Promise<Finding> {
  const { findings } = await diagnosisOf(fixture, asking)
  const found = findings.find((finding) => finding.code === code)
  if (found === undefined) throw new Error(`found ${JSON.stringify(findings)}`)
  return found
}

/** An identity provider that is set up well, until a test says otherwise. */
export interface ProviderUnderTest {
  create(userName: string, more?: Json): Promise<string>
  deactivate(id: string): Promise<void>
  group(displayName: string, members: readonly string[]): Promise<string>
  remove(path: string): Promise<void>
}

/** Entra ID as it writes by default: flags, capitals and booleans as text. */
export function entraAt(fixture: ScimFixture): ProviderUnderTest {
  const send = (method: string, path: string, body?: unknown) =>
    succeed(fixture.send(method, path, body))
  return {
    create: async (userName, more = {}) => {
      const filter = encodeURIComponent(`userName eq "${userName}"`)
      await send('GET', `/Users?filter=${filter}`)
      const externalId = crypto.randomUUID()
      const body = { schemas: [userUrn], userName, externalId, active: true, ...more }
      return (await send('POST', '/Users', body)).body.id
    },
    deactivate: async (id) => {
      const off = { op: 'Replace', path: 'active', value: 'False' }
      await send('PATCH', `/Users/${id}`, patchBody(off))
    },
    group: async (displayName, members) => {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
      const externalId = crypto.randomUUID()
      const { body } = await send('POST', '/Groups', { schemas, displayName, externalId })
      const value = members.map((id) => ({ $ref: null, value: id }))
      if (value.length > 0) {
        const add = { op: 'Add', path: 'members', value }
        await send('PATCH', `/Groups/${body.id}`, patchBody(add))
      }
      return body.id
    },
    remove: async (path) => {
      await send('DELETE', path)
    },
  }
}

/** Okta, which puts whole objects and names itself. */
export function oktaAt(fixture: ScimFixture): ProviderUnderTest {
  const agent = { 'user-agent': 'Okta SCIM Client 1.0.0' }
  const send = (method: string, path: string, body?: unknown) =>
    succeed(fixture.send(method, path, body, agent))
  return {
    create: async (userName, more = {}) => {
      const externalId = `00u${crypto.randomUUID().slice(0, 8)}`
      const body = { schemas: [userUrn], userName, externalId, groups: [], active: true, ...more }
      return (await send('POST', '/Users', body)).body.id
    },
    deactivate: async (id) => {
      await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: false } }))
    },
    group: async (displayName, members) => {
      const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group']
      const { body } = await send('POST', '/Groups', { schemas, displayName, members: [] })
      const value = members.map((id) => ({ value: id, display: id }))
      const add = { op: 'add', path: 'members', value }
      await send('PATCH', `/Groups/${body.id}`, patchBody(add))
      return body.id
    },
    remove: async (path) => {
      await send('DELETE', path)
    },
  }
}

async function succeed(reply: ReturnType<ScimFixture['send']>) {
  const answered = await reply
  if (answered.status >= 400) throw new Error(answered.text)
  return answered
}

export function inDays(days: number): string {
  return toDateTime(systemClock.wallMs() + days * 86_400_000)
}
