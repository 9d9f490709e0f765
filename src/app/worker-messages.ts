import type { Config } from '../config/config.ts'
import type { MetricsSnapshot } from '../observe/metrics.ts'
import type { Addresses } from './app.ts'
import type { ThreadError } from './thread-error.ts'

/** What a worker is told. */
export type ToWorker =
  | { readonly kind: 'start'; readonly config: Config; readonly lingerMs: number | undefined }
  /** Answered with `told`, under the same number. */
  | { readonly kind: 'tell'; readonly id: number; readonly what: 'state' | 'metrics' }
  | { readonly kind: 'stop' }

/** What it says. */
export type FromWorker =
  | { readonly kind: 'up'; readonly addresses: Addresses }
  /** It could not start, and ends. */
  | { readonly kind: 'refused'; readonly error: ThreadError }
  | { readonly kind: 'told'; readonly id: number; readonly told: WorkerTold }

export interface WorkerState {
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly revision: string
  readonly tenantsWithoutPolicy: readonly string[]
}
export type WorkerTold = WorkerState | MetricsSnapshot
