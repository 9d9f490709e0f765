import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onLoadCores, type ServedVariant } from '../support/servers.ts'

/** What one round of a stream's load did to one server. */
export interface StreamRound {
  readonly decisionsPerSecond: number
  /** From a message's way out to its answer's way in. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Server CPU per decision in µs, all threads. */
  readonly cpuUs: number
  /** How much of its core the load client was busy: near 1 it is the one that is measured. */
  readonly clientBusy: number
  readonly answerBytes: number
}

export const connections = 4
export const inFlight = 8
const path = '/sallyport.v1.DecisionService/CheckStream'
const run = promisify(execFile)

/** `body` names a file of messages with their length prefixes, each of `batch` attempts. */
export async function streamLoad(
  server: ServedVariant,
  body: string,
  batch: number,
  seconds: number,
  connectionsCount = connections,
): Promise<StreamRound> {
  const script = join(import.meta.dirname, 'client.ts')
  const shape = [String(seconds), String(connectionsCount), String(inFlight)]
  const [command, args] = onLoadCores(process.execPath, [
    ...[script, server.ready.grpc!, path, body, ...shape],
  ])
  const before = server.cpuMs() ?? Number.NaN
  const { stdout } = await run(command, args, { maxBuffer: 1 << 30 })
  const after = server.cpuMs() ?? Number.NaN
  const { wallMs, micros, bytes, cpuMs } = JSON.parse(stdout) as Told
  const sorted = Float64Array.from(micros).sort()
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN) / 1000
  const decisions = sorted.length * batch
  return {
    decisionsPerSecond: (decisions * 1000) / wallMs,
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) },
    cpuUs: ((after - before) * 1000) / decisions,
    clientBusy: cpuMs / wallMs,
    answerBytes: bytes / decisions,
  }
}

/** What the client prints. */
interface Told {
  readonly wallMs: number
  readonly micros: readonly number[]
  readonly bytes: number
  readonly cpuMs: number
}
