import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { toToken } from '../../src/store/position.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import {
  committed,
  entra,
  group,
  okta,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const policy = `
version: 1
applications:
  wiki: { hosts: ["*.wiki.example"] }
  payroll: { hosts: [payroll.example], labels: { tier: "1" } }
rules:
  - id: unmanaged
    effect: block
    apps: { labels: { tier: "1" } }
    unless: { context.posture.disk-encrypted: { eq: true } }
    message: Use a managed device.
    reason: no encrypted disk
  - id: finance
    effect: allow
    apps: { names: [payroll] }
    who: { groups: { any: [Finance] } }
    when: { user.userType: { eq: Employee }, context.country: { in: [DE, FR] } }
  - { id: clerks, effect: allow, apps: { names: [payroll] }, when: { user.title: { eq: Clerk } } }
  - { id: wiki-all, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`
const ann = 'ann@acme.example'

test('what is in memory is decided without a promise', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  expect(rig.decider.check(attempt(ann))).toBeInstanceOf(Promise)
  await rig.decider.check(attempt(ann))
  expect(rig.decider.check(attempt(ann))).toMatchObject({ effect: 'allow', rule: 'wiki-all' })
})

test('a decision after an acknowledged write reflects it, however soon it is asked', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const stored = await storedBy(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  const wrong: string[] = []
  for (let round = 0; round < 50; round++) {
    const active = round % 2 === 1
    await committed(store, rewrite('users', stored.id, { userName: ann, active }))
    const { reason } = answered(await rig.decider.check(attempt(ann)))
    if (reason !== (active ? 'RULE' : 'USER_INACTIVE')) wrong.push(`${round}: ${reason}`)
  }
  expect(wrong).toEqual([])
})

test('a store that does not answer blocks after 50 ms, and its late answer serves the next', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  const resolve = store.resolve.bind(store)
  const gate = Promise.withResolvers<void>()
  store.resolve = async (key) => {
    await gate.promise
    return await resolve(key)
  }
  const first = answered(await rig.decider.check(attempt(ann)))
  expect(first).toMatchObject({ effect: 'block', reason: 'DIRECTORY_UNAVAILABLE' })
  gate.resolve()
  expect(answered(await rig.decider.check(attempt(ann)))).toMatchObject({ effect: 'allow' })
})

test('a log that is always ahead of memory is overload, which blocks', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  rig.vouch.lastLook = () => 'behind'
  const answer = answered(await rig.decider.check(attempt(ann)))
  expect(answer).toMatchObject({ effect: 'block', reason: 'OVERLOADED' })
})

test('whatever it waits for, an attempt waits 50 ms in all', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  const waits: number[] = []
  rig.cache.nextApplied = async (ms) => {
    waits.push(ms)
    // News that never is the last: each takes a while to arrive.
    await systemClock.sleep(20)
  }
  rig.vouch.lastLook = () => 'behind'
  const { reason } = answered(await rig.decider.check(attempt(ann)))
  expect(reason).toBe('OVERLOADED')
  expect(waits[0]).toBeLessThanOrEqual(50)
  expect(waits.length).toBeLessThanOrEqual(3)
})

test.each([
  ['stale', 'DIRECTORY_STALE'],
  ['unavailable', 'DIRECTORY_UNAVAILABLE'],
] as const)('memory that is %s allows nobody, known or not', async (look, reason) => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  rig.vouch.lastLook = () => look
  rig.vouch.staleForMs = () => 1
  const asked = [attempt(ann), attempt('nobody@acme.example'), attempt(ann, { application: 'x' })]
  const answers = await Promise.all(asked.map((each) => rig.decider.check(each)))
  expect(answers.map((answer) => answered(answer).reason)).toEqual([reason, reason, reason])
})

