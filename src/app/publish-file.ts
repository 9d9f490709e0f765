import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { TenantId } from '../directory/directory.ts'
import type { Observer } from '../observe/observe.ts'
import { policyDocument, policyVersion } from '../policy/checked-policy.ts'
import { type Clock, toDateTime } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import type { Tenancy } from './house.ts'
import { type PolicyFile, PolicyFileError, readPolicyFile } from './policy-file.ts'
import type { Registries } from './registries.ts'

export interface PublisherParts {
  readonly store: Store
  readonly compiled: CompiledPolicies
  readonly tenancy: Tenancy
  readonly registries: Registries
  readonly observer: Observer
  readonly clock: Clock
}

/**
 * Keeps the store's policy at what the rule files say: the store is the policy's home, a file is
 * only a source. A file that stops being right changes nothing, loudly.
 */
export class PolicyPublisher {
  readonly #parts: PublisherParts
  readonly #files = new Map<TenantId, Watched>()

  constructor(parts: PublisherParts) {
    this.#parts = parts
    for (const { key, policy } of parts.tenancy.tenants) {
      if (policy !== undefined)
        this.#files.set(key, { file: policy, seen: '', changed: '', faults: '' })
    }
  }

  /** Why the file of some tenant is not what decisions follow. */
  get refusals(): readonly string[] {
    return [...this.#files.entries()]
      .filter(([, { faults }]) => faults !== '')
      .map(([tenant, { faults }]) => `policy file of tenant ${tenant} is refused: ${faults}`)
  }

  /** Reads every file, and says all that is wrong before anything is published. */
  async publishAll(): Promise<void> {
    const { tenancy, registries } = this.#parts
    const read: (readonly [TenantId, PolicyFile])[] = []
    const faults: PolicyFileError[] = []
    for (const [tenant, watched] of this.#files) {
      watched.seen = await fingerprint(watched.file)
      try {
        read.push([tenant, await readPolicyFile(watched.file, tenant, tenancy, registries)])
      } catch (error) {
        if (!(error instanceof PolicyFileError)) throw error
        faults.push(error)
      }
    }
    if (faults.length > 0) throw new PolicyFileError(faults.flatMap((error) => error.faults))
    for (const [tenant, file] of read) {
      try {
        await this.#publish(tenant, file, 'start')
        this.#parts.observer.policyAccepted({ tenant })
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
        // The store is away: `watch` finds a file that it has never seen.
        this.#files.get(tenant)!.seen = ''
      }
    }
  }

  /** Looks for changes until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, observer } = this.#parts
    while (!signal.aborted) {
      await clock.sleep(watchMs, signal)
      for (const tenant of this.#files.keys()) {
        try {
          if (!signal.aborted) await this.#look(tenant)
        } catch (error) {
          observer.internalError({ room: 'app', error })
        }
      }
    }
  }

  async #look(tenant: TenantId): Promise<void> {
    const { tenancy, registries, observer } = this.#parts
    const watched = this.#files.get(tenant)!
    const seen = await fingerprint(watched.file)
    if (seen === watched.seen) return
    // Half of a file can be a valid policy, without the condition that comes last. So it is read
    // once it was the same for two looks, and must be the same still after that.
    const settled = seen === watched.changed
    watched.changed = seen
    if (!settled) return
    try {
      const file = await readPolicyFile(watched.file, tenant, tenancy, registries)
      if ((await fingerprint(watched.file)) !== seen) return
      await this.#publish(tenant, file, 'the file changed')
      observer.policyAccepted({ tenant })
      watched.faults = ''
    } catch (error) {
      // The store is away: the file is looked at again until it has been published.
      if (error instanceof StoreUnavailable) return
      if (!(error instanceof PolicyFileError)) throw error
      watched.faults = error.message
      observer.policyRefused({ tenant, faults: error.message })
    }
    watched.seen = seen
  }

  /** Compare-and-set: two processes with different files never undo each other unseen. */
  async #publish(tenant: TenantId, { policy, sources }: PolicyFile, why: string): Promise<void> {
    const { store, compiled, clock } = this.#parts
    const version = policyVersion(policy)
    const document = policyDocument(policy)
    compiled.compile(tenant, version, document)
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const active = await store.policies.active(tenant)
      if (active?.version === version) return
      const at = toDateTime(clock.wallMs())
      const committed = await store.commit(
        {
          op: 'publish',
          tenant,
          version,
          replaces: active?.version,
          document,
          sources,
          by: 'file',
          why,
          at,
        },
        { opId: randomUUID() },
      )
      if (committed.kind === 'ok') await store.barrier(committed.position)
      if (committed.kind === 'ok' || committed.kind === 'noop') return
      if (committed.kind === 'unavailable') {
        throw new StoreUnavailable('the policy was not published', committed.cause)
      }
    }
    throw new StoreUnavailable('another process publishes a policy for the same tenant')
  }
}

interface Watched {
  readonly file: string
  /** Fingerprint of what was last judged. */
  seen: string
  /** Fingerprint of what was there at the last look. */
  changed: string
  /** What is wrong with it; empty: it is what decisions follow. */
  faults: string
}

/** A changed file is in use about a second later, after two looks that found the same. */
const watchMs = 500
const attemptsMax = 5

/** Moves when a file is written, replaced, renamed over or removed; cheap enough to ask often. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
