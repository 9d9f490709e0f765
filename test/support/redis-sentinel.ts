import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, plainClient, type RedisServer, redisBinary, startRedis } from './redis-server.ts'

/** One primary, two replicas and three sentinels that watch them. */
export interface SentinelGroup extends AsyncDisposable {
  /** As the config has it. */
  readonly url: string
  readonly servers: readonly RedisServer[]
  /** The one that the sentinels call the primary now. */
  primary(): Promise<RedisServer>
  replicas(): Promise<readonly RedisServer[]>
}

export const primaryName = 'main'

export async function startSentinels(downAfterMs = 1_000): Promise<SentinelGroup> {
  await using started = new AsyncDisposableStack()
  const atOnce = ['--repl-diskless-sync-delay', '0']
  const first = started.use(await startRedis({ args: atOnce }))
  const replicaOf = [...atOnce, '--replicaof', '127.0.0.1', String(first.port)]
  const servers = [first]
  for (let count = 0; count < 2; count++) {
    servers.push(started.use(await startRedis({ args: replicaOf })))
  }
  await eventually(async () => {
    const info = await first.client().info('replication')
    return (info.match(/state=online/g) ?? []).length === 2
  })
  const ports = [await freePort(), await freePort(), await freePort()]
  for (const port of ports) started.use(launchSentinel(port, first.port, downAfterMs))
  const ask = async (port: number, ...command: readonly string[]) => {
    const client = plainClient(port)
    try {
      await client.connect()
      return await client.call('SENTINEL', ...command)
    } finally {
      client.disconnect()
    }
  }
  for (const port of ports) {
    await eventually(async () => {
      const facts = (await ask(port, 'MASTER', primaryName)) as string[]
      const fact = (name: string) => facts[facts.indexOf(name) + 1]
      return fact('num-slaves') === '2' && fact('num-other-sentinels') === '2'
    })
  }
  const primary = async () => {
    const [, port] = (await ask(ports[0]!, 'GET-MASTER-ADDR-BY-NAME', primaryName)) as string[]
    return servers.find((server) => server.port === Number(port))!
  }
  const all = started.move()
  return {
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${primaryName}`,
    servers,
    primary,
    replicas: async () => {
      const { port } = await primary()
      return servers.filter((server) => server.port !== port)
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

function launchSentinel(port: number, primary: number, downAfterMs: number): AsyncDisposable {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${primaryName} 127.0.0.1 ${primary} 2`,
    `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
    `sentinel failover-timeout ${primaryName} 5000`,
    `sentinel parallel-syncs ${primaryName} 2`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = spawn(redisBinary(), [file, '--sentinel'], { stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

export async function eventually(look: () => Promise<boolean>, msMax = 30_000): Promise<void> {
  const endMs = performance.now() + msMax
  let fault: unknown
  while (performance.now() < endMs) {
    try {
      if (await look()) return
      fault = undefined
    } catch (error) {
      fault = error
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('did not come true in time', { cause: fault })
}
