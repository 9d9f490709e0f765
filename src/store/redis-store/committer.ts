import type { Change } from '../../directory/change.ts'
import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import { newNonce } from '../nonce.ts'
import type { Position } from '../position.ts'
import type { CommitOptions, Committed } from '../store.ts'
import type { Kept, Reply, Writing } from './commit-reply.ts'
import { Desk } from './desk.ts'
import { type Fork, settleFork } from './fork.ts'
import { LargeWriter } from './large-writer.ts'
import type { LogGuard } from './log-guard.ts'
import { toStored } from './record-text.ts'
import type { Connected, RedisLink } from './redis-link.ts'
import { publish, writeToken } from './write-record.ts'
import { writeResource } from './write-resource.ts'

export interface CommitterParts {
  readonly link: RedisLink
  readonly guard: LogGuard
  readonly clock: Clock
  /** Replicas that must have a write before it counts. */
  readonly replicas: number
  /** Log entries kept. */
  readonly feedMax: number
  /** Changes of members that one script makes: ≈ 10 ms of the server at 5,000. */
  readonly membersAtOnceMax: number
  readonly onFork: (fork: Fork) => void
}

/** Older entries are trimmed; who is further behind starts again anyway. */
export const feedEntriesMax = 200_000

/**
 * Commits: planned on what was read, judged and written by one script, so that there is nothing to
 * reconcile. Where what was read has changed meanwhile it is planned anew.
 */
export class Committer {
  readonly #parts: CommitterParts

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  /** Never rejects. */
  async commit(change: Change, by: CommitOptions): Promise<Committed> {
    try {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        let reply = await this.#run(by, (writing) => this.#write(writing, change, by))
        if ('of' in change && (reply[0] === 'LARGE' || reply[0] === 'BUSY')) {
          const large = this.#largeWriter(by)
          if (reply[0] === 'LARGE') reply = await large.write(change, by)
          if (reply[0] === 'BUSY') await large.settle(change)
        }
        const committed = toCommitted(change, reply)
        if (committed !== 'again') return committed
      }
      throw new StoreUnavailable('others write to the same resource all the time')
    } catch (error) {
      return { kind: 'unavailable', cause: error as Error }
    }
  }

  #write(writing: Writing, change: Change, by: CommitOptions): Promise<Reply> {
    const { guard } = this.#parts
    switch (change.op) {
      case 'publish':
        return publish(writing, change)
      case 'token-create':
      case 'token-revoke':
        return writeToken(writing, guard, change)
      default:
        return writeResource(writing, guard, change, by)
    }
  }

  #largeWriter(by: CommitOptions): LargeWriter {
    const { link, guard, clock, membersAtOnceMax } = this.#parts
    const write = (work: (writing: Writing) => Promise<Reply>) => this.#run(by, work)
    const desk = new Desk(link, guard)
    return new LargeWriter({ desk, guard, clock, membersAtOnceMax, write })
  }

  /** One attempt at a commit; a reply that says that it stands is one that replicas have, too. */
  async #run({ opId }: CommitOptions, work: (writing: Writing) => Promise<Reply>): Promise<Reply> {
    const { link, guard, feedMax, membersAtOnceMax, onFork } = this.#parts
    return await link.run(commitMs, async (connected) => {
      const { epoch, revision, nonce } = await this.#known(connected)
      const known = { epoch: String(epoch), knownRev: String(revision), knownNonce: nonce }
      const chain = { log: guard.log, ...known, nonce: newNonce() }
      const reply = await work({ connected, chain, feedMax, membersAtOnceMax, opId })
      if (reply[0] === 'NOLOG') guard.believe('NOLOG')
      if (reply[0] === 'FORK') {
        const fork = await settleFork(connected, guard, reply[1])
        if (fork !== undefined) onFork(fork)
      }
      if (reply[0] === 'OK') guard.history.note(guard.believe(reply[1]))
      if (reply[0] === 'OK' || reply[0] === 'AGAIN') await this.#replicated(connected)
      return reply
    })
  }

  async #known(connected: Connected): Promise<Position> {
    const { guard } = this.#parts
    const { newest } = guard.history
    if (newest !== undefined) return newest
    const position = await guard.headOn(connected)
    guard.history.note(position)
    return position
  }

  /** A write that no replica has may be lost with the primary, so it is not acknowledged. */
  async #replicated({ redis }: Connected): Promise<void> {
    const { replicas } = this.#parts
    if (replicas === 0) return
    const reached = await redis.wait(replicas, replicationMs)
    if (reached >= replicas) return
    throw new StoreUnavailable(`${reached} of ${replicas} replicas have the write`)
  }
}

/** Lost races for one resource; each costs two round trips. */
const attemptsMax = 50
/** SCIM answers an error within 2 s. */
const commitMs = 1_900
const replicationMs = 300

function toCommitted(change: Change, reply: Reply): Committed | 'again' {
  switch (reply[0]) {
    case 'RETRY':
    case 'BUSY':
    case 'LARGE':
    case 'FORK':
    case 'NOLOG':
      return 'again'
    case 'EXISTS':
      return { kind: 'exists' }
    case 'MISSING':
    case 'NONE':
      return { kind: 'missing' }
    case 'VERSION':
      return { kind: 'version' }
    case 'TOOMANY':
      return { kind: 'tooMany' }
    case 'UNIQUE':
      return { kind: 'unique', attribute: reply[1] }
    case 'NOOP':
      return { kind: 'noop', ...shown(change, reply[1], reply[2]) }
    case 'AGAIN': {
      const { e, r, n, o } = JSON.parse(reply[2]) as Kept
      return { kind: 'ok', position: positionOf(e, r, n), ...shown(change, o ?? '', reply[3]) }
    }
    case 'OK': {
      const [, [, epoch, revision, nonce], ordinal, record] = reply
      const position = positionOf(epoch, revision, nonce)
      return { kind: 'ok', position, ...shown(change, ordinal, record) }
    }
  }
}

function positionOf(epoch: string, revision: string, nonce: string): Position {
  return { partition: 0, epoch: Number(epoch), revision: Number(revision), nonce }
}

function shown(change: Change, ordinal: string, record: string) {
  if (record === '' || !('of' in change)) return undefined
  return { stored: toStored(change.of, change.directory, Number(ordinal), record) }
}
