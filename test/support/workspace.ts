import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Reply, request } from '../scim-http/scim-fixture.ts'
import { allowEverybodyOnWiki } from './door.ts'
import { runCli, type Served } from './run-cli.ts'

/** A folder with a config and a rule file, for processes that are started by the command line. */
export interface Workspace {
  readonly folder: string
  readonly file: string
  readonly policy: string
}

export interface WorkspaceOptions {
  readonly policy?: string
  readonly config?: (text: string) => string
}

export function workspace(more: WorkspaceOptions = {}): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  const policy = join(folder, 'policy.yaml')
  writeFileSync(policy, more.policy ?? allowEverybodyOnWiki)
  const file = join(folder, 'sallyport.yaml')
  const text = [
    `store: "sqlite:${join(folder, 'data/sallyport.db')}"`,
    'listen: { scim: { address: "127.0.0.1:0" }, grpc: { address: "127.0.0.1:0" }, authzen: { address: "127.0.0.1:0" }, admin: { address: "127.0.0.1:0" } }',
    'logLevel: silent',
    'tenants: { acme: { policy: policy.yaml, directories: { entra: { domains: [acme.example] } } } }',
    '',
  ].join('\n')
  writeFileSync(file, more.config?.(text) ?? text)
  return { folder, file, policy }
}

/** A token made as an operator makes it. */
export async function tokenFrom({ file }: Workspace) {
  const created = await runCli(
    ...['token', 'create', '--config', file, '--directory', 'entra', '--json'],
  )
  return JSON.parse(created.stdout) as { readonly id: string; readonly token: string }
}

export type ScimClient = (method: string, path: string, body?: unknown) => Promise<Reply>

/** Requests of directory `entra` at a served process. */
export function scimClient({ ready }: Served, token: string): ScimClient {
  return (method, path, body) =>
    request(method, `${ready.scim}/scim/entra/v2${path}`, body, {
      authorization: `Bearer ${token}`,
    })
}
