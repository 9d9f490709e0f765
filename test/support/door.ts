import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, type Overrides, startApp } from '../../src/app/app.ts'
import { readHouseConfig } from '../../src/app/house-config.ts'
import { openOperator } from '../../src/app/operator.ts'
import type { Role } from '../../src/app/roles.ts'
import { SallyportClient } from '../../src/client/client.ts'
import type { Config } from '../../src/config/config.ts'
import { type Json, type Reply, request } from '../scim-http/scim-fixture.ts'

/** A whole server in this process, on free ports and a store of its own, and both its callers. */
export interface Door extends AsyncDisposable {
  readonly app: App
  readonly config: Config
  readonly folder: string
  readonly policyFile: string
  readonly gateway: SallyportClient
  readonly token: string
  /** As an identity provider, with its token, in a directory (default: the first). */
  scim(method: string, path: string, body?: unknown, more?: ScimMore): Promise<Reply>
}
export interface ScimMore {
  readonly directory?: string
  readonly headers?: Json | undefined
}

export interface DoorOptions {
  /** Text of the rule file; without one the tenant has no policy. */
  readonly policy?: string
  /** YAML below `directories:`, in flow style. */
  readonly directories?: string
  /** YAML below `listen: grpc:`, in flow style. */
  readonly grpc?: string
  /** More files of its folder, by name. */
  readonly files?: Readonly<Record<string, string>>
  /** More lines of the config. */
  readonly more?: string
  readonly roles?: readonly Role[]
  readonly seams?: Overrides
}

export const allowEverybodyOnWiki = `
version: 1
applications: { wiki: { hosts: [wiki.acme.example] } }
rules:
  - { id: everybody, effect: allow, apps: { names: [wiki] }, who: { directories: [entra] } }
`

export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-door-'))
  const policyFile = join(folder, 'policy.yaml')
  if (options.policy !== undefined) writeFileSync(policyFile, options.policy)
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(folder, name), text)
  }
  const file = writeConfig(folder, options)
  const config = readHouseConfig(file)
  const app = await startApp(config, new Set(options.roles ?? ['ingest', 'decision', 'admin']), {
    lingerMs: 0,
    ...options.seams,
  })
  const gateway = SallyportClient.connect(app.addresses.grpc ?? '127.0.0.1:1')
  const tokens = await makeTokens(config)
  const first = config.tenants[0]!.directories[0]!.id

  return {
    app,
    config,
    folder,
    policyFile,
    gateway,
    token: tokens.get(first)!,
    scim: (method, path, body, { directory = first, headers = {} } = {}) => {
      const authorization = `Bearer ${tokens.get(directory)}`
      const url = `${app.addresses.scim}/scim/${directory}/v2${path}`
      return request(method, url, body, { authorization, ...headers })
    },
    [Symbol.asyncDispose]: async () => {
      gateway.close()
      await app[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function writeConfig(folder: string, options: DoorOptions): string {
  const file = join(folder, 'sallyport.yaml')
  const directories = options.directories ?? '{ entra: { domains: [acme.example], default: true } }'
  const free = '{ address: "127.0.0.1:0" }'
  const lines = [
    `store: sqlite:${join(folder, 'data/sallyport.db')}`,
    `listen: { scim: ${free}, grpc: ${options.grpc ?? free}, authzen: ${free}, admin: ${free} }`,
    'logLevel: silent',
    'tenants:',
    '  acme:',
    ...(options.policy === undefined ? [] : ['    policy: policy.yaml']),
    `    directories: ${directories}`,
    options.more ?? '',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

async function makeTokens(config: Config): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map<string, string>()
  await using operator = await openOperator(config)
  for (const { id } of operator.tenancy.directories) {
    const created = await operator.createToken(id, { label: 'test' })
    if (created.kind !== 'created') throw new Error(created.kind)
    tokens.set(id, created.token)
  }
  return tokens
}
