import type { Config } from '../config/config.ts'
import type { MetricsSnapshot } from '../observe/metrics.ts'
import { fromToken } from '../store/position.ts'
import { type DecisionParts, startDecisionApp } from './decision-app.ts'
import { DecisionWorkers, workersOf } from './decision-workers.ts'

/** What decides, in this process or in several of its own. */
export interface DecisionArm extends AsyncDisposable {
  readonly grpc: string | undefined
  readonly authzen: string | undefined
  report(): Promise<ArmReport>
  /** Of other processes; this one's are not among them. */
  metrics(): Promise<readonly MetricsSnapshot[]>
  /** What health says; absent: processes of their own say what is true of themselves. */
  readonly setServing?: (serving: boolean) => void
  /** Health says NOT_SERVING, calls go on for `lingerMs`, then what is under way is answered. */
  drain(): Promise<void>
}

export interface ArmReport {
  /** Why no decision is served, or not by all; empty: decisions are served. */
  readonly troubles: readonly string[]
  /** What to look at although decisions are served. */
  readonly warnings: readonly string[]
  /** Of the process that is furthest behind. */
  readonly revision: string
  readonly tenantsWithoutPolicy: readonly string[]
}

export interface ArmTimes {
  /** How long answers go on after the stop was announced. */
  readonly lingerMs: number
  readonly graceMs: number
}

/** Starts as many processes as the config says; one is this one. */
export async function startDecisionArm(
  parts: DecisionParts,
  times: ArmTimes,
): Promise<DecisionArm> {
  return workersOf(parts.config) === 1
    ? await startHere(parts, times)
    : await startWorkers(parts, times)
}

async function startHere(parts: DecisionParts, times: ArmTimes): Promise<DecisionArm> {
  const app = await startDecisionApp(parts)
  return {
    grpc: app.grpc.address,
    authzen: app.authzen.url,
    report: async () => ({
      troubles: app.trouble(),
      warnings: app.warnings,
      revision: app.revision,
      tenantsWithoutPolicy: app.tenantsWithoutPolicy(),
    }),
    metrics: async () => [],
    setServing: (serving) => app.grpc.setServing(serving),
    drain: async () => {
      await Promise.all([app.grpc.stop(times), app.authzen.stop(times)])
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

type WorkersParts = Pick<DecisionParts, 'observer' | 'clock'> & { readonly config: Config }

async function startWorkers(parts: WorkersParts, { lingerMs }: ArmTimes): Promise<DecisionArm> {
  const { config, observer, clock } = parts
  const workers = await DecisionWorkers.start({ config, observer, clock, lingerMs })
  return {
    grpc: workers.addresses.grpc,
    authzen: workers.addresses.authzen,
    report: async () => {
      const states = await workers.states()
      const there = states.filter((state) => typeof state !== 'string')
      const missing = states.filter((state) => typeof state === 'string')
      const unready = there.filter(({ ready }) => !ready).flatMap(({ reasons }) => reasons)
      const ready = there.filter((state) => state.ready).flatMap(({ reasons }) => reasons)
      return {
        troubles: [...new Set([...missing, ...unready])],
        warnings: [...new Set(ready)],
        revision: furthestBehind(there.map(({ revision }) => revision)),
        tenantsWithoutPolicy: [
          ...new Set(there.flatMap(({ tenantsWithoutPolicy }) => tenantsWithoutPolicy)),
        ],
      }
    },
    metrics: () => workers.metrics(),
    drain: () => workers[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => workers[Symbol.asyncDispose](),
  }
}

/** Tokens tell their order only to who reads them; one that cannot be read is behind all. */
function furthestBehind(tokens: readonly string[]): string {
  const read = tokens.map((token) => ({ token, at: fromToken(token) }))
  read.sort((a, b) => {
    const epochs = (a.at?.epoch ?? -1) - (b.at?.epoch ?? -1)
    return epochs || (a.at?.revision ?? -1) - (b.at?.revision ?? -1)
  })
  return read[0]?.token ?? ''
}
