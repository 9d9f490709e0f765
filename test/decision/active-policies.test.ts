import { expect, test } from 'vitest'
import { ActivePolicies, type LoadedPolicy } from '../../src/decision/active-policies.ts'
import { compiled } from '../support/policies.ts'
import { acme } from '../support/store-fixture.ts'

const rulesFor = (user: string) =>
  compiled(`
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules: [{ id: one, effect: allow, apps: any, who: { users: [${user}] } }]
`)

function policiesFrom(first: LoadedPolicy | undefined) {
  const stored = { active: first }
  const swaps: string[] = []
  const policies = new ActivePolicies(
    async () => stored.active,
    (_, { rules }) => swaps.push(rules.version),
  )
  const reload = async () => (await policies.prepare(acme)).swap()
  return { stored, swaps, policies, reload }
}

test('a version that is in use already is not put into use again', async () => {
  const { reload, swaps } = policiesFrom({ rules: rulesFor('ann'), revision: 7 })
  await reload()
  await reload()
  expect(swaps).toHaveLength(1)
})

test('in a restored history the same revision may have published another policy', async () => {
  const { reload, stored, policies } = policiesFrom({ rules: rulesFor('ann'), revision: 7 })
  await reload()
  const other = rulesFor('bob')
  stored.active = { rules: other, revision: 7 }
  await reload()
  expect(policies.rulesOf(acme)).toBe(other)
})

test('in a restored history there may be no policy, so that everything blocks', async () => {
  const { reload, stored, policies } = policiesFrom({ rules: rulesFor('ann'), revision: 7 })
  await reload()
  stored.active = undefined
  await reload()
  expect(policies.rulesOf(acme)).toBeUndefined()
  expect(policies.attributesRead().size).toBe(0)
})
