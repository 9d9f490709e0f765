import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  FairQueue,
  type FairQueueLimits,
  type Turn,
  type Waiting,
} from '../../src/std/fair-queue.ts'

const limits: FairQueueLimits = { atOnce: 2, atOncePerKey: 2, waitingPerKeyMax: 3 }

test('a key that comes late is served before the line of the one that took every turn', async () => {
  const queue = new FairQueue<string>(limits)
  const served: string[] = []
  const [first, second] = [taken(queue.take('a')), taken(queue.take('a'))]
  for (const name of ['a1', 'a2', 'b1', 'b2']) void follow(queue, name, served)

  first[Symbol.dispose]()
  await settled()
  expect(served).toEqual(['b1', 'b2', 'a1', 'a2'])
  second[Symbol.dispose]()
})

test('a key leaves the turns that it may not have to others', async () => {
  const queue = new FairQueue<string>({ ...limits, atOncePerKey: 1 })
  const served: string[] = []
  const first = taken(queue.take('a'))
  void follow(queue, 'a1', served)
  const other = taken(queue.take('b'))

  other[Symbol.dispose]()
  await settled()
  expect(served).toEqual([])
  first[Symbol.dispose]()
  await settled()
  expect(served).toEqual(['a1'])
})

test('a turn that is given back twice is one turn', () => {
  const queue = new FairQueue<string>({ ...limits, atOnce: 1 })
  const turn = taken(queue.take('a'))
  turn[Symbol.dispose]()
  turn[Symbol.dispose]()

  taken(queue.take('a'))
  expect(queue.take('a')).toHaveProperty('turn')
})

test('a full line refuses its key, and no other; who leaves makes room', () => {
  const queue = new FairQueue<string>({ ...limits, atOnce: 1 })
  taken(queue.take('a'))
  const line = [queue.take('a'), queue.take('a'), queue.take('a')]

  expect(queue.take('a')).toBe('full')
  expect(queue.take('b')).toHaveProperty('turn')
  ;(line[1] as Waiting).leave()
  expect(queue.take('a')).toHaveProperty('turn')
})

/** What came of one piece of work. */
interface Work {
  readonly key: string
  readonly number: number
  readonly impatient: boolean
}
const works = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c'), impatient: fc.nat(4).map((n) => n === 0) }),
  { maxLength: 40 },
)
const anyLimits = fc.record({
  atOnce: fc.integer({ min: 1, max: 4 }),
  atOncePerKey: fc.integer({ min: 1, max: 4 }),
  waitingPerKeyMax: fc.constant(100),
})

test('in any order of arrivals, ends and departures nobody starves and no turn is lost', async () => {
  await fc.assert(
    fc.asyncProperty(anyLimits, works, fc.scheduler(), async (bounds, list, scheduler) => {
      const queue = new FairQueue<string>(bounds)
      const watch = new Watch(bounds)
      const all = list.map(async (each, number) => {
        const work: Work = { ...each, number }
        await scheduler.schedule(Promise.resolve(), `arrival ${number}`)
        watch.looks()
        const place = queue.take(work.key)
        if (place === 'full') throw new Error('the line is long enough for all')
        const turn = 'turn' in place ? await stand(place, work, watch, scheduler) : place
        if (turn === undefined) return
        watch.begins(work)
        await scheduler.schedule(Promise.resolve(), `end ${number}`)
        watch.looks()
        watch.ends(work)
        turn[Symbol.dispose]()
      })
      await scheduler.waitIdle()
      expect(watch.waiting).toEqual([])
      await Promise.all(all)

      expect(watch.running).toEqual([])
      expect(watch.faults).toEqual([])
      // Every turn came back: as many are there at once as in the beginning.
      const free = Math.min(bounds.atOnce, bounds.atOncePerKey)
      for (let number = 0; number < free; number += 1) taken(queue.take('a'))
      expect(queue.take('a')).toHaveProperty('turn')
    }),
    { numRuns: 500 },
  )
})

async function stand(
  place: Waiting,
  work: Work,
  watch: Watch,
  scheduler: fc.Scheduler,
): Promise<Turn | undefined> {
  watch.waits(work)
  if (work.impatient) {
    void scheduler.schedule(Promise.resolve(), `departure ${work.number}`).then(() => {
      place.leave()
      watch.leaves(work)
    })
  }
  return await place.turn
}

/** Looks on, and says what was not fair. */
class Watch {
  readonly running: Work[] = []
  readonly faults: string[] = []
  /** In the order in which they came, with how often each other key was served before them. */
  waiting: (Work & { readonly overtaken: Map<string, number> })[] = []
  readonly #limits: FairQueueLimits

  constructor(bounds: FairQueueLimits) {
    this.#limits = bounds
  }

  waits(work: Work): void {
    this.waiting.push({ ...work, overtaken: new Map() })
  }

  leaves({ number }: Work): void {
    this.waiting = this.waiting.filter((other) => other.number !== number)
  }

  begins(work: Work): void {
    const elder = this.waiting.find(({ key }) => key === work.key)
    const isNext = elder === undefined || elder.number === work.number
    if (!isNext) this.faults.push(`${work.number} before ${elder.number}, who came first`)
    this.leaves(work)
    this.running.push(work)
    const { atOnce, atOncePerKey } = this.#limits
    if (this.running.length > atOnce) this.faults.push('too many at once')
    if (this.#runningOf(work.key) > atOncePerKey) this.faults.push('too many of one key')
    const heads = new Map(this.waiting.toReversed().map((other) => [other.key, other]))
    const before = this.#runningOf(work.key) - 1
    for (const [key, head] of heads) {
      const running = this.#runningOf(key)
      if (key === work.key || running >= atOncePerKey || running > before) continue
      const times = (head.overtaken.get(work.key) ?? 0) + 1
      head.overtaken.set(work.key, times)
      if (running < before) this.faults.push(`${work.key} had more than ${key} and got another`)
      if (times > 1) this.faults.push(`${work.key} twice before ${head.number} of ${key}`)
    }
  }

  /** Between two events: nobody waits for a turn that there is. */
  looks(): void {
    const { atOnce, atOncePerKey } = this.#limits
    if (this.running.length >= atOnce) return
    const idle = this.waiting.find(({ key }) => this.#runningOf(key) < atOncePerKey)
    if (idle !== undefined) this.faults.push(`${idle.number} waits for nothing`)
  }

  ends({ number }: Work): void {
    const at = this.running.findIndex((other) => other.number === number)
    this.running.splice(at, 1)
  }

  #runningOf(key: string): number {
    return this.running.filter((other) => other.key === key).length
  }
}

function taken(place: Turn | Waiting | 'full'): Turn {
  if (place === 'full' || 'turn' in place) throw new Error('no turn at once')
  return place
}

async function follow(queue: FairQueue<string>, name: string, served: string[]): Promise<void> {
  const place = queue.take(name[0]!)
  if (place === 'full') throw new Error('full')
  using _turn = 'turn' in place ? await place.turn : place
  served.push(name)
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
}
