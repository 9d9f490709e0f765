import { randomUUID } from 'node:crypto'
import type { ResourceChange } from '../directory/change.ts'
import type { Revision } from '../directory/directory.ts'
import type { IndexedAttribute } from '../directory/identity.ts'
import { assert } from '../std/assert.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { type Position, toToken } from '../store/position.ts'
import type { Committed, Store } from '../store/store.ts'
import { resourceTypes } from './resource-type.ts'
import { notFound, ScimError, unavailable } from './scim-error.ts'

/** A write that stands, in force everywhere. */
export interface Landed {
  /** Where in the log it can be seen from on, as an opaque token. */
  readonly revision: string
}

/**
 * Commits a Change and waits until no decision is made from before it: only then may a 2xx be sent.
 * `version` is the one refusal that the caller can do something about: read again.
 */
export async function land(
  store: Store,
  change: ResourceChange,
  ifMatch: Revision | undefined,
): Promise<Landed | 'version'> {
  const by = { opId: randomUUID(), ...(ifMatch !== undefined && { ifMatch }) }
  let committed = await store.commit(change, by)
  // Unavailable means unknown. The same opId cannot write twice, so asking once more is safe.
  if (committed.kind === 'unavailable') committed = await store.commit(change, by)
  return await judge(store, change, committed)
}

async function judge(
  store: Store,
  change: ResourceChange,
  committed: Committed,
): Promise<Landed | 'version'> {
  switch (committed.kind) {
    case 'ok':
      return await inForce(store, committed.position)
    case 'noop':
      return await inForce(store)
    case 'version':
      return 'version'
    case 'missing':
      throw noSuchResource(change)
    case 'unique':
      throw taken(change, committed.attribute)
    case 'unavailable':
      throw unavailable(committed.cause)
    default:
      // 122 random bits are no other id, and token limits are not met by resources.
      assert(false, `a ${change.op} was answered with ${committed.kind}`)
  }
}

/**
 * Waits for the barrier. Also when nothing was written: this may be the repetition of a request
 * whose write landed and whose barrier was never reached.
 */
export async function inForce(store: Store, at?: Position): Promise<Landed> {
  return await reading(async () => {
    const position = at ?? (await store.position())
    await store.barrier(position)
    return { revision: toToken(position) }
  })
}

/** Runs reads of the store: one that cannot be reached is a 503, never an empty answer. */
export async function reading<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof StoreUnavailable) throw unavailable(error)
    throw error
  }
}

export function noSuchResource({ of, id }: Pick<ResourceChange, 'of' | 'id'>): ScimError {
  return notFound(`no ${resourceTypes[of].name} has the id \`${id}\``)
}

function taken({ of }: ResourceChange, attribute: IndexedAttribute): ScimError {
  const detail = `another ${resourceTypes[of].name} has this \`${attribute}\`, letter case aside`
  return new ScimError(409, detail, { scimType: 'uniqueness' })
}
