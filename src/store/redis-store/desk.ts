import type { DirectoryId } from '../../directory/directory.ts'
import type { Head, LogGuard } from './log-guard.ts'
import { keys } from './redis-keys.ts'
import type { Connected, RedisLink } from './redis-link.ts'
import { runScript, type Script } from './scripts.ts'

type Argument = string | number

/**
 * Asks one connection, and believes no answer that does not come from our log. Every method rejects
 * with StoreUnavailable.
 */
export class Desk {
  readonly #link: RedisLink
  readonly #guard: LogGuard

  constructor(link: RedisLink, guard: LogGuard) {
    this.#link = link
    this.#guard = guard
  }

  get guard(): LogGuard {
    return this.#guard
  }

  run<Result>(work: (connected: Connected) => Promise<Result>): Promise<Result> {
    return this.#link.run(readMs, work)
  }

  /** A script on one directory, its number first; undefined: the directory is not enrolled. */
  async ask<Reply extends readonly unknown[]>(
    script: Script,
    directory: DirectoryId,
    args: readonly Argument[],
    keysOf: readonly string[] = [keys.meta],
  ): Promise<Told<Reply> | undefined> {
    return await this.run(async (connected) => {
      const number = await this.#guard.numberOf(directory, connected)
      if (number === undefined) return undefined
      const reply = await runScript(connected.redis, script, keysOf, [number, ...args])
      const [kind, head, ...rest] = reply as readonly [string, Head, ...unknown[]]
      const position = this.#guard.believe(kind === 'NOLOG' ? 'NOLOG' : head)
      return { kind, position, rest: rest as unknown as Reply }
    })
  }
}

export interface Told<Reply> {
  readonly kind: string
  readonly position: ReturnType<LogGuard['believe']>
  readonly rest: Reply
}

/** Within the 2 s after which SCIM answers an error. Decisions wait for less, by themselves. */
const readMs = 1_900
