import type { TenantId } from '../directory/directory.ts'

/** Who asks for decisions: a gateway or connector, and what it may ask and say. */
export interface Caller {
  /** Id of its row; empty for who asks over loopback without credentials. */
  readonly connector: string
  readonly tenant: TenantId
  /** Names of the applications it may ask about. */
  readonly applications: Names
  /** Keys below `context.` that are believed of it. */
  readonly context: Names
  /** Keys below `claims.` that are believed of it. */
  readonly claims: Names
  /** Types of obligations that it performs. */
  readonly obligations: Names
  /** Whether it may see which rules were considered, and why. */
  readonly explain: boolean
  /** Whether it may search, and so learn who there is. */
  readonly search: boolean
}

export type Names = 'all' | ReadonlySet<string>

/** Over loopback, without credentials: believed in everything, for the only tenant there is. */
export function localCaller(tenant: TenantId): Caller {
  const [applications, context, claims, obligations] = ['all', 'all', 'all', 'all'] as const
  const rights = { applications, context, claims, obligations, explain: true, search: true }
  return { connector: '', tenant, ...rights }
}

export function isAmong(names: Names, name: string): boolean {
  return names === 'all' || names.has(name)
}

/**
 * What is believed of what a caller sent: a key that it may not send is dropped, as if it had not
 * been sent, so conditions on it are unknown. A name in the row covers the keys below it: `posture`
 * is also `posture.firewall`.
 */
export function believed<Value>(
  names: Names,
  sent: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value> {
  if (names === 'all' || sent.size === 0) return sent
  let kept: Map<string, Value> | undefined
  for (const key of sent.keys()) {
    if (covers(names, key)) continue
    kept ??= new Map(sent)
    kept.delete(key)
  }
  return kept ?? sent
}

function covers(names: ReadonlySet<string>, key: string): boolean {
  if (names.has(key)) return true
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
    if (names.has(key.slice(0, dot))) return true
  }
  return false
}
