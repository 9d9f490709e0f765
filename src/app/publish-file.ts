import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TenantId } from '../directory/directory.ts'
import type { Observer } from '../observe/observe.ts'
import type { Clock } from '../std/clock.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { CompiledPolicies } from './compiled-policies.ts'
import type { Tenancy } from './house.ts'
import { PolicyRefused } from './judge-policy.ts'
import { PolicyFileError, policyFiles } from './policy-file.ts'
import type { PolicyWorkshop } from './policy-workshop.ts'
import type { PreparedPolicy } from './prepared-policy.ts'
import { publishPolicy } from './publish-policy.ts'
import type { Registries } from './registries.ts'
import { StagingRefused } from './staging.ts'

export interface PublisherParts {
  readonly store: Store
  readonly compiled: CompiledPolicies
  readonly tenancy: Tenancy
  readonly registries: Registries
  readonly workshop: PolicyWorkshop
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
        this.#files.set(key, { file: policy, seen: '', changed: '', faults: '', differs: '' })
    }
  }

  /** Why the file of some tenant is not what decisions follow. */
  get refusals(): readonly string[] {
    return [...this.#files.entries()]
      .filter(([, { faults }]) => faults !== '')
      .map(([tenant, { faults }]) => `policy file of tenant ${tenant} is refused: ${faults}`)
  }

  /** Where somebody published something else than the file says. */
  get differences(): readonly string[] {
    return [...this.#files.entries()]
      .filter(([, { differs }]) => differs !== '')
      .map(([tenant, { differs }]) => `policy file of tenant ${tenant} is not used: ${differs}`)
  }

  /** Reads every file, and says all that is wrong before anything is published. */
  async publishAll(): Promise<void> {
    const { workshop } = this.#parts
    const read: (readonly [TenantId, PreparedPolicy])[] = []
    const faults: PolicyFileError[] = []
    for (const [tenant, watched] of this.#files) {
      watched.seen = await fingerprint(watched.file)
      try {
        read.push([tenant, await workshop.prepare(watched.file, tenant)])
      } catch (error) {
        if (!(error instanceof PolicyFileError)) throw error
        faults.push(error)
      }
    }
    if (faults.length > 0) throw new PolicyFileError(faults.flatMap((error) => error.faults))
    for (const [tenant, policy] of read) {
      try {
        await this.#publishAtStart(tenant, policy)
        this.#parts.observer.policyAccepted({ tenant })
      } catch (error) {
        const isLater = error instanceof StoreUnavailable || error instanceof StagingRefused
        if (!isLater) throw error
        // The store is away, or another process is not ready: neither is the file's fault, and
        // `watch` finds a file that it has never seen.
        const watched = this.#files.get(tenant)!
        watched.seen = ''
        if (error instanceof StagingRefused) watched.faults = error.message
      }
    }
  }

  /**
   * A file that says what was published before does not undo what somebody published since: they
   * went away from it on purpose. Something new in it is published, and so is every change while
   * this process runs.
   */
  async #publishAtStart(tenant: TenantId, policy: PreparedPolicy): Promise<void> {
    const { policies } = this.#parts.store
    const { version } = policy
    const active = await policies.active(tenant)
    const isTheirs = active !== undefined && active.by !== byFile && active.version !== version
    const before = isTheirs ? await policies.history(tenant, historyMax) : []
    if (!before.some((published) => published.version === version)) {
      await this.#publish(tenant, policy, 'start', startWaitsMs)
      return
    }
    const { by, version: theirs } = active!
    const watched = this.#files.get(tenant)!
    watched.differs = `${by} published ${theirs.slice(0, 12)}, which stays until the file changes`
    this.#parts.observer.lifecycle({ what: 'policy-file-differs', tenant, by, version: theirs })
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
    const { workshop, observer } = this.#parts
    const watched = this.#files.get(tenant)!
    const seen = await fingerprint(watched.file)
    if (seen === watched.seen) return
    // Half of a file can be a valid policy, without the condition that comes last. So it is read
    // once it was the same for two looks, and must be the same still after that.
    const settled = seen === watched.changed
    watched.changed = seen
    if (!settled) return
    try {
      const policy = await workshop.prepare(watched.file, tenant)
      if ((await fingerprint(watched.file)) !== seen) return
      await this.#publish(tenant, policy, 'the file changed')
      observer.policyAccepted({ tenant })
      watched.faults = ''
      watched.differs = ''
    } catch (error) {
      // The store is away: the file is looked at again until it has been published.
      if (error instanceof StoreUnavailable) return
      if (!isRefusal(error)) throw error
      watched.faults = error.message
      observer.policyRefused({ tenant, faults: error.message })
    }
    watched.seen = seen
  }

  async #publish(
    tenant: TenantId,
    policy: PreparedPolicy,
    why: string,
    readyWithinMs?: number,
  ): Promise<void> {
    const { store, compiled, tenancy, registries, clock, observer } = this.#parts
    const parts = { store, compiled, tenancy, registries, clock, nowMs: clock.wallMs() }
    // A group that was renamed overnight must not stop a restart: it is told, and no more.
    const candidate = { tenant, policy, by: byFile, why, judgesDirectory: false, readyWithinMs }
    const published = await publishPolicy(parts, candidate)
    if (published.kind === 'published') {
      const findings = published.findings.filter(({ severity }) => severity !== 'info')
      observer.policyLinted({ tenant, findings: findings.map(({ message }) => message) })
    }
  }
}

function isRefusal(error: unknown): error is Error {
  return (
    error instanceof PolicyFileError ||
    error instanceof PolicyRefused ||
    error instanceof StagingRefused
  )
}

const byFile = 'file'
/** A start is not held up for longer by a process that is not ready. */
const startWaitsMs = 3_000
const historyMax = 100

interface Watched {
  readonly file: string
  /** Fingerprint of what was last judged. */
  seen: string
  /** Fingerprint of what was there at the last look. */
  changed: string
  /** What is wrong with it; empty: it is what decisions follow. */
  faults: string
  /** Why it is not used, though nothing is wrong with it; empty: it is. */
  differs: string
}

/** A changed file is in use about a second later, after two looks that found the same. */
const watchMs = 500

/** Moves when a file, or one of a folder, is written, replaced, renamed over or removed. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { folder, rules } = await policyFiles(path)
    const all = await Promise.all(rules.map((name) => ofFile(join(folder, name))))
    return rules.map((name, at) => `${name} ${all[at]}`).join('\n')
  } catch (error) {
    if (error instanceof PolicyFileError) return error.message
    throw error
  }
}

async function ofFile(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
