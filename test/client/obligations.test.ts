import { describe, expect, test } from 'vitest'
import type { ClientOptions } from '../../src/client/client.ts'
import { decision, startScripted, world } from './scripted-server.ts'

const ann = { user: 'ann', app: 'wiki' }
const obligations = ['step-up', 'notification'].map((type) => ({ id: `do-${type}`, type }))

function startWith(performs: ClientOptions['performs'], effect = 'ALLOW') {
  return startScripted({
    client: { ...(performs !== undefined && { performs }), streams: false, cacheEntriesMax: 5 },
    check: (_, callback) =>
      callback(null, { decision: { ...decision, effect, obligations }, world }),
  })
}

describe('an allow with obligations', () => {
  const gateways: [string, ClientOptions['performs'], string][] = [
    ['that says nothing of them', undefined, 'step-up'],
    ['that performs none', [], 'step-up'],
    ['that performs another one', ['step-up'], 'notification'],
  ]
  test.each(gateways)('is a block to a gateway %s, which names what it lacks', async (...row) => {
    const [, performs, lacking] = row
    await using rig = await startWith(performs)

    // The second answer is the kept one.
    for (const answer of [await rig.client.check(ann), await rig.client.check(ann)]) {
      expect(answer).toMatchObject({ allowed: false, effect: 'block', reason: 'RULE' })
      expect(answer.message).toContain(lacking)
      expect(answer.obligations.map(({ type }) => type)).toEqual(['step-up', 'notification'])
      expect(answer.wire).toBeUndefined()
    }
  })

  test.each([[['notification', 'step-up']], ['all' as const]])('is one to %j', async (performs) => {
    await using rig = await startWith(performs)

    expect((await rig.client.check(ann)).allowed).toBe(true)
  })
})

test('a block stays what it is, its message and obligations too', async () => {
  await using rig = await startWith([], 'BLOCK')

  const answer = await rig.client.check(ann)

  expect(answer).toMatchObject({ allowed: false, reason: 'RULE', message: '' })
  expect(answer.obligations).toHaveLength(2)
})
