import { randomUUID } from 'node:crypto'
import type { DirectoryId } from '../../directory/directory.ts'
import { StoreRefused, StoreUnavailable } from '../errors.ts'
import { KnownHistory } from '../known-history.ts'
import { firstEpoch, newNonce } from '../nonce.ts'
import type { Position } from '../position.ts'
import type { Enrolment } from '../store.ts'
import { keys } from './redis-keys.ts'
import type { Connected } from './redis-link.ts'
import type { RedisSettings } from './redis-settings.ts'
import { runScript, scripts } from './scripts.ts'

/** Keeps its own layout; another number was written by another version of Sallyport. */
export const redisSchema = 1

/** What a script says of the log it ran on. */
export type Head = readonly [log: string, epoch: string, revision: string, nonce: string]

/**
 * Which log this handle belongs to. A server that holds none, or another one, is never taken for
 * an empty directory: everything is unavailable until the log is back. Only a database that holds
 * nothing at all, met by a handle that has never seen a log, is made into a new one.
 */
export class LogGuard {
  readonly #settings: RedisSettings
  readonly #mayWrite: boolean
  readonly history = new KnownHistory()
  #log: string | undefined
  #enrolments: readonly Enrolment[] = []
  /** Those that are known in the store. */
  #enrolled: readonly Enrolment[] | undefined
  readonly #numbers = new Map<string, number>()
  /** Why the log that is there must not be believed; undefined: it is the right one. */
  #fault: StoreUnavailable | undefined
  /** As all processes agree; the handle's own until a log was met. */
  leaseMs: number

  constructor(settings: RedisSettings, mayWrite: boolean) {
    this.#settings = settings
    this.#mayWrite = mayWrite
    this.leaseMs = settings.leaseMs
  }

  get log(): string {
    return this.#log ?? ''
  }

  /** The log is missing, or it is another one: nothing known of it holds any more. */
  get fault(): StoreUnavailable | undefined {
    return this.#fault
  }

  /** Looks at a new connection: whose server it is, and what it holds. */
  readonly admit = async ({ redis, server }: Connected): Promise<void> => {
    const { display } = this.#settings
    const refuse = (fault: string) => new StoreRefused(display, fault)
    if (Number.parseInt(server.version, 10) < 7) {
      throw refuse(`the server is version ${server.version}: 7.0 or newer is needed`)
    }
    if (server.evictionPolicy !== 'noeviction') {
      const found = `\`maxmemory-policy\` is ${server.evictionPolicy}`
      throw refuse(`${found}, which could drop a user or a membership: set it to noeviction`)
    }
    let reply = (await this.#inspect(redis)) as Inspected
    const mayBegin = this.#mayWrite && this.#log === undefined
    if (reply[0] === 'NOLOG' && reply[1] === 0 && mayBegin) {
      await this.#begin(redis)
      reply = await this.#inspect(redis)
    }
    if (reply[0] === 'SCHEMA') {
      const newer = Number(reply[1]) > redisSchema ? 'newer' : 'older'
      const which = `schema ${reply[1]}, this one reads ${redisSchema}`
      throw refuse(`written by ${newer === 'newer' ? 'a newer' : 'an older'} Sallyport: ${which}`)
    }
    if (reply[0] === 'NOLOG') throw this.#missing(reply[1])
    const [, head, lease, directories] = reply
    this.believe(head)
    this.leaseMs = Number(lease)
    for (let index = 0; index < directories.length; index += 2) {
      this.#numbers.set(directories[index]!, Number.parseInt(directories[index + 1]!, 10))
    }
    if (this.#mayWrite && this.#enrolled !== this.#enrolments) await this.#begin(redis)
  }

  /** Remembers the directories; `admit` makes them known. */
  expect(directories: readonly Enrolment[]): void {
    const others = this.#enrolments.filter(
      ({ directory }) => !directories.some((each) => each.directory === directory),
    )
    this.#enrolments = [...others, ...directories]
  }

  /** Makes the expected directories known, on a connection that was admitted. */
  async enroll({ redis }: Connected): Promise<void> {
    if (this.#mayWrite && this.#enrolled !== this.#enrolments) await this.#begin(redis)
  }

  /** The number of a directory; undefined: nobody enrolled it. */
  async numberOf(directory: DirectoryId, { redis }: Connected): Promise<number | undefined> {
    const known = this.#numbers.get(directory)
    if (known !== undefined) return known
    const text = await redis.hget(keys.directories, directory)
    if (text === null) return undefined
    const number = Number.parseInt(text, 10)
    this.#numbers.set(directory, number)
    return number
  }

  /** Where the log stands now. */
  async headOn({ redis }: Connected): Promise<Position> {
    return this.believeFields(await redis.hmget(keys.meta, ...headFields))
  }

  /** As `believe`, of the fields of the meta hash. */
  believeFields([log, epoch, revision, nonce]: readonly (string | null)[]): Position {
    const isMissing = !log || !epoch || !revision || !nonce
    return this.believe(isMissing ? 'NOLOG' : [log, epoch, revision, nonce])
  }

  /** Takes what a script returned as the head: the position, if it is of our log. */
  believe(head: Head | 'NOLOG'): Position {
    if (head === 'NOLOG') throw this.#missing(0)
    const [log, epoch, revision, nonce] = head
    this.#log ??= log
    if (log !== this.#log) {
      this.#fault = new StoreUnavailable('another log than ours is at this address')
      throw this.#fault
    }
    this.#fault = undefined
    return { partition: 0, epoch: Number(epoch), revision: Number(revision), nonce }
  }

  #missing(others: number): Error {
    const { display } = this.#settings
    if (this.#log !== undefined) {
      this.#fault = new StoreUnavailable('the log is gone: restore it, or restart to begin anew')
      return this.#fault
    }
    if (others > 0) {
      const found = `it holds ${others} keys and none of them is Sallyport's`
      return new StoreRefused(display, `${found}: name an empty database`)
    }
    return new StoreUnavailable('it holds nothing yet: start a process with the role ingest')
  }

  async #inspect(redis: Connected['redis']): Promise<Inspected> {
    const keysOf = [keys.meta, keys.directories]
    return (await runScript(redis, scripts.inspect, keysOf, [redisSchema])) as Inspected
  }

  async #begin(redis: Connected['redis']): Promise<void> {
    const { display, leaseMs } = this.#settings
    const enrolments = this.#enrolments
    const pairs = enrolments.flatMap(({ directory, tenant }) => [directory, tenant])
    const args = [redisSchema, randomUUID(), newNonce(), leaseMs, firstEpoch(), ...pairs]
    const reply = await runScript(redis, scripts.begin, [keys.meta, keys.directories], args)
    const [kind, directory, from] = reply as readonly string[]
    if (kind === 'NOLOG') throw this.#missing(Number(directory))
    if (kind === 'MOVED') {
      this.#enrolments = this.#enrolled ?? []
      const to = enrolments.find((each) => each.directory === directory)?.tenant
      const belongs = `directory \`${directory}\` belongs to tenant \`${from}\``
      const fix = `and cannot move to \`${to}\`: give it another name there`
      throw new StoreRefused(display, `${belongs} ${fix}`)
    }
    this.#enrolled = enrolments
  }
}

export const headFields = ['log', 'epoch', 'rev', 'nonce'] as const

type Inspected =
  | readonly ['NOLOG', keys: number]
  | readonly ['SCHEMA', number: string]
  | readonly ['LOG', head: Head, lease: string, directories: readonly string[]]
