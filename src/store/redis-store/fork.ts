import type { Revision } from '../../directory/directory.ts'
import type { Position } from '../position.ts'
import type { EndedEpoch } from '../store.ts'
import type { Desk } from './desk.ts'
import type { Head, LogGuard } from './log-guard.ts'
import { keys } from './redis-keys.ts'
import type { Connected } from './redis-link.ts'
import { runScript, scripts } from './scripts.ts'

/** Acknowledged writes were lost: after a failover, or a restart from an older file. */
export interface Fork {
  /** Where the lost history stood. */
  readonly lost: Position
  /** Up to where it is part of the present one. */
  readonly sharedUpTo: Revision
}

/**
 * Settles that the store's log is not the one this handle knows. Whoever finds out first ends the
 * epoch, so that no position of the lost part can be taken for one of the new; everybody else
 * finds the new epoch. Resolves with the fork if this handle declared it.
 */
export async function settleFork(
  { redis }: Connected,
  guard: LogGuard,
  head: Head,
): Promise<Fork | undefined> {
  const at = guard.believe(head)
  const { history } = guard
  const lost = history.newest
  if (lost === undefined || at.epoch > lost.epoch) {
    history.startAt(at)
    return undefined
  }
  const pairs = history.pairs.flat()
  const shared = (await runScript(redis, scripts.shared, [keys.meta, keys.feed], pairs)) as Reply
  const sharedUpTo = Number(shared[2])
  const args = [lost.epoch, sharedUpTo]
  const declared = (await runScript(redis, scripts.declareFork, [keys.meta], args)) as Reply
  history.startAt(guard.believe(declared[0] === 'NOLOG' ? 'NOLOG' : declared[1]))
  return { lost, sharedUpTo }
}

export async function hasEntry(desk: Desk, { revision, nonce }: Position): Promise<boolean> {
  return await desk.run(async (connected) => {
    const id = `${revision}-0`
    const [entry] = await connected.redis.xrange(keys.feed, id, id)
    const head = await desk.guard.headOn(connected)
    return entry?.[1][1] === nonce || (head.revision === revision && head.nonce === nonce)
  })
}

export async function readForks(desk: Desk): Promise<readonly EndedEpoch[]> {
  const fields = await desk.run(async (connected) => {
    await desk.guard.headOn(connected)
    return await connected.redis.hgetall(keys.meta)
  })
  return Object.entries(fields).flatMap(([name, value]) => {
    const epoch = /^fork:(\d+)$/.exec(name)?.[1]
    return epoch === undefined ? [] : [{ epoch: Number(epoch), sharedUpTo: Number(value) }]
  })
}

type Reply = readonly ['OK', head: Head, revision: string] | readonly ['NOLOG']
