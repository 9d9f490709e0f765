import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const main = join(import.meta.dirname, '../../src/main.ts')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Variables beside those of this process. */
export interface CliEnvironment {
  readonly env: Readonly<Record<string, string>>
}

/** Runs one verb to its end, as a person or a script would. */
export async function runCli(
  ...given: readonly [CliEnvironment, ...string[]] | readonly string[]
): Promise<CliResult> {
  const [first, ...rest] = given
  const [more, args] =
    typeof first === 'object' ? [first.env, rest as string[]] : [{}, given as string[]]
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...more },
  })
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout(), stderr: stderr() }
}

/** As `runCli`, for somebody who does not read what it prints. */
export async function runCliUnread(...args: readonly string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const stderr = textOf(child.stderr)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: '', stderr: stderr() }
}

export interface Served extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ready: Readonly<Record<'scim' | 'grpc' | 'authzen' | 'admin', string>>
}

/** Starts `serve --json` and waits for its ready line. */
export async function serveCli(config: string, ...more: readonly string[]): Promise<Served> {
  const args = [main, 'serve', '--config', config, '--json', ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return {
    child,
    ready: JSON.parse(line),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = []
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => chunks.push(chunk))
  return () => chunks.join('')
}
