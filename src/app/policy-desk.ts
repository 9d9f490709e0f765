import { userInfo } from 'node:os'
import type { Config } from '../config/config.ts'
import type { TenantId } from '../directory/directory.ts'
import {
  type CheckedPolicy,
  parsePolicyDocument,
  policyDocument,
  policyVersion,
} from '../policy/checked-policy.ts'
import { systemClock } from '../std/clock.ts'
import type { PublishedPolicy, Store } from '../store/store.ts'
import { openHouseStore, type Tenancy, tenancyOf } from './house.ts'
import { staticFindings } from './judge-policy.ts'
import { readPolicyFile } from './policy-file.ts'
import { VersionUnknown } from './policy-impact.ts'
import type { PreparedPolicy } from './prepared-policy.ts'
import { type Published, publishPolicy } from './publish-policy.ts'
import { Registries } from './registries.ts'

/**
 * What a person does with published policies, on the store that the config names, whether or not a
 * server runs.
 */
export interface PolicyDesk extends AsyncDisposable {
  /** Newest first; the first one is active. */
  history(max: number): Promise<readonly PublishedPolicy[]>
  /** @throws {PolicyFileError} {@link PolicyRefused} {@link StoreUnavailable} */
  publish(path: string, wishes: PublishWishes): Promise<Published>
  /**
   * Publishes an older version again, at a new revision: `version` is the start of its hash, or
   * how many versions back. @throws {VersionUnknown} {@link PolicyRefused}
   */
  rollback(version: string | number, wishes: PublishWishes): Promise<Published>
  /** One version, by the start of its hash. @throws {VersionUnknown} */
  find(version: string): Promise<PublishedPolicy>
}

export interface PublishWishes {
  readonly why: string
  readonly accepted: readonly number[]
  /** Go on though some process has not compiled it. */
  readonly force: boolean
}

export async function openPolicyDesk(config: Config, tenantId: string): Promise<PolicyDesk> {
  const store = await openHouseStore(config, systemClock, { mayWrite: true })
  return new Desk(store, tenancyOf(config), tenantId as TenantId)
}

class Desk implements PolicyDesk {
  readonly #store: Store
  readonly #tenancy: Tenancy
  readonly #registries: Registries
  readonly #tenant: TenantId

  constructor(store: Store, tenancy: Tenancy, tenant: TenantId) {
    this.#store = store
    this.#tenancy = tenancy
    this.#registries = new Registries(tenancy)
    this.#tenant = tenant
  }

  history(max: number): Promise<readonly PublishedPolicy[]> {
    return this.#store.policies.history(this.#tenant, max)
  }

  async publish(path: string, wishes: PublishWishes): Promise<Published> {
    const read = await readPolicyFile(path, this.#tenant, this.#tenancy, this.#registries)
    const { policy, sources } = read
    const version = policyVersion(policy)
    return await this.#publish(
      policy,
      { version, document: policyDocument(policy), sources },
      wishes,
    )
  }

  async rollback(version: string | number, wishes: PublishWishes): Promise<Published> {
    const found = typeof version === 'number' ? await this.#back(version) : await this.find(version)
    const policy = parsePolicyDocument(found.document)
    return await this.#publish(policy, found, wishes)
  }

  async find(version: string): Promise<PublishedPolicy> {
    const all = await this.history(historyMax)
    const found = all.filter((each) => each.version.startsWith(version))
    const one = new Set(found.map((each) => each.version)).size === 1
    if (one) return found[0]!
    throw new VersionUnknown(version, shortOf(all))
  }

  /** Versions apart from those before: publishing one again is no step of its own. */
  async #back(steps: number): Promise<PublishedPolicy> {
    const all = await this.history(historyMax)
    const apart = all.filter((each, at) => each.version !== all[at - 1]?.version)
    const found = apart[steps]
    if (found === undefined) throw new VersionUnknown(`${steps} back`, shortOf(all))
    return found
  }

  async #publish(
    policy: CheckedPolicy,
    { version, document, sources }: Omit<PreparedPolicy, 'findings'>,
    { why, accepted, force }: PublishWishes,
  ): Promise<Published> {
    const [store, tenant] = [this.#store, this.#tenant]
    const parts = {
      ...{ store, tenancy: this.#tenancy, registries: this.#registries },
      clock: systemClock,
      nowMs: systemClock.wallMs(),
    }
    const before = await store.policies.active(tenant)
    const findings = staticFindings(policy, tenant, parts, previousOf(before))
    const prepared = { version, document, sources, findings }
    const by = `cli:${userInfo().username}`
    const candidate = { tenant, policy: prepared, by, why, accepted, force, judgesDirectory: true }
    return await publishPolicy(parts, candidate)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]()
  }
}

/** One that a newer version wrote is nobody's business here. */
function previousOf(before: PublishedPolicy | undefined): CheckedPolicy | undefined {
  try {
    return before && parsePolicyDocument(before.document)
  } catch {
    // Then ids are not compared with it.
    return undefined
  }
}

/** As many as Redis keeps. */
const historyMax = 100

function shortOf(all: readonly PublishedPolicy[]): readonly string[] {
  return [...new Set(all.map(({ version }) => version.slice(0, 12)))].slice(0, 10)
}
