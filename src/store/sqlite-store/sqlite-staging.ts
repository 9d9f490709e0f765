import type { Clock } from '../../std/clock.ts'
import { StoreUnavailable } from '../errors.ts'
import { pidOf } from '../process-name.ts'
import { type DeciderState, type StagedPolicy, type StagingStore, stagedForMs } from '../staging.ts'
import type { StagingRequest, WriteReply } from './protocol.ts'
import type { ReadRequest } from './read-protocol.ts'

export interface StagingParts {
  readonly clock: Clock
  write(request: StagingRequest): Promise<WriteReply>
  ask(request: ReadRequest): Promise<unknown>
}

/** Processes that share a file are of one machine: whether one lives, the system tells. */
export class SqliteStaging implements StagingStore {
  readonly #parts: StagingParts

  constructor(parts: StagingParts) {
    this.#parts = parts
  }

  async stage(staged: StagedPolicy): Promise<void> {
    const untilMs = this.#parts.clock.wallMs() + stagedForMs
    await this.#write({ op: 'stage', staged, untilMs })
  }

  async unstage(tenant: StagedPolicy['tenant']): Promise<void> {
    await this.#write({ op: 'unstage', tenant })
  }

  async list(): Promise<readonly Omit<StagedPolicy, 'document'>[]> {
    const nowMs = this.#parts.clock.wallMs()
    return (await this.#parts.ask({ kind: 'staged', nowMs })) as Omit<StagedPolicy, 'document'>[]
  }

  async document(tenant: StagedPolicy['tenant']): Promise<string | undefined> {
    return (await this.#parts.ask({ kind: 'staged-document', tenant })) as string | undefined
  }

  async report(process: string, report: Parameters<StagingStore['report']>[1]): Promise<void> {
    await this.#write({ op: 'report', process, report })
  }

  async deciders(
    tenant: StagedPolicy['tenant'],
    version: string,
  ): Promise<readonly DeciderState[]> {
    const all = await this.#parts.ask({ kind: 'deciders', tenant, version })
    return (all as readonly DeciderState[]).filter(({ process }) => isAlive(pidOf(process)))
  }

  /** Whoever decides is asked from now on. */
  async enter(process: string): Promise<void> {
    await this.#write({ op: 'enter', process })
  }

  async leave(process: string): Promise<void> {
    await this.#write({ op: 'leave', process })
  }

  async #write(write: StagingRequest['write']): Promise<void> {
    const reply = await this.#parts.write({ kind: 'staging', write })
    if (reply.kind === 'staged') return
    throw new StoreUnavailable('fault' in reply ? reply.fault : reply.kind)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // One of another user lives, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
