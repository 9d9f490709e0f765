import type {
  Change,
  CreateToken,
  PolicyChange,
  ResourceChange,
  RevokeToken,
} from '../../directory/change.ts'
import type { IndexedAttribute } from '../../directory/identity.ts'
import { StoreUnavailable } from '../errors.ts'
import { newNonce } from '../nonce.ts'
import type { Position } from '../position.ts'
import { type CommitOptions, type Committed, liveTokensMax } from '../store.ts'
import { type Present, planResource } from './commit-plan.ts'
import { type Fork, settleFork } from './fork.ts'
import type { Head, LogGuard } from './log-guard.ts'
import { toStored } from './record-text.ts'
import { keys, parseOwner } from './redis-keys.ts'
import type { Connected, RedisLink } from './redis-link.ts'
import { runScript, scripts } from './scripts.ts'
import { tokenNumber, tokenText, toToken } from './token-text.ts'

export interface CommitterParts {
  readonly link: RedisLink
  readonly guard: LogGuard
  /** Replicas that must have a write before it counts. */
  readonly replicas: number
  /** Log entries kept. */
  readonly feedMax: number
  readonly onFork: (fork: Fork) => void
}

/** Older entries are trimmed; who is further behind starts again anyway. */
export const feedEntriesMax = 200_000
/** Versions of a tenant's policy that are kept: in memory here, and one can weigh a megabyte. */
export const policiesKeptMax = 100

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
        const work = (connected: Connected) => this.#attempt(connected, change, by)
        const committed = await this.#parts.link.run(commitMs, work)
        if (committed !== 'again') return committed
      }
      throw new StoreUnavailable('others write to the same resource all the time')
    } catch (error) {
      return { kind: 'unavailable', cause: error as Error }
    }
  }

  async #attempt(
    connected: Connected,
    change: Change,
    by: CommitOptions,
  ): Promise<Committed | 'again'> {
    const { guard, onFork } = this.#parts
    const known = await this.#known(connected)
    const reply = await this.#write(connected, change, by, known)
    switch (reply[0]) {
      case 'NOLOG':
        guard.believe('NOLOG')
        return { kind: 'missing' }
      case 'RETRY':
        return 'again'
      case 'FORK': {
        const fork = await settleFork(connected, guard, reply[1])
        if (fork !== undefined) onFork(fork)
        return 'again'
      }
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
        guard.believe(reply[1])
        const { e, r, n, o } = JSON.parse(reply[2]) as Kept
        await this.#replicated(connected)
        const position = { partition: 0, epoch: Number(e), revision: Number(r), nonce: n }
        return { kind: 'ok', position, ...shown(change, o ?? '', reply[3]) }
      }
      case 'OK': {
        const position = guard.believe(reply[1])
        guard.history.note(position)
        await this.#replicated(connected)
        return { kind: 'ok', position, ...shown(change, reply[2], reply[3]) }
      }
    }
  }

  #write(connected: Connected, change: Change, by: CommitOptions, known: Position): Promise<Reply> {
    switch (change.op) {
      case 'publish':
        return this.#publish(connected, change, by, known)
      case 'token-create':
      case 'token-revoke':
        return this.#writeToken(connected, change, by, known)
      default:
        return this.#writeResource(connected, change, by, known)
    }
  }

  async #writeResource(
    connected: Connected,
    change: ResourceChange,
    { opId, ifMatch }: CommitOptions,
    known: Position,
  ): Promise<Reply> {
    const { guard, feedMax } = this.#parts
    const number = await guard.numberOf(change.directory, connected)
    if (number === undefined) return ['MISSING']
    let present: Present | undefined
    if (change.op !== 'create') {
      const { body } = planResource(change, number, undefined, undefined)
      const { id, idBucket } = body as { readonly id: string; readonly idBucket: number }
      const args = [number, id, idBucket]
      const on = [keys.meta, keys.op(opId)]
      const look = (await runScript(connected.redis, scripts.look, on, args)) as Reply | Found
      if (look[0] !== 'FOUND') return look
      guard.believe(look[1])
      const owner = parseOwner(look[2])
      if (owner.of !== change.of) return ['MISSING']
      present = { ordinal: owner.ordinal, text: look[3] }
    }
    const plan = planResource(change, number, present, ifMatch)
    const body = { ...plan.body, ...this.#chained(known), feedMax: String(feedMax) }
    return (await runScript(
      connected.redis,
      scripts.commitResource,
      [keys.meta, keys.feed, keys.op(opId)],
      [JSON.stringify(body), plan.document, ...plan.members],
    )) as Reply
  }

  async #writeToken(
    connected: Connected,
    change: CreateToken | RevokeToken,
    { opId }: CommitOptions,
    known: Position,
  ): Promise<Reply> {
    const { redis } = connected
    const judgedAt = (await redis.hget(keys.meta, 'tokens')) ?? '0'
    const all = await redis.hgetall(keys.tokens)
    const { id } = change.op === 'token-create' ? change.token : change
    // The script has the first result of a repeated commit, which is not judged again.
    const isRepeated = (await redis.exists(keys.op(opId))) === 1
    const judged = isRepeated ? { text: '' } : await this.#judgeToken(connected, change, all)
    if ('kind' in judged) return judged.kind === 'NOOP' ? ['NOOP', '', ''] : [judged.kind]
    const { log, epoch, knownRev, knownNonce, nonce } = this.#chained(known)
    const effect = JSON.stringify({ of: 'token', id })
    return (await runScript(
      redis,
      scripts.commitToken,
      [keys.meta, keys.feed, keys.op(opId), keys.tokens],
      [
        ...[log, epoch, knownRev, knownNonce, nonce, this.#parts.feedMax],
        ...[id, judged.text, effect, judgedAt],
      ],
    )) as Reply
  }

  async #judgeToken(
    connected: Connected,
    change: CreateToken | RevokeToken,
    all: Readonly<Record<string, string>>,
  ): Promise<{ text: string } | { kind: 'NOOP' | 'EXISTS' | 'MISSING' | 'TOOMANY' }> {
    if (change.op === 'token-revoke') {
      const text = all[change.id]
      if (text === undefined) return { kind: 'MISSING' }
      const token = toToken(text)
      if (token.revoked !== undefined) return { kind: 'NOOP' }
      return { text: tokenText(tokenNumber(text), { ...token, revoked: change.at }) }
    }
    const { token } = change
    const number = await this.#parts.guard.numberOf(token.directory, connected)
    if (number === undefined) return { kind: 'MISSING' }
    if (Object.hasOwn(all, token.id)) return { kind: 'EXISTS' }
    const now = Date.parse(token.created)
    const texts = Object.values(all)
    // What cannot be read as an instant never expires, so that a limit is not slipped past.
    const live = texts
      .map(toToken)
      .filter(
        ({ directory, revoked, expires }) =>
          directory === token.directory && !revoked && !(expires && Date.parse(expires) <= now),
      )
    if (live.length >= liveTokensMax) return { kind: 'TOOMANY' }
    return { text: tokenText(Math.max(0, ...texts.map(tokenNumber)) + 1, token) }
  }

  async #publish(
    { redis }: Connected,
    change: PolicyChange,
    { opId }: CommitOptions,
    known: Position,
  ): Promise<Reply> {
    const { tenant, version, replaces, document, sources, by, why, at } = change
    const { log, epoch, knownRev, knownNonce, nonce } = this.#chained(known)
    const published = JSON.stringify({ version, document, sources, by, why, at })
    const effect = JSON.stringify({ of: 'policy', tenant, version })
    return (await runScript(
      redis,
      scripts.commitPolicy,
      [keys.meta, keys.feed, keys.op(opId), keys.policy(tenant)],
      [
        ...[log, epoch, knownRev, knownNonce, nonce, this.#parts.feedMax],
        ...[version, replaces ?? '', published, effect, policiesKeptMax],
      ],
    )) as Reply
  }

  /** What the script compares with the log before it writes, and the name of the new entry. */
  #chained({ epoch, revision, nonce }: Position) {
    const known = { knownRev: String(revision), knownNonce: nonce }
    return { log: this.#parts.guard.log, epoch: String(epoch), ...known, nonce: newNonce() }
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

type Reply =
  | readonly ['NOLOG' | 'EXISTS' | 'MISSING' | 'VERSION' | 'RETRY' | 'TOOMANY']
  | readonly ['NONE', head: Head]
  | readonly ['FORK', head: Head]
  | readonly ['UNIQUE', attribute: IndexedAttribute]
  | readonly ['NOOP', ordinal: string, record: string]
  | readonly ['AGAIN', head: Head, kept: string, record: string]
  | readonly ['OK', head: Head, ordinal: string, record: string]
type Found = readonly ['FOUND', head: Head, owner: string, record: string]
/** Of a commit, under its opId: epoch, revision, nonce; of a resource kind and ordinal too. */
interface Kept {
  readonly e: string
  readonly r: string
  readonly n: string
  readonly o?: string
}

function shown(change: Change, ordinal: string, record: string) {
  if (record === '' || !('of' in change)) return undefined
  return { stored: toStored(change.of, change.directory, Number(ordinal), record) }
}
