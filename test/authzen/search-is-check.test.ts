import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Connectors } from '../../src/access/connectors.ts'
import { subjectList } from '../../src/app/subject-list.ts'
import { serveAuthzen } from '../../src/authzen/authzen.ts'
import { Catalogue } from '../../src/decision/catalogue.ts'
import { DirectoryResolution } from '../../src/decision/subject.ts'
import { systemClock } from '../../src/std/clock.ts'
import { anyStore } from '../support/any-store.ts'
import { decisionRig } from '../support/decision-rig.ts'
import { anyAttempt, anyPolicy, policyOf } from '../support/random-policies.ts'
import type { ReferenceRule } from '../support/reference-evaluator.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, committed, entra, group, okta, user } from '../support/store-fixture.ts'
import { post } from './support.ts'

/**
 * For random policies and questions: a search finds, over all its pages, exactly those of all
 * candidates whom an evaluation permits, and each once.
 */

const policies = 40
const urn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const people = ['ann', 'BOB', 'eve', 'zoe'].flatMap((name) =>
  ['', '@acme.example', '@okta.example'].map((domain) => `${name}${domain}`),
)
const kinds = ['user', 'user-id', 'user-external-id']

let opened: Awaited<ReturnType<typeof anyStore>>
/** Everybody by each of their names, and somebody who is not there. */
const universe: Record<string, Set<string>> = {
  user: new Set(['nobody']),
  'user-id': new Set(['nobody']),
  'user-external-id': new Set(['nobody']),
}
beforeAll(async () => {
  opened = await anyStore()
  const { store } = opened
  for (const [at, userName] of people.entries()) {
    for (const directory of [entra, okta]) {
      const change = user(userName, {
        active: at % 5 !== 4,
        userType: at % 2 === 0 ? 'Employee' : 'Guest',
        // Two have the same one.
        externalId: `E${Math.min(at, people.length - 2)}`,
        [urn]: { department: ['Finance', 'Sales', 'finance'][at % 3]! },
      })
      await committed(store, { ...change, directory })
      universe.user!.add(userName)
      universe['user-id']!.add(change.id)
      universe['user-external-id']!.add(String(change.document.externalId))
      const name = ['Finance', 'SRE', 'Interns', 'Straße'][at % 4]!
      const members = at < 4 ? [change.id] : []
      if (at < 4) await committed(store, { ...group(name, members), directory })
    }
  }
})
afterAll(() => opened[Symbol.asyncDispose]())

const directories = [entra, okta].map((id) => ({
  id,
  tenant: acme,
  domains: [id === entra ? 'acme.example' : 'okta.example'],
  isDefault: id === entra,
  attributesForPolicy: true,
  graceMs: 0,
}))
const clock = { ...systemClock, wallMs: () => Date.parse('2026-05-04T10:00:00Z') }
const applications = ['crm', 'wiki', 'ssh', 'none']
const actions = ['connect', 'read', 'fly']
const lastRules: readonly Omit<ReferenceRule, 'id'>[] = [
  { effect: 'allow', apps: 'any', who: { filter: 'userType eq "employee"' } },
  { effect: 'allow', apps: { names: ['crm', 'ssh'] }, who: { groups: { none: ['Interns'] } } },
  { effect: 'allow', apps: 'any', actions: ['read'], who: { directories: ['okta'] } },
]

test('a search is a filtered check, page after page', async () => {
  const { store } = opened
  const policy = fc
    .tuple(anyPolicy, fc.constantFrom(...lastRules))
    // Random rules hardly ever allow.
    .map(([{ rules }, last]) => policyOf([...rules.slice(0, 4), { ...last, id: '' }]))
    // The rig declares no keys of its own below `context`.
    .filter((each) => !JSON.stringify(each).includes('context.enrolled'))
  const asked = fc.record({
    attempt: anyAttempt,
    limit: fc.integer({ min: 1, max: 7 }),
    kind: fc.constantFrom(...kinds),
    name: fc.nat(),
  })
  let found = 0
  await fc.assert(
    fc.asyncProperty(policy, asked, async (rules, { attempt, limit, kind, name }) => {
      await using rig = await decisionRig(store, JSON.stringify({ version: 1, ...rules }), {
        clock,
      })
      const resolution = new DirectoryResolution(directories)
      await using server = await serveAuthzen({
        decisions: rig.decider,
        catalogue: new Catalogue(rig.policies),
        listSubjects: subjectList(store, { directories: directories as never }, resolution),
        connectors: new Connectors([], [acme]),
        obligationTypes: [],
        observer: silentObserver(),
        listen: { host: '127.0.0.1', port: 0 },
      })
      const { application, action, claims } = attempt
      const { 'posture.disk': disk, ...flat } = attempt.context as Record<string, unknown>
      const context = { ...flat, ...(disk !== undefined && { posture: { disk } }) }
      const everybody = [...universe[kind]!]
      const base = {
        subject: { type: kind, id: everybody[name % everybody.length], properties: claims },
        action: { name: action },
        resource: { type: 'application', id: application },
        context,
      }
      const permitted = async (entity: string, values: readonly object[]) => {
        const evaluations = values.map((value) => ({ [entity]: value }))
        const { json } = await post(`${server.url}/access/v1/evaluations`, { ...base, evaluations })
        return values.filter((_, at) => json.evaluations[at].decision)
      }
      const searched = async (what: string) => {
        const results: object[] = []
        let token: string | undefined
        do {
          const page = token === undefined ? { limit } : { token }
          const url = `${server.url}/access/v1/search/${what}`
          const { status, json } = await post(url, { ...base, page })
          expect([status, json?.results.length <= limit]).toEqual([200, true])
          results.push(...json.results)
          token = json.page.next_token
        } while (token !== '')
        return results
      }

      const subjects = await searched('subject')
      found += subjects.length
      const candidates = everybody.map((id) => ({ type: kind, id, properties: claims }))
      const wanted = await permitted('subject', candidates)
      expect(sorted(subjects, 'id')).toEqual(sorted(wanted, 'id'))
      const resources = applications.map((id) => ({ type: 'application', id }))
      expect(await searched('resource')).toEqual(
        (await permitted('resource', resources)).sort(byName),
      )
      const names = actions.map((each) => ({ name: each }))
      expect(await searched('action')).toEqual((await permitted('action', names)).sort(byName))
    }),
    { numRuns: policies },
  )
  // Otherwise this would hold of a search that finds nobody.
  expect(found).toBeGreaterThan(policies)
}, 120_000)

function sorted(entities: readonly object[], part: string): readonly unknown[] {
  return entities.map((entity) => (entity as Record<string, unknown>)[part]).sort()
}

function byName(one: object, other: object): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1
}
