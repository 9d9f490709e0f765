import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClientDecision, SallyportClient } from '../../src/client/client.ts'
import { type FaultProxy, faultProxy } from './fault-proxy.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { type Served, serveCli } from './run-cli.ts'
import { type ScimClient, scimClient, tokenFrom, type Workspace, workspace } from './workspace.ts'

/**
 * A whole house on Redis, as processes: one that takes SCIM, several that decide, each of these
 * behind a proxy of its own.
 */
export interface RedisHouse extends AsyncDisposable {
  readonly redis: RedisServer
  readonly scim: ScimClient
  readonly ingest: Served
  readonly ingestProxy: FaultProxy
  readonly deciders: readonly DecisionProcess[]
  readonly place: Workspace
  readonly database: number
}

export interface DecisionProcess {
  readonly proxy: FaultProxy
  readonly served: Served
  ask(user: string, app?: string, more?: { readonly timeoutMs?: number }): Promise<Asked>
  /** Starts it anew, for instance after it was killed. */
  restart(): Promise<void>
}

export interface Asked {
  readonly startedMs: number
  readonly endedMs: number
  readonly answer: ClientDecision
}

export interface HouseOptions {
  readonly deciders?: number
  readonly lease?: string
  readonly policy?: string
  readonly redis?: RedisServer
  /** Instead of `redis`: where the processes go, without proxies. */
  readonly url?: string
  readonly replicas?: number
  /** Lines of the config beside the usual ones. */
  readonly stale?: string
}

export async function redisHouse(options: HouseOptions = {}): Promise<RedisHouse> {
  await using started = new AsyncDisposableStack()
  const redis = options.redis ?? started.use(await startRedis())
  const database = redis.freshDatabase()
  const urlOf = (port: number) => `redis://127.0.0.1:${port}/${database}`
  const { lease = '1s', replicas = 0, stale = 'strict' } = options
  const configWith = (port: number) => (text: string) =>
    [
      text.replace(/^store: .*$/m, `store: ${options.url ?? urlOf(port)}`),
      `consistency: { lease: ${lease}, replicas: ${replicas} }`,
      // Who is in memory is what was asked for: a warm-up may come after the first writes.
      'cache: { warm: off }',
      'limits: { scimPerDirectory: { rate: 1000000, burst: 1000000 } }',
      '',
    ]
      .join('\n')
      .replace('domains: [acme.example]', `domains: [acme.example], stale: ${stale}`)
  const ingestProxy = started.use(await faultProxy(redis.port))
  const policy = options.policy === undefined ? {} : { policy: options.policy }
  const place = workspace({ ...policy, config: configWith(ingestProxy.port) })
  const ingest = started.use(await serveCli(place.file, '--roles', 'ingest,admin'))
  const { token } = await tokenFrom(place)
  const deciders: DecisionProcess[] = []
  for (let count = 0; count < (options.deciders ?? 3); count++) {
    const proxy = started.use(await faultProxy(redis.port))
    const own = workspace({ ...policy, config: configWith(proxy.port) })
    const decider = await decisionProcess(own.file, proxy)
    started.defer(() => decider.served[Symbol.asyncDispose]())
    deciders.push(decider)
  }
  const all = started.move()
  return {
    ...{ redis, ingest, ingestProxy, deciders, place, database },
    scim: scimClient(ingest, token),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

async function decisionProcess(file: string, proxy: FaultProxy): Promise<DecisionProcess> {
  let served = await serveCli(file, '--roles', 'decision,admin')
  let client = SallyportClient.connect(served.ready.grpc)
  return {
    proxy,
    get served() {
      return served
    },
    ask: async (user, app = 'wiki', { timeoutMs = 5_000 } = {}) => {
      const startedMs = performance.now()
      const answer = await client.check({ user, app, timeoutMs })
      return { startedMs, endedMs: performance.now(), answer }
    },
    restart: async () => {
      await served[Symbol.asyncDispose]()
      client[Symbol.dispose]()
      served = await serveCli(file, '--roles', 'decision,admin')
      client = SallyportClient.connect(served.ready.grpc)
    },
  }
}

/** Replaces the rule file of the process that publishes it. */
export function writePolicy({ place }: RedisHouse, text: string): void {
  writeFileSync(join(place.folder, 'policy.yaml'), text)
}

/** Asks until the answer is as wanted, and says how long that took. */
export async function until(
  ask: () => Promise<Asked>,
  isWanted: (answer: ClientDecision) => boolean,
  msMax = 15_000,
): Promise<number> {
  const startMs = performance.now()
  for (;;) {
    const { answer } = await ask()
    const tookMs = performance.now() - startMs
    if (isWanted(answer)) return tookMs
    if (tookMs > msMax) throw new Error(`still ${answer.effect} ${answer.reason} after ${msMax} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
