import { type Clock, systemClock } from '../std/clock.ts'
import { AnswerCache } from './answer-cache.ts'
import { blockFor, type ClientDecision, toDecision, wireFault } from './answers.ts'
import { type CredentialOptions, openChannel } from './channel.ts'
import { ClientOptionsError, StreamError, WireError } from './errors.ts'
import { type ClientExplanation, toExplanation } from './explanations.ts'
import { withMinRevision } from './frame.ts'
import type { LaneSeams } from './lanes.ts'
import { asPerformed, type Performs } from './obligations.ts'
import { type CheckRequest, encodeRequest, timeoutMsMax, timeoutOf } from './requests.ts'
import { RevisionMemory } from './revision-memory.ts'
import { Wire } from './wire.ts'

export type { ClientDecision, ClientObligation, WireFault } from './answers.ts'
export type { CredentialOptions } from './channel.ts'
export type {
  ClientConditionTrace,
  ClientExplanation,
  ClientRuleTrace,
} from './explanations.ts'
export type { CheckRequest, ClientValue, ClientValues } from './requests.ts'

/**
 * client: how a gateway asks.
 *
 * Every failure is a block: a status other than OK, a deadline passed, an enum value or a missing
 * field that this client does not understand, a request that cannot be sent, an obligation that
 * the gateway does not perform. `check`, `checkMany` and `explain` never throw and never reject;
 * where no decision arrived, `wire` says what went wrong and `reason` begins with `WIRE_`. A
 * previous answer is used again only where the server allowed it and the gateway asked for a cache.
 *
 * Attempts of one turn of the event loop travel together on one stream; while there is none, each
 * is a call of its own. An open client keeps its process alive: `close` it.
 *
 * Not here: performing obligations, letting anybody in; that is the gateway's.
 */
export interface ClientOptions extends CredentialOptions {
  /** Types of obligations that the gateway performs: an allow with another one blocks. */
  readonly performs?: 'all' | readonly string[]
  /** How many answers are kept for as long as the server allows. Default 0: none. */
  readonly cacheEntriesMax?: number
  /** Default true: no answer is older than one seen before, whichever server gives it. */
  readonly monotonic?: boolean
  /** How long an answer is waited for unless the request says otherwise. Default 250. */
  readonly timeoutMs?: number
  /** False: every attempt is a call of its own. Default true. */
  readonly streams?: boolean
}

/** What a person who waits for a connection does not notice; three tries fit in. */
const timeoutMsDefault = 250
/** Room for so many is made at once: some 20 bytes each. */
const entriesMax = 10_000_000
/** What `checkMany` has in flight at once: a server stops reading a stream that it owes more. */
const manyAtOnce = 1_024

const closed = new WireError('CLIENT', 'the client was closed')

export class SallyportClient {
  readonly #wire: Wire
  readonly #clock: Clock
  readonly #performs: Performs
  readonly #timeoutMs: number
  readonly #cache: AnswerCache | undefined
  readonly #revisions: RevisionMemory | undefined
  #isClosed = false

  /**
   * Connects on the first call. The address is `host:port`. `seams` are for tests.
   * @throws {ClientOptionsError} when options cannot be meant, such as a token in plain text to
   *   another machine.
   */
  constructor(address: string, options: ClientOptions = {}, seams: Partial<LaneSeams> = {}) {
    const { performs = [], cacheEntriesMax = 0, timeoutMs = timeoutMsDefault } = options
    if (!(timeoutMs > 0 && timeoutMs <= timeoutMsMax)) {
      throw new ClientOptionsError(`\`timeoutMs\` is not from 1 to ${timeoutMsMax}`)
    }
    if (
      !(Number.isInteger(cacheEntriesMax) && cacheEntriesMax >= 0 && cacheEntriesMax <= entriesMax)
    ) {
      throw new ClientOptionsError(`\`cacheEntriesMax\` is not from 0 to ${entriesMax}`)
    }
    const { clock = systemClock, random = Math.random, lastId = 0 } = seams
    this.#clock = clock
    const channel = openChannel(address, options)
    const streams = options.streams ?? true
    this.#wire = new Wire(channel, { clock, random, lastId }, { streams })
    this.#performs = performs === 'all' ? 'all' : new Set(performs)
    this.#timeoutMs = timeoutMs
    this.#cache = cacheEntriesMax === 0 ? undefined : new AnswerCache(clock, cacheEntriesMax)
    this.#revisions = options.monotonic === false ? undefined : new RevisionMemory()
  }

