import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, type Report } from './report.ts'
import { onLoadCores, onPath, type Served } from './servers.ts'

/** What one round of load did to one server. */
export interface Round {
  readonly rps: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Server CPU per call in µs, all threads. */
  readonly cpuUs: number
}

/** What is called: `body` names a file with one request as it stands in the body of a call. */
export interface Target {
  readonly server: Pick<Served, 'name' | 'cpuMs'>
  /** `http://`, address and path. */
  readonly url: string
  readonly body: string
}

export interface Load {
  /** For the header. */
  readonly text: string
  /** Whether calls a second can be compared, or only CPU per call: a Node client is the slower. */
  readonly measures: 'rps' | 'cpu'
  /** `connections`: other than usual. */
  run(target: Target, seconds: number, connections?: number): Promise<Round>
}

/** gRPC over plain HTTP/2, or JSON over HTTP/1.1. */
export type Wire = keyof typeof shapes

const shapes = {
  grpc: { connections: 4, streams: 16, type: 'application/grpc', script: 'grpc-load.ts' },
  json: { connections: 16, streams: 1, type: 'application/json', script: 'json-load.ts' },
} as const

/** The load client there is. Logs go into `folder`. */
export function chooseLoad(folder: string, wire: Wire = 'grpc'): Load {
  const { connections, streams } = shapes[wire]
  const shape = `${connections} connections, ${streams} in flight on each`
  return onPath('h2load')
    ? { text: `h2load, ${shape}`, measures: 'rps', run: (...all) => h2load(folder, wire, ...all) }
    : { text: `a Node client, ${shape}`, measures: 'cpu', run: (...all) => nodeLoad(wire, ...all) }
}

const run = promisify(execFile)

async function h2load(
  folder: string,
  wire: Wire,
  { server, url, body }: Target,
  seconds: number,
  connections: number = shapes[wire].connections,
): Promise<Round> {
  const log = join(folder, 'h2load.log')
  await rm(log, { force: true })
  const { streams, type } = shapes[wire]
  const [command, args] = onLoadCores('h2load', [
    ...(wire === 'json' ? ['--h1'] : ['-H', 'te: trailers']),
    ...['-c', String(connections), '-m', String(streams), '-t', '1', '-D', String(seconds)],
    ...['-d', body, '-H', `content-type: ${type}`, `--log-file=${log}`, url],
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

async function nodeLoad(
  wire: Wire,
  { server, url, body }: Target,
  seconds: number,
  connections: number = shapes[wire].connections,
): Promise<Round> {
  const { streams, script } = shapes[wire]
  const shape = [url, body, String(seconds), String(connections), String(streams)]
  const [command, args] = onLoadCores(process.execPath, [
    join(import.meta.dirname, script),
    ...shape,
  ])
  const before = server.cpuMs()
  const { stdout } = await run(command, args, { maxBuffer: 1 << 30 })
  const after = server.cpuMs()
  const { wallMs, micros } = JSON.parse(stdout) as { wallMs: number; micros: number[] }
  const sorted = Float64Array.from(micros).sort()
  const cpuUs = cpuUsOf(before, after, sorted.length)
  return { rps: (sorted.length * 1000) / wallMs, ...percentiles(sorted), cpuUs }
}

/** Of durations in µs, sorted. */
export function percentiles(micros: Float64Array) {
  const at = (share: number) =>
    (micros[Math.floor((micros.length - 1) * share)] ?? Number.NaN) / 1000
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }
}

function cpuUsOf(before: number | undefined, after: number | undefined, calls: number): number {
  return before === undefined || after === undefined
    ? Number.NaN
    : ((after - before) * 1000) / calls
}

export function middle(rounds: readonly Round[], key: keyof Round): number {
  return median(rounds.map((round) => round[key]))
}

/** Of all rounds the median. */
export function tellRounds(report: Report, name: string, rounds: readonly Round[]): void {
  const ms = (key: 'p50Ms' | 'p99Ms' | 'p999Ms') => middle(rounds, key).toFixed(2)
  const each = rounds.map((round) => Math.round(round.rps)).join(' ')
  report.figure(name, `${Math.round(middle(rounds, 'rps'))} calls/s (${each})`)
  const latency = `p50 ${ms('p50Ms')} ms, p99 ${ms('p99Ms')} ms, p99.9 ${ms('p999Ms')} ms`
  report.figure(`${name} latency`, latency)
  report.figure(`${name} server CPU`, `${middle(rounds, 'cpuUs').toFixed(1)} µs a call`)
}
