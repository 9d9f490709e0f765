import { expect, test } from 'vitest'
import { type Cycle, type PersonState, replay } from '../idp/cycle.ts'
import { entraCycle } from '../idp/entra-cycle.ts'
import { genericCycle } from '../idp/generic-cycle.ts'
import { jumpCloudCycle } from '../idp/jumpcloud-cycle.ts'
import { oktaCycle } from '../idp/okta-cycle.ts'
import { oneLoginCycle } from '../idp/onelogin-cycle.ts'
import { pingCycle } from '../idp/ping-cycle.ts'
import { selfHostedCycle } from '../idp/self-hosted-cycle.ts'
import { zscalerCycle } from '../idp/zscaler-cycle.ts'
import { type Door, openDoor } from '../support/door.ts'

const cycles: readonly (readonly [name: string, cycle: Cycle])[] = [
  ['Entra ID', entraCycle('classic')],
  ['Entra ID with its RFC flag', entraCycle('aadOptscim062020')],
  ['Okta', oktaCycle()],
  ['OneLogin', oneLoginCycle()],
  ['JumpCloud', jumpCloudCycle()],
  ['PingFederate', pingCycle()],
  ['authentik, Keycloak and WSO2', selfHostedCycle()],
  ['a script for the SCIM API of Zscaler', zscalerCycle()],
  ['a client that follows the RFC', genericCycle()],
]

test.each(cycles)(
  'while %s provisions, each step has its effect on decisions before the next is sent',
  async (_, cycle) => {
    const groups = groupsIn(cycle)
    await using door = await openDoor({ policy: onePerGroup(groups) })
    const seen = new Set<string>()
    await replay(
      cycle,
      (method, path, body, headers) => door.scim(method, path, body, { headers }),
      async (step, _ids, people) => {
        for (const [userName, state] of people) {
          const told = await decisionsOn(door, userName, groups)
          expect([step.name, userName, told]).toEqual([
            step.name,
            userName,
            wantedFor(state, groups),
          ])
          for (const decision of told) seen.add(decision)
        }
      },
    )
    // A cycle in which nobody is ever let in or kept out would show nothing.
    expect([...seen].toSorted()).toEqual(['NO_RULE', 'RULE', 'USER_INACTIVE', 'USER_UNKNOWN'])
  },
)

/** An application for every group, which only its members reach, and one for everybody. */
function onePerGroup(groups: readonly string[]): string {
  const rules = groups.map((group, index) => ({
    id: `group-${index}`,
    effect: 'allow',
    apps: { names: [`app-${index}`] },
    who: { groups: { any: [group] } },
  }))
  const applications = Object.fromEntries(
    groups.map((_, index) => [`app-${index}`, { hosts: [`app-${index}.acme.example`] }]),
  )
  return JSON.stringify({ version: 1, applications, rules })
}

function groupsIn(cycle: Cycle): readonly string[] {
  const names = cycle.flatMap(({ state = {} }) =>
    Object.values(state).flatMap((person) => (person === 'gone' ? [] : person.groups)),
  )
  return [...new Set(names)]
}

function wantedFor(state: PersonState, groups: readonly string[]): readonly string[] {
  return groups.map((group) => {
    if (state === 'gone') return 'USER_UNKNOWN'
    if (!state.active) return 'USER_INACTIVE'
    return state.groups.includes(group) ? 'RULE' : 'NO_RULE'
  })
}

async function decisionsOn(
  door: Door,
  user: string,
  groups: readonly string[],
): Promise<readonly string[]> {
  const asked = groups.map((_, index) =>
    door.gateway.check({ user, app: `app-${index}`, timeoutMs: 5000 }),
  )
  const decisions = await Promise.all(asked)
  // Before the first write, the directory itself is what is missing.
  return decisions.map(({ reason }) => (reason === 'DIRECTORY_NOT_READY' ? 'USER_UNKNOWN' : reason))
}
