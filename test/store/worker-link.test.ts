import { expect, test } from 'vitest'
import { systemClock } from '../../src/std/clock.ts'
import { WorkerLink } from '../../src/store/sqlite-store/worker-link.ts'
import { ManualClock } from '../support/manual-clock.ts'

const script = new URL('../support/mortal-worker.ts', import.meta.url)
const start = { path: '', opened: [] }

test('answers go to those who asked', async () => {
  await using link = new WorkerLink<string, string>(script, start, systemClock)
  await link.up()

  expect(await Promise.all([link.ask('a'), link.ask('b')])).toEqual(['a', 'b'])
})

test('all answers of a message are told before the first promise resolves', async () => {
  const told: string[] = []
  const tell = (replies: readonly string[]) => told.push(...replies)
  await using link = new WorkerLink<string, string>(script, start, systemClock, tell)
  await link.up()

  const seen = await link.ask('a').then(() => [...told])

  expect(seen).toEqual(['a'])
})

test('a worker that dies takes its open requests along and is started again', async () => {
  await using link = new WorkerLink<string, string>(script, start, systemClock)
  await link.up()

  const [dying, behind] = await Promise.allSettled([link.ask('die'), link.ask('a')])
  const answer = await untilAnswered(link)

  const reason = new Error('its worker failed: out of luck')
  expect([dying, behind]).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
  expect(answer).toBe('again')
})

test('while no worker is up, a request is refused with the reason', async () => {
  const link = new WorkerLink<string, string>(script, start, new ManualClock())

  await expect(link.ask('a')).rejects.toThrow('it is starting')
  await link[Symbol.asyncDispose]()
  await expect(link.ask('a')).rejects.toThrow('it is closed')
})

test('a worker that cannot open its file says why', async () => {
  const writer = new URL('../../src/store/sqlite-store/writer.ts', import.meta.url)
  const nowhere = { path: '/nowhere/store.db', opened: ['1:1', '1:2', '1:3'] }
  await using link = new WorkerLink<string, string>(writer, nowhere, systemClock)

  await expect(link.up()).rejects.toThrow('`/nowhere/store.db` was deleted or moved away')
})

async function untilAnswered(link: WorkerLink<string, string>): Promise<string> {
  for (;;) {
    const answer = await link.ask('again').catch(() => undefined)
    if (answer !== undefined) return answer
    await new Promise(setImmediate)
  }
}
