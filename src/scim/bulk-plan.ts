import { assert } from '../std/assert.ts'
import type { BulkOperation } from './bulk-request.ts'
import { shown } from './json-object.ts'
import { ScimError } from './scim-error.ts'

/** What has to be known before the first operation of a bulk is done. */
export interface BulkPlan {
  /** All operations by their index: each behind those that it waits for, otherwise as sent. */
  readonly order: readonly number[]
  /** Operations that cannot be done, whatever becomes of the others. */
  readonly faults: ReadonlyMap<number, ScimError>
}

/**
 * Orders operations by what they refer to (RFC 7644 §3.7.2); `references` has the bulkIds of each.
 * Only what must wait is moved, and nothing overtakes an earlier operation on the same resource:
 * the RFC wants the outcome of the order sent.
 *
 * References that lead in a circle are refused, with all that wait for them (§3.7.1 allows a 409
 * where no order is found). A circle would have to be created in pieces, and the failure of a later
 * piece would leave the earlier ones behind.
 */
export function planBulk(
  operations: readonly BulkOperation[],
  references: readonly ReadonlySet<string>[],
): BulkPlan {
  const posts = new Map<string, number>()
  const faults = new Map<number, ScimError>()
  for (const [index, { method, bulkId, task }] of operations.entries()) {
    if (task instanceof ScimError) faults.set(index, task)
    if (method !== 'POST' || bulkId === undefined) continue
    const first = posts.get(bulkId)
    if (first === undefined) {
      posts.set(bulkId, index)
      continue
    }
    // Which of them is meant by a reference nobody can say, so none of them is done.
    for (const each of [first, index]) faults.set(each, notUnique(each, bulkId))
  }

  const needs = references.map((bulkIds, index) => {
    const needed = new Set<number>()
    for (const bulkId of faults.has(index) ? [] : bulkIds) {
      const post = posts.get(bulkId)
      if (post === undefined) faults.set(index, unknownReference(bulkId))
      else needed.add(post)
    }
    return faults.has(index) ? new Set<number>() : needed
  })
  const reached = new Set(inOrder(needs))
  for (const index of operations.keys()) if (!reached.has(index)) faults.set(index, circular())

  const order = inOrder(withPredecessors(operations, needs, faults))
  // What a change waits for is a POST or an earlier change, and no POST waits for a change.
  assert(order.length === operations.length, 'a bulk has no order, though without circles')
  return { order, faults }
}

/** What each operation waits for: who it needs, and who came before it at the same resource. */
function withPredecessors(
  operations: readonly BulkOperation[],
  needs: readonly ReadonlySet<number>[],
  faults: ReadonlyMap<number, ScimError>,
): readonly ReadonlySet<number>[] {
  const last = new Map<string, number>()
  return needs.map((needed, index) => {
    const { place } = operations[index]!
    if (faults.has(index)) return new Set()
    if (place === undefined || place.target === '') return needed
    const resource = `${place.of} ${place.target}`
    const before = last.get(resource)
    last.set(resource, index)
    return before === undefined ? needed : new Set([...needed, before])
  })
}

/** Always the first that waits for nobody. What lies on a circle, or behind one, is left out. */
function inOrder(waitsFor: readonly ReadonlySet<number>[]): readonly number[] {
  const left = waitsFor.map(({ size }) => size)
  const waiting = waitsFor.map((): number[] => [])
  for (const [index, others] of waitsFor.entries()) {
    for (const other of others) waiting[other]!.push(index)
  }
  const order: number[] = []
  for (let next = left.indexOf(0); next >= 0; next = left.indexOf(0)) {
    left[next] = done
    order.push(next)
    for (const index of waiting[next]!) left[index]! -= 1
  }
  return order
}
const done = -1

function notUnique(index: number, bulkId: string): ScimError {
  const detail = `\`Operations[${index}].bulkId\` must be unique among the POSTs`
  return new ScimError(400, detail, { scimType: 'invalidValue', echo: `: ${shown(bulkId)}` })
}

function unknownReference(bulkId: string): ScimError {
  const detail = 'a reference names the `bulkId` of no POST in this request'
  return new ScimError(400, detail, { scimType: 'invalidValue', echo: `: ${shown(bulkId)}` })
}

function circular(): ScimError {
  const detail = 'the references of this operation lead in a circle'
  return new ScimError(409, `${detail}: create without them, and add them by a PATCH`)
}
