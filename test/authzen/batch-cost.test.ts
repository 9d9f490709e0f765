import { test } from 'vitest'
import { Admission } from '../../src/access/admission.ts'
import { localCaller } from '../../src/access/caller.ts'
import { Evaluations } from '../../src/authzen/evaluation.ts'
import type { JsonObject } from '../../src/decision/sent-json.ts'
import { Turn } from '../../src/decision/turn.ts'
import { Teller } from '../../src/observe/teller.ts'
import { systemClock as clock } from '../../src/std/clock.ts'
import { expectCpuBelow } from '../support/cpu-cost.ts'
import { silentObserver } from '../support/silent-observer.ts'
import { acme, annReadsPayroll, ScriptedDecisions } from './support.ts'

function object(names: number, inside: (at: number) => JsonObject | number): JsonObject {
  return Object.fromEntries(Array.from({ length: names }, (_, at) => [`k${at}`, inside(at)]))
}

/** Each makes a body nearly as large as that of a batch may be. */
const defaults: readonly [string, JsonObject][] = [
  ['many keys', { context: object(70, () => object(900, (at) => at)) }],
  ['many empty objects', { context: object(900, () => object(30, () => ({}))) }],
]

// Every other decision of the process waits meanwhile.
test.each(defaults)('a default with %s is read once, and not by each of 256 items', (_, large) => {
  const decisions = new ScriptedDecisions()
  const observer = silentObserver()
  const evaluations = new Evaluations({
    ...{ decisions, turn: new Turn(decisions), observer, clock },
    teller: new Teller(observer, clock),
    admission: new Admission(observer),
  })
  const asking = { caller: localCaller(acme), trace: undefined }
  const items = Array.from({ length: 256 }, () => ({}))
  const body = { ...annReadsPayroll, ...large }

  // What is read is read before the first wait.
  expectCpuBelow(150, () => void evaluations.many(items, body, asking))
})
