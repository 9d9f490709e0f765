import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server in a process of its own, and an identity provider's way to it. */
export interface Morning extends AsyncDisposable {
  readonly grpc: string
  scim(method: string, path: string, body?: unknown): Promise<ScimAnswer>
}
export interface ScimAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const main = join(import.meta.dirname, '../../src/main.ts')

export async function openMorning(folder: string): Promise<Morning> {
  const config = join(folder, 'sallyport.yaml')
  writeFileSync(
    config,
    [
      `store: sqlite:${join(folder, 'data/sallyport.db')}`,
      'listen: { scim: { address: "127.0.0.1:0" }, grpc: { address: "127.0.0.1:0" },',
      '          authzen: { address: "127.0.0.1:0" }, admin: { address: "127.0.0.1:0" } }',
      'logLevel: error',
      'tenants:',
      '  acme:',
      '    policy: policy.yaml',
      '    directories: { entra: { domains: [acme.example], default: true } }',
      '',
    ].join('\n'),
  )
  const server = spawn(process.execPath, [main, 'serve', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
  const { scim: scimUrl, grpc } = JSON.parse(line) as { scim: string; grpc: string }
  const token = await makeToken(config)
  const base = `${scimUrl}/scim/entra/v2`

  return {
    grpc,
    scim: async (method, path, body) => {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
      return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
    },
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

async function makeToken(config: string): Promise<string> {
  const args = [main, 'token', 'create', '--config', config, '--directory', 'entra', '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: string[] = []
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  await once(child, 'close')
  return (JSON.parse(chunks.join('')) as { token: string }).token
}
