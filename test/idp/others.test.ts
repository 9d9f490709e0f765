import { describe, expect, test } from 'vitest'
import { groupBody, scimFixture } from '../scim-http/scim-fixture.ts'
import { type Cycle, replay } from './cycle.ts'
import { genericCycle } from './generic-cycle.ts'
import { googleCycle } from './google-cycle.ts'
import { jumpCloudCycle } from './jumpcloud-cycle.ts'
import { oneLoginCycle } from './onelogin-cycle.ts'
import { pingCycle } from './ping-cycle.ts'
import { selfHostedCycle } from './self-hosted-cycle.ts'
import { zscalerCycle } from './zscaler-cycle.ts'

/** Each with what it sends in vain: an administrator reads that in the log. */
const cycles: readonly (readonly [name: string, cycle: Cycle, notes: readonly string[]])[] = [
  ['OneLogin', oneLoginCycle(), []],
  ['JumpCloud', jumpCloudCycle(), []],
  ['PingFederate and PingOne', pingCycle(), []],
  ['Google Workspace', googleCycle(), []],
  [
    'authentik, Keycloak and WSO2',
    selfHostedCycle(),
    ['unknown attribute `enterprise_user` ignored'],
  ],
  ['a script for the SCIM API of Zscaler', zscalerCycle(), []],
  ['a client that follows the RFC', genericCycle(), []],
]

test.each(cycles)(
  '%s completes a whole cycle, and each step leaves the people it says',
  async (_, cycle, notes) => {
    await using fixture = await scimFixture()
    const steps: string[] = []
    await replay(cycle, fixture.send, ({ name }) => steps.push(name))
    expect(steps).toHaveLength(cycle.length)
    expect(fixture.errors).toEqual([])
    expect([...new Set(fixture.requests.flatMap((request) => request.notes))]).toEqual(notes)
  },
)

describe('PingFederate', () => {
  test('reads all of many groups, each once, whatever the size of its pages', async () => {
    await using fixture = await scimFixture()
    const names = Array.from({ length: 230 }, (_, at) => `Group ${at}`)
    await Promise.all(names.map((name) => fixture.send('POST', '/Groups', groupBody(name))))
    for (const count of ['', '&count=100', '&count=7', '&count=1000']) {
      const read: string[] = []
      for (;;) {
        const { body } = await fixture.send('GET', `/Groups?startIndex=${read.length + 1}${count}`)
        expect(body.totalResults).toBe(names.length)
        if (body.Resources.length === 0) break
        expect(body.itemsPerPage).toBe(body.Resources.length)
        read.push(...body.Resources.map((group: { displayName: string }) => group.displayName))
      }
      expect(read.toSorted()).toEqual(names.toSorted())
    }
  })
})
