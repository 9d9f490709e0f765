import { expect, test } from 'vitest'
import type { Attempt, DecisionPoint, Outcome } from '../../src/decision/decision.ts'
import { Turn } from '../../src/decision/turn.ts'
import { answered, attempt, decisionRig } from '../support/decision-rig.ts'
import {
  committed,
  rewrite,
  storedBy,
  temporarySqliteStore,
  user,
} from '../support/store-fixture.ts'

const policy = `
version: 1
applications: { wiki: { hosts: [wiki.example] } }
rules: [{ id: everybody, effect: allow, apps: any }]
`
const ann = 'ann@acme.example'

function ask(turn: Turn, asked: Attempt): Promise<Outcome> {
  return new Promise((resolve, reject) => turn.ask(asked, resolve, reject))
}

test('what is asked in one turn is vouched for by one last look', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  const look = rig.vouch.lastLook
  let looks = 0
  rig.vouch.lastLook = (applied) => {
    looks++
    return look(applied)
  }
  const turn = new Turn(rig.decider)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask(turn, attempt(ann))))
  expect(new Set(outcomes.map((outcome) => answered(outcome).rule))).toEqual(new Set(['everybody']))
  expect(looks).toBe(1)
})

test('a write acknowledged before the turn is reflected by all of it, cold and warm alike', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  const stored = await storedBy(store, user(ann))
  await committed(store, user('bob@acme.example'))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  await committed(store, rewrite('users', stored.id, { userName: ann, active: false }))
  const turn = new Turn(rig.decider)
  const names = [ann, 'bob@acme.example', 'nobody@acme.example']
  const outcomes = await Promise.all(names.map((name) => ask(turn, attempt(name))))
  expect(outcomes.map((outcome) => answered(outcome).reason)).toEqual([
    'USER_INACTIVE',
    'RULE',
    'USER_UNKNOWN',
  ])
})

test('one attempt that meets a bug fails alone; a vouch that does fails all, and allows none', async () => {
  await using temporary = await temporarySqliteStore()
  const { store } = temporary
  await committed(store, user(ann))
  await using rig = await decisionRig(store, policy)
  await rig.decider.check(attempt(ann))
  const broken = { ...attempt(ann), subject: undefined as never }
  const turn = new Turn(rig.decider)
  const mixed = await Promise.allSettled([ask(turn, attempt(ann)), ask(turn, broken)])
  expect(mixed.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  rig.vouch.lastLook = () => {
    throw new Error('broken')
  }
  const all = await Promise.allSettled([ask(turn, attempt(ann)), ask(turn, broken)])
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('what is asked while a turn is being answered belongs to the next', async () => {
  const sizes: number[] = []
  const outcome = { kind: 'revision-lost' } as const
  const decisions = {
    checkAll: (attempts: readonly Attempt[]) => {
      sizes.push(attempts.length)
      return attempts.map(() => outcome)
    },
  } as Partial<DecisionPoint> as DecisionPoint
  const turn = new Turn(decisions)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  turn.ask(attempt(ann), () => turn.ask(attempt(ann), () => resolve(), reject), reject)
  turn.ask(attempt(ann), () => undefined, reject)
  await promise
  expect(sizes).toEqual([2, 1])
})
