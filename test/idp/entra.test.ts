import { describe, expect, test } from 'vitest'
import { scimFixture } from '../scim-http/scim-fixture.ts'
import { replay } from './cycle.ts'
import { entraCycle } from './entra-cycle.ts'

describe('Microsoft Entra ID', () => {
  test.each(['classic', 'aadOptscim062020'] as const)(
    'in its dialect `%s` completes a whole job, and each step leaves the people it says',
    async (dialect) => {
      await using fixture = await scimFixture()
      const steps: string[] = []
      await replay(entraCycle(dialect), fixture.send, ({ name }) => steps.push(name))
      expect(steps).toHaveLength(entraCycle(dialect).length)
      expect(fixture.errors).toEqual([])
    },
  )

  test('sends nothing in vain', async () => {
    await using fixture = await scimFixture()
    await replay(entraCycle('classic'), fixture.send)
    expect(fixture.requests.flatMap((request) => request.notes)).toEqual([])
  })
})
