/** What a server says of itself in INFO. */
export interface ServerFacts {
  readonly role: string
  /** Random for each start of the server. */
  readonly runId: string
  /** Another one after each promotion of a replica. */
  readonly replicationId: string
  readonly version: string
  readonly connectedReplicas: number
  /** `noeviction`, or what it throws away when memory is full. */
  readonly evictionPolicy: string
}

export function parseServer(info: string): ServerFacts {
  const fields = new Map(
    info.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1)] as const
    }),
  )
  const text = (name: string) => fields.get(name) ?? ''
  return {
    role: text('role'),
    runId: text('run_id'),
    replicationId: text('master_replid'),
    version: text('valkey_version') || text('redis_version'),
    connectedReplicas: Number(text('connected_slaves')),
    evictionPolicy: text('maxmemory_policy'),
  }
}
