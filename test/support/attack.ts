import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { AttackerCounts, AttackerData } from './attacker.ts'

/** Attacks from a thread of its own, so that who else asks meanwhile is not slowed by it. */
export function startAttack(data: AttackerData): { stop(): Promise<AttackerCounts> } {
  const worker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData: data })
  return {
    stop: async () => {
      const told = once(worker, 'message')
      const ended = once(worker, 'exit')
      worker.postMessage('stop')
      const [counts] = await told
      await ended
      return counts
    },
  }
}

/** What a process holds, as the kernel counts it. */
export function heldBy(pid: number): { readonly megabytes: number; readonly handles: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
  return { megabytes: kilobytes / 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
}
