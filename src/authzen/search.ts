import { isAmong } from '../access/caller.ts'
import { asBelieved } from '../access/rights.ts'
import type { Catalogue } from '../decision/catalogue.ts'
import type { Attempt, DecisionPoint, Reason } from '../decision/decision.ts'
import type { JsonObject } from '../decision/sent-json.ts'
import { canonicalJson } from '../std/canonical-json.ts'
import type { Clock } from '../std/clock.ts'
import type { FairQueue } from '../std/fair-queue.ts'
import { TimeSlice } from '../std/time-slice.ts'
import { type Asked, type Asking, toAsked, toTold } from './asked.ts'
import {
  type Candidate,
  type CandidateSource,
  type ListSubjects,
  namesInSlices,
} from './candidates.ts'
import { type Entities, type Searched, toAttempt } from './convert.ts'
import { entitiesIn } from './evaluation.ts'
import {
  candidatesDecidedMax,
  candidatesMax,
  candidatesReadMax,
  pageMsMax,
  searchWaitMsMax,
} from './limits.ts'
import { readPage, type WantedPage } from './page.ts'
import { toToken } from './page-token.ts'
import {
  applicationNotAllowed,
  badRequest,
  Failure,
  notSearchable,
  overloaded,
  searchNotAllowed,
} from './status.ts'
import { destinationType } from './target.ts'

export interface SearchParts {
  readonly decisions: DecisionPoint
  readonly catalogue: Pick<Catalogue, 'applications' | 'actions'>
  readonly listSubjects: ListSubjects
  readonly line: FairQueue<string>
  readonly clock: Clock
}

export interface SearchBody {
  readonly results: readonly object[]
  readonly page: { readonly next_token: string; readonly count: number }
}

/**
 * Subject, Resource and Action Search: which candidates the check would permit, by asking the very
 * decision point that checks, with the attempt that an evaluation of the candidate would be. So a
 * decision that is made for a search lets nobody in, and is told to no log.
 *
 * Not here: who the candidates are (candidates; app hands in the users).
 */
export class Searches {
  readonly #parts: SearchParts

  constructor(parts: SearchParts) {
    this.#parts = parts
  }

  async find(searched: Searched, body: JsonObject, asking: Asking): Promise<SearchBody | Failure> {
    if (!asking.caller.search) return searchNotAllowed()
    const entities = entitiesIn(body)
    const read = toAttempt(entities, asking.caller.tenant, { searched })
    if (read.kind === 'faults') return badRequest(read.violations)
    const page = readPage(body.page, queryOf(searched, entities, asking))
    if (page instanceof Failure) return page
    if (read.kind === 'stranger') return nothingFound
    const asked = toAsked(asAsked(read, searched), asking)
    if (asked === undefined) return applicationNotAllowed()
    const search = this.#prepare(searched, asked, entities, asking)
    if (search instanceof Failure) return search
    if (search === undefined) return nothingFound
    const turn = await this.#turn(asking)
    if (turn === undefined) return overloaded()
    try {
      return await this.#page(search, page, asking)
    } finally {
      turn[Symbol.dispose]()
    }
  }

