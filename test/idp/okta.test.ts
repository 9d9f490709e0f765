import { describe, expect, test } from 'vitest'
import { scimFixture } from '../scim-http/scim-fixture.ts'
import { replay } from './cycle.ts'
import { oktaCycle } from './okta-cycle.ts'

describe('Okta', () => {
  test('completes a whole cycle, and each step leaves the people it says', async () => {
    await using fixture = await scimFixture()
    const steps: string[] = []
    await replay(oktaCycle(), fixture.send, ({ name }) => steps.push(name))
    expect(steps).toHaveLength(oktaCycle().length)
    expect(fixture.errors).toEqual([])
  })

  test('sends nothing in vain', async () => {
    await using fixture = await scimFixture()
    await replay(oktaCycle(), fixture.send)
    expect(fixture.requests.flatMap((request) => request.notes)).toEqual([])
  })
})
