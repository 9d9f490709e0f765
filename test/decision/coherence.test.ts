import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/decision/decision.ts'
import { Turn } from '../../src/decision/turn.ts'
import type { Change } from '../../src/directory/change.ts'
import type { LookupKind } from '../../src/directory/identity.ts'
import { policyDocument, policyVersion } from '../../src/policy/checked-policy.ts'
import { type Clock, systemClock } from '../../src/std/clock.ts'
import { fromToken } from '../../src/store/position.ts'
import type { Store } from '../../src/store/store.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import { History } from '../support/history.ts'
import { compiled, read } from '../support/policies.ts'
import {
  acme,
  addMembers,
  at,
  fresh,
  group,
  remove,
  removeMembers,
  replaceMembers,
  rewrite,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

/**
 * Random writes, publications, faults and questions at the same time. Afterwards every answer is
 * compared with what a slow walk over all changes says of the very revision that it names; and that
 * revision is no older than any write that had been acknowledged when the question was asked.
 */
test('every answer is what was true at its revision, which no acknowledged write is ahead of', async () => {
  const reasons = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), noise, async (steps, n) => {
      for (const reason of await play(steps, n)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }),
    // What comes of a race does not shrink.
    { numRuns: 30, endOnFailure: true },
  )
  // A run in which little happens would show nothing. Which of them are seen is chance.
  expect(reasons.size).toBeGreaterThan(3)
  expect([...reasons.keys()].some((reason) => reason.startsWith('allow'))).toBe(true)
})

/** Doubt, which always may be: something was being read anew, or moved too fast. */
const doubts = new Set(['DIRECTORY_NOT_READY', 'DIRECTORY_UNAVAILABLE', 'OVERLOADED'])

