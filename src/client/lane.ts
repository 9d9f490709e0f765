import { type ClientDuplexStream, type StatusObject, status } from '@grpc/grpc-js'
import type { Clock } from '../std/clock.ts'
import { Alarm } from './alarm.ts'
import { errorIn } from './answers.ts'
import type { Channel } from './channel.ts'
import { StreamError, WireError } from './errors.ts'
import { Outbox } from './outbox.ts'
import {
  type CheckBatchResponseMessage,
  type CheckResponseMessage,
  decisionMethods,
  type ResultMessage,
} from './service.ts'
import { asTheyAre } from './unary.ts'

/** Who asked over a lane: one of the two is called, once. */
interface Asker {
  readonly dueMs: number
  readonly resolve: (response: CheckResponseMessage) => void
  readonly reject: (error: WireError) => void
}

/** A stream that owes answers and says nothing for so long is given up, whatever TCP thinks. */
const silenceMsMax = 1_000
/** So is one that owes an answer so long after its time: it would count as in flight for ever. */
const lateMsMax = 10_000
/** Ids are uint32; 0 is what a result has that names none. */
const idMax = 0xffff_ffff

/**
 * One `CheckStream`. What is asked in one turn of the event loop goes out as one message, and each
 * answer finds its asker by id, in any order. When the stream ends, everybody who waits is told
 * the status it ended with; a stream that answers what nobody asked is ended, and no answer of
 * that message is believed.
 */
export class Lane {
  readonly #call: ClientDuplexStream<Uint8Array, CheckBatchResponseMessage>
  readonly #clock: Clock
  readonly #onOver: () => void
  readonly #alarm: Alarm
  readonly #outbox: Outbox
  readonly #askers = new Map<number, Asker>()
  /** Asked, and given up on by who asked at this instant; the answer may still come. */
  readonly #late = new Map<number, number>()
  #lastId: number
  #isUp = false
  #isOver = false
  #hasAnswered = false
  /** Since when it owes answers without a word. */
  #silentSinceMs = 0

  constructor(channel: Channel, clock: Clock, lastId: number, onOver: () => void) {
    this.#clock = clock
    this.#lastId = lastId
    this.#onOver = onOver
    this.#alarm = new Alarm(clock, (nowMs) => this.#endLate(nowMs))
    const { path, responseDeserialize } = decisionMethods.CheckStream
    const { client, metadata } = channel
    const call = client.makeBidiStreamRequest(path, asTheyAre, responseDeserialize, metadata)
    // The server sends its headers at once, so that they say: the stream is there.
    call.on('metadata', () => {
      this.#isUp = true
    })
    call.on('data', (message) => this.#take(message))
    call.on('error', () => undefined)
    call.on('status', (ended) => this.#over(errorOf(ended)))
    this.#call = call
    this.#outbox = new Outbox((frame) => {
      if (!this.#isOver) call.write(frame)
    })
  }

  get lastId(): number {
    return this.#lastId
  }
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }
  /** What the server still works on although nobody waits for it. */
  get lateCount(): number {
    return this.#late.size
  }

  /** Whether to ask here. A lane found silent for too long is over by the time this returns. */
  isUsable(nowMs: number): boolean {
    if (this.#isUp && !this.#isOver && this.#isSilent(nowMs)) this.#giveUp()
    return this.#isUp && !this.#isOver
  }

  /** Rejects with a `WireError`. */
  ask(body: Uint8Array, dueMs: number): Promise<CheckResponseMessage> {
    if (this.#owed === 0) this.#silentSinceMs = this.#clock.monotonicMs()
    const id = this.#nextId()
    this.#outbox.put({ id, body })
    this.#alarm.setBy(Math.min(dueMs, this.#silentSinceMs + silenceMsMax))
    return new Promise((resolve, reject) => {
      this.#askers.set(id, { dueMs, resolve, reject })
    })
  }

  close(): void {
    this.#cut(new WireError('CLIENT', 'the client was closed'))
  }

  get #owed(): number {
    return this.#askers.size + this.#late.size
  }

  #nextId(): number {
    do this.#lastId = this.#lastId >= idMax ? 1 : this.#lastId + 1
    while (this.#askers.has(this.#lastId) || this.#late.has(this.#lastId))
    return this.#lastId
  }

  #take({ results, world }: CheckBatchResponseMessage): void {
    if (this.#isOver) return
    this.#isUp = true
    // Nobody is answered: for who waits this is silence.
    if (results.length === 0) return
    const stranger = this.#strangerIn(results)
    if (stranger !== undefined) {
      const detail = `the stream answers \`${stranger}\`, which is not asked or was answered`
      this.#cut(new WireError('MALFORMED', detail))
      return
    }
    this.#hasAnswered = true
    this.#silentSinceMs = this.#clock.monotonicMs()
    for (const result of results) {
      if (this.#late.delete(result.id)) continue
      const asker = this.#askers.get(result.id)
      this.#askers.delete(result.id)
      const { decision, error } = result
      if (decision !== undefined && error === undefined) asker?.resolve({ decision, world })
      else asker?.reject(errorIn(result))
    }
    if (this.#owed === 0) this.#alarm.clear()
  }

  /** An id that cannot be told whose it is. */
  #strangerIn(results: readonly ResultMessage[]): number | undefined {
    const seen = new Set<number>()
    for (const { id } of results) {
      if (seen.has(id) || !(this.#askers.has(id) || this.#late.has(id))) return id
      seen.add(id)
    }
    return undefined
  }

  #endLate(nowMs: number): number | undefined {
    let nextMs = this.#silentSinceMs + silenceMsMax
    for (const [id, { dueMs, reject }] of this.#askers) {
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      this.#askers.delete(id)
      this.#late.set(id, nowMs)
      reject(new WireError('DEADLINE_EXCEEDED', 'the stream did not answer in time'))
    }
    if (this.#isSilent(nowMs) || this.#hasLost(nowMs)) this.#giveUp()
    return this.#isOver ? undefined : nextMs
  }

  #hasLost(nowMs: number): boolean {
    const [oldestMs] = this.#late.values()
    return oldestMs !== undefined && nowMs - oldestMs >= lateMsMax
  }

  #isSilent(nowMs: number): boolean {
    return this.#owed > 0 && nowMs - this.#silentSinceMs >= silenceMsMax
  }

  /** Nobody has answered those who wait, so they may ask elsewhere. */
  #giveUp(): void {
    this.#cut(new WireError('UNAVAILABLE', 'the stream fell silent'))
  }

  #cut(error: WireError): void {
    if (this.#isOver) return
    this.#over(error)
    this.#call.cancel()
  }

  #over(error: WireError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#alarm.clear()
    const askers = [...this.#askers.values()]
    this.#askers.clear()
    this.#late.clear()
    this.#onOver()
    for (const { reject } of askers) reject(error)
  }
}

function errorOf({ code, details }: StatusObject): StreamError {
  if (code === status.OK) return new StreamError('MALFORMED', 'the stream ended without an answer')
  return new StreamError(status[code] ?? 'UNKNOWN', details)
}
