import { describe, expect, test } from 'vitest'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { committed, temporarySqliteStore, user } from '../support/store-fixture.ts'

const ann = 'ann@acme.example'

/** What Ann is answered at an instant; every answer may be used for at most a minute. */
async function answerAt(now: string, rules: string, more: Parameters<typeof attempt>[1] = {}) {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  const policy = `version: 1
applications: { wiki: { labels: { tier: "1" }, actions: [connect, read] } }
rules:
${rules}`
  const options = { clock: new ManualClock(now), cacheableMs: 60_000 }
  await using rig = await decisionRig(store, policy, options)
  return answered(await rig.decider.check(attempt(ann, more)))
}

describe('an answer may be used again', () => {
  const everybody = '  - { id: all, effect: allow, apps: any }'
  const hours = (id: string, effect: string) =>
    `  - { id: ${id}, effect: ${effect}, apps: any, when: { time: { between: "08:00-09:00", tz: UTC } } }`

  test.each([
    ['as long as the config allows', '2026-05-04T10:00:00Z', everybody, 60_000],
    [
      'until its rule ends',
      '2026-05-04T23:59:50Z',
      `${everybody.slice(0, -2)}, validUntil: 2026-05-04 }`,
      10_000,
    ],
    [
      'until a rule before it begins',
      '2026-05-03T23:59:58Z',
      `  - { id: b, effect: block, apps: any, validFrom: 2026-05-04 }\n${everybody}`,
      2_000,
    ],
    ['until its window closes', '2026-05-04T08:59:55Z', hours('a', 'allow'), 5_000],
    [
      'until the window of a rule before it opens',
      '2026-05-04T07:59:59Z',
      `${hours('b', 'block')}\n${everybody}`,
      1_000,
    ],
    [
      'whatever comes behind it',
      '2026-05-04T07:59:59Z',
      `${everybody}\n${hours('b', 'block')}`,
      60_000,
    ],
    [
      'until a window opens where no rule matched',
      '2026-05-04T07:59:30Z',
      hours('a', 'allow'),
      30_000,
    ],
  ])('%s', async (_, now, rules, wanted) => {
    expect((await answerAt(now, rules)).cacheableForMs).toBe(wanted)
  })

  test('not at all, by default', async () => {
    await using temporary = await temporarySqliteStore()
    await committed(temporary.store, user(ann))
    const text = `version: 1\napplications: { wiki: {} }\nrules:\n${everybody}`
    await using rig = await decisionRig(temporary.store, text)

    expect(answered(await rig.decider.check(attempt(ann))).cacheableForMs).toBe(0)
  })
})

test('a shadow rule that would have decided is told with the answer, and decides nothing', async () => {
  const rules = `
  - { id: ghost, mode: shadow, effect: block, apps: any, unless: { context.managed: { eq: true } } }
  - { id: all, effect: allow, apps: any }`.replace('context.managed', 'context.browser.managed')
  const without = await answerAt('2026-05-04T10:00:00Z', rules)
  const context = new Map([['browser.managed', true]])
  const managed = await answerAt('2026-05-04T10:00:00Z', rules, { context })

  expect([without.rule, without.unknown]).toEqual(['all', []])
  expect(without.shadow?.()).toEqual({ rule: 'ghost', effect: 'block' })
  expect([managed.rule, managed.shadow?.()]).toEqual(['all', undefined])
})

test('rules read the action, and the labels of the application before what the caller says', async () => {
  const rules = `
  - { id: named, effect: allow, apps: any, when: { action.name: { eq: read }, resource.tier: { eq: "1" }, resource.site: { eq: hq } } }`
  const resourceProperties = new Map([
    ['tier', '2'],
    ['site', 'hq'],
  ])

  const read = await answerAt('2026-05-04T10:00:00Z', rules, { action: 'read', resourceProperties })
  const connect = await answerAt('2026-05-04T10:00:00Z', rules, { resourceProperties })

  expect([read.rule, connect.reason]).toEqual(['named', 'NO_RULE'])
})

test('obligations that are due come with the answer', async () => {
  const rules = `
  - id: all
    effect: allow
    apps: any
    obligations:
      - { id: mfa, type: step-up, properties: { acr_value: "loa:2" }, if: { context.risk: { ge: medium } } }
      - { id: tell, type: notification, properties: { to: soc, body: risk }, if: { context.risk: { ge: high } } }`
  const context = new Map([['risk', 'medium']])

  const { obligations } = await answerAt('2026-05-04T10:00:00Z', rules, { context })

  expect(obligations.map(({ id }) => id)).toEqual(['mfa'])
})
