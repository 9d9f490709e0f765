import { expect, test } from 'vitest'
import type { TenantId } from '../../src/directory/directory.ts'
import { acme, committed, user } from '../support/store-fixture.ts'
import { type OpenStore, onFresh } from './store-under-test.ts'

const other = 'other' as TenantId
const nothing = { tenant: acme, version: 'v1', document: '{}' }

export function stagingContract(open: OpenStore): void {
  test(
    'keeps one version of each tenant until it is taken away, and a later one takes its place',
    onFresh(open, async ({ store }) => {
      await store.staging.stage(nothing)
      await store.staging.stage({ ...nothing, version: 'v2', document: '"ß\ud83d\ude00"' })
      await store.staging.stage({ ...nothing, tenant: other })

      const all = await store.staging.list()
      expect(all.map(({ tenant, version }) => `${tenant} ${version}`).sort()).toEqual([
        'acme v2',
        'other v1',
      ])
      expect(await store.staging.document(acme)).toBe('"ß\ud83d\ude00"')
      await store.staging.unstage(acme)
      expect(await store.staging.document(acme)).toBeUndefined()
      expect((await store.staging.list()).map(({ tenant }) => tenant)).toEqual([other])
    }),
  )

  test(
    'takes no revision and makes no entry in the log',
    onFresh(open, async ({ store }) => {
      const { position } = await committed(store, user('ann'))
      await store.staging.stage(nothing)

      expect(await store.position()).toEqual(position)
      expect(await store.policies.active(acme)).toBeUndefined()
    }),
  )

  test(
    'tells who decides and what each said of a version, for as long as it decides',
    onFresh(open, async ({ store }) => {
      const at = await store.position()
      const [one, two] = [store.enlist(() => at), store.enlist(() => at)]
      const states = async (version: string) =>
        new Map((await store.staging.deciders(acme, version)).map((each) => [each.process, each]))
      await expect.poll(async () => (await states('v1')).size).toBe(2)

      await store.staging.report(one.id, { tenant: acme, version: 'v1', fault: '' })
      await store.staging.report(two.id, { tenant: acme, version: 'v1', fault: 'no such operator' })

      const said = await states('v1')
      expect([said.get(one.id)?.fault, said.get(two.id)?.fault]).toEqual(['', 'no such operator'])
      expect((await states('v2')).get(one.id)?.fault).toBeUndefined()
      await two[Symbol.asyncDispose]()
      await expect.poll(async () => [...(await states('v1')).keys()]).toEqual([one.id])
      await one[Symbol.asyncDispose]()
      await expect.poll(async () => (await states('v1')).size).toBe(0)
    }),
  )
}
