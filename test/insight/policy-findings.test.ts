import { expect, test } from 'vitest'
import { GroupWatch } from '../../src/app/group-watch.ts'
import { tenancyOf } from '../../src/app/house.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { Registries } from '../../src/app/registries.ts'
import { liveFindings } from '../../src/insight/policy-findings.ts'
import { policyDocument, policyVersion } from '../../src/policy/checked-policy.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { read } from '../support/policies.ts'
import { silentObserver } from '../support/silent-observer.ts'
import {
  acme,
  committed,
  entra,
  group,
  okta,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'
import { workspace } from '../support/workspace.ts'

function policy(rules: string) {
  const found = read(`version: 1\napplications: { wiki: {} }\nrules:\n${rules}`)
  if (found.kind === 'faults') throw new Error(JSON.stringify(found.faults))
  return found.policy
}

const rule = (id: string, effect: string, who: string) =>
  `  - { id: ${id}, effect: ${effect}, apps: any, who: ${who} }\n`

test('groups that rules name are held against the directory as it is', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const users = []
  for (let at = 0; at < 12; at++) users.push(await storedBy(store, user(`u${at}@acme.example`)))
  const ids = users.map(({ id }) => id)
  await committed(store, group('Finance', ids.slice(0, 2)))
  await committed(store, group('Empty'))
  await committed(store, group('Everyone', ids))
  await committed(store, { ...group('Finance', []), directory: okta })
  await committed(store, { ...user('x@okta.example'), directory: okta })
  const rules =
    rule('fine', 'allow', '{ directories: [entra], groups: { any: [finance] } }') +
    rule('typo', 'allow', '{ directories: [entra], groups: { any: [Finanz] } }') +
    rule('blocks-nobody', 'block', '{ directories: [entra], groups: { any: [Gone] } }') +
    rule('both', 'allow', '{ groups: { any: [Finance] } }') +
    rule('empty', 'allow', '{ directories: [entra], groups: { all: [Empty] } }') +
    rule('everyone', 'allow', '{ directories: [entra], groups: { any: [Everyone] } }')

  const found = await liveFindings(policy(rules), store, [entra, okta])

  expect(found.map(({ check, severity, rule: id }) => `${severity} ${check} ${id}`)).toEqual([
    'warn group-unknown typo',
    'error group-unknown blocks-nobody',
    'error group-in-several-directories both',
    'warn group-empty both',
    'warn group-empty empty',
    'warn group-everybody everyone',
  ])
  expect(found[0]?.message).toContain('(did you mean `Finance`?)')
})

test('a group that is renamed while the server runs is told, and told no more once it is back', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const ann = await storedBy(store, user('ann@acme.example'))
  const finance = await storedBy(store, group('Finance', [ann.id]))
  const checked = policy(rule('a', 'allow', '{ directories: [entra], groups: { any: [Finance] } }'))
  const [version, document] = [policyVersion(checked), policyDocument(checked)]
  const publish = { op: 'publish', tenant: acme, version, document, replaces: undefined } as const
  await committed(store, { ...publish, sources: [], by: 't', why: '', at: '2026-01-01T00:00:00Z' })
  const tenancy = tenancyOf(readHouseConfig(workspace().file))
  const told: (readonly string[])[] = []
  const clock = new ManualClock()
  const watch = new GroupWatch({
    ...{ store, tenancy, clock, registries: new Registries(tenancy) },
    observer: { ...silentObserver(), policyGroups: ({ findings }) => told.push(findings) },
  })
  const stop = new AbortController()
  const watching = watch.watch(stop.signal)
  const look = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    await clock.advance(5_000)
    return told.length
  }

  await look()
  await committed(store, rewrite('groups', finance.id, { displayName: 'Finanzen' }))
  await expect.poll(look).toBe(1)
  const during = watch.findings
  await committed(store, rewrite('groups', finance.id, { displayName: 'Finance' }))
  await expect.poll(look).toBe(2)

  expect(told[0]?.[0]).toContain('group `Finance` is not in entra (did you mean `Finanzen`?)')
  expect(during).toHaveLength(1)
  expect(watch.findings).toEqual([])
  stop.abort()
  await clock.advance(5_000)
  await watching
})