  static connect(address: string, options: ClientOptions = {}): SallyportClient {
    return new SallyportClient(address, options)
  }

  check(request: CheckRequest): Promise<ClientDecision> {
    return this.#decide(request, this.#clock.monotonicMs())
  }

  /** All answers, in the order of the requests. The time of each runs from this call on. */
  async checkMany(requests: readonly CheckRequest[]): Promise<ClientDecision[]> {
    const askedMs = this.#clock.monotonicMs()
    const answers: ClientDecision[] = []
    for (let from = 0; from < requests.length; from += manyAtOnce) {
      const some = requests.slice(from, from + manyAtOnce)
      answers.push(...(await Promise.all(some.map((request) => this.#decide(request, askedMs)))))
    }
    return answers
  }

  /** The decision with every rule considered; without an answer, a block and no rules. */
  async explain(request: CheckRequest): Promise<ClientExplanation> {
    try {
      const { body, dueMs } = this.#read(request, this.#clock.monotonicMs())
      const explanation = await this.#noOlder(request, body, async (asked, minRevision) => {
        const answered = toExplanation(await this.#wire.explain({ body: asked, dueMs }))
        this.#revisions?.note(answered.decision.revision, minRevision, undefined)
        return answered
      })
      return { ...explanation, decision: asPerformed(explanation.decision, this.#performs) }
    } catch (error) {
      const decision = this.#blockFor(error)
      return { decision, rules: [], nearestAllow: '', omitted: 0, text: '' }
    }
  }

  /** What waits for an answer blocks, and so does everything after. */
  close(): void {
    this.#isClosed = true
    this.#cache?.clear()
    this.#wire.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #decide(request: CheckRequest, askedMs: number): Promise<ClientDecision> {
    try {
      const { body, dueMs } = this.#read(request, askedMs)
      const kept = this.#cache?.get(body, this.#revisions?.revision)
      if (kept !== undefined) return asPerformed(kept, this.#performs)
      const decision = await this.#noOlder(request, body, async (asked, minRevision) => {
        const { message, lane } = await this.#wire.ask({ body: asked, dueMs })
        this.#assertOpen()
        const answered = toDecision(message)
        this.#revisions?.note(answered.revision, minRevision, lane)
        return answered
      })
      this.#cache?.keep(body, decision, askedMs)
      return asPerformed(decision, this.#performs)
    } catch (error) {
      return this.#blockFor(error)
    }
  }

  #read(request: CheckRequest, askedMs: number) {
    this.#assertOpen()
    const dueMs = askedMs + timeoutOf(request, this.#timeoutMs)
    return { body: encodeRequest(request), dueMs }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed
  }

  #blockFor(error: unknown): ClientDecision {
    return blockFor(wireFault(this.#isClosed ? closed : error))
  }

  /**
   * Asks for an answer no older than the newest seen. A revision whose history was lost cannot be
   * had of anybody: it is forgotten, and asked once without it. What the request names itself
   * stays.
   */
  async #noOlder<Answer>(
    { minRevision }: CheckRequest,
    body: Uint8Array,
    ask: (body: Uint8Array, minRevision: string | undefined) => Promise<Answer>,
  ): Promise<Answer> {
    const newest = minRevision === undefined ? this.#revisions?.revision : undefined
    if (newest === undefined) return ask(body, minRevision)
    try {
      return await ask(withMinRevision(body, newest), newest)
    } catch (error) {
      const isLost = wireFault(error).code === 'FAILED_PRECONDITION'
      if (!isLost || error instanceof StreamError) throw error
      // Nothing kept can be compared with what comes after it, and may be older.
      if (this.#revisions?.forget(newest)) this.#cache?.clear()
      // Another attempt may have found that out, and have been answered at a newer one since.
      const now = this.#revisions?.revision
      return now === undefined ? ask(body, undefined) : ask(withMinRevision(body, now), now)
    }
  }
}