describe('where the directory grants 30 s of grace', () => {
  const withStrict = policy
    .replace('applications:', 'applications:\n  vault: { hosts: [vault.example] }')
    .replace(
      'rules:',
      'rules:\n  - { id: careful, effect: allow, apps: { names: [vault] }, stale: strict }',
    )
  const staleRig = async (store: Store, staleForMs: number, verdict: 'stale' | 'unavailable') => {
    const rig = await decisionRig(store, withStrict, { graceMs: 30_000 })
    await rig.decider.check(attempt(ann))
    Object.assign(rig.vouch, {
      lastLook: () => verdict,
      staleForMs: () => staleForMs,
      ageMs: () => staleForMs + 5_000,
    })
    return rig
  }

  test('the rules apply to stale memory, and the answer says how old it is', async () => {
    await using temporary = await temporarySqliteStore()
    await committed(temporary.store, user(ann))
    await using rig = await staleRig(temporary.store, 29_000, 'stale')
    const answer = answered(await rig.decider.check(attempt(ann)))
    expect(answer).toMatchObject({
      effect: 'allow',
      reason: 'RULE',
      stale: true,
      cacheableForMs: 0,
    })
    expect(answer.world.ageMs).toBe(34_000)
  })

  test('a strict rule does not decide on stale memory', async () => {
    await using temporary = await temporarySqliteStore()
    await committed(temporary.store, user(ann))
    await using rig = await staleRig(temporary.store, 1, 'stale')
    const answer = answered(await rig.decider.check(attempt(ann, { application: 'vault' })))
    expect(answer).toMatchObject({ effect: 'block', reason: 'DIRECTORY_STALE', stale: false })
  })

  test.each([
    ['after it', 31_000, 'stale', 'DIRECTORY_STALE'],
    ['where the log is missing or another one', 1, 'unavailable', 'DIRECTORY_UNAVAILABLE'],
  ] as const)('everybody is blocked %s', async (_when, staleForMs, verdict, reason) => {
    await using temporary = await temporarySqliteStore()
    await committed(temporary.store, user(ann))
    await using rig = await staleRig(temporary.store, staleForMs, verdict)
    const answer = answered(await rig.decider.check(attempt(ann)))
    expect(answer).toMatchObject({ effect: 'block', reason, stale: false })
  })
})

test('an error of the vouch itself is never an allow', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  rig.vouch.lastLook = () => {
    throw new Error('broken')
  }
  expect(() => rig.decider.check(attempt(ann))).toThrow('broken')
})

test('a subject belongs to the directory named, else to its domain, else to the default', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user('x@okta.example'))
  await committed(store, { ...user('x@okta.example'), directory: okta })
  await committed(store, user('no-domain'))
  await using rig = await decisionRig(store, policy)
  const named = (name: string, directory?: string) => ({
    subject: { kind: 'userName', name, directory } as const,
  })
  const ruleFor = async (name: string, directory?: string) => {
    const answer = answered(await rig.decider.check(attempt('', named(name, directory))))
    return answer.rule || answer.reason
  }
  expect(await ruleFor('x@OKTA.example')).toBe('NO_RULE')
  expect(await ruleFor('x@okta.example', entra)).toBe('wiki-all')
  expect(await ruleFor('no-domain')).toBe('wiki-all')
  expect(await ruleFor('x@okta.example', 'elsewhere')).toBe('DIRECTORY_UNKNOWN')
})

test('an answer is not older than the revision asked for, or there is none', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const { position } = await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  const check = async (minRevision: string) =>
    (await rig.decider.check(attempt(ann, { minRevision }))).kind
  expect(await check(toToken(position))).toBe('answer')
  const next = { ...position, revision: position.revision + 1 }
  expect(await check(toToken(next))).toBe('revision-not-reached')
  expect(await check(toToken({ ...position, epoch: position.epoch - 1 }))).toBe('revision-lost')
  expect(await check('not a token')).toBe('revision-malformed')
})

test('an attempt waits for the revision it asks for, whatever else arrives before', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const { position } = await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  const reached = rig.cache.reached.bind(rig.cache)
  let asked = 0
  // Not yet, and not yet after two more entries either.
  rig.cache.reached = (token) => (asked++ < 3 ? 'not-yet' : reached(token))
  const checked = rig.decider.check(attempt(ann, { minRevision: toToken(position) }))
  await committed(store, user('bob@acme.example'))
  await committed(store, user('cleo@acme.example'))
  await committed(store, user('dan@acme.example'))
  expect(await checked).toMatchObject({ kind: 'answer', effect: 'allow' })
})

test('an explanation shows every rule, what was wanted and seen, and the nearest allow', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const stored = await storedBy(store, user(ann, { userType: 'Employee' }))
  await committed(store, group('Finance', [stored.id]))
  await using rig = await decisionRig(store, policy)
  const context = new Map([['posture.disk-encrypted', true] as const])
  const explained = await rig.decider.explain(attempt(ann, { application: 'payroll', context }))
  if (explained.kind !== 'explanation') throw new Error(explained.kind)
  expect(explained.answer).toMatchObject({ effect: 'block', reason: 'NO_RULE' })
  expect(explained.rules.map(({ rule, line }) => [rule, line])).toEqual([
    ['unmanaged', 7],
    ['finance', 13],
    ['clerks', 18],
  ])
  const country = explained.rules[1]?.conditions.find(({ path }) => path.includes('country'))
  expect(country).toMatchObject({ seen: '', note: expect.stringMatching(/not sent/) })
  expect(explained.nearestAllow).toBe('finance')
  expect(explained.text).toContain('no rule matched')
  expect(explained.text).toContain('nearest rule that would have allowed: `finance`')
})

test('every decision has an id of its own', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  const ids = new Set<string>()
  for (let count = 0; count < 100; count++) {
    ids.add(answered(await rig.decider.check(attempt(ann))).decisionId)
  }
  expect(ids.size).toBe(100)
})
