import { randomUUID } from 'node:crypto'
import type { ResourceChange } from '../directory/change.ts'
import type { Stored } from '../directory/directory.ts'
import type { IndexedAttribute } from '../directory/identity.ts'
import { assert } from '../std/assert.ts'
import { StoreUnavailable } from '../store/errors.ts'
import { type Position, toToken } from '../store/position.ts'
import type { CommitOptions, Store } from '../store/store.ts'
import { isResourceId, resourceTypes } from './resource-type.ts'
import type { ScimDirectory } from './scim-directory.ts'
import { notFound, ScimError, unavailable } from './scim-error.ts'

/** A write that stands, in force everywhere. */
export interface Landed {
  /** Where in the log it can be seen from on, as an opaque token. */
  readonly revision: string
}

/** What became of a Change that was not refused. */
export interface Written {
  /** Where it stands in the log; undefined where nothing was to be done. */
  readonly at: Position | undefined
  /** What is stored now, unless it was deleted, or there was no need to ask the store. */
  readonly stored: Stored | undefined
}

/**
 * Commits a Change. The answer has to wait for `inForce`. `version` is the one refusal that the
 * caller can do something about: read again.
 */
export async function write(
  store: Store,
  change: ResourceChange,
  wishes: Omit<CommitOptions, 'opId'> = {},
): Promise<Written | 'version'> {
  const by = { opId: randomUUID(), ...wishes }
  let committed = await store.commit(change, by)
  // Unavailable means unknown. The same opId cannot write twice, so asking once more is safe.
  if (committed.kind === 'unavailable') committed = await store.commit(change, by)
  switch (committed.kind) {
    case 'ok':
      return { at: committed.position, stored: committed.stored }
    case 'noop':
      return { at: undefined, stored: committed.stored }
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
 * Waits until no decision is made from before the write: only then may a 2xx be sent for what may
 * take access away. Also where
 * nothing was written: this may be the repetition of a request whose write landed and whose barrier
 * was never reached.
 */
export async function inForce(
  { store, barrier }: Pick<ScimDirectory, 'store' | 'barrier'>,
  at: Position | undefined,
  mayShrink = true,
): Promise<Landed> {
  return await reading(async () => {
    const position = at ?? (await store.position())
    await barrier(position, mayShrink)
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
  // What is no id of ours may be anything, a person's address too.
  const which = isResourceId(id) ? `the id \`${id}\`` : 'such an id'
  return notFound(`no ${resourceTypes[of].name} has ${which}`)
}

function taken({ of }: ResourceChange, attribute: IndexedAttribute): ScimError {
  const detail = `another ${resourceTypes[of].name} has this \`${attribute}\`, letter case aside`
  return new ScimError(409, detail, { scimType: 'uniqueness' })
}
