import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onLoadCores, onPath, type ServedVariant } from '../support/servers.ts'

/** What one round of load did to one server. */
export interface Round {
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Server CPU per call in µs, all threads. */
  readonly cpuUs: number
}

export interface Load {
  /** For the header. */
  readonly text: string
  /** Whether calls a second can be compared, or only CPU per call: a Node client is the slower. */
  readonly measures: 'rps' | 'cpu'
  run(server: ServedVariant, body: string, seconds: number): Promise<Round>
}

const connections = 4
const streams = 16
const path = '/sallyport.v1.DecisionService/Check'

/** The load client there is. `body` names a file with one length-prefixed request. */
export function chooseLoad(folder: string): Load {
  const shape = `${connections} connections, ${streams} calls in flight on each`
  return onPath('h2load')
    ? { text: `h2load, ${shape}`, measures: 'rps', run: (...all) => h2load(folder, ...all) }
    : { text: `a Node client, ${shape}`, measures: 'cpu', run: nodeLoad }
}

const run = promisify(execFile)

async function h2load(
  folder: string,
  server: ServedVariant,
  body: string,
  seconds: number,
): Promise<Round> {
  const log = join(folder, 'h2load.log')
  await rm(log, { force: true })
  const [command, args] = onLoadCores('h2load', [
    ...['-c', String(connections), '-m', String(streams), '-t', '1', '-D', String(seconds)],
    ...['-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers'],
    `--log-file=${log}`,
    `http://${server.ready.grpc}${path}`,
  ])
  const before = server.cpuMs()
  const { stdout } = await run(command, args)
  const after = server.cpuMs()
  const failed = /(\d+) failed, (\d+) errored/.exec(stdout)
  if (failed === null || failed[1] !== '0' || failed[2] !== '0') {
    throw new Error(`load failed on ${server.name}:\n${stdout}`)
  }
  // Start in µs since 1970, status, duration in µs.
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  const micros = Float64Array.from(lines, (line) => Number(line.split('\t')[2])).sort()
  const rps = Number(/finished in .*, ([\d.]+) req\/s/.exec(stdout)?.[1])
  return { rps, ...percentiles(micros), cpuUs: cpuUsOf(before, after, micros.length) }
}

async function nodeLoad(server: ServedVariant, body: string, seconds: number): Promise<Round> {
  const script = join(import.meta.dirname, 'node-load.ts')
  const settings = [server.ready.grpc!, path, body, String(seconds)]
  const shape = [String(connections), String(streams)]
  const [command, args] = onLoadCores(process.execPath, [script, ...settings, ...shape])
  const before = server.cpuMs()
  const { stdout } = await run(command, args, { maxBuffer: 1 << 30 })
  const after = server.cpuMs()
  const { wallMs, micros } = JSON.parse(stdout) as { wallMs: number; micros: number[] }
  const sorted = Float64Array.from(micros).sort()
  const cpuUs = cpuUsOf(before, after, sorted.length)
  return { rps: (sorted.length * 1000) / wallMs, ...percentiles(sorted), cpuUs }
}

function percentiles(micros: Float64Array) {
  const at = (share: number) =>
    (micros[Math.floor((micros.length - 1) * share)] ?? Number.NaN) / 1000
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }
}

function cpuUsOf(before: number | undefined, after: number | undefined, calls: number): number {
  return before === undefined || after === undefined
    ? Number.NaN
    : ((after - before) * 1000) / calls
}
