import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'

export interface TargetOptions {
  readonly tenant?: string
}

/** Whose rules, and where they are; or what is wrong with the options. */
export function policyTarget(
  path: string | undefined,
  { tenant: named }: TargetOptions,
  config: Config,
): { readonly tenant: string; readonly path: string } | string {
  if (named === undefined && config.tenants.length > 1) {
    return 'the config has several tenants: say which with --tenant'
  }
  const tenant = config.tenants.find(({ id }) => id === (named ?? config.tenants[0]?.id))
  if (tenant === undefined) {
    const known = config.tenants.map(({ id }) => id).join(', ')
    return `no tenant \`${named}\` in the config; there are: ${known}`
  }
  if (path !== undefined) return { tenant: tenant.id, path: resolve(path) }
  if (tenant.policy !== undefined) return { tenant: tenant.id, path: tenant.policy }
  return `tenant \`${tenant.id}\` has no \`policy:\` in the config: name a rule file`
}
