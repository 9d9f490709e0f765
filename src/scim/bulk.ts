import { assert, unreachable } from '../std/assert.ts'
import { TimeSlice } from '../std/time-slice.ts'
import type { Position } from '../store/position.ts'
import { type Answer, type Content, type Part, statusOf } from './answer.ts'
import { type BulkPlan, planBulk } from './bulk-plan.ts'
import { referenceIn, referencesIn, withIds } from './bulk-reference.ts'
import type { BulkOperation, BulkRequest, BulkTask } from './bulk-request.ts'
import { inForce } from './committing.ts'
import { isJsonObject, Notes, property, shown } from './json-object.ts'
import type { Modifying } from './modifying.ts'
import { locationOf } from './rendered-resource.ts'
import type { ScimDirectory } from './scim-directory.ts'
import { errorBody, ScimError } from './scim-error.ts'

/** What a bulk needs beside the request. */
export interface BulkTerms {
  /** Asked before each operation: from then on they are answered with a 503 instead of done. */
  readonly isOver: () => boolean
  /** What a failure is to the client; a bug of ours is told to whom it concerns, and is a 500. */
  readonly failureOf: (error: unknown) => ScimError
}

/**
 * RFC 7644 §3.7: many operations in one request. Each is done as if it came by itself, one after
 * the other, and has a status of its own; there is no transaction around them. All that was written
 * is in force in every process that decides before the bulk is answered.
 */
export async function runBulk(
  modifying: Modifying,
  scope: ScimDirectory,
  { operations, errorsMax }: BulkRequest,
  terms: BulkTerms,
): Promise<Content> {
  const turn = new TimeSlice(scope.clock)
  const references: ReadonlySet<string>[] = []
  for (const { task } of operations) {
    if (turn.isOver()) await turn.next()
    references.push(task instanceof ScimError ? new Set() : referencesIn(task))
  }
  const plan = planBulk(operations, references)
  const bulk = new Bulk(modifying, scope, terms)
  for (const index of plan.order) {
    if (bulk.errors >= errorsMax) break
    if (turn.isOver()) await turn.next()
    await bulk.process(index, operations[index]!, plan)
  }
  return await bulk.answer()
}

/** What has become of the operations so far. */
class Bulk {
  readonly #modifying: Modifying
  readonly #scope: ScimDirectory
  readonly #terms: BulkTerms
  /** What the POST of a bulkId has created, or why it has not. */
  readonly #posted = new Map<string, string | ScimError>()
  /** By the index of the operation; a hole where it was not processed. */
  readonly #entries: object[] = []
  readonly #notes = new Notes()
  readonly #parts: Part[] = []
  #errors = 0
  #retryAfterS = 0
  #written: Position | undefined
  #mayShrink = false

  constructor(modifying: Modifying, scope: ScimDirectory, terms: BulkTerms) {
    this.#modifying = modifying
    this.#scope = scope
    this.#terms = terms
  }

  get errors(): number {
    return this.#errors
  }

  async process(index: number, operation: BulkOperation, plan: BulkPlan): Promise<void> {
    const { method, bulkId, task } = operation
    const startedMs = this.#scope.clock.monotonicMs()
    const outcome = task instanceof ScimError ? task : await this.#outcomeOf(task, index, plan)
    const durationMs = this.#scope.clock.monotonicMs() - startedMs
    this.#parts.push(partOf(operation, outcome, durationMs))
    if (method === 'POST' && bulkId !== undefined) {
      this.#posted.set(bulkId, outcome instanceof ScimError ? outcome : idIn(outcome))
    }
    this.#entries[index] =
      outcome instanceof ScimError
        ? this.#refused(operation, outcome)
        : this.#done(operation, outcome)
  }

  /** Waits once for the last write: they came one after the other, so it is waiting for all. */
  async answer(): Promise<Content> {
    const body = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'],
      Operations: this.#entries.filter((entry) => entry !== undefined),
    }
    const landed = this.#written && (await inForce(this.#scope, this.#written, this.#mayShrink))
    const later = this.#retryAfterS > 0 && { retryAfterS: this.#retryAfterS }
    const [notes, parts] = [this.#notes.lines, this.#parts]
    return { kind: 'content', body, notes, parts, ...landed, ...later }
  }

  async #outcomeOf(task: BulkTask, index: number, plan: BulkPlan): Promise<Answer | ScimError> {
    const fault = plan.faults.get(index)
    if (fault !== undefined) return fault
    if (this.#terms.isOver()) return notBegun()
    try {
      return await this.#write(withIds(task, (bulkId) => this.#idOf(bulkId)))
    } catch (error) {
      return this.#terms.failureOf(error)
    }
  }

