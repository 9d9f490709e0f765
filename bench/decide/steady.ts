import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { percentiles, type Target } from '../support/load.ts'
import type { Report } from '../support/report.ts'
import { onLoadCores } from '../support/servers.ts'

const connections = 4
const shares = [0.5, 0.8] as const
const run = promisify(execFile)

/**
 * How long answers take at half and at four fifths of what the server can do: calls come at fixed
 * times, and latency counts from when a call was due.
 */
export async function tellLatencies(
  report: Report,
  name: string,
  target: Target,
  capacity: number,
  seconds: number,
): Promise<void> {
  for (const share of shares) {
    const rate = Math.round(capacity * share)
    const micros = await steadyLoad(target, rate, seconds)
    const { p50Ms, p99Ms, p999Ms } = percentiles(micros)
    const last = (micros.at(-1) ?? Number.NaN) / 1000
    const [p50, p99, p999, max] = [p50Ms, p99Ms, p999Ms, last].map((ms) => ms.toFixed(2))
    const latency = `p50 ${p50} ms, p99 ${p99} ms, p99.9 ${p999} ms, longest ${max} ms`
    report.figure(`${name} at ${share * 100} %`, `${rate} calls/s: ${latency}`)
  }
}

async function steadyLoad({ url, body }: Target, rate: number, seconds: number) {
  const script = join(import.meta.dirname, 'steady-client.ts')
  const settings = [url, body, String(rate), String(seconds), String(connections)]
  const [command, args] = onLoadCores(process.execPath, [script, ...settings])
  const { stdout } = await run(command, args, { maxBuffer: 1 << 30 })
  const { micros } = JSON.parse(stdout) as { readonly micros: readonly number[] }
  return Float64Array.from(micros).sort()
}
