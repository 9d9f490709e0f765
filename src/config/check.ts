import type { Fault } from '../std/fault.ts'
import { type AddFault, type LocatedYaml, type Path, pathText } from '../std/located-yaml.ts'
import { checkConnectors } from './check-connectors.ts'
import { checkListeners } from './check-listeners.ts'
import type { CustomSchema } from './custom-schema.ts'
import { isName, nameRule } from './name-rule.ts'
import type { ConfigFile } from './schema.ts'

/** What other rooms have to say of the config. */
export interface OtherChecks {
  /** What is wrong with the custom schemas of one tenant; paths lead from their list. */
  schemas(schemas: readonly CustomSchema[]): readonly {
    readonly path: Path
    readonly message: string
  }[]
  /** Why a context key cannot be declared. */
  contextKey(key: string): string | undefined
}

/** What no single field can tell: names, domains and addresses that do not go together. */
export function checkConfig(
  data: ConfigFile,
  document: LocatedYaml,
  checks: OtherChecks,
): readonly Fault[] {
  const faults: Fault[] = []
  const fault: AddFault = (path, message) => faults.push(document.faultAt(path, message))
  checkListeners(data, fault)
  checkConnectors(data, fault)
  const directoryOwner = new Map<string, string>()
  const domainOwner = new Map<string, string>()
  for (const [tenantId, tenant] of Object.entries(data.tenants)) {
    const tenantPath = ['tenants', tenantId]
    if (!isName(tenantId)) fault(tenantPath, `tenant id \`${tenantId}\`: ${nameRule}`)
    const defaults: string[] = []
    for (const [id, directory] of Object.entries(tenant.directories)) {
      const path = [...tenantPath, 'directories', id]
      if (!isName(id)) fault(path, `directory id \`${id}\`: ${nameRule}`)
      // A SCIM URL names its directory and no tenant.
      const owner = directoryOwner.get(id)
      if (owner !== undefined) {
        fault(path, `directory id \`${id}\` is taken by tenant \`${owner}\`: ids are server-wide`)
      }
      directoryOwner.set(id, tenantId)
      if (directory.default) defaults.push(id)
      if (defaults.length > 1 && directory.default) {
        fault([...path, 'default'], `\`${defaults[0]}\` is the default already: keep one`)
      }
      for (const [index, domain] of directory.domains.entries()) {
        const at = [...path, 'domains', index]
        const folded = domain.toLowerCase()
        if (!isDomain(folded)) fault(at, `\`${domain}\` is no domain: expected acme.example`)
        const other = domainOwner.get(`${tenantId} ${folded}`)
        if (other !== undefined) {
          fault(at, `domain \`${domain}\` belongs to directory \`${other}\` already`)
        }
        domainOwner.set(`${tenantId} ${folded}`, id)
      }
    }
    for (const { path, message } of checks.schemas(tenant.schemas)) {
      const at = [...tenantPath, 'schemas', ...path]
      fault(at, `\`${pathText(at)}\`: ${message}`)
    }
    for (const key of Object.keys(tenant.contextKeys)) {
      const why = checks.contextKey(key)
      if (why !== undefined) fault([...tenantPath, 'contextKeys', key], why)
    }
  }
  return faults
}

function isDomain(text: string): boolean {
  return text.length <= 253 && /^([a-z0-9_-]{1,63}\.)*[a-z0-9-]{1,63}$/.test(text)
}