const ids = Array.from({ length: 4 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`)
const groupIds = Array.from({ length: 3 }, (_, n) => `00000000-0000-4000-9000-00000000000${n}`)
const names = ['ann', 'bob', 'cleo']
const groupNames = ['Finance', 'Staff', 'Admins']

const policies = [
  `- { id: everybody, effect: allow, apps: any, who: { directories: [entra] } }`,
  `- { id: finance, effect: allow, apps: any, who: { groups: { any: [Finance] } } }`,
  `- { id: no-admins, effect: block, apps: any, who: { groups: { any: [Admins] } } }
  - { id: staff, effect: allow, apps: any, who: { groups: { any: [Staff, Finance] } } }`,
  `- { id: clerks, effect: allow, apps: any, when: { user.title: { eq: Clerk } } }`,
  `- { id: no-clerks, effect: block, apps: any, when: { user.title: { eq: Clerk } } }
  - { id: workers, effect: allow, apps: any, when: { user.userType: { eq: Employee } } }`,
].map((rules) => {
  const text = `version: 1\napplications: { wiki: { hosts: [wiki.example] } }\nrules:\n  ${rules}\n`
  const found = read(text)
  if (found.kind === 'faults') throw new Error(found.faults[0]?.message)
  const { policy } = found
  return { version: policyVersion(policy), document: policyDocument(policy), rules: compiled(text) }
})

const document = fc.record(
  {
    userName: fc.constantFrom(...names),
    active: fc.boolean(),
    externalId: fc.constantFrom('x1', 'x2'),
    title: fc.constantFrom('Clerk', 'Chief'),
    userType: fc.constantFrom('Employee', 'Guest'),
  },
  { requiredKeys: ['userName', 'active'] },
)
const id = fc.constantFrom(...ids)
const groupId = fc.constantFrom(...groupIds)
const member = fc.constantFrom(...ids, ...groupIds)
const displayName = fc.constantFrom(...groupNames)

const change = fc.oneof(
  fc.tuple(document, id).map(([{ userName, ...more }, id]) => user(userName, more, id)),
  { weight: 3, arbitrary: fc.tuple(id, document).map(([id, body]) => rewrite('users', id, body)) },
  id.map((id) => remove('users', id)),
  fc.tuple(groupId, displayName, fc.array(member, { maxLength: 3 })).map(([id, name, members]) => ({
    ...group(name, members),
    id,
  })),
  fc.tuple(groupId, displayName).map(([id, displayName]) => rewrite('groups', id, { displayName })),
  fc.tuple(groupId, member).map(([id, value]) => addMembers(id, value)),
  fc.tuple(groupId, member).map(([id, value]) => removeMembers(id, value)),
  fc.tuple(groupId, member).map(([id, value]) => replaceMembers(id, value)),
  groupId.map((id) => remove('groups', id)),
)

const question = fc.oneof(
  fc.record({ kind: fc.constant('userName' as const), name: fc.constantFrom(...names) }),
  fc.record({ kind: fc.constant('externalId' as const), name: fc.constantFrom('x1', 'x2') }),
  fc.record({ kind: fc.constant('id' as const), name: id }),
)

interface Question {
  readonly kind: LookupKind
  readonly name: string
  /** With whatever else is asked in the same turn. */
  readonly together: boolean
}
type Step =
  | ({ readonly do: 'ask' } & Question)
  | { readonly do: 'write'; readonly change: Change; readonly wait: boolean }
  | { readonly do: 'publish'; readonly policy: number; readonly wait: boolean }
  | { readonly do: 'break'; readonly how: 'gap' | 'error' }
  | { readonly do: 'pause'; readonly turns: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(question, fc.boolean())
      .map(([asked, together]) => ({ do: 'ask' as const, together, ...asked })),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('write' as const), change, wait: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      policy: fc.nat(policies.length - 1),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('break' as const),
      how: fc.constantFrom('gap' as const, 'error' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pause' as const), turns: fc.nat(6) }),
  },
)

/** How long each read is held up, over and over: about as long as a commit or a few. */
const noise = fc.array(fc.constantFrom(0, 0, 2, 5), { minLength: 1, maxLength: 20 })

async function play(steps: readonly Step[], delays: readonly number[]) {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const faults: ('gap' | 'error')[] = []
  const noisy = disturbed(store, delays, faults)
  await using rig = await decisionRig(noisy, undefined, { clock: hasty, principalsMax: 3 })
  const history = new History((version) => policies.find((p) => p.version === version)!.rules)
  let acknowledged = (await store.position()).revision
  const turn = new Turn(rig.decider)
  const asked: Asked[] = []
  const running: Promise<void>[] = []

  const write = async (change: Change) => {
    const answer = await store.commit(change, fresh())
    if (answer.kind === 'unavailable') throw answer.cause
    if (answer.kind !== 'ok') return
    history.add(change, answer.position)
    acknowledged = Math.max(acknowledged, answer.position.revision)
  }
  const ask = async ({ kind, name, together }: Question) => {
    const since = acknowledged
    const subject = { kind, name, directory: 'entra' }
    const outcome = together
      ? new Promise<Outcome>((...settle) => turn.ask(attempt('', { subject }), ...settle))
      : rig.decider.check(attempt('', { subject }))
    const { reason, effect, rule, world } = answered(await outcome)
    const said = reason === 'RULE' ? `${effect} ${rule}` : reason
    asked.push({ kind, name, since, said, revision: fromToken(world.revision)!.revision })
  }
  for (const next of steps) {
    if (next.do === 'ask') running.push(ask(next))
    if (next.do === 'break') faults.push(next.how)
    if (next.do === 'pause') await turns(next.turns)
    if (next.do === 'write') {
      const written = write(next.change)
      running.push(written)
      if (next.wait) await written
    }
    if (next.do === 'publish') {
      const active = await store.policies.active(acme)
      const { version, document } = policies[next.policy]!
      const why = { sources: [], by: 'test', why: '', at }
      const replaces = active?.version
      const published = write({ op: 'publish', tenant: acme, version, replaces, document, ...why })
      running.push(published)
      if (next.wait) await published
    }
  }
  await Promise.all(running)
  expect(wrongAnswers(asked, history)).toEqual([])
  return asked.map(({ said }) => said)
}

interface Asked {
  readonly kind: LookupKind
  readonly name: string
  /** The newest revision acknowledged when it was asked. */
  readonly since: number
  readonly said: string
  readonly revision: number
}

function wrongAnswers(asked: readonly Asked[], history: History) {
  const wrong: object[] = []
  const certain = asked.filter(({ said }) => !doubts.has(said))
  for (const one of certain) if (one.revision < one.since) wrong.push({ ...one, old: true })
  const judge = (revision: number, decide: (one: Asked) => string) => {
    for (const one of certain.filter((each) => each.revision === revision)) {
      const truth = decide(one)
      if (one.said !== truth) wrong.push({ ...one, truth })
    }
  }
  judge(0, () => 'POLICY_NOT_LOADED')
  for (const { revision, world } of history.worlds()) {
    judge(revision, ({ kind, name }) => world.decide(kind, name))
  }
  return wrong
}

/** The store with every read held up for a few turns, and with a log that breaks when told to. */
function disturbed(store: Store, delays: readonly number[], faults: ('gap' | 'error')[]): Store {
  let calls = 0
  const late = async <Result>(result: Promise<Result>) => {
    const found = await result
    const delayMs = delays[calls++ % delays.length]!
    if (delayMs > 0) await systemClock.sleep(delayMs)
    return found
  }
  return {
    ...bound(store),
    resolve: (key) => late(store.resolve(key)),
    groupTable: (only) => late(store.groupTable(only)),
    counts: (directory) => late(store.counts(directory)),
    policies: { ...store.policies, active: (tenant) => late(store.policies.active(tenant)) },
    readLog: async (after, max, waitMs) => {
      const slice = await store.readLog(after, max, waitMs)
      const fault = faults.shift()
      if (fault === 'error') throw new Error('broken for a test')
      return fault === 'gap' ? { ...slice, entries: slice.entries.slice(1) } : slice
    },
  }
}

function bound(store: Store): Store {
  const { credentials, policies, notes, staging } = store
  return {
    credentials,
    policies,
    notes,
    staging,
    enroll: store.enroll.bind(store),
    commit: store.commit.bind(store),
    barrier: store.barrier.bind(store),
    readLog: store.readLog.bind(store),
    position: store.position.bind(store),
    hasEntry: store.hasEntry.bind(store),
    forks: store.forks.bind(store),
    resolve: store.resolve.bind(store),
    principals: store.principals.bind(store),
    groupTable: store.groupTable.bind(store),
    enlist: store.enlist.bind(store),
    get: store.get.bind(store),
    find: store.find.bind(store),
    scan: store.scan.bind(store),
    counts: store.counts.bind(store),
    [Symbol.asyncDispose]: store[Symbol.asyncDispose].bind(store),
  }
}

/** Long pauses after faults are cut short: nothing here is mended by waiting. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms > 100 ? 1 : ms, signal),
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
