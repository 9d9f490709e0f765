import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** A server in a process of its own, on a core of its own. */
export interface Served extends AsyncDisposable {
  readonly name: string
  /** CPU time the process has used so far, all threads; undefined where the kernel does not say. */
  cpuMs(): number | undefined
}
export interface ServedVariant extends Served {
  /** Its first line of output: addresses by listener. */
  readonly ready: Readonly<Record<string, string>>
}

/** Server and load get different cores, or neither is pinned. */
const pinning = availableParallelism() >= 2 && onPath('taskset')
/** For the header. */
export const placement = pinning ? 'server on a core of its own' : 'server and load not pinned'
const serverCore = '0'
const loadCores = `1-${availableParallelism() - 1}`

export function onLoadCores(command: string, args: readonly string[]): [string, string[]] {
  return pinning ? ['taskset', ['-c', loadCores, command, ...args]] : [command, [...args]]
}

export function onPath(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export interface VariantOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: on a core of its own where that can be had. */
  readonly pinned?: boolean
}

/** Runs `node ARGS`, whose first line of output is JSON with its addresses. */
export async function startVariant(
  name: string,
  args: readonly string[],
  { env = {}, pinned = pinning }: VariantOptions = {},
): Promise<ServedVariant> {
  const child = spawnOnCore([process.execPath, ...productFlags(), ...args], { env, pinned })
  const lines = createInterface({ input: child.stdout! })
  const ready = await Promise.race([once(lines, 'line'), once(child, 'exit')])
  if (typeof ready[0] !== 'string') throw new Error(`${name} ended before it was ready`)
  return { ...served(name, child), ready: JSON.parse(ready[0]) as Record<string, string> }
}

/** Runs a program that is no Node; `isReady` is asked until it says so, for half a minute. */
export async function startProgram(
  name: string,
  words: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<Served> {
  const child = spawnOnCore(words, { pinned: pinning, stderr: 'pipe' })
  child.stdout?.resume()
  let said = ''
  child.stderr?.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-saidMax)
  })
  const program = served(name, child)
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`${name} ended before it was ready: ${said}`)
    if (await isReady()) return program
    await delay(100)
  }
  await program[Symbol.asyncDispose]()
  throw new Error(`${name} is not ready after half a minute: ${said}`)
}

/** Of its complaints the last, told only if it does not start. */
const saidMax = 2_000

function spawnOnCore(
  words: readonly string[],
  {
    env = {},
    pinned = false,
    stderr = 'inherit',
  }: VariantOptions & { stderr?: 'inherit' | 'pipe' },
) {
  const [command, ...rest] = pinned ? ['taskset', '-c', serverCore, ...words] : words
  return spawn(command!, rest, {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, ...env },
  })
}

function served(name: string, child: ChildProcess): Served {
  return {
    name,
    cpuMs: () => cpuMsOf(child),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** The flags that the product runs with, so that both variants have the same heap. */
function productFlags(): readonly string[] {
  const [shebang = ''] = readFileSync('src/main.ts', 'utf8').split('\n', 1)
  return shebang.split(' ').filter((part) => part.startsWith('--'))
}

/** Linux counts in hundredths of a second: fields 14 and 15, user and system (proc(5)). */
function cpuMsOf({ pid }: ChildProcess): number | undefined {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
