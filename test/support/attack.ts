import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { AttackerCounts, AttackerData } from './attacker.ts'

/** Attacks from a thread of its own, so that who else asks meanwhile is not slowed by it. */
export function startAttack(data: AttackerData): Attack {
  const worker = new Worker(new URL('./attacker.ts', import.meta.url), { workerData: data })
  return {
    stop: async (endedMin = 0) => {
      const told = once(worker, 'message')
      const exited = once(worker, 'exit')
      worker.postMessage(endedMin)
      const [counts] = await told
      await exited
      return counts
    },
  }
}

interface Attack {
  /** Once the server has ended so many connections, or has not within 15 s. */
  stop(endedMin?: number): Promise<AttackerCounts>
}

/** What a process holds, as the kernel counts it. */
export function heldBy(pid: number): { readonly megabytes: number; readonly handles: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
  return { megabytes: kilobytes / 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
}
