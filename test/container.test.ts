import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { userBody } from './scim-http/scim-fixture.ts'
import { freePort, hasRedis, type RedisServer, startRedis } from './support/redis-server.ts'
import { type CliResult, runCli } from './support/run-cli.ts'
import { scimClient } from './support/workspace.ts'

/** No container engine is needed: the files are read, and what they start is started. */
const root = join(import.meta.dirname, '..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true })
const servers = ['ingest', 'decision-1', 'decision-2', 'admin']

describe('the image', () => {
  const lines = dockerfile.replaceAll('\\\n', ' ').split('\n')
  const instructions = (name: string) => lines.filter((line) => line.startsWith(`${name} `))

  test('runs as somebody without rights, is told of signals, and says whether it lives', () => {
    expect(instructions('USER')).toEqual(['USER node'])
    expect(instructions('ENTRYPOINT')).toEqual(['ENTRYPOINT ["/app/src/main.ts"]'])
    expect(instructions('HEALTHCHECK')).toEqual([expect.stringContaining('/livez')])
    expect(instructions('CMD')).toEqual(['CMD ["serve"]'])
  })

  test('is made of files that are there, and that the build is given', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
    const sources = instructions('COPY')
      .filter((line) => !line.includes('--from'))
      .flatMap((line) => line.split(/\s+/).slice(1, -1))
    expect(sources.length).toBeGreaterThan(4)
    for (const source of sources) {
      expect([source, existsSync(join(root, source))]).toEqual([source, true])
      expect(ignored).toContain(`!${source}`)
    }
  })
})

describe('the composition', () => {
  test('has a store that keeps what it acknowledged, and nothing of it is reached from outside', () => {
    const { redis } = compose.services
    const command = redis.command.join(' ')
    for (const setting of ['--appendonly yes', '--maxmemory-policy noeviction', '--requirepass']) {
      expect(command).toContain(setting)
    }
    expect(redis.ports).toBeUndefined()
    expect(redis.healthcheck.test).toBeDefined()
  })

  test('gives no process more rights than it needs, and publishes on loopback alone', () => {
    for (const name of servers) {
      const service = compose.services[name]
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
      expect(service.depends_on.redis.condition).toBe('service_healthy')
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
  })
})

describe.skipIf(!hasRedis)('what the composition starts', () => {
  const secret = 'a-secret-of-the-test'
  let redis: RedisServer
  let scimPort = 0
  let env: Record<string, string> = {}
  const started: ChildProcess[] = []
  beforeAll(async () => {
    redis = await startRedis({ args: ['--requirepass', secret] })
    scimPort = await freePort()
    const file = join(mkdtempSync(join(tmpdir(), 'sallyport-compose-')), 'redis-password')
    writeFileSync(file, `${secret}\n`)
    env = {
      SALLYPORT_CONFIG: join(root, 'examples/compose/sallyport.yaml'),
      SALLYPORT_STORE_PASSWORD_FILE: file,
      SALLYPORT_STORE: redis.url,
      SALLYPORT_LISTEN_SCIM_ADDRESS: `127.0.0.1:${scimPort}`,
      SALLYPORT_LISTEN_SCIM_PUBLIC_URL: 'https://scim.acme.example',
      SALLYPORT_LISTEN_GRPC_ADDRESS: '127.0.0.1:0',
      SALLYPORT_LISTEN_AUTHZEN_ADDRESS: '127.0.0.1:0',
      SALLYPORT_LISTEN_ADMIN_ADDRESS: '127.0.0.1:0',
      SALLYPORT_LOG_LEVEL: 'silent',
    }
  })
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL')
    await redis?.[Symbol.asyncDispose]()
  })

  const run = (...args: string[]): Promise<CliResult> => runCli({ env }, ...args)

  async function start(name: string): Promise<Record<string, string>> {
    const args = ['src/main.ts', ...compose.services[name].command, '--json']
    const child = spawn(process.execPath, args, {
      ...{ cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
    })
    started.push(child)
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    return JSON.parse(line)
  }

  test('is a house: a user who is provisioned at one is let in by the others', async () => {
    const [ingest, first, second, admin] = await Promise.all(servers.map(start))
    expect(Object.keys(admin!)).toEqual(['admin'])
    const created = JSON.parse(
      (await run('token', 'create', '--directory', 'entra', '--json')).stdout,
    )
    expect(created.scim_url).toBe('https://scim.acme.example/scim/entra/v2')
    // The one it tells is for the world; this is where it listens.
    const ready = { ...ingest!, scim: `http://127.0.0.1:${scimPort}` }
    const scim = scimClient({ ready } as never, created.token)
    expect((await scim('POST', '/Users', userBody('ann@acme.example'))).status).toBe(201)
    const check = compose.services.check.command as string[]
    for (const { grpc } of [first!, second!]) {
      await expect
        .poll(async () => (await run(...check, '--server', grpc!)).code, { timeout: 10_000 })
        .toBe(0)
    }
    for (const ready of [ingest!, first!, admin!]) {
      const response = await fetch(`${ready.admin}/readyz`)
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.not.stringContaining(secret),
      ])
    }
  }, 60_000)
})
