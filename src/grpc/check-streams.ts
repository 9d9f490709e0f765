import type { ServerDuplexStream } from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import type { World } from '../decision/decision.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import type { Asking } from './asked.ts'
import { askingOf } from './asking.ts'
import { type Batches, countFault } from './batches.ts'
import type { Callers } from './callers.ts'
import { toWorld } from './convert.ts'
import type { CheckBatchResponseMessage, ResultMessage } from './messages.ts'
import type { CheckBatchRequestMessage } from './sent-messages.ts'
import { Failure, internalError, unavailable } from './status.ts'

type Stream = ServerDuplexStream<CheckBatchRequestMessage, CheckBatchResponseMessage>

/** Results a stream may still owe before it reads no further; a few batches of the largest kind. */
const owedMax = 1_024

/**
 * `CheckStream`: batches of attempts in, batches of results out. What a message asks and memory
 * knows goes out as one message in the same turn; what waits for the store follows when it is
 * there. A stream whose client does not read, or which has too much under way, is not read from;
 * no other stream notices.
 */
export class CheckStreams {
  readonly #batches: Batches
  readonly #callers: Callers
  readonly #observer: Pick<Observer, 'internalError'>
  readonly #clock: Clock
  readonly #open = new Set<OpenStream>()

  constructor(
    batches: Batches,
    callers: Callers,
    observer: Pick<Observer, 'internalError'>,
    clock: Clock,
  ) {
    this.#batches = batches
    this.#callers = callers
    this.#observer = observer
    this.#clock = clock
  }

  readonly handle = (call: Stream): void => {
    const stream = new OpenStream(call, this.#observer)
    let asking: Asking | Failure = unavailable()
    let generation = -1
    stream.guard(() => {
      // Told at once, so that a client knows that its stream is open before it asks.
      call.sendMetadata(new Metadata())
    })
    this.#open.add(stream)
    const gone = () => this.#open.delete(stream)
    call.on('cancelled', gone)
    call.on('close', gone)
    call.on('error', gone)
    call.on('end', () => stream.guard(() => stream.finish()))
    call.on('data', (request: CheckBatchRequestMessage) =>
      stream.guard(() => {
        if (generation !== this.#callers.generation) {
          generation = this.#callers.generation
          asking = askingOf(call, this.#callers, this.#clock)
        }
        if (asking instanceof Failure) return stream.fail(asking)
        const fault = countFault(request)
        if (fault !== undefined) return stream.fail(fault)
        return this.#decide(request, asking, stream)
      }),
    )
  }

  /** Ends every stream, each when it owes nothing more. */
  end(): void {
    for (const stream of this.#open) stream.guard(() => stream.failWhenSettled(unavailable()))
  }

  #decide(request: CheckBatchRequestMessage, asking: Asking, stream: OpenStream): void {
    stream.hold(request.requests?.length ?? 0)
    void this.#batches.start(request, asking, stream.take)
    stream.flush()
  }
}

/** The answering side of one stream. */
class OpenStream {
  readonly #call: Stream
  readonly #observer: Pick<Observer, 'internalError'>
  #results: ResultMessage[] = []
  #world: World | undefined
  #owed = 0
  #isOver = false
  #isHeld = false
  #isBlocked = false
  #ending: Failure | 'end' | undefined

  constructor(call: Stream, observer: Pick<Observer, 'internalError'>) {
    this.#call = call
    this.#observer = observer
    call.on('drain', () => {
      this.#isBlocked = false
      this.#readOn()
    })
  }

  /** What is thrown in an event handler would end the process. */
  guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#observer.internalError({ room: 'grpc', error })
      this.fail(internalError())
    }
  }

  /** So many results are to come, the first of them in this turn. */
  hold(count: number): void {
    this.#owed += count
    this.#isHeld = true
    if (this.#owed > owedMax) this.#call.pause()
  }

  /** Results that come one by one are sent together at the end of the turn. */
  readonly take = (result: ResultMessage, world: World | undefined): void => {
    this.#results.push(result)
    this.#world ??= world
    this.#owed--
    if (this.#isHeld) return
    this.#isHeld = true
    setImmediate(() => this.guard(() => this.flush()))
  }

  flush(): void {
    this.#isHeld = false
    const results = this.#results
    if (results.length === 0 || this.#isOver) return
    const world = this.#world && toWorld(this.#world)
    this.#results = []
    this.#world = undefined
    this.#isBlocked = !this.#call.write({ results, world })
    if (this.#isBlocked) this.#call.pause()
    else this.#readOn()
    if (this.#owed > 0) return
    if (this.#ending === 'end') this.#call.end()
    else if (this.#ending !== undefined) this.fail(this.#ending)
  }

  /** The client asks no more. */
  finish(): void {
    if (this.#owed === 0) this.#call.end()
    else this.#ending = 'end'
  }

  failWhenSettled(failure: Failure): void {
    if (this.#owed === 0) this.fail(failure)
    else this.#ending = failure
  }

  fail(failure: Failure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#call.emit('error', failure)
  }

  #readOn(): void {
    if (this.#call.isPaused() && !this.#isBlocked && this.#owed <= owedMax) this.#call.resume()
  }
}