  /** The id behind a reference. Throws where there is none. */
  #idOf(bulkId: string): string {
    const posted = this.#posted.get(bulkId)
    assert(posted !== undefined, 'an operation of a bulk was begun before what it refers to')
    if (posted instanceof ScimError) throw notCreated(bulkId, posted)
    return posted
  }

  /** Nobody sees the bodies, so nobody's groups and members are read for them. */
  #write({ method, of, target, data, ifMatch }: BulkTask): Promise<Answer> {
    const barrier = async (at: Position, mayShrink: boolean): Promise<void> => {
      this.#written = at
      this.#mayShrink ||= mayShrink
    }
    const scope = { ...this.#scope, barrier }
    const excludedAttributes = 'groups,members'
    switch (method) {
      case 'POST':
        return this.#modifying.create(scope, of, data, { excludedAttributes })
      case 'PUT':
        return this.#modifying.replace(scope, of, target, data, { ifMatch, excludedAttributes })
      case 'PATCH':
        // Whether this is a 200 or a 204 depends on what would be shown.
        return this.#modifying.patch(scope, of, target, data, { ifMatch })
      case 'DELETE':
        return this.#modifying.delete(scope, of, target, { ifMatch })
      default:
        return unreachable(method)
    }
  }

  #done(operation: BulkOperation, answer: Answer): object {
    assert(answer.kind !== 'notModified', 'a write was answered as a read')
    for (const line of answer.notes) this.#notes.add(line)
    const created = answer.kind === 'created' ? answer.location : undefined
    const facts = { version: answer.etag, location: created ?? this.#locationOf(operation) }
    return entryOf(operation, statusOf(answer), facts)
  }

  #refused(operation: BulkOperation, error: ScimError): object {
    const { status, retryAfterS = 0, logged } = error
    this.#errors += 1
    this.#retryAfterS = Math.max(this.#retryAfterS, retryAfterS)
    this.#notes.add(`refused with ${status}: ${logged}`)
    const facts = { location: this.#locationOf(operation), response: errorBody(error) }
    return entryOf(operation, status, facts)
  }

  /** Of the resource in the path, also where it is said by reference. */
  #locationOf({ place }: BulkOperation): string | undefined {
    if (place === undefined || place.target === '') return undefined
    const { of, target } = place
    const bulkId = referenceIn(target)
    const id = bulkId === undefined ? target : this.#posted.get(bulkId)
    return typeof id === 'string' ? locationOf(of, id, this.#scope.baseUrl) : undefined
  }
}

/** RFC 7644 §3.7.3: a failed POST has no location; errors have a body, and here only they do. */
interface EntryFacts {
  readonly version?: string | undefined
  readonly location: string | undefined
  readonly response?: object
}

function entryOf(
  { method, bulkId }: BulkOperation,
  status: number,
  { version, location, response }: EntryFacts,
): object {
  return {
    ...(method !== undefined && { method }),
    ...(bulkId !== undefined && { bulkId }),
    ...(version !== undefined && { version }),
    ...(location !== undefined && { location }),
    // RFC 7644 §3.7.3: a string, though JSON has numbers.
    status: String(status),
    ...(response !== undefined && { response }),
  }
}

function partOf(
  { place, task }: BulkOperation,
  outcome: Answer | ScimError,
  durationMs: number,
): Part {
  const [known, of] = [task instanceof ScimError ? undefined : task, place?.of]
  // What is no method we know is the client's own text.
  const operation = known === undefined ? 'other' : operationOf[known.method]
  const { target } = place ?? {}
  const facts = { operation, of, target, durationMs, body: known?.data } as const
  if (outcome instanceof ScimError) {
    return { ...facts, status: outcome.status, error: outcome, notes: [] }
  }
  const { notes, remarks, about } = outcome
  const told = { notes, ...(remarks && { remarks }), ...(about && { about }) }
  return { ...facts, status: statusOf(outcome), error: undefined, ...told }
}
const operationOf = { POST: 'create', PUT: 'replace', PATCH: 'patch', DELETE: 'delete' } as const

function idIn(answer: Answer): string {
  assert(answer.kind === 'created' && isJsonObject(answer.body), 'a POST created no resource')
  const id = property(answer.body, 'id')
  assert(typeof id === 'string', 'a resource was created without an id')
  return id
}

function notBegun(): ScimError {
  const detail = 'not begun within the time for one bulk: send this operation again'
  return new ScimError(503, detail, { retryAfterS: 1 })
}

/** To be sent again, like what it refers to, where that may work the next time. */
function notCreated(bulkId: string, { status, retryAfterS }: ScimError): ScimError {
  const detail = 'the POST that a reference names has not created anything'
  const echo = `: ${shown(bulkId)}`
  if (retryAfterS === undefined) return new ScimError(409, detail, { echo })
  return new ScimError(status, detail, { echo, retryAfterS })
}
