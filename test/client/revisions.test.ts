import { status } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'
import { RevisionMemory } from '../../src/client/revision-memory.ts'
import {
  type AskedMessage,
  decision,
  type Scripted,
  startScripted,
  world,
} from './scripted-server.ts'

const ann = { user: 'ann', app: 'wiki' }
const at = (revision: string) => ({ ...world, revision })
const revisions = (asked: readonly AskedMessage[]) => asked.map((it) => it.min_revision)
const calls = { streams: false } as const

/** A server that answers each call at the next of these revisions. */
function answeringAt(given: readonly string[]): Parameters<typeof startScripted>[0] {
  const left = [...given]
  return {
    client: calls,
    check: (_, callback) => callback(null, { decision, world: at(left.shift()!) }),
  }
}

async function ask(rig: Scripted, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await rig.client.check(ann)
}

describe('the newest revision seen', () => {
  test('goes along with every attempt that follows', async () => {
    await using rig = await startScripted(answeringAt(['r1', 'r2', 'r2']))

    await ask(rig, 3)

    expect(revisions(rig.unary)).toEqual(['', 'r1', 'r2'])
  })

  test('goes along on the stream and to Explain as well', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answer = rig.client.check(ann)
    const [asked] = await stream.nextFrame()
    stream.send([{ id: asked!.id, decision }], { world: at('r8') })
    await answer
    const next = rig.client.check(ann)
    const [then] = await stream.nextFrame()
    stream.send([{ id: then!.id, decision }], { world: at('r8') })
    await next

    expect([asked!.min_revision, then!.min_revision]).toEqual(['r7', 'r8'])
  })

  test('does not where the request names its own, or the gateway wants none', async () => {
    await using rig = await startScripted(answeringAt(['r1', 'r2', 'r3']))
    await using plain = await startScripted({ client: { ...calls, monotonic: false } })

    await rig.client.check(ann)
    await rig.client.check({ ...ann, minRevision: 'own' })
    await ask(plain, 2)

    expect(revisions(rig.unary)).toEqual(['', 'own'])
    expect(revisions(plain.unary)).toEqual(['', ''])
  })

  test('whose history was lost is forgotten, and asked once without', async () => {
    await using rig = await startScripted({
      client: calls,
      check: ({ request }, callback) =>
        request.min_revision === 'old'
          ? callback({ code: status.FAILED_PRECONDITION, details: 'lost' })
          : callback(null, { decision, world: at(rig.unary.length === 1 ? 'old' : 'new') }),
    })

    await ask(rig, 1)
    const answer = await rig.client.check(ann)
    await ask(rig, 1)

    expect(answer).toMatchObject({ allowed: true, revision: 'new' })
    expect(revisions(rig.unary)).toEqual(['', 'old', '', 'new'])
  })

  test('whose history was lost is found out on the stream, for that attempt alone', async () => {
    await using rig = await startScripted()
    const stream = await rig.warm()

    const answer = rig.client.check(ann)
    const [lost] = await stream.nextFrame()
    stream.send([{ id: lost!.id, error: { code: status.FAILED_PRECONDITION } }])
    const [again] = await stream.nextFrame()
    stream.send([{ id: again!.id, decision }], { world: at('new') })

    expect(await answer).toMatchObject({ allowed: true, revision: 'new' })
    expect(again!.min_revision).toBe('')
  })
})

test('a revision that Explain answered at goes along with what follows', async () => {
  await using rig = await startScripted({
    client: calls,
    explain: (_, callback) => callback(null, { decision, world: at('r9') }),
  })

  await rig.client.explain(ann)
  await ask(rig, 1)

  expect(revisions(rig.unary)).toEqual(['r9'])
})

test('who hears late that a history was lost asks for what others were told since', async () => {
  const held = Promise.withResolvers<() => void>()
  await using rig = await startScripted({
    client: calls,
    check: ({ request }, callback) => {
      const lost = () => callback({ code: status.FAILED_PRECONDITION, details: 'lost' })
      if (request.min_revision !== 'old') {
        callback(null, { decision, world: at(rig.unary.length === 1 ? 'old' : 'new') })
      } else if (request.subject.user_name === 'late') held.resolve(lost)
      else lost()
    },
  })

  await ask(rig, 1)
  const late = rig.client.check({ ...ann, user: 'late' })
  const hear = await held.promise
  await ask(rig, 1)
  hear()
  await late

  expect(revisions(rig.unary)).toEqual(['', 'old', 'old', '', 'new'])
})

test('a revision that the caller named and nobody has is a block, not asked again', async () => {
  await using rig = await startScripted({
    client: calls,
    check: (_, callback) => callback({ code: status.FAILED_PRECONDITION, details: 'lost' }),
  })

  const answer = await rig.client.check({ ...ann, minRevision: 'own' })

  expect(answer).toMatchObject({ allowed: false, reason: 'WIRE_FAILED_PRECONDITION' })
  expect(rig.unary).toHaveLength(1)
})

describe('an answer', () => {
  const [one, other] = [{}, {}]

  test('that nobody vouches for does not replace the newest: it may be older', () => {
    const memory = new RevisionMemory()
    memory.note('r9', undefined, undefined)
    memory.note('r7', undefined, undefined)
    memory.note('r6', 'r5', one)

    expect(memory.revision).toBe('r9')
  })

  test('to who asked for the newest, or later on the same stream, does', () => {
    const memory = new RevisionMemory()
    memory.note('r1', undefined, one)
    memory.note('r2', undefined, one)
    expect(memory.revision).toBe('r2')
    memory.note('r3', 'r2', other)
    expect(memory.revision).toBe('r3')
    memory.note('r2', 'r1', one)
    expect(memory.revision).toBe('r3')
  })

  test('of a lost history is forgotten only while it is the newest', () => {
    const memory = new RevisionMemory()
    memory.note('r1', undefined, one)
    memory.forget('r0')
    expect(memory.revision).toBe('r1')
    memory.forget('r1')
    expect(memory.revision).toBeUndefined()
  })
})
