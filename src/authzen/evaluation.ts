import type { Admission } from '../access/admission.ts'
import { batchMax } from '../decision/attempt-limits.ts'
import type { Answer, DecisionPoint, Outcome } from '../decision/decision.ts'
import { flattenOnce, isObject, type Json, type JsonObject } from '../decision/sent-json.ts'
import type { Turn } from '../decision/turn.ts'
import type { Observer } from '../observe/observe.ts'
import type { Teller } from '../observe/teller.ts'
import type { Clock } from '../std/clock.ts'
import { type Asked, type Asking, toAsked, toTold } from './asked.ts'
import {
  type DecisionBody,
  type Entities,
  type Reading,
  toAttempt,
  toDecision,
  toErrorItem,
  typeFaults,
} from './convert.ts'
import { applicationNotAllowed, badRequest, Failure, internalError, overloaded } from './status.ts'

export interface EvaluationParts {
  readonly decisions: DecisionPoint
  readonly turn: Turn
  readonly teller: Teller
  readonly admission: Admission
  readonly observer: Pick<Observer, 'internalError'>
  readonly clock: Clock
}

/** What a batch answers. */
export interface EvaluationsBody {
  readonly evaluations: readonly DecisionBody[]
}

/** Access Evaluation and Access Evaluations: one decision, and several in one request. */
export class Evaluations {
  readonly #parts: EvaluationParts

  constructor(parts: EvaluationParts) {
    this.#parts = parts
  }

  /** Decided with all that arrives in this turn of the event loop; one of the two is called. */
  one(
    body: JsonObject,
    asking: Asking,
    answer: (body: DecisionBody | Failure) => void,
    fail: (error: unknown) => void,
  ): void {
    const { turn, teller, admission, clock } = this.#parts
    const startedMs = clock.monotonicMs()
    const asked = askedOf(entitiesIn(body), asking)
    if (!isAsked(asked)) {
      answer(asked)
      return
    }
    const { caller } = asking
    if (!admission.begin(caller, 1)) {
      answer(overloaded())
      return
    }
    const settled = (outcome: Outcome) => {
      admission.end(caller, 1)
      try {
        const told = toTold(outcome, asking, asked.performs)
        answer(told instanceof Failure ? told : toDecision(told, caller.explain))
        if (!(told instanceof Failure)) teller.tell(told, asking, startedMs)
      } catch (error) {
        fail(error)
      }
    }
    turn.ask(asked.attempt, settled, (error) => {
      admission.end(caller, 1)
      fail(error)
    })
  }

  /**
   * In the order of the request. All are decided together, so what a short circuit leaves out was
   * decided as well: nobody is told of it.
   */
  async many(
    items: readonly Json[],
    body: JsonObject,
    asking: Asking,
  ): Promise<EvaluationsBody | Failure> {
    const startedMs = this.#parts.clock.monotonicMs()
    const defaults = entitiesIn(body)
    const semantic = semanticOf(body.options)
    if (semantic instanceof Failure) return semantic
    if (items.length > batchMax) {
      const description = `holds ${items.length}: send at most ${batchMax}`
      return badRequest([{ field: 'evaluations', description }])
    }
    const faults = typeFaults(defaults)
    if (faults.length > 0) return badRequest(faults)
    const reading = { flatten: flattenOnce() }
    const results = await this.#decide(
      items.map((item) => askedOf(inherited(item, defaults), asking, reading)),
      asking,
    )
    if (results instanceof Failure) return results
    const last = results.findIndex(({ body: { decision } }) => decision === stopsAt[semantic])
    const told = last < 0 ? results : results.slice(0, last + 1)
    for (const { answer } of told) {
      if (answer !== undefined) this.#parts.teller.tell(answer, asking, startedMs)
    }
    return { evaluations: told.map((result) => result.body) }
  }

  async #decide(
    asked: readonly (Asked | DecisionBody | Failure)[],
    asking: Asking,
  ): Promise<readonly Result[] | Failure> {
    const { decisions, admission } = this.#parts
    const good = asked.filter(isAsked)
    const { caller } = asking
    if (!admission.begin(caller, good.length)) return overloaded()
    try {
      const outcomes = decisions.checkAll(good.map(({ attempt }) => attempt))
      // All at once: a rejection that nobody waits for yet would end the process.
      const settled = await Promise.allSettled(outcomes)
      let next = 0
      return asked.map((each) => {
        if (!isAsked(each)) return { body: each instanceof Failure ? errorOf(each) : each }
        return this.#resultOf(settled[next++]!, asking, each)
      })
    } finally {
      admission.end(caller, good.length)
    }
  }

  #resultOf(settled: PromiseSettledResult<Outcome>, asking: Asking, { performs }: Asked): Result {
    if (settled.status === 'rejected') {
      this.#parts.observer.internalError({ room: 'authzen', error: settled.reason })
      return { body: errorOf(internalError()) }
    }
    const told = toTold(settled.value, asking, performs)
    if (told instanceof Failure) return { body: errorOf(told) }
    return { body: toDecision(told, asking.caller.explain), answer: told }
  }
}

interface Result {
  readonly body: DecisionBody
  readonly answer?: Answer
}

/** What to ask, or the answer where there is nothing to ask. */
function askedOf(
  entities: Entities,
  asking: Asking,
  reading?: Reading,
): Asked | DecisionBody | Failure {
  const read = toAttempt(entities, asking.caller.tenant, reading)
  switch (read.kind) {
    case 'faults':
      return badRequest(read.violations)
    case 'stranger': {
      // The request is well-formed, so it is answered; no directory can name such a subject.
      const { message } = badRequest([read.violation])
      return toErrorItem(400, message)
    }
    case 'attempt':
      return toAsked(read, asking) ?? applicationNotAllowed()
  }
}

function isAsked(asked: Asked | DecisionBody | Failure): asked is Asked {
  return 'attempt' in asked
}

function errorOf({ status, message }: Failure): DecisionBody {
  return toErrorItem(status, message)
}

export function entitiesIn({ subject, action, resource, context }: JsonObject): Entities {
  return { subject, action, resource, context }
}

/** An item's entity takes the place of the default as a whole: nothing merges inside. */
function inherited(item: Json, defaults: Entities): Entities {
  if (!isObject(item)) return { ...defaults, subject: null, action: null, resource: null }
  const { subject, action, resource, context } = item
  return {
    subject: subject === undefined ? defaults.subject : subject,
    action: action === undefined ? defaults.action : action,
    resource: resource === undefined ? defaults.resource : resource,
    context: context === undefined ? defaults.context : context,
  }
}

type Semantic = 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit'
/** The decision that ends it. */
const stopsAt: Readonly<Record<Semantic, boolean | undefined>> = {
  execute_all: undefined,
  deny_on_first_deny: false,
  permit_on_first_permit: true,
}

function semanticOf(options: Json): Semantic | Failure {
  if (options === undefined) return 'execute_all'
  if (!isObject(options)) {
    return badRequest([{ field: 'options', description: 'is not an object' }])
  }
  const { evaluations_semantic: wanted = 'execute_all' } = options
  if (typeof wanted === 'string' && Object.hasOwn(stopsAt, wanted)) return wanted as Semantic
  const description = `is none of ${Object.keys(stopsAt).join(', ')}`
  return badRequest([{ field: 'options.evaluations_semantic', description }])
}
