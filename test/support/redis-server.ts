import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { RedisSettings } from '../../src/store/redis-store/redis-settings.ts'

/**
 * Real servers for tests: each on a free port, in a folder of its own, gone with the process that
 * started it. Nothing here ever touches the port on which a server of the machine may listen.
 */

const binary = ['REDIS_SERVER_BIN', 'redis-server', 'valkey-server']
  .map((name) => (name === 'REDIS_SERVER_BIN' ? process.env.REDIS_SERVER_BIN : name))
  .find((name) => name !== undefined && spawnSync(name, ['--version']).status === 0)

/** Whether suites that need Redis can run. With REQUIRE_REDIS=1 they fail where they cannot. */
export const hasRedis = binary !== undefined || process.env.REQUIRE_REDIS === '1'

export interface RedisServer extends AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly url: string
  readonly child: ChildProcess
  /** A database of this server that nobody else was given. */
  freshDatabase(): number
  /** How the store is told of one. */
  settings(more?: Partial<RedisSettings>): RedisSettings
  /** A plain client, closed with the server. */
  client(database?: number): Redis
  /** Kills it at once, and starts it again on the same port and folder. */
  kill(): Promise<void>
  restart(): Promise<void>
  pause(): void
  resume(): void
}

export interface RedisOptions {
  readonly args?: readonly string[]
  readonly port?: number
}

export async function startRedis({ args = [], port }: RedisOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'))
  const at = port ?? (await freePort())
  const clients: Redis[] = []
  let child = await launch(at, folder, args)
  let database = 0
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    port: at,
    folder,
    url: `redis://127.0.0.1:${at}`,
    get child() {
      return child
    },
    freshDatabase: () => database++,
    settings: (more = {}) => ({
      ...{ mode: 'standalone', hosts: [{ host: '127.0.0.1', port: at }], tls: false },
      ...{ database: database++, display: `redis://127.0.0.1:${at}`, leaseMs: 5_000, replicas: 0 },
      ...more,
    }),
    client: (number = 0) => {
      const client = new Redis({ port: at, db: number })
      client.on('error', () => undefined)
      clients.push(client)
      return client
    },
    kill,
    restart: async () => {
      await kill()
      child = await launch(at, folder, args)
    },
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.disconnect()
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Gone with this process, however many there were. */
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

async function launch(port: number, folder: string, args: readonly string[]) {
  const standard = ['--save', '', '--appendonly', 'no', '--databases', '10000']
  const child = spawn(
    redisBinary(),
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...standard, ...args],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  )
  children.add(child)
  await answering(port)
  return child
}

export function redisBinary(): string {
  if (binary === undefined) throw new Error('no Redis: install the package redis-server')
  return binary
}

/** One that is connected by hand and gives up at once. */
export function plainClient(port: number): Redis {
  const client = new Redis({
    ...{ port, protocol: 2, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null },
  })
  client.on('error', () => undefined)
  return client
}

/** Any answer will do: it may want a password. */
async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = plainClient(port)
    try {
      await client.connect()
      await client.ping().catch((error: Error) => {
        if (!/NOAUTH|WRONGPASS|NOPERM|LOADING/.test(error.message)) throw error
      })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25))
    } finally {
      client.disconnect()
    }
  }
  throw new Error(`redis-server on port ${port} does not answer`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  // A Cluster listens 10,000 above as well.
  return port < 55_000 ? port : await freePort()
}
