import type { DirectoryId, TenantId } from '../directory/directory.ts'
import { fold } from '../directory/identity.ts'
import type { Subject } from './decision.ts'

/** A directory as decisions see it. */
export interface DirectorySettings {
  readonly id: DirectoryId
  readonly tenant: TenantId
  /** Folded domains of user names; one domain belongs to one directory of a tenant. */
  readonly domains: readonly string[]
  readonly isDefault: boolean
  /** Off: users are collected, and every condition on them is unknown. */
  readonly attributesForPolicy: boolean
  /** How long the rules apply once the leave to decide is over; 0: everything blocks at once. */
  readonly graceMs: number
}

/** Which directory a subject belongs to. */
export class DirectoryResolution {
  readonly #tenants = new Map<TenantId, TenantDirectories>()

  constructor(directories: readonly DirectorySettings[]) {
    for (const directory of directories) {
      let tenant = this.#tenants.get(directory.tenant)
      if (tenant === undefined) {
        tenant = { byId: new Map(), byDomain: new Map(), fallback: undefined }
        this.#tenants.set(directory.tenant, tenant)
      }
      tenant.byId.set(directory.id, directory)
      for (const domain of directory.domains) tenant.byDomain.set(domain, directory)
      if (directory.isDefault) tenant.fallback = directory
    }
    for (const tenant of this.#tenants.values()) {
      if (tenant.byId.size === 1) tenant.fallback ??= [...tenant.byId.values()][0]
    }
  }

  /** The one named; else the owner of the user name's domain; else the default or only one. */
  directoryOf(tenant: TenantId, subject: Subject): DirectorySettings | undefined {
    const directories = this.#tenants.get(tenant)
    if (directories === undefined) return undefined
    if (subject.directory !== undefined) return directories.byId.get(subject.directory)
    if (directories.byId.size === 1) return directories.fallback
    if (subject.kind === 'userName') {
      const at = subject.name.lastIndexOf('@')
      const owner = at < 0 ? undefined : directories.byDomain.get(fold(subject.name.slice(at + 1)))
      if (owner !== undefined) return owner
    }
    return directories.fallback
  }
}

interface TenantDirectories {
  readonly byId: Map<string, DirectorySettings>
  readonly byDomain: Map<string, DirectorySettings>
  fallback: DirectorySettings | undefined
}
