import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client, credentials, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { type Served, startProgram } from '../support/servers.ts'
import { type Question, type WorldSize, worldOf } from './world.ts'

/**
 * Cerbos with the same rules: an application is a kind of resource with a policy of its own, groups
 * are roles, and the country is an attribute of the principal. What differs is the order: Cerbos
 * lets every deny win, so only attempts are asked of both that no block before an allow decides.
 */
export interface Cerbos extends Served {
  readonly url: string
  isAllowed(request: Buffer): Promise<boolean>
}

const definition = loadSync(join(import.meta.dirname, 'cerbos.proto'), { keepCase: true })
const { CheckResources } = definition['cerbos.svc.v1.CerbosService'] as ServiceDefinition
const action = 'connect'
const allow = 1

/** The binary of the package for this machine; undefined: there is none. */
function binary(): string | undefined {
  const peers = createRequire(join(import.meta.dirname, '../peers/package.json'))
  try {
    return peers.resolve(`@cerbos/cerbos-${process.platform}-${process.arch}`)
  } catch {
    return undefined
  }
}

/** Why it cannot be had, in one line; undefined: it can. */
export function missingCerbos(): string | undefined {
  if (binary() !== undefined) return undefined
  return `cerbos has no binary for ${process.platform}-${process.arch}, or it is not installed`
}

export async function startCerbos(folder: string, size: WorldSize): Promise<Cerbos> {
  const policies = join(folder, 'policies')
  await mkdir(policies, { recursive: true })
  for (const [name, policy] of policiesOf(size)) {
    await writeFile(join(policies, `${name}.json`), JSON.stringify(policy))
  }
  const [http, grpc] = [await freePort(), await freePort()]
  const config = join(folder, 'cerbos.json')
  const settings = {
    server: { httpListenAddr: `127.0.0.1:${http}`, grpcListenAddr: `127.0.0.1:${grpc}` },
    storage: { driver: 'disk', disk: { directory: policies, watchForChanges: false } },
    telemetry: { disabled: true },
  }
  await writeFile(config, JSON.stringify(settings))
  const words = [binary()!, 'server', `--config=${config}`, '--log-level=ERROR']
  const served = await startProgram('cerbos', words, async () => {
    const health = await fetch(`http://127.0.0.1:${http}/_cerbos/health`).catch(() => undefined)
    return health?.ok === true
  })
  const client = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure())
  return {
    ...served,
    url: `http://127.0.0.1:${grpc}${CheckResources!.path}`,
    isAllowed: (request) => isAllowed(client, request),
    [Symbol.asyncDispose]: async () => {
      client.close()
      await served[Symbol.asyncDispose]()
    },
  }
}

/** The attempt of a question as a message of Cerbos. */
export function cerbosRequest(size: WorldSize, { user, host, country }: Asked): Buffer {
  const { groupsOf } = worldOf(size)
  return CheckResources!.requestSerialize({
    principal: {
      id: user,
      roles: groupsOf(user).map(roleOf),
      attr: { country: { string_value: country } },
    },
    resources: [{ actions: [action], resource: { kind: host.split('.', 1)[0], id: host } }],
  })
}
type Asked = Pick<Question, 'user' | 'host'> & { readonly country: string }

function isAllowed(client: Client, request: Buffer): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const { path, responseDeserialize } = CheckResources!
  client.makeUnaryRequest(
    path,
    (bytes: Buffer) => bytes,
    responseDeserialize as (bytes: Buffer) => Response,
    request,
    (error, response) => {
      if (error) reject(error)
      else resolve(response?.results?.[0]?.actions?.[action] === allow)
    },
  )
  return promise
}
interface Response {
  readonly results?: readonly { readonly actions?: Readonly<Record<string, number>> }[]
}

/** By application. */
function policiesOf(size: WorldSize): ReadonlyMap<string, object> {
  const rulesOf = new Map<string, object[]>()
  for (const rule of worldOf(size).rules) {
    const countries = JSON.stringify(rule.when['context.country'].in)
    for (const resource of rule.apps.names) {
      const rules = rulesOf.get(resource) ?? []
      rulesOf.set(resource, rules)
      rules.push({
        name: rule.id,
        actions: [action],
        effect: rule.effect === 'allow' ? 'EFFECT_ALLOW' : 'EFFECT_DENY',
        roles: rule.who.groups.any.map(roleOf),
        condition: { match: { expr: `P.attr.country in ${countries}` } },
      })
    }
  }
  const policies = new Map<string, object>()
  for (const [resource, rules] of rulesOf) {
    const resourcePolicy = { version: 'default', resource, rules }
    policies.set(resource, { apiVersion: 'api.cerbos.dev/v1', resourcePolicy })
  }
  return policies
}

function roleOf(group: string): string {
  return group.toLowerCase().replaceAll(' ', '-')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
