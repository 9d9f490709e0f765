import type { TokenRecord } from '../../directory/change.ts'
import type { TenantId } from '../../directory/directory.ts'
import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import { type Position, samePosition } from '../position.ts'
import type {
  GroupKey,
  GroupTable,
  LogSlice,
  PublishedPolicy,
  Resolved,
  SubjectKey,
} from '../store.ts'
import { connectDecisions } from './connect.ts'
import { type Connection, faultText } from './connection.ts'
import { nonceAt, readSlice } from './feed-rows.ts'
import { readGroups } from './group-table.ts'
import { LogWaiters } from './log-waiters.ts'
import { readPrincipal } from './principal.ts'
import type { RecordRow } from './protocol.ts'
import { find, get } from './queries.ts'
import type { FindRequest, FoundRows, GetRequest } from './read-protocol.ts'
import { findToken, readPolicies } from './record-rows.ts'
import { readHead } from './schema.ts'

/**
 * What the thread that decides reads itself: a few rows at a time, in microseconds.
 *
 * INVARIANT: `#checking` runs single `get()` calls only. An iterator left unfinished, or an open
 * transaction, would pin its snapshot, and the head would seem to stand still.
 */
export class DecisionReads implements Disposable {
  readonly #checking: Connection
  readonly #reading: Connection
  readonly #waiters: LogWaiters
  /** Why nothing may be read, for as long as that holds. */
  #fault: string | undefined

  constructor(path: string, clock: Clock) {
    this.#checking = connectDecisions(path)
    this.#reading = connectDecisions(path)
    this.#waiters = new LogWaiters(clock)
  }

  /** From now on everything is unavailable; undefined ends that. */
  block(fault: string | undefined): void {
    const changed = this.#fault !== fault
    this.#fault = fault
    if (changed) this.wake()
  }

  get fault(): string | undefined {
    return this.#fault
  }

  lastLook(applied: Position): 'current' | 'behind' | 'unavailable' {
    if (this.#fault !== undefined) return 'unavailable'
    try {
      if (samePosition(readHead(this.#checking), applied)) return 'current'
    } catch {
      // Whatever it is, nobody can say that what was applied is the newest.
      return 'unavailable'
    }
    this.wake()
    return 'behind'
  }

  wake(): void {
    this.#waiters.wake()
  }

  resolve(key: SubjectKey): Resolved {
    try {
      return this.#read((connection) => readPrincipal(connection, key))
    } catch (error) {
      return { kind: 'unavailable', cause: error as Error }
    }
  }

  readLog(after: Position, max: number, waitMs: number): Promise<LogSlice> {
    // At least one, so that a follower always gets on.
    const count = Math.max(1, Math.floor(max || 1))
    const look = (timedOut: boolean) => {
      // The head alone first: a follower who has caught up looks a hundred times a second.
      const head = this.#read(() => readHead(this.#checking))
      if (!samePosition(head, after)) {
        return this.#read((connection) => readSlice(connection, after, count))
      }
      return timedOut ? { entries: [], head } : undefined
    }
    const slice = look(!(waitMs > 0))
    return slice === undefined ? this.#waiters.wait(look, waitMs) : Promise.resolve(slice)
  }

  groups(only: readonly GroupKey[]): GroupTable {
    return this.#read((connection) => readGroups(connection, only))
  }

  get(request: GetRequest): RecordRow | undefined {
    return this.#read((connection) => connection.snapshot(() => get(connection, request)))
  }

  find(request: FindRequest): FoundRows {
    return this.#read((connection) => connection.snapshot(() => find(connection, request)))
  }

  hasEntry({ revision, nonce }: Position): boolean {
    return this.#read((connection) => nonceAt(connection, revision) === nonce)
  }

  position(): Position {
    return this.#read((connection) => readHead(connection))
  }

  findToken(id: string): TokenRecord | undefined {
    return this.#read((connection) => findToken(connection, id))
  }

  activePolicy(tenant: TenantId): PublishedPolicy | undefined {
    return this.#read((connection) => readPolicies(connection, tenant, 1)[0])
  }

  #read<Result>(read: (connection: Connection) => Result): Result {
    if (this.#fault !== undefined) throw new StoreUnavailable(this.#fault)
    try {
      return read(this.#reading)
    } catch (error) {
      throw new StoreUnavailable(faultText(error), error)
    }
  }

  [Symbol.dispose](): void {
    this.#fault ??= 'it is closed'
    this.#waiters.close(new StoreUnavailable('it is closed'))
    this.#checking[Symbol.dispose]()
    this.#reading[Symbol.dispose]()
  }
}
