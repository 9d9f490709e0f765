/** How to reach Redis or Valkey, and what is expected of it. Made by `app` from the config. */
export interface RedisSettings {
  /** `standalone`: one server. `sentinel`, `cluster`: these are asked where the primary is. */
  readonly mode: 'standalone' | 'sentinel' | 'cluster'
  readonly hosts: readonly RedisHost[]
  /** Of the primary, as the sentinels call it. */
  readonly name?: string
  readonly database: number
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  /** Tried where `password` is refused: the one that is being rotated in. */
  readonly nextPassword?: string
  readonly sentinelPassword?: string
  /** The URL without secrets, for people. */
  readonly display: string
  /** How long a process may go on deciding without the store, at most. */
  readonly leaseMs: number
  /** Replicas that must have a write before it is acknowledged. */
  readonly replicas: number
}

export interface RedisHost {
  readonly host: string
  readonly port: number
}
