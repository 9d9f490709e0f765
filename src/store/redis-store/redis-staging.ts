import type { TenantId } from '../../directory/directory.ts'
import { type StagingStore, stagedForMs } from '../staging.ts'
import type { Desk } from './desk.ts'
import { keys } from './redis-keys.ts'
import { textsOf } from './redis-link.ts'

/** Staged policies are keys that leave by themselves; a process reports beside its lease. */
export function redisStaging(desk: Desk): StagingStore {
  return {
    stage: ({ tenant, version, document }) =>
      desk.run(async ({ redis }) => {
        // The document first: whoever sees the version finds it.
        await redis.set(keys.stagedDocument(tenant), document, 'PX', stagedForMs)
        await redis.hset(keys.staged, tenant, version)
        await redis.pexpire(keys.staged, stagedForMs)
      }),
    unstage: (tenant) =>
      desk.run(async ({ redis }) => {
        await redis.hdel(keys.staged, tenant)
        await redis.del(keys.stagedDocument(tenant))
      }),
    list: async () => {
      const all = await desk.run(({ redis }) => redis.hgetall(keys.staged))
      return Object.entries(all).map(([tenant, version]) => {
        return { tenant: tenant as TenantId, version }
      })
    },
    document: async (tenant) => {
      const found = await desk.run(({ redis }) => redis.get(keys.stagedDocument(tenant)))
      return found ?? undefined
    },
    report: (process, { tenant, version, fault }) =>
      desk.run(async ({ redis }) => {
        const key = keys.stagingReport(process, tenant)
        await redis.set(key, `${version}\n${fault}`, 'PX', stagedForMs)
      }),
    deciders: (tenant, version) =>
      desk.run(async ({ redis }) => {
        const processes = await redis.smembers(keys.deciders)
        if (processes.length === 0) return []
        const pipeline = redis.pipeline()
        for (const process of processes) {
          pipeline.exists(keys.lease(process))
          pipeline.get(keys.stagingReport(process, tenant))
        }
        const found = textsOf<unknown>(await pipeline.exec())
        return processes.flatMap((process, at) => {
          if (Number(found[2 * at]) === 0) return []
          const [said, fault] = String(found[2 * at + 1] ?? '').split('\n')
          return [{ process, fault: said === version ? fault : undefined }]
        })
      }),
  }
}
