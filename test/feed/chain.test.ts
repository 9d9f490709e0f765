import { expect, test } from 'vitest'
import { judge } from '../../src/feed/chain.ts'
import type { Entry } from '../../src/store/entry.ts'
import type { Position } from '../../src/store/position.ts'

function at(revision: number, nonce = `n${revision}`, epoch = 1): Position {
  return { partition: 0, epoch, revision, nonce }
}
function entry(revision: number, previousNonce = `n${revision - 1}`): Entry {
  return { position: at(revision), previousNonce, effect: { of: 'token', id: 't' } }
}

test('entries that each name their predecessor are joined', () => {
  const slice = { entries: [entry(8), entry(9)], head: at(9) }
  expect(judge(slice, at(7))).toEqual({ kind: 'joined', at: at(9) })
})

test('an unchanged head is joined, so that an empty read proves something', () => {
  expect(judge({ entries: [], head: at(7) }, at(7))).toEqual({ kind: 'joined', at: at(7) })
})

test('a new epoch that goes on from our position is joined', () => {
  const next = { ...entry(8), position: at(8, 'n8', 2) }
  const judged = judge({ entries: [next], head: at(8, 'n8', 2) }, at(7))
  expect(judged).toEqual({ kind: 'joined', at: at(8, 'n8', 2) })
})

test.each([
  ['an entry is missing before the first', { entries: [entry(9)], head: at(9) }, 'gap'],
  ['an entry is missing in between', { entries: [entry(8), entry(10)], head: at(10) }, 'gap'],
  ['our position was trimmed away and nothing follows', { entries: [], head: at(9) }, 'gap'],
  ['the next entry follows another history', { entries: [entry(8, 'x')], head: at(8) }, 'fork'],
  [
    'a new epoch goes on from another entry than ours',
    { entries: [{ ...entry(8, 'x'), position: at(8, 'n8', 2) }], head: at(8, 'n8', 2) },
    'fork',
  ],
  ['the log went back behind us', { entries: [], head: at(5) }, 'fork'],
  ['our revision holds another entry', { entries: [], head: at(7, 'x') }, 'fork'],
  ['the store was restored to a new epoch', { entries: [], head: at(7, 'n7', 2) }, 'fork'],
  ['the same entry comes twice', { entries: [entry(8), entry(8)], head: at(8) }, 'gap'],
])('broken: %s', (_, slice, cause) => {
  expect(judge(slice, at(7))).toEqual({ kind: 'broken', cause })
})
