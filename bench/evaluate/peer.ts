import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Facts } from '../../src/policy/policy.ts'
import type { Workload } from '../support/rule-workload.ts'

/** Another engine with the same rules. */
export interface Peer {
  readonly name: string
  /** The attempt in the peer's own form: what it costs to make that is not measured. */
  prepare(application: string, facts: Facts): () => 'allow' | 'block'
}

export type PeerMaker = (policy: Workload) => Peer | Promise<Peer>

const peers = join(import.meta.dirname, '../peers')

/** Installed apart from the product; undefined: not installed. */
export function peerModule(name: string): unknown {
  if (!existsSync(join(peers, 'node_modules', name))) return undefined
  return createRequire(join(peers, 'package.json'))(name)
}

export const howToInstall = 'not installed: npm ci --prefix bench/peers'

/** What of the facts the rules of the workload read. */
export function readFacts({ user, context }: Facts) {
  const enterprise = user?.['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User']
  const { department } = enterprise as unknown as { readonly department: string }
  return {
    department,
    userType: String(user?.userType),
    country: context.get('country'),
    risk: context.get('risk'),
    isEncrypted: context.get('posture.disk-encrypted'),
  }
}

export const risks = ['low', 'medium', 'high', 'critical']