  /** Undefined: nothing can be found. */
  #prepare(
    searched: Searched,
    asked: Asked,
    entities: Entities,
    { caller }: Asking,
  ): Search | Failure | undefined {
    const { catalogue, listSubjects } = this.#parts
    const { attempt } = asked
    const { tenant, action, subject } = attempt
    const type = typeOf(entities[searched])
    if (searched === 'resource') {
      if (type === destinationType) return undefined
      const names = catalogue.applications(tenant, type)
      if (names === undefined) return noPolicy
      // Of others not even the place of a page may tell.
      const own = names.filter((name) => isAmong(caller.applications, name))
      return {
        asked,
        source: namesInSlices(own, candidatesReadMax),
        about: (application) => ({ ...attempt, application }),
        result: (id) => ({ type, id }),
      }
    }
    const actions = catalogue.actions(tenant, attempt)
    if (actions === undefined) return noPolicy
    if (searched === 'action') {
      return {
        asked,
        source: namesInSlices(actions, candidatesReadMax),
        about: (name) => ({ ...attempt, action: name }),
        result: (name) => ({ name }),
      }
    }
    // Nobody may do what cannot be done: a million users need not be asked about.
    if (!actions.includes(action)) return undefined
    const { kind } = subject
    return {
      asked,
      source: (after) => listSubjects({ tenant, kind, after, max: candidatesReadMax }),
      about: (name) => ({ ...attempt, subject: { ...subject, name } }),
      result: (id) => ({ type, id }),
    }
  }

  /** Undefined: too many search at once. */
  async #turn({ caller }: Asking): Promise<Disposable | undefined> {
    const { line, clock } = this.#parts
    const taken = line.take(caller.connector)
    if (taken === 'full') return undefined
    if (!('turn' in taken)) return taken
    const served = new AbortController()
    const leave = () => {
      if (!served.signal.aborted) taken.leave()
    }
    void clock.sleep(searchWaitMsMax, served.signal).then(leave)
    const turn = await taken.turn
    served.abort()
    return turn
  }

  async #page(search: Search, page: WantedPage, asking: Asking): Promise<SearchBody | Failure> {
    const { clock } = this.#parts
    const slice = new TimeSlice(clock)
    const endMs = clock.monotonicMs() + pageMsMax
    const found: Candidate[] = []
    let looked = 0
    let after = page.after
    // One more than is wanted: only so is it known whether more comes behind.
    while (found.length <= page.limit) {
      const candidates = await search.source(after)
      if (candidates.kind === 'lost') return page.lost
      if (candidates.kind === 'unavailable') return notSearchable('the directory cannot be read')
      for (const some of inPieces(candidates.candidates, candidatesDecidedMax)) {
        const permitted = await this.#permitted(search, some, asking)
        if (permitted instanceof Failure) return permitted
        found.push(...permitted)
        if (slice.isOver()) await slice.next()
      }
      looked += candidates.candidates.length
      after = candidates.next
      if (after === undefined || looked >= candidatesMax || clock.monotonicMs() >= endMs) break
    }
    const results = found.slice(0, page.limit)
    if (found.length > results.length) after = results.at(-1)?.at
    const place = after === undefined ? '' : toToken({ after, limit: page.limit }, page.query)
    return {
      results: results.map(({ name }) => search.result(name)),
      page: { next_token: place, count: results.length },
    }
  }

  async #permitted(
    { asked, about }: Search,
    candidates: readonly Candidate[],
    asking: Asking,
  ): Promise<readonly Candidate[] | Failure> {
    const { decisions } = this.#parts
    const { caller } = asking
    const asks: { readonly candidate: Candidate; readonly attempt: Attempt }[] = []
    for (const candidate of candidates) {
      const attempt = asBelieved(caller, about(candidate.name))
      if (attempt !== undefined) asks.push({ candidate, attempt })
    }
    const outcomes = await Promise.all(decisions.checkAll(asks.map(({ attempt }) => attempt)))
    const permitted: Candidate[] = []
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind === 'answer' && doubts.has(outcome.reason)) {
        return notSearchable(outcome.reason)
      }
      const told = toTold(outcome, asking, asked.performs)
      if (told instanceof Failure && outcome.kind !== 'answer') return told
      if (!(told instanceof Failure) && told.effect === 'allow') permitted.push(asks[at]!.candidate)
    }
    return permitted
  }
}

function* inPieces<Value>(values: readonly Value[], max: number): Iterable<readonly Value[]> {
  for (let at = 0; at < values.length; at += max) yield values.slice(at, at + max)
}

/** What is searched, and how. */
interface Search {
  readonly asked: Asked
  readonly source: CandidateSource
  /** The attempt that is asked about a candidate. */
  readonly about: (name: string) => Attempt
  readonly result: (name: string) => object
}

/** Blocks that say nothing about the candidate, but that nothing could be known. */
const doubts: ReadonlySet<Reason> = new Set([
  'POLICY_NOT_LOADED',
  'DIRECTORY_NOT_READY',
  'DIRECTORY_STALE',
  'DIRECTORY_UNAVAILABLE',
  'OVERLOADED',
])
const noPolicy = notSearchable('POLICY_NOT_LOADED')

const nothingFound: SearchBody = { results: [], page: { next_token: '', count: 0 } }

/** Read already where it means something: what is sent as the action of an action search is not. */
function typeOf(entity: Entities[Searched]): string {
  const type = (entity as JsonObject | null | undefined)?.type
  return typeof type === 'string' ? type : ''
}

/** Which applications a caller may ask about is judged of each one that is searched. */
function asAsked(
  read: Extract<ReturnType<typeof toAttempt>, { kind: 'attempt' }>,
  searched: Searched,
) {
  if (searched !== 'resource') return read
  return { ...read, attempt: { ...read.attempt, application: undefined } }
}

/** What belongs to the searched entity's id, or to the action of an action search, is not asked. */
function queryOf(searched: Searched, entities: Entities, { caller }: Asking): string {
  const { id: _id, ...rest } = (entities[searched] ?? {}) as JsonObject
  const asked: JsonObject = {
    ...entities,
    [searched]: searched === 'action' ? null : rest,
    tenant: caller.tenant,
    searched,
  }
  return canonicalJson(asked)
}
