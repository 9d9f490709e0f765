import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readHouseConfig } from '../src/app/house-config.ts'
import { testPolicy } from '../src/app/policy-trial.ts'

const folder = join(import.meta.dirname, '../examples')
const examples = readdirSync(folder).filter((name) =>
  existsSync(join(folder, name, 'sallyport.yaml')),
)

describe.each(examples)('the example %s', (name) => {
  const config = readHouseConfig(join(folder, name, 'sallyport.yaml'))
  const [{ id: tenant, policy: path = '' } = { id: '', policy: '' }] = config.tenants

  test('answers its own tests as they say, and each rule decides one of them', async () => {
    const { results, coverage } = await testPolicy({ config, tenant, path }, { live: false })

    const failed = results.filter(({ ok }) => !ok)
    const idle = coverage.filter(({ decided, mode }) => decided === 0 && mode === 'enforce')
    expect(failed.map((result) => [result.name, ...result.differences])).toEqual([])
    expect(idle.map(({ rule }) => rule)).toEqual([])
    expect(results.length).toBeGreaterThan(1)
  })
})
