import type { Redis } from 'ioredis'
import { eventually } from './redis-sentinel.ts'
import { type RedisServer, startRedis } from './redis-server.ts'

/** Three primaries with a replica each, brought up without any other tool. */
export interface RedisCluster extends AsyncDisposable {
  readonly url: string
  readonly nodes: readonly RedisServer[]
  /** The primary that has the slot of our keys. */
  owner(): Promise<RedisServer>
  /** Another primary than that. */
  other(): Promise<RedisServer>
  /** Hands the slot of our keys over, a batch of keys at a time. */
  moveSlot(from: RedisServer, to: RedisServer, between?: () => Promise<void>): Promise<void>
}

/** Where `{p0}` is. */
const key = '{p0}:meta'
const slots = 16_384

export async function startCluster(nodeTimeoutMs = 1_000): Promise<RedisCluster> {
  await using started = new AsyncDisposableStack()
  const args = [
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
    ...['--cluster-replica-validity-factor', '0', '--databases', '1'],
  ]
  const nodes: RedisServer[] = []
  for (let count = 0; count < 6; count++) nodes.push(started.use(await startRedis({ args })))
  const clients = new Map(nodes.map((node) => [node, node.client()]))
  const on = (node: RedisServer): Redis => clients.get(node)!
  for (const [index, node] of nodes.entries()) {
    await on(node).call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    if (index >= 3) continue
    const first = Math.floor((index * slots) / 3)
    const last = Math.floor(((index + 1) * slots) / 3) - 1
    await on(node).call('CLUSTER', 'ADDSLOTSRANGE', first, last)
  }
  for (const node of nodes.slice(1)) {
    await on(nodes[0]!).call('CLUSTER', 'MEET', '127.0.0.1', node.port)
  }
  const idOf = async (node: RedisServer) => String(await on(node).call('CLUSTER', 'MYID'))
  const ids = await Promise.all(nodes.map(idOf))
  for (const [index, node] of nodes.slice(3).entries()) {
    await eventually(async () => {
      await on(node).call('CLUSTER', 'REPLICATE', ids[index]!)
      return true
    })
  }
  for (const [index, node] of nodes.entries()) {
    await eventually(async () => {
      const state = String(await on(node).call('CLUSTER', 'INFO'))
      const role = await on(node).info('replication')
      const isLinked = index < 3 ? /connected_slaves:1/ : /master_link_status:up/
      return state.includes('cluster_state:ok') && isLinked.test(role)
    })
  }
  const owner = async (): Promise<RedisServer> => {
    for (const node of nodes) {
      try {
        const slot = await on(node).call('CLUSTER', 'KEYSLOT', key)
        const ranges = (await on(node).call('CLUSTER', 'SLOTS')) as [
          number,
          number,
          [string, number],
        ][]
        const range = ranges.find(([first, last]) => first <= Number(slot) && Number(slot) <= last)
        const found = nodes.find(({ port }) => port === range?.[2][1])
        if (found !== undefined && found.child.signalCode === null) return found
      } catch {
        // One that was killed.
      }
    }
    throw new Error('nobody has the slot')
  }
  const all = started.move()
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    owner,
    other: async () => {
      const { port } = await owner()
      return nodes.slice(0, 3).find((node) => node.port !== port)!
    },
    moveSlot: async (from, to, between = async () => undefined) => {
      const slot = Number(await on(from).call('CLUSTER', 'KEYSLOT', key))
      await on(to).call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from))
      await on(from).call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to))
      for (;;) {
        const keys = (await on(from).call('CLUSTER', 'GETKEYSINSLOT', slot, 20)) as string[]
        if (keys.length === 0) break
        await on(from).call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
        await between()
      }
      for (const node of [to, from]) {
        await on(node).call('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to))
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
