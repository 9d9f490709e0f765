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
    call.on('end', () => stream.guard(() => stream.finish()))
    call.on('data', (request: CheckBatchRequestMessage) =>
      stream.guard(() => {
        // What was on its way when it failed is not decided: nobody would hear of it.
        if (stream.isOver) return undefined
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

  /** Calls that are open, those that have failed and are not gone yet too. */
  get calls(): Iterable<object> {
    return this.#open.values().map(({ call }) => call)
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
  readonly call: Stream
  readonly #observer: Pick<Observer, 'internalError'>
  #results: ResultMessage[] = []
  #world: World | undefined
  #owed = 0
  #isOver = false
  #isHeld = false
  #isBlocked = false
  #ending: Failure | 'end' | undefined

  constructor(call: Stream, observer: Pick<Observer, 'internalError'>) {
    this.call = call
    this.#observer = observer
    call.on('drain', () => {
      this.#isBlocked = false
      this.#readOn()
    })
  }

  /** It has failed: nothing goes out any more. */
  get isOver(): boolean {
    return this.#isOver
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
    if (this.#owed > owedMax) this.call.pause()
  }

  /** Results that come one by one are sent together at the end of the turn. */
  readonly take = (result: ResultMessage, world: World | undefined): void => {
    // One message tells one world: who asked for at least a revision must not be told an older one.
    if (world !== undefined && this.#world !== undefined && differs(world, this.#world)) {
      this.#send()
    }
    this.#results.push(result)
    this.#world ??= world
    this.#owed--
    if (this.#isHeld) return
    this.#isHeld = true
    setImmediate(() => this.guard(() => this.flush()))
  }

  flush(): void {
    this.#isHeld = false
    if (this.#results.length === 0 || this.#isOver) return
    this.#send()
    if (this.#isBlocked) this.call.pause()
    else this.#readOn()
    this.#endIfSettled()
  }

  /** The client asks no more. */
  finish(): void {
    this.#ending = 'end'
    this.#endIfSettled()
  }

  failWhenSettled(failure: Failure): void {
    this.#ending = failure
    this.#endIfSettled()
  }

  fail(failure: Failure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.call.emit('error', failure)
  }

  #send(): void {
    const results = this.#results
    const world = this.#world && toWorld(this.#world)
    this.#results = []
    this.#world = undefined
    if (this.#isOver) return
    this.#isBlocked = !this.call.write({ results, world })
  }

  #endIfSettled(): void {
    if (this.#isOver || this.#owed > 0 || this.#results.length > 0) return
    if (this.#ending === 'end') this.call.end()
    else if (this.#ending !== undefined) this.fail(this.#ending)
  }

  #readOn(): void {
    if (this.call.isPaused() && !this.#isBlocked && this.#owed <= owedMax) this.call.resume()
  }
}

function differs(one: World, other: World): boolean {
  return one.revision !== other.revision || one.policyVersion !== other.policyVersion
}
